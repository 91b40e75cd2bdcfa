import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';
import { amountOf } from '../taler/amount';
import type { JsonValue } from '../taler/json';
import type { NewRefund, Refund, RefundConfirmation, RefundFailure } from './refund';

interface RefundRow {
  serial: string;
  coin_pub: Buffer;
  rtransaction_id: string;
  currency: string;
  amount: string;
  reason: string;
  granted_us: string;
  exchange_pub: Buffer | null;
  exchange_sig: Buffer | null;
  failure_status: number | null;
  failure_code: number | null;
  failure_reply: string | null;
}

const FIND: Statement = {
  name: 'refunds-find',
  text: `select serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us, exchange_pub, exchange_sig,
      failure_status, failure_code, failure_reply
    from refunds where order_serial = $1 order by serial`,
};
const INSERT: Statement = {
  name: 'refund-insert',
  text: `insert into refunds (order_serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict on constraint refunds_order_coin_transaction_key do nothing returning serial`,
};
const MARK_ASKED: Statement = {
  name: 'refunds-mark-asked',
  text: `update refunds set failure_status = 0, failure_code = null, failure_reply = null, asked_us = $2,
      asks = asks + 1
    where serial = any ($1::int8[]) and exchange_sig is null`,
};
const CONFIRM: Statement = {
  name: 'refund-confirm',
  text: `update refunds set exchange_pub = $2, exchange_sig = $3, obtained_us = $4,
      failure_status = null, failure_code = null, failure_reply = null
    where serial = $1 and exchange_sig is null returning serial`,
};
const FAIL: Statement = {
  name: 'refund-fail',
  text: `update refunds set failure_status = $2, failure_code = $3, failure_reply = $4
    where serial = $1 and exchange_sig is null`,
};
/** What was given back of orders, coin by coin. Totals stand in `orders`, changed under its lock. */
@Injectable()
export class RefundsRepository {
  constructor(private readonly database: Database) {}

  /** All of an order, those that give whole coins back included, in the order in which they were granted. */
  async find(orderSerial: bigint): Promise<Refund[]> {
    return (await this.database.query<RefundRow>(FIND, [orderSerial])).map(toRefund);
  }

  /** The same under the lock of the order: what is summed cannot grow meanwhile. */
  async read(tx: Tx, orderSerial: bigint): Promise<Refund[]> {
    return (await tx.query<RefundRow>(FIND, [orderSerial])).map(toRefund);
  }

  /** @returns false when this refund of the coin was granted before */
  async insert(tx: Tx, orderSerial: bigint, refund: NewRefund): Promise<boolean> {
    const { coinPub, rtransactionId, amount, reason, granted } = refund;
    const values = [orderSerial, coinPub, rtransactionId, amount.currency, amount.units, reason, granted];
    return (await tx.query(INSERT, values)).length > 0;
  }

  /** Before the exchange is asked: whoever finds the mark without an outcome knows that there may be one. */
  async markAsked(refunds: readonly Refund[], nowUs: bigint): Promise<void> {
    await this.database.query(MARK_ASKED, [refunds.map(({ serial }) => serial), nowUs]);
  }

  /** Keeps the exchange's word. @returns false when it was there before */
  async confirm(
    tx: Tx,
    refund: Refund,
    confirmation: RefundConfirmation,
    obtainedUs: bigint,
  ): Promise<boolean> {
    const { exchangePub, exchangeSig } = confirmation;
    return (await tx.query(CONFIRM, [refund.serial, exchangePub, exchangeSig, obtainedUs])).length > 0;
  }

  /** Keeps what the exchange said instead, unless it has confirmed meanwhile. */
  async fail(refund: Refund, { status, code, reply }: RefundFailure): Promise<void> {
    const replyText = reply === undefined ? undefined : JSON.stringify(reply);
    await this.database.query(FAIL, [refund.serial, status, code, replyText]);
  }
}

function toRefund(row: RefundRow): Refund {
  return {
    serial: BigInt(row.serial),
    coinPub: row.coin_pub,
    rtransactionId: BigInt(row.rtransaction_id),
    amount: amountOf(row.currency, BigInt(row.amount)),
    reason: row.reason,
    granted: BigInt(row.granted_us),
    confirmation:
      row.exchange_pub && row.exchange_sig
        ? { exchangePub: row.exchange_pub, exchangeSig: row.exchange_sig }
        : undefined,
    failure: row.failure_status === null ? undefined : toFailure(row, row.failure_status),
  };
}

function toFailure(row: RefundRow, status: number): RefundFailure {
  return {
    status,
    code: row.failure_code ?? undefined,
    reply: row.failure_reply === null ? undefined : (JSON.parse(row.failure_reply) as JsonValue),
  };
}
