declare const brand: unique symbol;

/** Id of an order, unique within its instance: chosen by the shop or made by the backend. */
export type OrderId = string & { readonly [brand]: 'OrderId' };
/** Id of an instance (one merchant among those that share a backend). */
export type InstanceId = string & { readonly [brand]: 'InstanceId' };

// The C backend bounds neither; both end up in paths of at most 512 characters (conventions.md 5.2).
// orders.md 9.1, without `.` and `..`: clients that resolve URLs would drop such path segments.
const ORDER_ID = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;
const INSTANCE_ID = /^[A-Za-z0-9][A-Za-z0-9_.@-]{1,127}$/; // management.md 2: at least two characters

export function isOrderId(text: string): text is OrderId {
  return ORDER_ID.test(text);
}

/** True for the syntax of an instance id; ids are compared without regard to case (management.md 2). */
export function isInstanceId(text: string): text is InstanceId {
  return INSTANCE_ID.test(text);
}
