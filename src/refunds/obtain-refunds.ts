import { Injectable } from '@nestjs/common';
import { InstanceKeys } from '../crypto/instance-keys.service';
import { ExchangeClient } from '../exchange/exchange.client';
import { ExchangeDirectory, type TrustedExchange } from '../exchange/exchange-directory';
import { exchangeTimeout } from '../exchange/exchange-errors';
import type { ExchangeKeys } from '../exchange/exchange-keys';
import { ExchangeKeysCache } from '../exchange/exchange-keys.cache';
import type { Instance } from '../instances/instance';
import type { Order } from '../orders/order';
import { OrderEvents } from '../orders/order-events';
import { OrdersRepository } from '../orders/orders.repository';
import { GIVEN_BACK, type Refund, type RefundConfirmation, type RefundFailure } from '../orders/refund';
import { RefundsRepository } from '../orders/refunds.repository';
import type { StoredDeposit } from '../payments/payments.repository';
import { Clock } from '../platform/clock';
import { Transactor } from '../platform/database/transactor';
import { Waypoints } from '../platform/waypoints';
import { compareAmounts } from '../taler/amount';
import type { EddsaSigner } from '../taler/eddsa';
import { TalerCode } from '../taler/error-codes';
import { merchantRefund } from '../taler/signatures-merchant';
import { TalerError } from '../taler/taler-error';
import type { Claimed } from './order-contract';
import { failureOf, TOO_SMALL } from './refund-failures';

/** Coins asked for at once; each confirmation is recorded under the order's lock, which takes a connection meanwhile. */
const CALLS_AT_ONCE = 4;

/** No coin is asked for any more after this time; the wallet's next request goes on with the rest. */
const OBTAIN_MS_MAX = 60_000;

/** Why refunds are obtained, and which errors that has. */
export interface ObtainPurpose {
  /** How the waypoints are named. */
  readonly name: 'refund' | 'abort';
  /** The instance's key cannot sign: its code, with status 500. */
  readonly keyUnusable: TalerCode;
  /** The coin's exchange is not configured any more. */
  readonly exchangeUnknown: { readonly code: TalerCode; readonly status: number };
}

/** Refunds that were granted, of one order. */
export interface ObtainRequest {
  readonly purpose: ObtainPurpose;
  readonly instance: Instance;
  readonly order: Claimed<Order>;
  /** Without the exchange's confirmation. */
  readonly refunds: readonly Refund[];
  readonly deposits: readonly StoredDeposit[];
}

/** What became of one coin: the exchange's word, or why there is none. */
type CoinAnswer =
  | { readonly kind: 'confirmed'; readonly confirmation: RefundConfirmation }
  | { readonly kind: 'refused'; readonly failure: RefundFailure }
  /** No answer, or none that can be trusted: the exchange may have made the refund. */
  | { readonly kind: 'uncertain'; readonly failure: RefundFailure; readonly error: TalerError };

/** What the coins of one request share. */
interface Round {
  readonly request: ObtainRequest;
  readonly signer: EddsaSigner;
  /** On the clock of performance.now(). */
  readonly deadlineMs: number;
  /** Exchanges that have given no answer in this round: further coins would only wait as long. */
  readonly silent: Map<string, TalerError>;
}

/** Has refunds made by the exchanges and keeps their word, coin by coin (orders.md 5.6, exchange.md 4). */
@Injectable()
export class ObtainRefunds {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly refunds: RefundsRepository,
    private readonly instanceKeys: InstanceKeys,
    private readonly exchanges: ExchangeDirectory,
    private readonly exchangeKeys: ExchangeKeysCache,
    private readonly client: ExchangeClient,
    private readonly transactor: Transactor,
    private readonly events: OrderEvents,
    private readonly clock: Clock,
    private readonly waypoints: Waypoints,
  ) {}

  /**
   * Asks for each refund once. Confirmations and failures are stored at once; what stands in the table afterwards is the
   * answer. The exchange takes a repeat for what it is, so that any number of requests may ask at the same time.
   * @returns the errors of coins of which it is not known what the exchange has done
   * @throws TalerError `purpose.keyUnusable`
   */
  async run(request: ObtainRequest): Promise<readonly TalerError[]> {
    if (request.refunds.length === 0) return [];
    const signer = await this.signerFor(request);
    const round = { request, signer, deadlineMs: performance.now() + OBTAIN_MS_MAX, silent: new Map() };
    await this.refunds.markAsked(request.refunds, this.clock.nowUs());
    const errors: TalerError[] = [];
    const queue = request.refunds.values();
    const work = async () => {
      // The workers share the queue; one that fails leaves the rest of it to the others.
      for (const refund of queue) {
        const answer = await this.ask(round, refund);
        if (answer.kind === 'uncertain') errors.push(answer.error);
        if (answer.kind === 'confirmed') await this.record(request, refund, answer.confirmation);
        else await this.refunds.fail(refund, answer.failure);
      }
    };
    try {
      const ends = await Promise.allSettled(Array.from({ length: CALLS_AT_ONCE }, work));
      const broken = ends.find((end) => end.status === 'rejected');
      if (broken) throw broken.reason;
      return errors;
    } finally {
      this.events.changed(request.order);
    }
  }

  private async signerFor({ instance, purpose }: ObtainRequest): Promise<EddsaSigner> {
    try {
      return await this.instanceKeys.signerOf(instance.serial);
    } catch (cause) {
      throw new TalerError(purpose.keyUnusable, { status: 500, cause });
    }
  }

  private async ask(round: Round, refund: Refund): Promise<CoinAnswer> {
    const { deposits, order, purpose } = round.request;
    const deposit = deposits.find(({ coinPub }) => coinPub.equals(refund.coinPub));
    if (!deposit) throw new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail: order.orderId });
    if (compareAmounts(refund.amount, deposit.refundFee) < 0) return { kind: 'refused', failure: TOO_SMALL };
    const { exchangeUrl } = deposit;
    const exchange = this.exchanges.find(exchangeUrl);
    if (!exchange) {
      const { code, status } = purpose.exchangeUnknown;
      return uncertain(new TalerError(code, { status, detail: exchangeUrl }));
    }
    const silence =
      round.silent.get(exchangeUrl) ??
      (performance.now() > round.deadlineMs ? exchangeTimeout(exchange) : undefined);
    if (silence) return uncertain(silence);
    try {
      return await this.call(round, exchange, await this.exchangeKeys.get(exchange), refund);
    } catch (error) {
      if (!(error instanceof TalerError)) throw error;
      round.silent.set(exchangeUrl, error);
      return uncertain(error);
    }
  }

  private async call(
    { request, signer, silent }: Round,
    exchange: TrustedExchange,
    keys: ExchangeKeys,
    refund: Refund,
  ): Promise<CoinAnswer> {
    const { coinPub, rtransactionId, amount: refundAmount } = refund;
    const { hContract } = request.order.claim;
    const { merchantPub } = request.instance;
    const signed = { hContract, coinPub, rtransactionId, refundAmount };
    this.waypoints.pass(`${request.purpose.name}: before the exchange is asked`);
    const outcome = await this.client.refundCoin({
      exchange,
      keys,
      request: { ...signed, merchantPub, merchantSig: merchantRefund.sign(signer, signed) },
    });
    if (outcome.kind === 'confirmed') {
      this.waypoints.pass(`${request.purpose.name}: confirmed by exchange`);
      const { exchangePub, exchangeSig } = outcome;
      return { kind: 'confirmed', confirmation: { exchangePub, exchangeSig } };
    }
    const failure = failureOf(outcome);
    if (outcome.kind === 'refused') return { kind: 'refused', failure };
    if (outcome.status === 0) silent.set(exchange.baseUrl, outcome.error);
    return { kind: 'uncertain', failure, error: outcome.error };
  }

  /** At once and for each coin by itself: the exchange has moved the money. */
  private async record(
    { instance, order: { orderId }, purpose }: ObtainRequest,
    refund: Refund,
    confirmation: RefundConfirmation,
  ): Promise<void> {
    await this.transactor.run('confirm-refund', async (tx) => {
      const order = await this.orders.lock(tx, instance.serial, orderId);
      if (!order) throw new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail: orderId });
      const isNew = await this.refunds.confirm(tx, refund, confirmation, this.clock.nowUs());
      if (isNew && refund.rtransactionId !== GIVEN_BACK) {
        await this.orders.addObtained(tx, order, refund.amount.units);
      }
    });
    this.waypoints.pass(`${purpose.name}: confirmation recorded`);
  }
}

/** Nothing was heard of the exchange: what is kept is our own error. */
function uncertain(error: TalerError): CoinAnswer {
  return { kind: 'uncertain', failure: { status: error.status, code: error.code, reply: undefined }, error };
}
