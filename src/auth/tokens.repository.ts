import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { Database, Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';
import { LoginTokenEntity } from './login-token.entity';

/** A token as its owner sees it in the list; the secret itself is stored nowhere. */
export interface ListedToken {
  readonly serial: bigint;
  readonly scope: string;
  readonly refreshable: boolean;
  readonly description: string | undefined;
  readonly createdUs: bigint;
  readonly expiresUs: bigint;
}

interface TokenRow {
  serial: string;
  scope: string;
  refreshable: boolean;
  description: string | null;
  created_us: string;
  expires_us: string;
}

const COLUMNS = 'serial, scope, refreshable, description, created_us, expires_us';
const LIST_OLDEST_FIRST: Statement = {
  name: 'tokens-list-oldest-first',
  text: `select ${COLUMNS} from login_tokens where instance_serial = $1 and expires_us > $2 and serial > $3
    order by serial limit $4`,
};
const LIST_NEWEST_FIRST: Statement = {
  name: 'tokens-list-newest-first',
  text: `select ${COLUMNS} from login_tokens where instance_serial = $1 and expires_us > $2 and serial < $3
    order by serial desc limit $4`,
};
const DELETE_BY_SERIAL: Statement = {
  name: 'tokens-delete-by-serial',
  text: 'delete from login_tokens where instance_serial = $1 and serial = $2 returning token_hash',
};
const DELETE_SURPLUS: Statement = {
  name: 'tokens-delete-surplus',
  text: `delete from login_tokens where serial in (
      select serial from login_tokens where instance_serial = $1 and scope = $2 and not from_password
      order by expires_us desc, serial desc offset $3
    ) returning token_hash`,
};
const DELETE_OF_INSTANCE: Statement = {
  name: 'tokens-delete-of-instance',
  text: `delete from login_tokens where instance_serial = $1 and (from_password or token_hash <> $2)`,
};
const INSERT_PASSWORD_TOKEN: Statement = {
  name: 'tokens-insert-password-token',
  text: `insert into login_tokens
      (instance_serial, token_hash, scope, refreshable, description, created_us, expires_us, from_password)
    values ($1, $2, 'all', false, $3, $4, $5, true) on conflict (token_hash) do nothing`,
};
const DELETE_EXPIRED: Statement = {
  name: 'tokens-delete-expired',
  text: 'delete from login_tokens where expires_us <= $1',
};

const INT64_MAX = 9_223_372_036_854_775_807n;
const NONE = Buffer.alloc(0);

/** Questions about login tokens. */
@Injectable()
export class TokensRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly database: Database,
  ) {}

  /** @param hashes under which the token may be stored; at most one is */
  async findByHash(hashes: readonly Buffer[]): Promise<LoginTokenEntity | undefined> {
    const tokenHash = In([...hashes]);
    return (await this.dataSource.manager.findOneBy(LoginTokenEntity, { tokenHash })) ?? undefined;
  }

  /**
   * The tokens of an instance that open something.
   * @param limit negative: newest first, that many
   * @param offset exclusive serial to start from
   */
  async list(
    instanceSerial: bigint,
    nowUs: bigint,
    limit: number,
    offset: bigint | undefined,
  ): Promise<ListedToken[]> {
    const isDescending = limit < 0;
    const rows = await this.database.query<TokenRow>(isDescending ? LIST_NEWEST_FIRST : LIST_OLDEST_FIRST, [
      instanceSerial,
      nowUs,
      offset ?? (isDescending ? INT64_MAX : 0n),
      Math.abs(limit),
    ]);
    return rows.map((row) => ({
      serial: BigInt(row.serial),
      scope: row.scope,
      refreshable: row.refreshable,
      description: row.description ?? undefined,
      createdUs: BigInt(row.created_us),
      expiresUs: BigInt(row.expires_us),
    }));
  }

  async insert(tx: Tx, token: Omit<LoginTokenEntity, 'serial' | 'fromPassword'>): Promise<void> {
    await tx.manager.insert(LoginTokenEntity, token);
  }

  /** Remembers an old-style password; one that is there already stays. */
  async insertPasswordToken(
    tx: Tx,
    token: Pick<LoginTokenEntity, 'instanceSerial' | 'tokenHash' | 'description' | 'createdUs' | 'expiresUs'>,
  ): Promise<void> {
    const { instanceSerial, tokenHash, description, createdUs, expiresUs } = token;
    await tx.query(INSERT_PASSWORD_TOKEN, [instanceSerial, tokenHash, description, createdUs, expiresUs]);
  }

  /** @returns whether the token was there */
  async deleteByHash(tx: Tx, tokenHash: Buffer): Promise<boolean> {
    const { affected } = await tx.manager.delete(LoginTokenEntity, { tokenHash });
    return (affected ?? 0) > 0;
  }

  /** @returns hash of the token; undefined: the instance has none with this serial */
  async deleteBySerial(tx: Tx, instanceSerial: bigint, serial: bigint): Promise<Buffer | undefined> {
    const [row] = await tx.query<{ token_hash: Buffer }>(DELETE_BY_SERIAL, [instanceSerial, serial]);
    return row?.token_hash;
  }

  /**
   * Removes the tokens of a scope that expire first, until `countMax` are left.
   * @returns their hashes
   */
  async deleteSurplus(tx: Tx, instanceSerial: bigint, scope: string, countMax: number): Promise<Buffer[]> {
    const rows = await tx.query<{ token_hash: Buffer }>(DELETE_SURPLUS, [instanceSerial, scope, countMax]);
    return rows.map(({ token_hash }) => token_hash);
  }

  /**
   * Revokes all tokens of an instance.
   * @param kept hash of the one that stays, if any; one that is the old password itself never stays
   */
  async deleteOfInstance(tx: Tx, instanceSerial: bigint, kept?: Buffer): Promise<void> {
    await tx.query(DELETE_OF_INSTANCE, [instanceSerial, kept ?? NONE]);
  }

  async deleteExpired(nowUs: bigint): Promise<void> {
    await this.database.query(DELETE_EXPIRED, [nowUs]);
  }
}
