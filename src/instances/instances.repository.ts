import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { parsePayto } from '../taler/payto';
import type { JsonObject } from '../taler/json';
import { AppConfig, RoundingInterval } from '../platform/config/config';
import type { Tx } from '../platform/database/tx';
import { AccountEntity } from './accounts/account.entity';
import type { BankAccount, Instance } from './instance';
import { InstanceEntity } from './instance.entity';

export type NewInstance = Omit<InstanceEntity, 'serial'>;
export type NewAccount = Omit<AccountEntity, 'serial'>;

/** About 10,000 orders with their payments are removed each second. */
const PURGE_TIMEOUT_MS = 600_000;

/** Questions about instances and their accounts. */
@Injectable()
export class InstancesRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /** @param id in lower case */
  async findById(id: string): Promise<Instance | undefined> {
    const entity = await this.dataSource.manager.findOneBy(InstanceEntity, { id });
    if (!entity) return undefined;
    const accounts = await this.dataSource.manager.find(AccountEntity, {
      where: { instanceSerial: BigInt(entity.serial) },
      order: { serial: 'ASC' },
    });
    return this.toInstance(entity, accounts);
  }

  async list(): Promise<Instance[]> {
    const entities = await this.dataSource.manager.find(InstanceEntity, { order: { serial: 'ASC' } });
    const accounts = await this.dataSource.manager.find(AccountEntity, { order: { serial: 'ASC' } });
    const accountsOf = new Map<bigint, AccountEntity[]>();
    for (const account of accounts) {
      const known = accountsOf.get(account.instanceSerial);
      if (known) known.push(account);
      else accountsOf.set(account.instanceSerial, [account]);
    }
    return entities.map((entity) => this.toInstance(entity, accountsOf.get(BigInt(entity.serial)) ?? []));
  }

  async findPassword(instanceSerial: bigint): Promise<{ salt: Buffer; hash: Buffer } | undefined> {
    const entity = await this.dataSource.manager.findOneBy(InstanceEntity, {
      serial: String(instanceSerial),
    });
    if (!entity?.passwordSalt || !entity.passwordHash) return undefined;
    return { salt: entity.passwordSalt, hash: entity.passwordHash };
  }

  /**
   * @returns the serial of the new row
   * @throws the unique violation `instances_id_key` when the id is taken
   */
  async insert(tx: Tx, instance: NewInstance): Promise<bigint> {
    const { identifiers } = await tx.manager.insert(InstanceEntity, instance);
    return BigInt((identifiers[0] as Pick<InstanceEntity, 'serial'>).serial);
  }

  /**
   * Locks the row of an instance, deleted or not; orders may be added meanwhile.
   * @param id in lower case
   */
  async lockById(tx: Tx, id: string): Promise<InstanceEntity | undefined> {
    const entity = await tx.manager.findOne(InstanceEntity, {
      where: { id },
      lock: { mode: 'for_no_key_update' },
    });
    return entity ?? undefined;
  }

  async update(tx: Tx, serial: string, changes: Partial<NewInstance>): Promise<void> {
    await tx.manager.update(InstanceEntity, { serial }, changes);
  }

  /**
   * Removes the instance and with it, by the foreign keys, every row that belongs to it (management.md 4.9).
   * A merchant with millions of orders takes longer than other statements may.
   */
  async purge(tx: Tx, serial: string): Promise<void> {
    await tx.manager.query(`set local statement_timeout = ${PURGE_TIMEOUT_MS}`);
    await tx.manager.delete(InstanceEntity, { serial });
  }

  /** @throws the unique violation `accounts_instance_payto_key` when the account was added before */
  async insertAccount(tx: Tx, account: NewAccount): Promise<void> {
    await tx.manager.insert(AccountEntity, account);
  }

  /** Inactive ones included. */
  async countAccounts(tx: Tx, instanceSerial: bigint): Promise<number> {
    return tx.manager.countBy(AccountEntity, { instanceSerial });
  }

  /** Locks the account with this payto, if there is one. */
  async lockAccountByPayto(
    tx: Tx,
    instanceSerial: bigint,
    paytoUri: string,
  ): Promise<AccountEntity | undefined> {
    const entity = await tx.manager.findOne(AccountEntity, {
      where: { instanceSerial, paytoUri },
      lock: { mode: 'pessimistic_write' },
    });
    return entity ?? undefined;
  }

  /** Locks the account with this hash, if there is one. */
  async lockAccountByHash(tx: Tx, instanceSerial: bigint, hWire: Buffer): Promise<AccountEntity | undefined> {
    const entity = await tx.manager.findOne(AccountEntity, {
      where: { instanceSerial, hWire },
      lock: { mode: 'pessimistic_write' },
    });
    return entity ?? undefined;
  }

  async updateAccount(tx: Tx, serial: string, changes: Partial<NewAccount>): Promise<void> {
    await tx.manager.update(AccountEntity, { serial }, changes);
  }

  private toInstance(entity: InstanceEntity, accounts: AccountEntity[]): Instance {
    const { config } = this;
    return {
      serial: BigInt(entity.serial),
      id: entity.id,
      name: entity.name,
      email: entity.email ?? undefined,
      emailValidated: entity.emailValidated,
      phoneNumber: entity.phoneNumber ?? undefined,
      phoneValidated: entity.phoneValidated,
      website: entity.website ?? undefined,
      logo: entity.logo ?? undefined,
      address: JSON.parse(entity.address) as JsonObject,
      jurisdiction: JSON.parse(entity.jurisdiction) as JsonObject,
      useStefan: entity.useStefan,
      merchantPub: entity.merchantPub,
      defaultPayDelay: entity.defaultPayDelayUs ?? config.defaultPayDelay,
      defaultRefundDelay: entity.defaultRefundDelayUs ?? config.defaultRefundDelay,
      defaultWireTransferDelay: entity.defaultWireTransferDelayUs ?? config.defaultWireTransferDelay,
      defaultWireTransferRoundingInterval:
        (entity.defaultWireTransferRoundingInterval as RoundingInterval | null) ??
        config.defaultWireTransferRoundingInterval,
      deleted: entity.deletedUs !== null,
      accounts: accounts.map(toAccount),
    };
  }
}

export function toAccount(entity: AccountEntity): BankAccount {
  return {
    serial: BigInt(entity.serial),
    paytoUri: entity.paytoUri,
    wireMethod: parsePayto(entity.paytoUri)?.method ?? '',
    salt: entity.salt,
    hWire: entity.hWire,
    active: entity.active,
    creditFacadeUrl: entity.creditFacadeUrl ?? undefined,
    extraWireSubjectMetadata: entity.extraWireSubjectMetadata ?? undefined,
  };
}
