import { Injectable } from '@nestjs/common';
import { EventBus } from '../platform/events/event-bus';
import { orderListTopic, orderTopic, sessionTopic } from '../platform/events/topics';
import type { Order } from './order';

/** What an event tells apart of an order. */
type Changed = Pick<Order, 'instanceSerial' | 'orderId'>;

/** Wakes those who wait for an order (orders.md 10). To be called after the commit of what happened. */
@Injectable()
export class OrderEvents {
  constructor(private readonly bus: EventBus) {}

  created(instanceSerial: bigint): void {
    this.bus.publish(orderListTopic(instanceSerial));
  }

  /** Claimed, released, forgotten, deleted, a refund collected: what only those see who look at this order. */
  changed(order: Changed): void {
    this.bus.publish(orderTopic(order.instanceSerial, order.orderId));
  }

  /** Paid, or given back some money: the list shows it as well. */
  changedForList(order: Changed): void {
    this.changed(order);
    this.bus.publish(orderListTopic(order.instanceSerial));
  }

  /** Paid in this session, or moved to it: other orders for the same thing are bought before now (orders.md 7.4). */
  boundTo(sessionId: string | undefined, order: Changed & Pick<Order, 'fulfillmentUrl'>): void {
    const { instanceSerial, fulfillmentUrl } = order;
    if (sessionId === undefined || fulfillmentUrl === undefined) return;
    this.bus.publish(sessionTopic(instanceSerial, sessionId, fulfillmentUrl));
  }
}
