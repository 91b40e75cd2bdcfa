import { Injectable } from '@nestjs/common';
import type { Order } from '../orders/order';
import { OrderEvents } from '../orders/order-events';
import { OrdersRepository } from '../orders/orders.repository';

/** Moves a paid order to another browser session (orders.md 7.3): the last one that proved the payment has it. */
@Injectable()
export class BindSession {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly events: OrderEvents,
  ) {}

  async run(order: Order, sessionId: string | undefined): Promise<void> {
    if (order.sessionId === sessionId || !(await this.orders.bindSession(order, sessionId))) return;
    this.events.changed(order);
    this.events.boundTo(sessionId, order);
  }
}
