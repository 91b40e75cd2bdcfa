import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';
import type { Order, OrderWithContract } from './order';
import { ORDER_COLUMNS, OrderRowWithContract, toOrderWithContract } from './order-row';
import { GIVEN_BACK } from './refund';

/** Why an order has to stay although its state would let it go. */
export interface MoneyInOrder {
  /** A pay request of which not every outcome is recorded. */
  readonly hasAttempts: boolean;
  /** Coins that an exchange has accepted and not refunded whole. */
  readonly holdsCoins: boolean;
  /** Coins that go back to the wallet, as soon as the exchange confirms. */
  readonly owesCoins: boolean;
}

const LOCK_WITH_CONTRACT: Statement = {
  name: 'order-lock-with-contract',
  text: `select ${ORDER_COLUMNS}, proto_contract from orders
    where instance_serial = $1 and order_id = $2 for update`,
};
const FIND_MONEY: Statement = {
  name: 'order-find-money',
  text: `select exists (select from payment_attempts where order_serial = $1) as has_attempts,
    exists (select from deposits where order_serial = $1
      and not exists (select from refunds where refunds.order_serial = $1 and refunds.coin_pub = deposits.coin_pub
        and rtransaction_id = ${GIVEN_BACK} and exchange_sig is not null)) as holds_coins,
    exists (select from refunds where order_serial = $1
      and rtransaction_id = ${GIVEN_BACK} and exchange_sig is null) as owes_coins`,
};
const HOLD_ID: Statement = {
  name: 'order-hold-id',
  text: `insert into deleted_orders (instance_serial, order_id, request_hash, held_until_us)
    select instance_serial, order_id, request_hash, pay_deadline_us from orders
      where serial = $1 and h_contract is not null and pay_deadline_us > $2
    on conflict on constraint deleted_orders_pkey
      do update set request_hash = excluded.request_hash, held_until_us = excluded.held_until_us`,
};
const REMEMBER_RETURNED: Statement = {
  name: 'order-remember-returned',
  // The same request may make the same order again, and the same nonce the same contract.
  text: `insert into returned_contracts (instance_serial, h_contract, payable_until_us)
    select instance_serial, h_contract, pay_deadline_us from orders
      where serial = $1 and h_contract is not null and pay_deadline_us > $2
        and exists (select from deposits where order_serial = $1)
    on conflict on constraint returned_contracts_pkey do nothing`,
};
const REMOVE_ENDED: readonly Statement[] = [
  { name: 'deleted-orders-remove', text: 'delete from deleted_orders where held_until_us < $1' },
  { name: 'returned-contracts-remove', text: 'delete from returned_contracts where payable_until_us < $1' },
];
const DELETE: Statement = { name: 'order-delete', text: 'delete from orders where serial = $1' };
const FORGET: Statement = {
  name: 'order-forget',
  text: `update orders set proto_contract = $2, summary = $3, fulfillment_url = $4, public_reorder_url = $5
    where serial = $1`,
};

/** What takes orders, or parts of them, away. Methods with a Tx need the lock of the order, which the first one takes. */
@Injectable()
export class OrderErasureRepository {
  constructor(private readonly database: Database) {}

  async lock(tx: Tx, instanceSerial: bigint, orderId: string): Promise<OrderWithContract | undefined> {
    const [row] = await tx.query<OrderRowWithContract>(LOCK_WITH_CONTRACT, [instanceSerial, orderId]);
    return row && toOrderWithContract(row);
  }

  async findMoney(tx: Tx, order: Order): Promise<MoneyInOrder> {
    const [row] = await tx.query<{ has_attempts: boolean; holds_coins: boolean; owes_coins: boolean }>(
      FIND_MONEY,
      [order.serial],
    );
    return {
      hasAttempts: row?.has_attempts === true,
      holdsCoins: row?.holds_coins === true,
      owesCoins: row?.owes_coins === true,
    };
  }

  /**
   * Removes the order with everything that hangs on it. Where a wallet holds the contract, the id keeps its meaning until
   * the pay deadline (orders.md 13).
   */
  async delete(tx: Tx, order: Order, nowUs: bigint): Promise<void> {
    await tx.query(HOLD_ID, [order.serial, nowUs]);
    await tx.query(REMEMBER_RETURNED, [order.serial, nowUs]);
    await tx.query(DELETE, [order.serial]);
  }

  /** Forgets ids and contracts that nobody can pay for any more. */
  async removeEnded(nowUs: bigint): Promise<void> {
    for (const statement of REMOVE_ENDED) await this.database.query(statement, [nowUs]);
  }

  /** Stores what is left of the contract, and of the columns that repeat parts of it. */
  async forget(
    tx: Tx,
    order: Order,
    kept: Pick<OrderWithContract, 'protoContract' | 'summary' | 'fulfillmentUrl' | 'publicReorderUrl'>,
  ): Promise<void> {
    const { protoContract, summary, fulfillmentUrl, publicReorderUrl } = kept;
    await tx.query(FORGET, [order.serial, protoContract, summary, fulfillmentUrl, publicReorderUrl]);
  }
}
