import { Injectable } from '@nestjs/common';
import type { Order } from '../orders/order';
import type { Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';

const HAS_ATTEMPT: Statement = {
  name: 'abort-has-attempt',
  text: 'select exists(select from payment_attempts where order_serial = $1) as has_attempt',
};

/** Whether money of an order is on its way to an exchange. */
@Injectable()
export class OpenAttemptsRepository {
  /** Needs the lock of the order, without which no attempt begins. */
  async exist(tx: Tx, order: Order): Promise<boolean> {
    const [row] = await tx.query<{ has_attempt: boolean }>(HAS_ATTEMPT, [order.serial]);
    return row?.has_attempt === true;
  }
}
