import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import { isUniqueViolation } from '../platform/database/pg-errors';
import type { Tx } from '../platform/database/tx';
import { PgNotifyTransport, PRESENCE_LOCK_CLASS } from '../platform/events/pg-notify.transport';
import type { Order } from '../orders/order';

/** A pay request that this process has in its hands. */
export interface HeldAttempt {
  readonly serial: bigint;
  /** When the wallet's request first came, microseconds. */
  readonly receivedUs: bigint;
}

/** A pay request of which not every outcome is recorded. */
export interface StoredAttempt {
  readonly serial: bigint;
  /** JSON text. */
  readonly request: string;
}

/** A pay request that nobody has in hand although not every outcome is recorded. */
export interface OpenAttempt extends StoredAttempt {
  readonly instanceId: string;
  readonly orderId: string;
  readonly receivedUs: bigint;
}

/** The owner's process is gone: it holds an advisory lock for as long as it lives (pg-notify.transport.ts). */
const OWNER_IS_GONE = `not exists (select from pg_locks where locktype = 'advisory' and objsubid = 2
  and database = (select oid from pg_database where datname = current_database())
  and classid = ${PRESENCE_LOCK_CLASS} and objid = payment_attempts.owner::oid)`;

/** A day of pauses of 1 s, 2 s, 4 s, … 1 h; after that an operator has to look. */
const RETRIES_MAX = 36;
const NEXT_RETRY = `case when retries >= ${RETRIES_MAX} then 9223372036854775807
    else $2::int8 + least(power(2, retries), 3600)::int8 * 1000000 end`;

const ACQUIRE: Statement = {
  name: 'attempt-acquire',
  // The lock keeps an unclaim from slipping between this look at the order and the insert.
  text: `with claimed as (select serial from orders
      where serial = $1 and h_contract = $2 and paid_us is null for no key update),
    attempt as (
      insert into payment_attempts (order_serial, coins_hash, request, received_us, owner, owned_until_us, retry_us)
      select serial, $3, $4, $5, $6, $7, $7 from claimed
      on conflict on constraint payment_attempts_order_coins_key do update
        set owner = excluded.owner, owned_until_us = excluded.owned_until_us, retry_us = excluded.retry_us
        where payment_attempts.owner is null or payment_attempts.owned_until_us < $8 or ${OWNER_IS_GONE}
      returning serial, received_us)
    select attempt.serial, attempt.received_us from claimed left join attempt on true`,
};
const RELEASE_ABANDONED: Statement = {
  name: 'attempt-release-abandoned',
  text: `update payment_attempts set owner = null, retry_us = $2
    where order_serial = $1 and owner is not null and (owned_until_us < $2 or ${OWNER_IS_GONE}) returning serial`,
};
const FIND_OF_ORDER: Statement = {
  name: 'attempt-find-of-order',
  text: 'select serial, request from payment_attempts where order_serial = $1 order by serial',
};
const EXISTS: Statement = {
  name: 'attempt-exists',
  text: 'select exists (select from payment_attempts where order_serial = $1) as found',
};
const FIND_RECEIVED: Statement = {
  name: 'attempt-find-received',
  text: 'select received_us from payment_attempts where order_serial = $1 and coins_hash = $2',
};
const HOLD: Statement = {
  name: 'attempt-hold',
  text: `update payment_attempts set owner = $2, owned_until_us = $3, retry_us = $3
    where serial = $1 and owner is null returning serial, received_us`,
};
const FINISH: Statement = {
  name: 'attempt-finish',
  text: 'delete from payment_attempts where serial = $1 and owner = $2',
};
const LEAVE_OPEN: Statement = {
  name: 'attempt-leave-open',
  text: `update payment_attempts set owner = null, retries = retries + 1, retry_us = ${NEXT_RETRY}
    where serial = $1 and owner = $3`,
};
const POSTPONE: Statement = {
  name: 'attempt-postpone',
  text: `update payment_attempts set retries = retries + 1, retry_us = ${NEXT_RETRY}
    where serial = $1 and owner is null and retry_us <= $2`,
};
const FIND_OPEN: Statement = {
  name: 'attempt-find-open',
  text: `select payment_attempts.serial, instances.id as instance_id, orders.order_id, payment_attempts.request,
      payment_attempts.received_us
    from payment_attempts
      join orders on orders.serial = payment_attempts.order_serial
      join instances on instances.serial = orders.instance_serial
    where payment_attempts.retry_us <= $1
      and (owner is null or owned_until_us < $1 or ${OWNER_IS_GONE})
    order by payment_attempts.retry_us limit $2`,
};
const FIND_ABANDONED: Statement = {
  name: 'attempt-find-abandoned',
  text: `update payment_attempts set owner = null, retry_us = $1
    where owner is not null and (owned_until_us < $1 or ${OWNER_IS_GONE}) returning serial`,
};
const COUNT: Statement = {
  name: 'attempt-count',
  text: 'select count(*) as count from payment_attempts where owner is null',
};

/** An attempt is taken out of the hands of a process that lives but does not finish. */
const OWNED_US = 300_000_000n;

/** Pay requests under way: who deposits for an order, and what a crash would have forgotten. */
@Injectable()
export class AttemptsRepository {
  constructor(
    private readonly database: Database,
    private readonly process: PgNotifyTransport,
  ) {}

  /**
   * Takes the attempt into the hands of this process, before the first deposit.
   * @param requestText JSON of the pay request, to finish it after a crash
   * @returns 'busy' when another process, or another request, has an attempt of the order in hand; 'changed' when the
   *   order is paid, or no longer claimed like this
   */
  async acquire(
    order: Order,
    hContract: Buffer,
    request: { coinsHash: Buffer; text: string; receivedUs: bigint },
    nowUs: bigint,
  ): Promise<HeldAttempt | 'busy' | 'changed'> {
    const { coinsHash, text, receivedUs } = request;
    const ownedUntilUs = nowUs + OWNED_US;
    const owner = this.process.processId;
    const values = [order.serial, hContract, coinsHash, text, receivedUs, owner, ownedUntilUs, nowUs];
    try {
      const [row] = await this.database.query<{ serial: string | null; received_us: string }>(
        ACQUIRE,
        values,
      );
      if (!row) return 'changed';
      return row.serial === null
        ? 'busy'
        : { serial: BigInt(row.serial), receivedUs: BigInt(row.received_us) };
    } catch (error) {
      // Other coins are being deposited for the order right now.
      if (!isUniqueViolation(error, 'payment_attempts_in_flight_key')) throw error;
      await this.database.query(RELEASE_ABANDONED, [order.serial, nowUs]);
      return 'busy';
    }
  }

  /** When the request with these coins first came, if its outcome is still open. */
  async findReceived(order: Order, coinsHash: Buffer): Promise<bigint | undefined> {
    const values = [order.serial, coinsHash];
    const [row] = await this.database.query<{ received_us: string }>(FIND_RECEIVED, values);
    return row && BigInt(row.received_us);
  }

  /** All pay requests of an order that are not settled, those in the hands of a process included. */
  async findOfOrder(orderSerial: bigint, nowUs: bigint): Promise<StoredAttempt[]> {
    await this.database.query(RELEASE_ABANDONED, [orderSerial, nowUs]);
    const rows = await this.database.query<{ serial: string; request: string }>(FIND_OF_ORDER, [orderSerial]);
    return rows.map(({ serial, request }) => ({ serial: BigInt(serial), request }));
  }

  /** Whether a pay request of the order is not settled. Needs the lock of the order, without which none begins. */
  async exists(tx: Tx, order: Order): Promise<boolean> {
    const [row] = await tx.query<{ found: boolean }>(EXISTS, [order.serial]);
    return row?.found === true;
  }

  /** Takes an open attempt into the hands of this process, whatever became of its order. */
  async hold(serial: bigint, nowUs: bigint): Promise<HeldAttempt | undefined> {
    try {
      const values = [serial, this.process.processId, nowUs + OWNED_US];
      const [row] = await this.database.query<{ serial: string; received_us: string }>(HOLD, values);
      return row && { serial: BigInt(row.serial), receivedUs: BigInt(row.received_us) };
    } catch (error) {
      if (!isUniqueViolation(error, 'payment_attempts_in_flight_key')) throw error;
      return undefined;
    }
  }

  /** Every outcome is recorded: nothing is left to remember. */
  async finish(attempt: HeldAttempt, tx: Tx | Database = this.database): Promise<void> {
    await tx.query(FINISH, [attempt.serial, this.process.processId]);
  }

  /** Some outcome is unknown: the attempt stays, to be looked into after a pause that doubles. */
  async leaveOpen(attempt: HeldAttempt, nowUs: bigint): Promise<void> {
    await this.database.query(LEAVE_OPEN, [attempt.serial, nowUs, this.process.processId]);
  }

  /** Nothing could be found out about an open attempt this time. */
  async postpone(serial: bigint, nowUs: bigint): Promise<void> {
    await this.database.query(POSTPONE, [serial, nowUs]);
  }

  /** Attempts to be looked into now, those of processes that died included. */
  async findOpen(nowUs: bigint, limit: number): Promise<OpenAttempt[]> {
    await this.database.query(FIND_ABANDONED, [nowUs]);
    const rows = await this.database.query<{
      serial: string;
      instance_id: string;
      order_id: string;
      request: string;
      received_us: string;
    }>(FIND_OPEN, [nowUs, limit]);
    return rows.map((row) => ({
      serial: BigInt(row.serial),
      instanceId: row.instance_id,
      orderId: row.order_id,
      request: row.request,
      receivedUs: BigInt(row.received_us),
    }));
  }

  /** Attempts of which the outcome is unknown. */
  async countOpen(): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(COUNT, []);
    return Number(row?.count ?? 0);
  }
}
