import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { orderTopic } from '../../platform/events/topics';
import { LongPollHub } from '../../platform/long-poll/long-poll.hub';
import { Amount } from '../../taler/amount';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { BoughtBefore, sessionTopics } from '../bought-before';
import { isPaidIn, Order } from '../order';
import { toPublicPaid, toPublicUnpaid } from '../order-responses';
import { OrdersRepository } from '../orders.repository';
import { awaitsMoreThan } from '../refund-wait';
import { judgeAccess, PublicCredentials } from '../public-access';

/** The query of public `GET orders/$ID` (orders.md 5.7). */
export interface PublicStatusQuery extends PublicCredentials {
  readonly sessionId: string | undefined;
  readonly timeoutMs: number;
  /** Wait until more than this was granted as refund. */
  readonly refund: Amount | undefined;
  /** Wait until no granted refund is left to collect. */
  readonly awaitRefundObtained: boolean;
  readonly allowRefunded: boolean;
}

export interface PublicStatus {
  readonly status: 200 | 202 | 402;
  readonly body: object;
}

/** Public `GET orders/$ID` as JSON (orders.md 5.7): what wallets and status pages poll. */
@Injectable()
export class GetPublicStatus {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly boughtBefore: BoughtBefore,
    private readonly hub: LongPollHub,
  ) {}

  /**
   * @returns undefined when the client has gone
   * @throws TalerError 2005, 2009, 2105; 26 for a `refund` in another currency
   */
  async run(
    instance: Instance,
    orderId: string,
    query: PublicStatusQuery,
    onGone: (callback: () => void) => void,
  ): Promise<PublicStatus | undefined> {
    const load = () => this.orders.find(instance.serial, orderId);
    const needsTopics = query.timeoutMs > 0 && query.sessionId !== undefined;
    return this.hub.wait({
      topic: orderTopic(instance.serial, orderId),
      reads: 'order',
      alsoTopics: needsTopics ? sessionTopics(await load(), query.sessionId) : [],
      timeoutMs: query.timeoutMs,
      onGone,
      load,
      judge: (order, last) => this.judge(order, orderId, query, last),
    });
  }

  private async judge(
    order: Order | undefined,
    orderId: string,
    query: PublicStatusQuery,
    last: boolean,
  ): Promise<PublicStatus | undefined> {
    if (!order) throw new TalerError(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN, { detail: orderId });
    if (judgeAccess(order, query) === 'reorder') {
      return { status: 202, body: { public_reorder_url: order.publicReorderUrl } };
    }
    const awaitsGrant = awaitsMoreThan(order, query.refund);
    if (isPaidIn(order, query.sessionId)) {
      const awaitsWallet =
        query.awaitRefundObtained && order.refundObtained.units < order.refundGranted.units;
      const waits = !last && (awaitsGrant || awaitsWallet);
      return waits ? undefined : { status: 200, body: toPublicPaid(order) };
    }
    const boughtBefore = await this.boughtBefore.find(order, query.sessionId, query.allowRefunded);
    if (!last && !boughtBefore) return undefined;
    return { status: 402, body: toPublicUnpaid(order, { sessionId: query.sessionId, boughtBefore }) };
  }
}
