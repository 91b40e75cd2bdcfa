import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import type { Order, OrderWithContract } from '../../orders/order';
import { requireAllowed, stateOf } from '../../orders/order-life';
import { OrdersRepository } from '../../orders/orders.repository';
import { GIVEN_BACK, type Refund } from '../../orders/refund';
import { RefundsRepository } from '../../orders/refunds.repository';
import { AttemptsRepository } from '../../payments/attempts.repository';
import { PaymentsRepository, type StoredDeposit } from '../../payments/payments.repository';
import { TurnTaker } from '../../payments/turn-taker';
import { RecoverDeposits } from '../../payments/use-cases/recover-deposits';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import { attemptTopic } from '../../platform/events/topics';
import { Waypoints } from '../../platform/waypoints';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { floorToSecond } from '../../taler/timestamp';
import { ObtainRefunds, type ObtainPurpose } from '../obtain-refunds';
import { type Claimed, type Deed, lockAllowed, requireClaimed, requireHash } from '../order-contract';

/** Coins that go back whole. */
export const GIVING_BACK: ObtainPurpose = {
  name: 'abort',
  keyUnusable: TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_EXCHANGE_REFUND_FAILED,
  exchangeUnknown: { code: TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_EXCHANGE_LOOKUP_FAILED, status: 500 },
};

/** orders.md 5.5 */
const ABORT_REASON = 'incomplete payment aborted';

/** How long an abort waits for a payment of the order to come to its end, as a payment waits for another one. */
const TURN_WAIT_MS_MAX = 30_000;

export interface AbortRequest {
  readonly hContract: Buffer;
  readonly coinPubs: readonly Buffer[];
}

interface GivenBack {
  readonly order: Claimed<Order>;
  readonly deposits: readonly StoredDeposit[];
  /** Of the coins asked for. */
  readonly refunds: readonly Refund[];
}

/** `POST orders/$ID/abort` (orders.md 5.5): the wallet gives a payment up and gets back what was deposited. */
@Injectable()
export class AbortPayment {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly refunds: RefundsRepository,
    private readonly attempts: AttemptsRepository,
    private readonly recoverDeposits: RecoverDeposits,
    private readonly obtainRefunds: ObtainRefunds,
    private readonly turns: TurnTaker,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly waypoints: Waypoints,
  ) {}

  /**
   * The coins' refunds are booked before any exchange is asked, so that no payment can count on them any more; a repeat
   * goes on where an exchange was silent.
   * @returns for each coin of the request its refund; undefined for one that was never deposited
   * @throws TalerError 2256, 2005, 2253, 2255, 2254; 2251, 2252 and those of the exchange
   */
  async run(
    instance: Instance,
    orderId: string,
    request: AbortRequest,
  ): Promise<readonly (Refund | undefined)[]> {
    if (request.coinPubs.length === 0) {
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_COINS_ARRAY_EMPTY);
    }
    const deed: Deed = { instance, orderId, action: 'abort', nowUs: this.clock.nowUs() };
    const { order, deposits, refunds } = await this.takeTurn(deed, request);
    this.waypoints.pass('abort: given back');
    const unconfirmed = refunds.filter((refund) => !refund.confirmation);
    const [error] = await this.obtainRefunds.run({
      purpose: GIVING_BACK,
      instance,
      order,
      deposits,
      refunds: unconfirmed,
    });
    // The other coins are safe; the repeat asks for this one again.
    if (error) throw error;
    const stored = unconfirmed.length > 0 ? await this.refunds.find(order.serial) : refunds;
    return request.coinPubs.map((coinPub) => stored.find((refund) => isGivenBack(refund, coinPub)));
  }

  /** No payment of the order may be under way while its coins are given back: what it deposits would be stranded. */
  private async takeTurn(deed: Deed, request: AbortRequest): Promise<GivenBack> {
    const deadlineMs = performance.now() + TURN_WAIT_MS_MAX;
    for (;;) {
      const found = await this.orders.findWithContract(deed.instance.serial, deed.orderId);
      const order = requireClaimed(found, deed);
      requireHash(order, request.hContract, TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_CONTRACT_HASH_MISSMATCH);
      requireAllowed(stateOf(order, deed.nowUs), deed.action, deed.orderId);
      const givenBack = await this.turns.take(attemptTopic(order.serial), deadlineMs, () =>
        this.settle(deed, order, request),
      );
      if (typeof givenBack === 'object') return givenBack;
    }
  }

  /** Payments that were interrupted are brought to their end first: their coins may lie at the exchange, unrecorded. */
  private async settle(
    deed: Deed,
    order: OrderWithContract,
    request: AbortRequest,
  ): Promise<GivenBack | 'busy'> {
    const fate = await this.recoverDeposits.run(deed.instance, order);
    if (fate === 'uncertain') {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_EXCHANGE_TIMEOUT, {
        detail: 'the exchange does not tell which coins of an interrupted payment it has',
      });
    }
    return fate === 'busy' ? 'busy' : this.giveBack(deed, request);
  }

  private giveBack(deed: Deed, request: AbortRequest): Promise<GivenBack | 'busy'> {
    return this.transactor.run('abort-payment', async (tx) => {
      const order = await lockAllowed(this.orders, tx, deed);
      requireHash(order, request.hContract, TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_CONTRACT_HASH_MISSMATCH);
      if (await this.attempts.exists(tx, order)) return 'busy';
      const deposits = await this.payments.readDeposits(tx, order.serial);
      const granted = floorToSecond(this.clock.nowUs());
      const asked = new Set(request.coinPubs.map((coinPub) => coinPub.toString('hex')));
      const listed = deposits.filter(({ coinPub }) => asked.has(coinPub.toString('hex')));
      for (const { coinPub, contribution: amount } of listed.filter((deposit) => !deposit.isGivenBack)) {
        const refund = { coinPub, rtransactionId: GIVEN_BACK, amount, reason: ABORT_REASON, granted };
        await this.refunds.insert(tx, order.serial, refund);
      }
      const stored = listed.length > 0 ? await this.refunds.read(tx, order.serial) : [];
      const refunds = stored.filter((refund) => asked.has(refund.coinPub.toString('hex')));
      return { order, deposits, refunds };
    });
  }
}

function isGivenBack(refund: Refund, coinPub: Buffer): boolean {
  return refund.rtransactionId === GIVEN_BACK && refund.coinPub.equals(coinPub);
}
