import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import { isRetryable, isUniqueViolation } from '../platform/database/pg-errors';
import type { Tx } from '../platform/database/tx';
import { GIVEN_BACK } from '../orders/refund';
import { Amount, amountOf } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';
import type { Price } from './contract-view';

/** A coin that an exchange has accepted for an order. */
export interface StoredDeposit {
  readonly exchangeUrl: string;
  readonly coinPub: Buffer;
  readonly contribution: Amount;
  readonly depositFee: Amount;
  /** What the exchange keeps of each refund of the coin. */
  readonly refundFee: Amount;
  /** The whole coin goes back to the wallet (refund.ts, GIVEN_BACK): it pays for nothing. */
  readonly isGivenBack: boolean;
  /** What of the wallet's data the coin has signed (crypto.md 4), such as the choice. */
  readonly walletDataHash: Buffer | undefined;
}

export interface NewDeposit {
  readonly coinPub: Buffer;
  readonly coinSig: Buffer;
  readonly hDenom: Buffer;
  readonly contribution: Amount;
  readonly depositFee: Amount;
  readonly refundFee: Amount;
}

/** A batch of coins with the exchange's confirmation (crypto.md 5, purpose 1033). */
export interface ConfirmedBatch {
  readonly exchangeUrl: string;
  readonly exchangePub: Buffer;
  readonly exchangeSig: Buffer;
  readonly exchangeTimestamp: Timestamp;
  readonly totalWithoutFee: Amount;
  readonly walletDataHash: Buffer | undefined;
  /** In the order of the request, which the confirmation covers. */
  readonly deposits: readonly NewDeposit[];
}

interface DepositRow {
  coin_pub: Buffer;
  currency: string;
  contribution: string;
  deposit_fee: string;
  refund_fee: string;
  exchange_url: string;
  is_given_back: boolean;
  wallet_data_hash: Buffer | null;
}

const FIND_DEPOSITS: Statement = {
  name: 'deposits-find',
  text: `select deposits.exchange_url, coin_pub, deposits.currency, contribution, deposit_fee, refund_fee,
      exists (select from refunds where refunds.order_serial = deposits.order_serial
        and refunds.coin_pub = deposits.coin_pub and refunds.rtransaction_id = ${GIVEN_BACK}) as is_given_back,
      wallet_data_hash
    from deposits join deposit_confirmations as confirmation on confirmation.serial = confirmation_serial
    where deposits.order_serial = $1 order by deposits.serial`,
};
const INSERT_BATCH: Statement = {
  name: 'deposits-insert',
  text: `with confirmation as (
      insert into deposit_confirmations (order_serial, exchange_url, exchange_pub, exchange_sig,
        exchange_timestamp_us, currency, total_without_fee, wallet_data_hash, received_us)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning serial)
    insert into deposits (order_serial, confirmation_serial, position, exchange_url, coin_pub, coin_sig, h_denom,
      currency, contribution, deposit_fee, refund_fee)
    select $1, confirmation.serial, coin.position, $2, coin.coin_pub, coin.coin_sig, coin.h_denom, $6,
      coin.contribution, coin.deposit_fee, coin.refund_fee
    from confirmation, unnest($10::int4[], $11::bytea[], $12::bytea[], $13::bytea[], $14::numeric[], $15::numeric[],
      $16::numeric[]) as coin (position, coin_pub, coin_sig, h_denom, contribution, deposit_fee, refund_fee)
    on conflict on constraint deposits_order_coin_key do nothing`,
};
const SETTLE: Statement = {
  name: 'payment-settle',
  // All or nothing: without the row of `paying` none of the parts has anything to do.
  text: `with paying as (
      select serial from orders
      where serial = $1 and h_contract = $17 and paid_us is null and refund_granted = 0
        and not exists (select from deposits where order_serial = $1)
      for update),
    confirmation as (
      insert into deposit_confirmations (order_serial, exchange_url, exchange_pub, exchange_sig,
        exchange_timestamp_us, currency, total_without_fee, wallet_data_hash, received_us)
      select serial, $2, $3, $4, $5, $6, $7, $8, $9 from paying returning serial),
    coins as (
      insert into deposits (order_serial, confirmation_serial, position, exchange_url, coin_pub, coin_sig, h_denom,
        currency, contribution, deposit_fee, refund_fee)
      select $1, confirmation.serial, coin.position, $2, coin.coin_pub, coin.coin_sig, coin.h_denom, $6,
        coin.contribution, coin.deposit_fee, coin.refund_fee
      from confirmation, unnest($10::int4[], $11::bytea[], $12::bytea[], $13::bytea[], $14::numeric[], $15::numeric[],
        $16::numeric[]) as coin (position, coin_pub, coin_sig, h_denom, contribution, deposit_fee, refund_fee)),
    finished as (
      delete from payment_attempts using paying where payment_attempts.serial = $18)
    update orders set paid_us = $19, last_payment_us = $19, session_id = $20, currency = $6, amount = $21,
        choice_index = $22
      from paying where orders.serial = paying.serial
    returning orders.serial`,
};

/** Questions about the money of orders: what exchanges have accepted. */
@Injectable()
export class PaymentsRepository {
  constructor(private readonly database: Database) {}

  async findDeposits(orderSerial: bigint): Promise<StoredDeposit[]> {
    return (await this.database.query<DepositRow>(FIND_DEPOSITS, [orderSerial])).map(toDeposit);
  }

  /** The same under the lock of the order: what is summed cannot grow meanwhile. */
  async readDeposits(tx: Tx, orderSerial: bigint): Promise<StoredDeposit[]> {
    return (await tx.query<DepositRow>(FIND_DEPOSITS, [orderSerial])).map(toDeposit);
  }

  /** Stores what the exchange confirmed; coins that are stored already stay as they are. */
  async insertBatch(tx: Tx, orderSerial: bigint, batch: ConfirmedBatch, nowUs: bigint): Promise<void> {
    await tx.query(INSERT_BATCH, batchValues(orderSerial, batch, nowUs));
  }

  /**
   * The usual payment in one statement, hence one commit: nothing was deposited before, this batch covers the price, and
   * its record closes the attempt. That all this still holds is checked under the lock of the order in the statement.
   * @returns false when something does not hold; then nothing was written
   */
  async settle(payment: {
    orderSerial: bigint;
    hContract: Buffer;
    batch: ConfirmedBatch;
    attemptSerial: bigint;
    sessionId: string | undefined;
    paid: Timestamp;
    /** In the currency of the batch. */
    price: Price;
    nowUs: bigint;
  }): Promise<boolean> {
    const values = [
      ...batchValues(payment.orderSerial, payment.batch, payment.nowUs),
      payment.hContract,
      payment.attemptSerial,
      payment.paid,
      payment.sessionId,
      payment.price.amount.units,
      payment.price.choiceIndex,
    ];
    try {
      return (await this.database.query(SETTLE, values)).length > 0;
    } catch (error) {
      // A coin that is stored already, or a collision that undid everything: the long way can deal with both.
      if (isUniqueViolation(error, 'deposits_order_coin_key') || isRetryable(error)) return false;
      throw error;
    }
  }
}

/** Public keys of coins as hex, to look others up in. */
export function coinKeys(deposits: readonly Pick<StoredDeposit, 'coinPub'>[]): ReadonlySet<string> {
  return new Set(deposits.map((deposit) => deposit.coinPub.toString('hex')));
}

/** The first sixteen values of INSERT_BATCH and SETTLE. */
function batchValues(orderSerial: bigint, batch: ConfirmedBatch, nowUs: bigint): unknown[] {
  const { deposits } = batch;
  return [
    orderSerial,
    batch.exchangeUrl,
    batch.exchangePub,
    batch.exchangeSig,
    batch.exchangeTimestamp,
    batch.totalWithoutFee.currency,
    batch.totalWithoutFee.units,
    batch.walletDataHash,
    nowUs,
    deposits.map((_, index) => index),
    deposits.map((deposit) => deposit.coinPub),
    deposits.map((deposit) => deposit.coinSig),
    deposits.map((deposit) => deposit.hDenom),
    deposits.map((deposit) => deposit.contribution.units),
    deposits.map((deposit) => deposit.depositFee.units),
    deposits.map((deposit) => deposit.refundFee.units),
  ];
}

function toDeposit(row: DepositRow): StoredDeposit {
  return {
    exchangeUrl: row.exchange_url,
    coinPub: row.coin_pub,
    contribution: amountOf(row.currency, BigInt(row.contribution)),
    depositFee: amountOf(row.currency, BigInt(row.deposit_fee)),
    refundFee: amountOf(row.currency, BigInt(row.refund_fee)),
    isGivenBack: row.is_given_back,
    walletDataHash: row.wallet_data_hash ?? undefined,
  };
}
