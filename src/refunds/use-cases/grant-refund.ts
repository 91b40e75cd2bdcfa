import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import type { Order, OrderWithContract } from '../../orders/order';
import { OrderEvents } from '../../orders/order-events';
import { OrdersRepository } from '../../orders/orders.repository';
import type { NewRefund, Refund } from '../../orders/refund';
import { RefundsRepository } from '../../orders/refunds.repository';
import { invalidContract, parseContract } from '../../orders/stored-contract';
import { PaymentsRepository, type StoredDeposit } from '../../payments/payments.repository';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import type { Tx } from '../../platform/database/tx';
import { Waypoints } from '../../platform/waypoints';
import { type Amount, amountOf, compareAmounts, sumAmounts } from '../../taler/amount';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { formatRefundUri } from '../../taler/taler-uri';
import { floorToSecond, parseTimestamp } from '../../taler/timestamp';
import { allocateRefund } from '../allocate-refund';
import { type Claimed, type Deed, lockAllowed, requireClaimed } from '../order-contract';
import { RefundLimits } from '../refund-limits';

/** RefundRequest (orders.md 4.6). */
export interface RefundWish {
  /** The new total, not an increment. */
  readonly total: Amount;
  readonly reason: string;
}

export interface GrantedRefund {
  readonly refundUri: string;
  readonly hContract: Buffer;
}

/** `POST private/orders/$ID/refund` (orders.md 4.6): the shop promises money back; the wallet collects it. */
@Injectable()
export class GrantRefund {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly refunds: RefundsRepository,
    private readonly limits: RefundLimits,
    private readonly transactor: Transactor,
    private readonly events: OrderEvents,
    private readonly clock: Clock,
    private readonly waypoints: Waypoints,
  ) {}

  /**
   * A total that was granted before is granted again, and changes nothing.
   * @throws TalerError 2005, 2532, 2169, 2531, 2024, 2530, 2512, in this order
   */
  async run(instance: Instance, orderId: string, wish: RefundWish): Promise<GrantedRefund> {
    const deed: Deed = { instance, orderId, action: 'grant refund', nowUs: this.clock.nowUs() };
    const known = requireClaimed(await this.orders.findWithContract(instance.serial, orderId), deed);
    requireRefundable(known, deed.nowUs);
    // Asked before the transaction: an exchange may take a second to tell its limits.
    const deposits = await this.payments.findDeposits(known.serial);
    const limits = await this.limits.of(deposits.map((deposit) => deposit.exchangeUrl));
    const order = await this.transactor.run('grant-refund', (tx) => this.grant(tx, deed, wish, limits));
    this.waypoints.pass('refund: granted');
    return {
      refundUri: formatRefundUri({ baseUrl: order.merchantBaseUrl, orderId }),
      hContract: order.claim.hContract,
    };
  }

  private async grant(
    tx: Tx,
    deed: Deed,
    wish: RefundWish,
    limits: ReadonlyMap<string, Amount>,
  ): Promise<Claimed<Order>> {
    const order = await lockAllowed(this.orders, tx, deed);
    const { currency } = order.amount;
    if (wish.total.currency !== currency) {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_CURRENCY_MISMATCH, { detail: currency });
    }
    const raise = wish.total.units - order.refundGranted.units;
    if (raise <= 0n) return order;
    const stored = await this.payments.readDeposits(tx, order.serial);
    const deposits = stored.filter((deposit) => isRefundable(deposit, currency));
    const paid = sumAmounts(
      currency,
      deposits.map((deposit) => deposit.contribution),
    );
    if (compareAmounts(wish.total, paid) > 0) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ID_REFUND_INCONSISTENT_AMOUNT, {
        detail: deed.orderId,
      });
    }
    const earlier = await this.refunds.read(tx, order.serial);
    const granted = floorToSecond(this.clock.nowUs());
    const added = sliceRefund({ deposits, earlier }, raise).map((slice) => ({
      ...slice,
      reason: wish.reason,
      granted,
    }));
    requireWithinLimits({ deposits, refunds: [...earlier, ...added] }, limits);
    for (const refund of added) {
      if (!(await this.refunds.insert(tx, order.serial, refund))) throw brokenBooks(deed.orderId);
    }
    await this.orders.addRefund(tx, order, raise);
    tx.afterCommit(() => this.events.changedForList(order));
    return order;
  }
}

/**
 * Refunds that the contract allows and the exchange still makes (orders.md 4.6): after the refund deadline the merchant
 * still may, up to the wire deadline (v24).
 * @throws TalerError 2532, 2169; 2008 when our own text makes no sense
 */
function requireRefundable(order: OrderWithContract, nowUs: bigint): void {
  // When the contract was made, which the shop may have set.
  const timestamp = parseTimestamp(parseContract(order)['timestamp']);
  if (timestamp === undefined) throw invalidContract(order.orderId);
  if (order.refundDeadline <= timestamp) {
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ID_REFUND_NOT_ALLOWED_BY_CONTRACT, {
      detail: order.orderId,
    });
  }
  if (nowUs > order.wireDeadline) {
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_REFUND_AFTER_WIRE_DEADLINE, {
      detail: order.orderId,
    });
  }
}

/** Coins that pay for the order: neither given back whole nor of another currency than the choice that was paid. */
function isRefundable(deposit: StoredDeposit, currency: string): boolean {
  return !deposit.isGivenBack && deposit.contribution.currency === currency;
}

/** The books of an order: what was deposited, what was refunded of it. */
interface Books<R> {
  readonly deposits: readonly StoredDeposit[];
  readonly refunds: readonly R[];
}

type Slice = Pick<NewRefund, 'coinPub' | 'rtransactionId' | 'amount'>;

/** @throws TalerError 56 when our books have refunded more of the coins than the order says */
function sliceRefund(
  { deposits, earlier }: { deposits: readonly StoredDeposit[]; earlier: readonly Refund[] },
  raise: bigint,
): Slice[] {
  const coins = deposits.map((deposit) => {
    const refunds = earlier.filter((refund) => refund.coinPub.equals(deposit.coinPub));
    const refunded = refunds.reduce((sum, refund) => sum + refund.amount.units, 0n);
    const left = deposit.contribution.units - refunded;
    return { deposit, left, refundFee: deposit.refundFee.units, nextId: 1n + BigInt(refunds.length) };
  });
  const slices = allocateRefund(coins, raise);
  if (!slices) throw brokenBooks('refunds');
  return slices.flatMap((slice) => {
    const coin = coins[slice.coin];
    if (!coin) return [];
    const { coinPub, contribution } = coin.deposit;
    const amount = amountOf(contribution.currency, slice.units);
    return [{ coinPub, rtransactionId: coin.nextId, amount }];
  });
}

/** @throws TalerError 2512 when the refunds of the order at one exchange would be above what it allows */
function requireWithinLimits(books: Books<Slice>, limits: ReadonlyMap<string, Amount>): void {
  for (const [exchangeUrl, limit] of limits) {
    const coins = books.deposits.filter((deposit) => deposit.exchangeUrl === exchangeUrl);
    const isThere = (coinPub: Buffer) => coins.some((deposit) => deposit.coinPub.equals(coinPub));
    const amounts = books.refunds.filter(({ coinPub }) => isThere(coinPub)).map(({ amount }) => amount);
    if (compareAmounts(sumAmounts(limit.currency, amounts), limit) <= 0) continue;
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_REFUND_EXCHANGE_TRANSACTION_LIMIT_VIOLATION, {
      extra: { exchange_url: exchangeUrl },
    });
  }
}

function brokenBooks(detail: string): TalerError {
  return new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail });
}
