import { type Response, Router } from 'express';
import type { Pool, PoolClient } from 'pg';
import { Pool as HttpPool } from 'undici';
import { type Amount, amountOf, formatAmount, parseAmount } from '../../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { createSigner } from '../../src/taler/eddsa';
import { confirmRefund } from '../../src/taler/signatures-exchange';
import { merchantRefund } from '../../src/taler/signatures-merchant';
import {
  BASELINE_ADD_GRANTED,
  BASELINE_ADD_OBTAINED,
  BASELINE_ATTEMPTS,
  BASELINE_CONFIRM,
  BASELINE_DEPOSITS,
  BASELINE_FIND,
  BASELINE_FIND_WITH_CONTRACT,
  BASELINE_INSERT_REFUND,
  BASELINE_LOCK,
  BASELINE_MARK_ASKED,
  BASELINE_REFUNDS,
  BASELINE_RELEASE,
} from './statements';

/** Connections to the exchange, as many as ours has. */
const EXCHANGE_CONNECTIONS = 64;
/** Of the baseline's one shop. */
const INSTANCE = 1;

interface OrderRow {
  serial: string;
  h_contract: Buffer;
  refund_granted: string;
}

interface DepositRow {
  coin_pub: Buffer;
  currency: string;
  contribution: string;
}

interface RefundRow {
  serial: string;
  coin_pub: Buffer;
  rtransaction_id: string;
  currency: string;
  amount: string;
  granted_us: string;
  exchange_pub: Buffer | null;
  exchange_sig: Buffer | null;
}

/** Who the coins were deposited for, and where. */
export interface RefundSettings {
  readonly exchangeUrl: string;
  /** Private key of the shop, hexadecimal. */
  readonly seed: string;
}

/**
 * Refunds with the statements, transactions and commits of ours in the same order, the same call to the exchange, one
 * signature and one verification per coin; no checks, no wake-ups, no log. It takes what the bench sends for granted: one
 * coin per order, all of it well.
 */
export class BaselineRefunds {
  private readonly exchange: HttpPool;
  private readonly exchangePath: string;
  private readonly signer;

  constructor(
    private readonly pool: Pool,
    settings: RefundSettings,
  ) {
    const url = new URL(settings.exchangeUrl);
    this.exchange = new HttpPool(url.origin, { connections: EXCHANGE_CONNECTIONS });
    this.exchangePath = url.pathname;
    this.signer = createSigner(Buffer.from(settings.seed, 'hex'));
  }

  routes(): Router {
    const router = Router();
    router.post('/orders/:id/grant', (request, response) => {
      const { refund, reason } = request.body as { refund: string; reason: string };
      return this.grant(request.params.id, refund, reason, response);
    });
    router.post('/orders/:id/refund', (request, response) => this.collect(request.params.id, response));
    router.post('/orders/:id/abort', (request, response) => this.abort(request.params.id, response));
    return router;
  }

  private async grant(orderId: string, total: string, reason: string, response: Response): Promise<void> {
    const known = first(await this.pool.query<OrderRow>(by(BASELINE_FIND_WITH_CONTRACT, INSTANCE, orderId)));
    await this.pool.query(by(BASELINE_DEPOSITS, known.serial));
    await this.transaction(async (tx) => {
      const order = first(await tx.query<OrderRow>(by(BASELINE_LOCK, INSTANCE, orderId)));
      const units = (parseAmount(total)?.units ?? 0n) - BigInt(order.refund_granted);
      const deposit = first(await tx.query<DepositRow>(by(BASELINE_DEPOSITS, order.serial)));
      const { rows: earlier } = await tx.query<RefundRow>(by(BASELINE_REFUNDS, order.serial));
      await tx.query(this.insertion(order, deposit, { id: earlier.length + 1, units, reason }));
      await tx.query(by(BASELINE_ADD_GRANTED, order.serial, units));
    });
    response.json({
      taler_refund_uri: `taler+http://refund/127.0.0.1/instances/shop/${orderId}/`,
      h_contract: encodeBase32(known.h_contract),
    });
  }

  private async collect(orderId: string, response: Response): Promise<void> {
    const order = first(await this.pool.query<OrderRow>(by(BASELINE_FIND, INSTANCE, orderId)));
    const { rows: refunds } = await this.pool.query<RefundRow>(by(BASELINE_REFUNDS, order.serial));
    await this.pool.query(by(BASELINE_DEPOSITS, order.serial));
    await this.obtain(orderId, order, refunds, true);
    const stored = await this.pool.query<RefundRow>(by(BASELINE_REFUNDS, order.serial));
    response.json({
      refund_amount: formatAmount(amountIn(first(stored))),
      refunds: stored.rows.map((refund) => ({
        ...toAnswer(refund),
        rtransaction_id: Number(refund.rtransaction_id),
        coin_pub: encodeBase32(refund.coin_pub),
        refund_amount: formatAmount(amountIn(refund)),
        execution_time: { t_s: Math.floor(Number(refund.granted_us) / 1e6) },
      })),
      merchant_pub: encodeBase32(this.signer.publicKey),
    });
  }

  private async abort(orderId: string, response: Response): Promise<void> {
    const order = first(await this.pool.query<OrderRow>(by(BASELINE_FIND_WITH_CONTRACT, INSTANCE, orderId)));
    await this.pool.query(by(BASELINE_RELEASE, order.serial));
    await this.pool.query(by(BASELINE_ATTEMPTS, order.serial));
    const refunds = await this.transaction(async (tx) => {
      await tx.query(by(BASELINE_LOCK, INSTANCE, orderId));
      await tx.query(by(BASELINE_ATTEMPTS, order.serial));
      const deposit = first(await tx.query<DepositRow>(by(BASELINE_DEPOSITS, order.serial)));
      const refund = { id: 0, units: BigInt(deposit.contribution), reason: 'aborted' };
      await tx.query(this.insertion(order, deposit, refund));
      return (await tx.query<RefundRow>(by(BASELINE_REFUNDS, order.serial))).rows;
    });
    await this.obtain(orderId, order, refunds, false);
    const stored = await this.pool.query<RefundRow>(by(BASELINE_REFUNDS, order.serial));
    response.json({ refunds: stored.rows.map(toAnswer) });
  }

  private async obtain(
    orderId: string,
    order: OrderRow,
    refunds: readonly RefundRow[],
    counts: boolean,
  ): Promise<void> {
    await this.pool.query(
      by(
        BASELINE_MARK_ASKED,
        refunds.map(({ serial }) => serial),
      ),
    );
    for (const refund of refunds) {
      const { exchangePub, exchangeSig } = await this.ask(order, refund);
      await this.transaction(async (tx) => {
        await tx.query(by(BASELINE_LOCK, INSTANCE, orderId));
        await tx.query(by(BASELINE_CONFIRM, refund.serial, exchangePub, exchangeSig, Date.now() * 1000));
        if (counts) await tx.query(by(BASELINE_ADD_OBTAINED, order.serial, refund.amount));
      });
    }
  }

  /** @throws Error when the exchange does not confirm: a fault of the bench */
  private async ask(
    order: OrderRow,
    refund: RefundRow,
  ): Promise<{ exchangePub: Buffer; exchangeSig: Buffer }> {
    const signed = {
      hContract: order.h_contract,
      coinPub: refund.coin_pub,
      rtransactionId: BigInt(refund.rtransaction_id),
      refundAmount: amountIn(refund),
    };
    const merchantPub = this.signer.publicKey;
    const { statusCode, body } = await this.exchange.request({
      method: 'POST',
      path: `${this.exchangePath}coins/${encodeBase32(refund.coin_pub)}/refund`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        refund_amount: formatAmount(signed.refundAmount),
        h_contract_terms: encodeBase32(order.h_contract),
        rtransaction_id: Number(refund.rtransaction_id),
        merchant_pub: encodeBase32(merchantPub),
        merchant_sig: encodeBase32(merchantRefund.sign(this.signer, signed)),
      }),
    });
    const answer = (await body.json()) as { exchange_pub: string; exchange_sig: string };
    const exchangePub = decodeBase32(String(answer.exchange_pub), 32);
    const exchangeSig = decodeBase32(String(answer.exchange_sig), 64);
    if (
      !exchangePub ||
      !exchangeSig ||
      !confirmRefund.verify(exchangePub, { ...signed, merchantPub }, exchangeSig)
    ) {
      throw new Error(`the exchange answered ${statusCode}: ${JSON.stringify(answer)}`);
    }
    return { exchangePub, exchangeSig };
  }

  private insertion(
    order: OrderRow,
    deposit: DepositRow,
    refund: { id: number; units: bigint; reason: string },
  ) {
    const { id, units, reason } = refund;
    const values = [order.serial, deposit.coin_pub, id, deposit.currency, units, reason, Date.now() * 1000];
    return by(BASELINE_INSERT_REFUND, ...values);
  }

  private async transaction<T>(work: (tx: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    } finally {
      client.release();
    }
  }
}

const by = (statement: { name: string; text: string }, ...values: unknown[]) => ({ ...statement, values });

function first<Row>({ rows }: { rows: Row[] }): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('the bench asked for what it has not stored');
  return row;
}

function amountIn({ currency, amount }: RefundRow): Amount {
  return amountOf(currency, BigInt(amount));
}

function toAnswer({ exchange_pub: pub, exchange_sig: signature }: RefundRow) {
  return {
    type: 'success',
    exchange_status: 200,
    exchange_sig: signature ? encodeBase32(signature) : undefined,
    exchange_pub: pub ? encodeBase32(pub) : undefined,
  };
}
