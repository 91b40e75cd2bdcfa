import { timingSafeEqual } from 'node:crypto';
import type { Instance } from '../instances/instance';
import type { Order } from '../orders/order';
import { type OrderAction, requireAllowed, stateOf } from '../orders/order-life';
import type { OrdersRepository } from '../orders/orders.repository';
import type { Tx } from '../platform/database/tx';
import type { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';

/** What is to be done with which order, when. */
export interface Deed {
  readonly instance: Instance;
  readonly orderId: string;
  readonly action: OrderAction;
  readonly nowUs: bigint;
}

/** An order that somebody has claimed. */
export type Claimed<O extends Order> = O & { readonly claim: NonNullable<Order['claim']> };

/**
 * The order, if there is a contract to talk about.
 * @throws TalerError as ORDER_LIFE says of unknown and unclaimed orders
 */
export function requireClaimed<O extends Order>(order: O | undefined, deed: Deed): Claimed<O> {
  if (isClaimed(order)) return order;
  requireAllowed(stateOf(order, deed.nowUs), deed.action, deed.orderId);
  throw new Error(`the life of an order allows "${deed.action}" without a contract`);
}

/**
 * The order under its lock, in a state that allows the deed.
 * @throws TalerError as ORDER_LIFE says
 */
export async function lockAllowed(orders: OrdersRepository, tx: Tx, deed: Deed): Promise<Claimed<Order>> {
  const order = requireClaimed(await orders.lock(tx, deed.instance.serial, deed.orderId), deed);
  requireAllowed(stateOf(order, deed.nowUs), deed.action, deed.orderId);
  return order;
}

/** A wallet shows by the hash that it knows the contract. @throws TalerError `code` when it does not */
export function requireHash(order: Claimed<Order>, hContract: Buffer, code: TalerCode): void {
  if (!timingSafeEqual(order.claim.hContract, hContract)) throw new TalerError(code);
}

/** Whether there is a contract to talk about. */
export function isClaimed<O extends Order>(order: O | undefined): order is Claimed<O> {
  return order?.claim !== undefined;
}
