import type { JsonValue } from '../taler/json';
import type { Amount } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';

/**
 * The transaction id of a coin that is given back whole because no price was paid with it: a payment that was aborted
 * (orders.md 5.5), or a coin in excess (5.3). Such a coin counts neither as paid nor as a refund of the order.
 */
export const GIVEN_BACK = 0n;

/** What the exchange said when it did not refund a coin. */
export interface RefundFailure {
  /** HTTP status, of our own error where the exchange has said nothing to rely on; 0: asked, and no outcome known. */
  readonly status: number;
  readonly code: number | undefined;
  readonly reply: JsonValue | undefined;
}

/** The exchange's word that the coin has its money again (purpose 1038). */
export interface RefundConfirmation {
  readonly exchangePub: Buffer;
  readonly exchangeSig: Buffer;
}

/** Part of a coin that the merchant gives back (orders.md 4.6). */
export interface NewRefund {
  readonly coinPub: Buffer;
  /** GIVEN_BACK, or 1 and up for each refund of the coin. */
  readonly rtransactionId: bigint;
  /** Gross: the exchange keeps its refund fee of it. */
  readonly amount: Amount;
  readonly reason: string;
  /** Whole seconds, the same for all coins of one grant. */
  readonly granted: Timestamp;
}

export interface Refund extends NewRefund {
  readonly serial: bigint;
  readonly confirmation: RefundConfirmation | undefined;
  /** The last one; undefined once confirmed, and as long as nobody has asked. */
  readonly failure: RefundFailure | undefined;
}
