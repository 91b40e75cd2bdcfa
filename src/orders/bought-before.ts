import { Injectable } from '@nestjs/common';
import { sessionTopic, Topic } from '../platform/events/topics';
import { Order } from './order';
import { OrdersRepository } from './orders.repository';

/** Repurchase detection (orders.md 7.4): has this browser session bought the same thing already? */
@Injectable()
export class BoughtBefore {
  constructor(private readonly orders: OrdersRepository) {}

  /** The other order, paid in this session for the same fulfillment URL; undefined without a session. */
  async find(
    order: Order,
    sessionId: string | undefined,
    allowRefunded: boolean,
  ): Promise<Order | undefined> {
    const { fulfillmentUrl } = order;
    if (sessionId === undefined || fulfillmentUrl === undefined) return undefined;
    return this.orders.findBoughtBefore({ order, sessionId, fulfillmentUrl, allowRefunded });
  }
}

/** What else than the order itself can end a wait for its payment. */
export function sessionTopics(order: Order | undefined, sessionId: string | undefined): Topic[] {
  if (!order || order.fulfillmentUrl === undefined || sessionId === undefined) return [];
  return [sessionTopic(order.instanceSerial, sessionId, order.fulfillmentUrl)];
}
