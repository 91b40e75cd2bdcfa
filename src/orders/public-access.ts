import { timingSafeEqual } from 'node:crypto';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { Order } from './order';

/** What an anonymous client shows for itself (orders.md 5.7). */
export interface PublicCredentials {
  readonly hContract: Buffer | undefined;
  readonly token: Buffer | undefined;
}

/**
 * The authorisation matrix of orders.md 5.7.
 * @returns 'granted', or 'reorder' when a stranger may be sent to where the same thing is sold
 * @throws TalerError 2009 for a wrong contract hash, 2105 for a wrong or missing claim token
 */
export function judgeAccess(order: Order, credentials: PublicCredentials): 'granted' | 'reorder' {
  const { claimToken, claim } = order;
  const { token } = credentials;
  // Before the claim there is no contract to compare a hash with: such a hash is no credential.
  const hContract = claim && credentials.hContract;
  if (hContract && claim && !timingSafeEqual(hContract, claim.hContract)) {
    throw new TalerError(TalerCode.MERCHANT_GENERIC_CONTRACT_HASH_DOES_NOT_MATCH_ORDER);
  }
  if (token && !(claimToken && timingSafeEqual(token, claimToken))) throw invalidToken();
  if (hContract || token || !claimToken) return 'granted';
  if (order.publicReorderUrl !== undefined) return 'reorder';
  throw invalidToken();
}

/** A wrong claim token, or none where one is needed. */
export function invalidToken(): TalerError {
  return new TalerError(TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_TOKEN);
}
