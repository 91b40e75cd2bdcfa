import { errorFacts, TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { Order } from './order';

/** The states of orders.md 7.1; `unknown` is also what a deleted order is. */
export type OrderState = 'unknown' | 'unclaimed' | 'claimed' | 'expired' | 'paid' | 'refunded';

/** What somebody wants to do with an order. */
export type OrderAction =
  /** By the first wallet, or again by the one that holds the order. */
  | 'claim'
  | 'claim by another wallet'
  | 'unclaim'
  /** With coins that may become, or are, those of the payment. */
  | 'pay'
  /** With other coins than those that an order was paid with. */
  | 'pay with other coins'
  | 'abort'
  | 'grant refund'
  | 'collect refunds'
  | 'forget'
  | 'delete'
  | 'delete by force';

/** Allowed, with the state that follows; or refused, with the error. */
export type OrderRule = { readonly next: OrderState } | { readonly refused: TalerCode };

const to = (next: OrderState): OrderRule => ({ next });
const no = (refused: TalerCode): OrderRule => ({ refused });
const UNKNOWN = no(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
const NO_CLAIM = no(TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_NOT_FOUND);
const TAKEN = no(TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_ALREADY_CLAIMED);
const UNPAID = no(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ID_REFUND_ORDER_UNPAID);
const COMPLETE = no(TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_REFUND_REFUSED_PAYMENT_COMPLETE);
const KEPT = no(TalerCode.MERCHANT_PRIVATE_DELETE_ORDERS_ALREADY_PAID);

/**
 * The life of an order (orders.md 7.1): what may be done in which state, and where it leads. Use cases ask here; what
 * they check besides (who asks, which amounts, which deadlines) narrows what the table allows, never widens it.
 * Exceptions that the reference makes stand with their use cases: a paid order past its legal retention may be deleted.
 */
export const ORDER_LIFE: Readonly<Record<OrderState, Readonly<Record<OrderAction, OrderRule>>>> = {
  unknown: {
    claim: NO_CLAIM,
    'claim by another wallet': NO_CLAIM,
    unclaim: NO_CLAIM,
    pay: UNKNOWN,
    'pay with other coins': UNKNOWN,
    abort: UNKNOWN,
    'grant refund': UNKNOWN,
    'collect refunds': UNKNOWN,
    forget: UNKNOWN,
    delete: UNKNOWN,
    'delete by force': UNKNOWN,
  },
  // Without contract terms most calls have nothing to talk about: as if there were no order.
  unclaimed: {
    claim: to('claimed'),
    'claim by another wallet': to('claimed'),
    unclaim: NO_CLAIM,
    pay: UNKNOWN,
    'pay with other coins': UNKNOWN,
    abort: no(TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_CONTRACT_NOT_FOUND),
    'grant refund': UNKNOWN,
    'collect refunds': UNKNOWN,
    forget: UNKNOWN,
    delete: to('unknown'),
    'delete by force': to('unknown'),
  },
  claimed: {
    claim: to('claimed'),
    'claim by another wallet': TAKEN,
    unclaim: to('unclaimed'),
    pay: to('paid'),
    'pay with other coins': to('paid'),
    abort: to('claimed'),
    'grant refund': UNPAID,
    'collect refunds': to('claimed'),
    forget: to('claimed'),
    delete: no(TalerCode.MERCHANT_PRIVATE_DELETE_ORDERS_AWAITING_PAYMENT),
    'delete by force': to('unknown'),
  },
  // Claimed, and the pay deadline has passed.
  expired: {
    claim: to('expired'),
    'claim by another wallet': TAKEN,
    unclaim: to('unclaimed'),
    pay: no(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_OFFER_EXPIRED),
    'pay with other coins': no(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_OFFER_EXPIRED),
    abort: to('expired'),
    'grant refund': UNPAID,
    'collect refunds': to('expired'),
    forget: to('expired'),
    delete: to('unknown'),
    'delete by force': to('unknown'),
  },
  paid: {
    claim: to('paid'),
    'claim by another wallet': TAKEN,
    unclaim: NO_CLAIM,
    pay: to('paid'),
    'pay with other coins': no(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_ALREADY_PAID),
    abort: COMPLETE,
    'grant refund': to('refunded'),
    'collect refunds': to('paid'),
    forget: to('paid'),
    delete: KEPT,
    'delete by force': KEPT,
  },
  // Paid, and less than the price is left of the payment; a refund of a surplus leaves an order paid.
  refunded: {
    claim: to('refunded'),
    'claim by another wallet': TAKEN,
    unclaim: NO_CLAIM,
    pay: no(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDED),
    'pay with other coins': no(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_ALREADY_PAID),
    abort: COMPLETE,
    'grant refund': to('refunded'),
    'collect refunds': to('refunded'),
    forget: to('refunded'),
    delete: KEPT,
    'delete by force': KEPT,
  },
};

/** The state of an order as far as its row tells: `refunded` when any refund was granted. */
export function stateOf(order: Order | undefined, nowUs: bigint): OrderState {
  if (!order) return 'unknown';
  if (!order.claim) return 'unclaimed';
  if (order.payment) return order.refundGranted.units > 0n ? 'refunded' : 'paid';
  return nowUs > order.payDeadline ? 'expired' : 'claimed';
}

/** @throws TalerError with the code of the table when the action is not allowed in this state */
export function requireAllowed(state: OrderState, action: OrderAction, orderId: string): void {
  const rule = ORDER_LIFE[state][action];
  if ('refused' in rule) throw new TalerError(rule.refused, { detail: orderId });
}

/**
 * What start-up asks of the table: every refusal has an HTTP status of the client's fault, every state can be reached
 * from a new order, and money that was paid is never forgotten by the way back.
 * @throws Error naming the cell
 */
export function checkOrderLife(life: typeof ORDER_LIFE = ORDER_LIFE): void {
  const reached = new Set<OrderState>(['unclaimed']);
  // A set grows while it is walked; time turns a claimed order into an expired one.
  for (const state of reached) {
    for (const rule of Object.values(life[state])) if ('next' in rule) reached.add(rule.next);
    if (state === 'claimed') reached.add('expired');
  }
  for (const [state, rules] of Object.entries(life) as [OrderState, (typeof life)[OrderState]][]) {
    if (!reached.has(state)) throw new Error(`life of an order: nothing leads to "${state}"`);
    for (const [action, rule] of Object.entries(rules)) checkRule(state, action, rule);
  }
}

const AFTER_PAYMENT: readonly OrderState[] = ['paid', 'refunded'];

function checkRule(state: OrderState, action: string, rule: OrderRule): void {
  const cell = `life of an order: "${action}" in "${state}"`;
  if ('refused' in rule) {
    const status = errorFacts.get(rule.refused)?.httpStatus ?? 0;
    if (status < 400 || status > 499)
      throw new Error(`${cell} is refused with ${rule.refused}, status ${status}`);
    return;
  }
  if (state === 'unknown') throw new Error(`${cell} cannot be allowed`);
  if (AFTER_PAYMENT.includes(state) && !AFTER_PAYMENT.includes(rule.next)) {
    throw new Error(`${cell} leads to "${rule.next}", which forgets a payment`);
  }
}
