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
    const { text, values } = pageQuery(page);
    const statement = { name: `order-list-${hash('sha1', text).slice(0, 16)}`, text };
    return (await this.database.query<OrderRow>(statement, values)).map(toOrder);
  }
}

/** Serials are 1 and up, in a column of int8. */
const BEFORE_ALL = 0n;
const BEHIND_ALL = 9_223_372_036_854_775_807n;

/** The statement of a page with its values: text depends on which filters there are, never on what they hold. */
export function pageQuery(page: OrderPage): { text: string; values: unknown[] } {
  const { ascending } = page;
  const start = page.after ?? (ascending ? BEFORE_ALL : BEHIND_ALL);
  const values: unknown[] = [page.instanceSerial, page.length, start];
  const conditions: string[] = [];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add((from) => `created_us >= ${from}`, page.createdFrom);
  add((until) => `created_us <= ${until}`, page.createdUntil);
  add((session) => `session_id = ${session} and ${hashed('session_id', session)}`, page.sessionId);
  add((url) => `fulfillment_url = ${url}`, page.fulfillmentUrl);
  if (page.sessionId !== undefined) {
    add((url) => hashed('fulfillment_url', url), page.fulfillmentUrl);
  }
  // position() instead of LIKE: no character of the text means anything but itself.
  add((part) => `position(lower(${part}) in lower(summary)) > 0`, page.summaryPart);
  if (page.paid !== undefined) conditions.push(`paid_us is ${page.paid ? 'not ' : ''}null`);
  if (page.refunded !== undefined) conditions.push(`refund_granted ${page.refunded ? '>' : '='} 0`);
  const rows = page.sessionId === undefined ? rowsInOrder(ascending) : rowsOfSession(ascending);
  return { text: rows(conditions.map((condition) => ` and ${condition}`).join('')), values };
}

/**
 * Walks along (instance_serial, serial). `between` instead of an equality, with which the planner would be free to walk
 * along the primary key as well: past the orders of all other shops, if it takes those of this one for evenly spread.
 */
function rowsInOrder(ascending: boolean): (filters: string) => string {
  const direction = ascending ? 'asc' : 'desc';
  return (filters) => `select ${ORDER_COLUMNS} from orders
    where instance_serial between $1 and $1 and serial ${ascending ? '>' : '<'} $3${filters}
    order by instance_serial ${direction}, serial ${direction} limit $2`;
}

/**
 * A session has few orders. Without the fence `offset 0`, which hides the limit, the planner may walk through all orders
 * instead, in the hope of meeting a page of them soon.
 */
function rowsOfSession(ascending: boolean): (filters: string) => string {
  return (filters) => `select * from (select ${ORDER_COLUMNS} from orders
      where instance_serial = $1 and serial ${ascending ? '>' : '<'} $3 and session_id is not null${filters}
      offset 0) as found
    order by serial ${ascending ? 'asc' : 'desc'} limit $2`;
}

/** The expression that orders_session_idx has; the text itself is compared besides, since hashes may collide. */
function hashed(column: string, parameter: string): string {
  return `hashtextextended(${column}, 0) = hashtextextended(${parameter}, 0)`;
}
