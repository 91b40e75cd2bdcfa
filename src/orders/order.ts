import type { Amount } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';

/** The wallet's hold on an order (orders.md 5.1). */
export interface Claim {
  /** The wallet's public key in base32, as it was sent. */
  readonly nonce: string;
  readonly hContract: Buffer;
}

/** What happened to the money (orders.md 5.3). */
export interface Payment {
  /** When the order became paid. */
  readonly paid: Timestamp;
  /** When something was paid last. */
  readonly lastPayment: Timestamp;
  /** Which choice, of a contract that has some. */
  readonly choiceIndex: number | undefined;
}

/**
 * An order without its contract text: what status requests need.
 * State (orders.md 7.1): no claim = unclaimed; claim without payment = claimed; payment = paid.
 */
export interface Order {
  readonly serial: bigint;
  readonly instanceSerial: bigint;
  readonly orderId: string;
  /** 0: one price; 1: choices (orders.md 8.3). */
  readonly contractVersion: number;
  readonly summary: string;
  /** The price; of a contract with choices that of the paid one, before the payment of the first one. */
  readonly amount: Amount;
  readonly claimToken: Buffer | undefined;
  readonly merchantBaseUrl: string;
  readonly fulfillmentUrl: string | undefined;
  readonly publicReorderUrl: string | undefined;
  /** The browser session the order was made for, then the last one it was paid in; undefined: none. */
  readonly sessionId: string | undefined;
  readonly created: Timestamp;
  readonly payDeadline: Timestamp;
  readonly refundDeadline: Timestamp;
  readonly wireDeadline: Timestamp;
  readonly hWire: Buffer;
  readonly claim: Claim | undefined;
  readonly payment: Payment | undefined;
  /** Total of the refunds granted, and of those the wallet has collected; coins given back whole do not count. */
  readonly refundGranted: Amount;
  readonly refundObtained: Amount;
}

/** An order with the JSON text of its proto contract (orders.md 8: the contract without the nonce). */
export interface OrderWithContract extends Order {
  readonly protoContract: string;
}

/**
 * The contract terms as JSON text: the proto contract plus the nonce. The stored text is never re-serialised, since
 * its hash has been signed.
 */
export function contractTermsText(protoContract: string, nonce: string): string {
  return `${protoContract.slice(0, -1)},"nonce":${JSON.stringify(nonce)}}`;
}

/** Characters of a browser session, wherever one is named. */
export const SESSION_LENGTH_MAX = 1024;

/** "" and absent are the same session: none (orders.md 5.3). */
export function sessionOf(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Paid, and bound to the session asked for, if one is (orders.md 7.3). */
export function isPaidIn(order: Order, sessionId: string | undefined): boolean {
  return order.payment !== undefined && (sessionId === undefined || order.sessionId === sessionId);
}
