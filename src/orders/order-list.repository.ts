import { Injectable } from '@nestjs/common';
import { hash } from 'node:crypto';
import { Database } from '../platform/database/database';
import type { Order } from './order';
import { ORDER_COLUMNS, OrderRow, toOrder } from './order-row';

/** Which page of the list, in terms of the table; absent members do not filter. */
export interface OrderPage {
  readonly instanceSerial: bigint;
  readonly ascending: boolean;
  readonly length: number;
  readonly after: bigint | undefined;
  readonly paid: boolean | undefined;
  readonly refunded: boolean | undefined;
  readonly createdFrom: bigint | undefined;
  readonly createdUntil: bigint | undefined;
  readonly sessionId: string | undefined;
  readonly fulfillmentUrl: string | undefined;
  readonly summaryPart: string | undefined;
}

/** Pages of orders (orders.md 4.2). A statement is made, and prepared, per combination of filters that is asked for. */
@Injectable()
export class OrderListRepository {
  constructor(private readonly database: Database) {}

  async list(page: OrderPage): Promise<Order[]> {
    const conditions = ['instance_serial = $1'];
    const values: unknown[] = [page.instanceSerial, page.length];
    const add = (condition: (parameter: string) => string, value: unknown) => {
      if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
    };
    add((after) => `serial ${page.ascending ? '>' : '<'} ${after}`, page.after);
    add((from) => `created_us >= ${from}`, page.createdFrom);
    add((until) => `created_us <= ${until}`, page.createdUntil);
    add((session) => `session_id = ${session}`, page.sessionId);
    add((url) => `fulfillment_url = ${url}`, page.fulfillmentUrl);
    // position() instead of LIKE: no character of the text means anything but itself.
    add((part) => `position(lower(${part}) in lower(summary)) > 0`, page.summaryPart);
    if (page.paid !== undefined) conditions.push(`paid_us is ${page.paid ? 'not ' : ''}null`);
    if (page.refunded !== undefined) conditions.push(`refund_granted ${page.refunded ? '>' : '='} 0`);
    const text = `select ${ORDER_COLUMNS} from orders where ${conditions.join(' and ')}
      order by serial ${page.ascending ? 'asc' : 'desc'} limit $2`;
    const statement = { name: `order-list-${hash('sha1', text).slice(0, 16)}`, text };
    return (await this.database.query<OrderRow>(statement, values)).map(toOrder);
  }
}
