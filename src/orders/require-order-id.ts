import type { TalerCode } from '../taler/error-codes';
import { isOrderId, OrderId } from '../taler/ids';
import { TalerError } from '../taler/taler-error';

/**
 * The order id of a path. One that cannot be an id belongs to no order, which is the answer; the database is not
 * asked, and never sees odd characters.
 * @param code how the endpoint says "no such order"
 */
export function requireOrderId(text: string, code: TalerCode): OrderId {
  if (!isOrderId(text)) throw new TalerError(code, { detail: text.slice(0, 128) });
  return text;
}
