import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';
import type { Amount } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';
import type { Claim, Order, OrderWithContract } from './order';
import { GIVEN_BACK } from './refund';
import { ORDER_COLUMNS, OrderRow, OrderRowWithContract, toOrder, toOrderWithContract } from './order-row';

const FIND: Statement = {
  name: 'order-find',
  text: `select ${ORDER_COLUMNS} from orders where instance_serial = $1 and order_id = $2`,
};
const FIND_WITH_CONTRACT: Statement = {
  name: 'order-find-with-contract',
  text: `select ${ORDER_COLUMNS}, proto_contract from orders where instance_serial = $1 and order_id = $2`,
};
const FIND_FOR_PAYMENT: Statement = {
  name: 'order-find-for-payment',
  text: `select ${ORDER_COLUMNS}, proto_contract,
      exists (select from deposits where order_serial = orders.serial) as has_deposits
    from orders where instance_serial = $1 and order_id = $2`,
};
const CLAIM: Statement = {
  name: 'order-claim',
  text: `update orders set nonce = $2, h_contract = $3, claimed_us = $4
    where serial = $1 and nonce is null and not exists (select from returned_contracts
      where returned_contracts.instance_serial = orders.instance_serial and returned_contracts.h_contract = $3)
    returning serial`,
};
const LOCK: Statement = {
  name: 'order-lock',
  text: `select ${ORDER_COLUMNS} from orders where instance_serial = $1 and order_id = $2 for update`,
};
const UNCLAIM: Statement = {
  name: 'order-unclaim',
  // A coin that the exchange has given back whole strands no money. Its rows go with the contract that they are about:
  // without its hash nobody can check them, and the same coin may pay for the next contract, but never for this one.
  text: `with held as (select instance_serial, h_contract, pay_deadline_us from orders where serial = $1),
    released as (
      update orders set nonce = null, h_contract = null, claimed_us = null
      where serial = $1 and paid_us is null
        and not exists (select from deposits where order_serial = $1
          and not exists (select from refunds where refunds.order_serial = deposits.order_serial
            and refunds.coin_pub = deposits.coin_pub and refunds.rtransaction_id = ${GIVEN_BACK}
            and refunds.exchange_sig is not null))
        and not exists (select from payment_attempts where order_serial = $1)
      returning serial),
    remembered as (
      insert into returned_contracts (instance_serial, h_contract, payable_until_us)
      select instance_serial, h_contract, pay_deadline_us from held, released
        where exists (select from deposits where order_serial = $1)
      on conflict on constraint returned_contracts_pkey do nothing),
    given_back as (delete from refunds using released where refunds.order_serial = released.serial),
    deposited as (
      delete from deposit_confirmations using released where deposit_confirmations.order_serial = released.serial)
    select serial from released`,
};
const BIND_SESSION: Statement = {
  name: 'order-bind-session',
  text: `update orders set session_id = $2 where serial = $1 and paid_us is not null
    and session_id is distinct from $2 returning serial`,
};
const MARK_PAID: Statement = {
  name: 'order-mark-paid',
  text: `update orders set paid_us = $2, last_payment_us = $2, session_id = $3, currency = $4, amount = $5,
      choice_index = $6
    where serial = $1`,
};
const ADD_REFUND: Statement = {
  name: 'order-add-refund',
  text: `update orders set refund_granted = refund_granted + $2 where serial = $1`,
};
const ADD_OBTAINED: Statement = {
  name: 'order-add-obtained',
  text: `update orders set refund_obtained = refund_obtained + $2 where serial = $1`,
};
const FIND_BOUGHT_BEFORE: Statement = {
  name: 'order-bought-before',
  // Written with the expressions of orders_session_idx, then with the texts themselves: hashes may collide.
  text: `select ${ORDER_COLUMNS} from orders
    where instance_serial = $1
      and hashtextextended(session_id, 0) = hashtextextended($2, 0)
      and hashtextextended(fulfillment_url, 0) = hashtextextended($3, 0)
      and paid_us is not null and session_id is not null and fulfillment_url is not null
      and session_id = $2 and fulfillment_url = $3 and order_id <> $4
      and ($5 or refund_granted = 0)
    order by serial desc limit 1`,
};

/** Named questions about orders. Methods that write under a lock take the Tx first. */
@Injectable()
export class OrdersRepository {
  constructor(private readonly database: Database) {}

  async find(instanceSerial: bigint, orderId: string): Promise<Order | undefined> {
    const [row] = await this.database.query<OrderRow>(FIND, [instanceSerial, orderId]);
    return row && toOrder(row);
  }

  async findWithContract(instanceSerial: bigint, orderId: string): Promise<OrderWithContract | undefined> {
    const [row] = await this.database.query<OrderRowWithContract>(FIND_WITH_CONTRACT, [
      instanceSerial,
      orderId,
    ]);
    return row && toOrderWithContract(row);
  }

  /** With the contract, and whether any coin was deposited for it: the usual payment need not ask which. */
  async findForPayment(
    instanceSerial: bigint,
    orderId: string,
  ): Promise<(OrderWithContract & { readonly hasDeposits: boolean }) | undefined> {
    const [row] = await this.database.query<OrderRowWithContract & { has_deposits: boolean }>(
      FIND_FOR_PAYMENT,
      [instanceSerial, orderId],
    );
    return row && { ...toOrderWithContract(row), hasDeposits: row.has_deposits };
  }

  /**
   * Claims the order if nobody has; the condition and the write are one statement, so of two claims one wins.
   * @returns false when somebody else was first, or when the contract was aborted and let go of before
   */
  async claim(order: Order, claim: Claim, nowUs: bigint): Promise<boolean> {
    const rows = await this.database.query(CLAIM, [order.serial, claim.nonce, claim.hContract, nowUs]);
    return rows.length > 0;
  }

  /** Locks the order row, the root of every decision about the order. */
  async lock(tx: Tx, instanceSerial: bigint, orderId: string): Promise<Order | undefined> {
    const [row] = await tx.query<OrderRow>(LOCK, [instanceSerial, orderId]);
    return row && toOrder(row);
  }

  /**
   * Needs the lock: the statement's own look at deposits and attempts must not race with one that is beginning.
   * @returns false when money is under way or was paid; coins that were given back whole hold nothing up
   */
  async unclaim(tx: Tx, order: Order): Promise<boolean> {
    return (await tx.query(UNCLAIM, [order.serial])).length > 0;
  }

  /** @returns whether the session changed */
  async bindSession(order: Order, sessionId: string | undefined): Promise<boolean> {
    return (await this.database.query(BIND_SESSION, [order.serial, sessionId])).length > 0;
  }

  /** The price becomes that of the choice that was paid. Needs the lock. */
  async markPaid(
    tx: Tx,
    order: Order,
    payment: {
      readonly paid: Timestamp;
      readonly sessionId: string | undefined;
      readonly amount: Amount;
      readonly choiceIndex: number | undefined;
    },
  ): Promise<void> {
    const { paid, sessionId, amount, choiceIndex } = payment;
    const values = [order.serial, paid, sessionId, amount.currency, amount.units, choiceIndex];
    await tx.query(MARK_PAID, values);
  }

  /** Raises the total of refunds granted by `units`. Needs the lock. */
  async addRefund(tx: Tx, order: Order, units: bigint): Promise<void> {
    await tx.query(ADD_REFUND, [order.serial, units]);
  }

  /** Raises the total of refunds that the wallet has collected by `units`. Needs the lock. */
  async addObtained(tx: Tx, order: Order, units: bigint): Promise<void> {
    await tx.query(ADD_OBTAINED, [order.serial, units]);
  }

  /** The newest other order paid in this session for the same fulfillment URL (orders.md 7.4). */
  async findBoughtBefore(question: {
    order: Order;
    sessionId: string;
    fulfillmentUrl: string;
    allowRefunded: boolean;
  }): Promise<Order | undefined> {
    const { order, sessionId, fulfillmentUrl, allowRefunded } = question;
    const [row] = await this.database.query<OrderRow>(FIND_BOUGHT_BEFORE, [
      order.instanceSerial,
      sessionId,
      fulfillmentUrl,
      order.orderId,
      allowRefunded,
    ]);
    return row && toOrder(row);
  }
}
