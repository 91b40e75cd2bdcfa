import type { Amount } from '../taler/amount';
import { malformedParameter } from '../platform/http/malformed';
import type { Order } from './order';

/**
 * True while no more than `refund` was granted, for the `refund` parameter of the public polls (orders.md 5.7, 6).
 * @throws TalerError GENERIC_PARAMETER_MALFORMED for another currency, whatever the state: such a wait could never end
 */
export function awaitsMoreThan(order: Order, refund: Amount | undefined): boolean {
  if (!refund) return false;
  if (refund.currency !== order.amount.currency) {
    // Before the payment of a contract with choices nobody knows in which currency it will be.
    if (order.contractVersion > 0 && !order.payment) return true;
    throw malformedParameter('refund');
  }
  return order.refundGranted.units <= refund.units;
}
