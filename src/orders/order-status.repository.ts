import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import { Amount, amountOf } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';
import type { OrderWithContract } from './order';
import { ORDER_COLUMNS, OrderRowWithContract, toOrderWithContract } from './order-row';
import { GIVEN_BACK } from './refund';

/** A refund of a coin, as far as the shop is told of it (orders.md 4.3, RefundDetails). */
export interface GrantedRefund {
  readonly reason: string;
  /** The wallet has not collected it. */
  readonly isPending: boolean;
  readonly granted: Timestamp;
  /** Gross: the exchange keeps its refund fee of it. */
  readonly amount: Amount;
}

/** An order as the shop sees it. */
export interface OrderWithRefunds extends OrderWithContract {
  /** In the order in which they were granted. */
  readonly refunds: readonly GrantedRefund[];
}

interface RefundJson {
  readonly reason: string;
  readonly pending: boolean;
  readonly granted_us: string;
  readonly currency: string;
  readonly amount: string;
}

const FIND: Statement = {
  name: 'order-find-with-refunds',
  // One statement, so that totals and details are of the same moment; without refunds nothing is looked for.
  text: `select ${ORDER_COLUMNS}, proto_contract, case when refund_granted > 0 then (
      select json_agg(json_build_object('reason', refunds.reason, 'pending', refunds.exchange_sig is null,
          'granted_us', refunds.granted_us::text, 'currency', refunds.currency, 'amount', refunds.amount::text)
        order by refunds.serial)
      from refunds where refunds.order_serial = orders.serial and refunds.rtransaction_id <> ${GIVEN_BACK}
    ) end as refunds
    from orders where instance_serial = $1 and order_id = $2`,
};

/** What the private status needs (orders.md 4.3). */
@Injectable()
export class OrderStatusRepository {
  constructor(private readonly database: Database) {}

  async find(instanceSerial: bigint, orderId: string): Promise<OrderWithRefunds | undefined> {
    const [row] = await this.database.query<OrderRowWithContract & { refunds: RefundJson[] | null }>(FIND, [
      instanceSerial,
      orderId,
    ]);
    return row && { ...toOrderWithContract(row), refunds: (row.refunds ?? []).map(toGrantedRefund) };
  }
}

function toGrantedRefund(json: RefundJson): GrantedRefund {
  return {
    reason: json.reason,
    isPending: json.pending,
    granted: BigInt(json.granted_us),
    amount: amountOf(json.currency, BigInt(json.amount)),
  };
}
