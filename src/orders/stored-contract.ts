import { TalerCode } from '../taler/error-codes';
import { isJsonObject, type JsonObject } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import type { OrderWithContract } from './order';

/** The newest contract version that this backend knows (orders.md 8). */
const CONTRACT_VERSION_MAX = 1;

/**
 * What is shown of a stored contract is spliced as text and never parsed. This catches rows that somebody else wrote: a
 * newer backend before a downgrade, a hand in the database, a restored backup that is cut off.
 * @throws TalerError 2107 for a version of later, 2008 for a text that is no object, 56 for a payment of no contract
 */
export function requireReadable(order: OrderWithContract): void {
  const detail = order.orderId;
  if (order.contractVersion > CONTRACT_VERSION_MAX || order.contractVersion < 0) {
    throw new TalerError(TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_CONTRACT_VERSION, { detail });
  }
  if (!order.protoContract.startsWith('{"') || !order.protoContract.endsWith('}')) {
    throw invalidContract(order.orderId);
  }
  if (order.payment && !order.claim) throw new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail });
}

/**
 * The stored proto contract, for those who look into it.
 * @throws TalerError 2008 when it is no JSON object
 */
export function parseContract({ orderId, protoContract }: OrderWithContract): JsonObject {
  let cause: unknown;
  try {
    const terms: unknown = JSON.parse(protoContract);
    if (isJsonObject(terms)) return terms;
  } catch (error) {
    cause = error;
  }
  throw invalidContract(orderId, cause);
}

/** 500 (2008): our own text makes no sense. */
export function invalidContract(orderId: string, cause?: unknown): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID, { detail: orderId, cause });
}
