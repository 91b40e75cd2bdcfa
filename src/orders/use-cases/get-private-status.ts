import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { orderTopic } from '../../platform/events/topics';
import { LongPollHub } from '../../platform/long-poll/long-poll.hub';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { BoughtBefore, sessionTopics } from '../bought-before';
import { entityTagOf } from '../../platform/http/entity-tag';
import { isPaidIn, Order } from '../order';
import { toClaimedText, toPaidText, toUnpaidText } from '../order-responses';
import { OrderStatusRepository, OrderWithRefunds } from '../order-status.repository';
import { OrdersRepository } from '../orders.repository';
import { requireReadable } from '../stored-contract';

/** The query of `GET private/orders/$ID` (orders.md 4.3). */
export interface PrivateStatusQuery {
  readonly sessionId: string | undefined;
  readonly timeoutMs: number;
  /** Wait until the entity tag differs from this one. */
  readonly notTag: string | undefined;
  readonly allowRefunded: boolean;
}

export interface PrivateStatus {
  /** JSON text. */
  readonly body: string;
  readonly tag: string;
}

/** `GET private/orders/$ID` (orders.md 4.3): the shop's view, with long polling. */
@Injectable()
export class GetPrivateStatus {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly statuses: OrderStatusRepository,
    private readonly boughtBefore: BoughtBefore,
    private readonly hub: LongPollHub,
  ) {}

  /**
   * @param onGone calls back when the client has gone
   * @returns undefined when the client has gone
   * @throws TalerError MERCHANT_GENERIC_ORDER_UNKNOWN; 2008, 2107 and 56 when what is stored makes no sense
   */
  async run(
    instance: Instance,
    orderId: string,
    query: PrivateStatusQuery,
    onGone: (callback: () => void) => void,
  ): Promise<PrivateStatus | undefined> {
    // Who waits in a session is also woken by the payment of another order in it, whose topic names the URL.
    const needsTopics = query.timeoutMs > 0 && query.sessionId !== undefined;
    const known = needsTopics ? await this.orders.find(instance.serial, orderId) : undefined;
    return this.hub.wait({
      topic: orderTopic(instance.serial, orderId),
      reads: 'order with contract and refunds',
      alsoTopics: sessionTopics(known, query.sessionId),
      timeoutMs: query.timeoutMs,
      onGone,
      load: () => this.statuses.find(instance.serial, orderId),
      judge: (order, last) => this.judge(order, orderId, query, last),
    });
  }

  private async judge(
    order: OrderWithRefunds | undefined,
    orderId: string,
    query: PrivateStatusQuery,
    last: boolean,
  ): Promise<PrivateStatus | undefined> {
    if (!order) throw new TalerError(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN, { detail: orderId });
    requireReadable(order);
    const isPaid = isPaidIn(order, query.sessionId);
    const earlier = isPaid
      ? undefined
      : await this.boughtBefore.find(order, query.sessionId, query.allowRefunded);
    const isPositive = isPaid || earlier !== undefined;
    if (!last && query.notTag === undefined && !isPositive) return undefined;
    const body = describe(order, query.sessionId, isPaid, earlier);
    const tag = entityTagOf(body);
    return !last && query.notTag === tag ? undefined : { body, tag };
  }
}

/** The decision procedure of orders.md 4.3; a repurchase shows as "unpaid", even when the order is claimed. */
function describe(
  order: OrderWithRefunds,
  sessionId: string | undefined,
  isPaid: boolean,
  boughtBefore: Order | undefined,
): string {
  const { claim, payment } = order;
  if (isPaid && claim && payment) return toPaidText(order, { nonce: claim.nonce, payment }, sessionId);
  if (claim && !boughtBefore) return toClaimedText(order, claim.nonce, sessionId);
  return toUnpaidText(order, { sessionId, boughtBefore });
}
