import { Injectable } from '@nestjs/common';
import type { TanChannel } from '../platform/config/config';
import { Database, Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';
import type { Challenge, SentCode } from './challenge';
import type { Contact } from './factors';

/** A challenge before it has a serial. */
export type NewChallenge = Omit<Challenge, 'serial' | 'sent' | 'isSolved' | 'isUsed'>;

interface ChallengeRow {
  serial: string;
  instance_serial: string | null;
  operation: string;
  secret_hash: Buffer;
  request_hash: Buffer;
  channel: TanChannel;
  address: string;
  expires_us: string;
  code_hash: Buffer | null;
  code_expires_us: string | null;
  retransmission_us: string | null;
  attempts_left: number;
  solved_us: string | null;
  used_us: string | null;
}
interface ContactRow {
  email: string | null;
  email_validated: boolean;
  phone_number: string | null;
  phone_validated: boolean;
}

const COLUMNS = `serial, instance_serial, operation, secret_hash, request_hash, channel, address, expires_us, code_hash,
  code_expires_us, retransmission_us, attempts_left, solved_us, used_us`;

const INSERT: Statement = {
  name: 'challenges-insert',
  text: `insert into challenges
      (instance_serial, operation, secret_hash, request_hash, channel, address, expires_us)
    values ($1, $2, $3, $4, $5, $6, $7) returning serial`,
};
const FIND: Statement = {
  name: 'challenges-find',
  text: `select ${COLUMNS} from challenges where serial = any($1::int8[])`,
};
const LOCK_INSTANCE: Statement = {
  name: 'challenges-lock-instance',
  text: `select id from instances where serial = $1 for no key update`,
};
const LOCK: Statement = {
  name: 'challenges-lock',
  text: `select ${COLUMNS} from challenges where serial = $1 for update`,
};
const SET_CODE: Statement = {
  name: 'challenges-set-code',
  text: `update challenges set code_hash = $2, code_expires_us = $3, retransmission_us = $4, attempts_left = $5
    where serial = $1`,
};
/** Only while the code is still there that could not be sent. */
const PUT_BACK: Statement = {
  name: 'challenges-put-back',
  text: `update challenges set code_hash = $3, code_expires_us = $4, retransmission_us = $5, attempts_left = $6
    where serial = $1 and code_hash = $2 and solved_us is null`,
};
const COUNT_ATTEMPT: Statement = {
  name: 'challenges-count-attempt',
  text: 'update challenges set attempts_left = attempts_left - 1 where serial = $1 returning attempts_left',
};
const SOLVE: Statement = {
  name: 'challenges-solve',
  text: 'update challenges set solved_us = $2 where serial = $1',
};
const USE: Statement = {
  name: 'challenges-use',
  text: `update challenges set used_us = $2
    where serial = any($1::int8[]) and solved_us is not null and used_us is null and expires_us > $2
    returning serial`,
};
const CONTACTS: Statement = {
  name: 'challenges-contacts',
  text: `select email, email_validated, phone_number, phone_validated from instances where serial = $1`,
};
/** Nothing happens when the address has been changed since. */
const VALIDATE: Readonly<Record<TanChannel, Statement>> = {
  email: {
    name: 'challenges-validate-email',
    text: 'update instances set email_validated = true where serial = $1 and email = $2',
  },
  sms: {
    name: 'challenges-validate-phone',
    text: 'update instances set phone_validated = true where serial = $1 and phone_number = $2',
  },
};
const DELETE_EXPIRED: Statement = {
  name: 'challenges-delete-expired',
  text: 'delete from challenges where expires_us <= $1',
};

/** Questions about challenges, and about the addresses that they go to. */
@Injectable()
export class ChallengesRepository {
  constructor(private readonly database: Database) {}

  /** @returns the serial of the new row */
  async insert(tx: Tx, challenge: NewChallenge): Promise<bigint> {
    const { instanceSerial, operation, secretHash, requestHash, channel, address, expiresUs } = challenge;
    const values = [instanceSerial ?? null, operation, secretHash, requestHash, channel, address, expiresUs];
    const [row] = await tx.query<{ serial: string }>(INSERT, values);
    return BigInt(row?.serial ?? 0);
  }

  async find(serials: readonly bigint[]): Promise<Challenge[]> {
    const rows = await this.database.query<ChallengeRow>(FIND, [serials.map(String)]);
    return rows.map(toChallenge);
  }

  /**
   * Locks the challenge and before it, as everywhere, its instance.
   * @returns the challenge, and the id of its instance if it has one
   */
  async lock(
    tx: Tx,
    { serial, instanceSerial }: Pick<Challenge, 'serial' | 'instanceSerial'>,
  ): Promise<{ challenge: Challenge; instanceId: string | undefined } | undefined> {
    const [instance] =
      instanceSerial === undefined ? [] : await tx.query<{ id: string }>(LOCK_INSTANCE, [instanceSerial]);
    const [row] = await tx.query<ChallengeRow>(LOCK, [serial]);
    return row && { challenge: toChallenge(row), instanceId: instance?.id };
  }

  async setCode(tx: Tx, serial: bigint, sent: SentCode): Promise<void> {
    const { codeHash, expiresUs, retransmissionUs, attemptsLeft } = sent;
    await tx.query(SET_CODE, [serial, codeHash, expiresUs, retransmissionUs, attemptsLeft]);
  }

  /** What could not be sent was never there: its predecessor is in force again. */
  async putBack(serial: bigint, unsent: SentCode, before: SentCode | undefined): Promise<void> {
    await this.database.query(PUT_BACK, [
      serial,
      unsent.codeHash,
      before?.codeHash ?? null,
      before?.expiresUs ?? null,
      before?.retransmissionUs ?? null,
      before?.attemptsLeft ?? 0,
    ]);
  }

  /** @returns how many are left */
  async countAttempt(tx: Tx, serial: bigint): Promise<number> {
    const [row] = await tx.query<{ attempts_left: number }>(COUNT_ATTEMPT, [serial]);
    return row?.attempts_left ?? 0;
  }

  async solve(tx: Tx, serial: bigint, nowUs: bigint): Promise<void> {
    await tx.query(SOLVE, [serial, nowUs]);
  }

  /** Notes that a code came back from the address, if the instance still has it. */
  async validate(tx: Tx, instanceSerial: bigint, channel: TanChannel, address: string): Promise<void> {
    await tx.query(VALIDATE[channel], [instanceSerial, address]);
  }

  /** @returns how many of them were solved and not used before */
  async use(tx: Tx, serials: readonly bigint[], nowUs: bigint): Promise<number> {
    const rows = await tx.query<object>(USE, [serials.map(String), nowUs]);
    return rows.length;
  }

  /** The addresses of an instance, as they are at this moment. */
  async contactsOf(instanceSerial: bigint): Promise<Contact[]> {
    const [row] = await this.database.query<ContactRow>(CONTACTS, [instanceSerial]);
    const contacts: Contact[] = [];
    if (row?.phone_number) {
      contacts.push({ channel: 'sms', address: row.phone_number, isValidated: row.phone_validated });
    }
    if (row?.email) contacts.push({ channel: 'email', address: row.email, isValidated: row.email_validated });
    return contacts;
  }

  async deleteExpired(nowUs: bigint): Promise<void> {
    await this.database.query(DELETE_EXPIRED, [nowUs]);
  }
}

function toChallenge(row: ChallengeRow): Challenge {
  const { code_hash: codeHash, code_expires_us: expires, retransmission_us: retransmission } = row;
  const isSent = codeHash !== null && expires !== null && retransmission !== null;
  return {
    serial: BigInt(row.serial),
    instanceSerial: row.instance_serial === null ? undefined : BigInt(row.instance_serial),
    operation: row.operation,
    secretHash: row.secret_hash,
    requestHash: row.request_hash,
    channel: row.channel,
    address: row.address,
    expiresUs: BigInt(row.expires_us),
    sent: isSent
      ? {
          codeHash,
          expiresUs: BigInt(expires),
          retransmissionUs: BigInt(retransmission),
          attemptsLeft: row.attempts_left,
        }
      : undefined,
    isSolved: row.solved_us !== null,
    isUsed: row.used_us !== null,
  };
}
