import { Injectable } from '@nestjs/common';
import type { Order } from '../orders/order';
import { OrdersRepository } from '../orders/orders.repository';
import { EventBus } from '../platform/events/event-bus';
import { orderTopic, sessionTopic } from '../platform/events/topics';

/** Moves a paid order to another browser session (orders.md 7.3): the last one that proved the payment has it. */
@Injectable()
export class BindSession {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly bus: EventBus,
  ) {}

  async run(order: Order, sessionId: string | undefined): Promise<void> {
    if (order.sessionId === sessionId || !(await this.orders.bindSession(order, sessionId))) return;
    this.bus.publish(orderTopic(order.instanceSerial, order.orderId));
    if (sessionId !== undefined && order.fulfillmentUrl !== undefined) {
      this.bus.publish(sessionTopic(order.instanceSerial, sessionId, order.fulfillmentUrl));
    }
  }
}
