import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';

/** What a browser session has of something (orders.md 5.8). */
export interface SessionOrder {
  readonly orderId: string;
  readonly isPaid: boolean;
}

const FIND: Statement = {
  name: 'session-order-find',
  // Written with the expressions of orders_session_idx, then with the texts themselves: hashes may collide. Who was
  // given all of the price back has bought nothing and can pay no more.
  text: `select order_id, paid_us is not null as is_paid from orders
    where instance_serial = $1
      and hashtextextended(session_id, 0) = hashtextextended($2, 0)
      and hashtextextended(fulfillment_url, 0) = hashtextextended($3, 0)
      and session_id is not null and session_id = $2 and fulfillment_url = $3
      and (refund_granted = 0 or refund_granted < amount)
    order by (paid_us is not null) desc, serial desc limit 1`,
};

/** Orders by the browser session they were made for, or paid in last. */
@Injectable()
export class SessionOrdersRepository {
  constructor(private readonly database: Database) {}

  /** The newest paid one, else the newest. */
  async find(
    instanceSerial: bigint,
    sessionId: string,
    fulfillmentUrl: string,
  ): Promise<SessionOrder | undefined> {
    const values = [instanceSerial, sessionId, fulfillmentUrl];
    const [row] = await this.database.query<{ order_id: string; is_paid: boolean }>(FIND, values);
    return row && { orderId: row.order_id, isPaid: row.is_paid };
  }
}
