import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import type { Instance } from '../../instances/instance';
import { orderTopic } from '../../platform/events/topics';
import { LongPollHub } from '../../platform/long-poll/long-poll.hub';
import { Amount, formatAmount, isZeroAmount } from '../../taler/amount';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { BoughtBefore, sessionTopics } from '../bought-before';
import { isPaidIn, Order } from '../order';
import { payUriOf } from '../order-responses';
import { OrdersRepository } from '../orders.repository';
import { awaitsMoreThan } from '../refund-wait';

/** The query of the legacy `GET /public/poll-payment` (orders.md 6). */
export interface PollPaymentQuery {
  readonly orderId: string;
  readonly hContract: Buffer;
  readonly sessionId: string | undefined;
  readonly timeoutMs: number;
  /** Wait until more than this was granted as refund. */
  readonly refund: Amount | undefined;
  /** Echoed in the answer. */
  readonly contractUrl: string | undefined;
}

/**
 * The poll of 2019, kept for old shop pages (orders.md 6). Unlike the original it asks that `order_id` fits the
 * contract, answers on an idle server when the time is up, and has room for more than 1,010 waiters.
 */
@Injectable()
export class PollPayment {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly boughtBefore: BoughtBefore,
    private readonly hub: LongPollHub,
  ) {}

  /**
   * @returns the body of the 200 answer; undefined when the client has gone
   * @throws TalerError MERCHANT_GENERIC_ORDER_UNKNOWN when no contract of the instance has this hash and id
   */
  async run(
    instance: Instance,
    query: PollPaymentQuery,
    onGone: (callback: () => void) => void,
  ): Promise<object | undefined> {
    const load = () => this.orders.find(instance.serial, query.orderId);
    const needsTopics = query.timeoutMs > 0 && query.sessionId !== undefined;
    return this.hub.wait({
      topic: orderTopic(instance.serial, query.orderId),
      reads: 'order',
      alsoTopics: needsTopics ? sessionTopics(await load(), query.sessionId) : [],
      timeoutMs: query.timeoutMs,
      onGone,
      load,
      judge: (order, last) => this.judge(order, query, last),
    });
  }

  private async judge(
    order: Order | undefined,
    query: PollPaymentQuery,
    last: boolean,
  ): Promise<object | undefined> {
    if (!order?.claim || !timingSafeEqual(order.claim.hContract, query.hContract)) {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN, { detail: query.orderId });
    }
    const awaitsGrant = awaitsMoreThan(order, query.refund);
    if (isPaidIn(order, query.sessionId)) return last || !awaitsGrant ? paidAnswer(order) : undefined;
    // Refunded orders counted as bought in 2020; there was no way to say otherwise.
    const earlier = await this.boughtBefore.find(order, query.sessionId, true);
    if (!last && !earlier) return undefined;
    return {
      paid: false,
      taler_pay_uri: payUriOf(order, query.sessionId),
      already_paid_order_id: earlier?.orderId,
      contract_url: query.contractUrl,
    };
  }
}

function paidAnswer(order: Order): object {
  const refunded = !isZeroAmount(order.refundGranted);
  return { paid: true, refunded, refund_amount: refunded ? formatAmount(order.refundGranted) : undefined };
}
