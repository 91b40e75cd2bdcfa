import type { Amount } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';
import type { Language } from './language';
import type { Offer } from './offer';

/** Everything a page shows, in the language of its reader. */
export type PageView = PayView | ExpiredView | RefundView | ReceiptView | TroubleView;

/** An order that can be paid. */
export interface PayView {
  readonly kind: 'pay';
  readonly language: Language;
  readonly offer: Offer;
  readonly talerUri: string;
  /** `claimed`: a wallet holds it. `paid-elsewhere`: it is paid, but not in this browser session (orders.md 7.3). */
  readonly situation: 'open' | 'claimed' | 'paid-elsewhere';
  readonly payDeadline: Timestamp;
  /** Time of the server, so that the script need not trust the browser's clock. */
  readonly now: Timestamp;
}

/** An order that can no longer be paid. */
export interface ExpiredView {
  readonly kind: 'expired';
  readonly language: Language;
  readonly offer: Offer;
  /** The deadline that has passed; undefined: the shop has closed before it. */
  readonly ended: Timestamp | undefined;
  /** Where the same can be ordered again. */
  readonly reorderUrl: string | undefined;
}

/** What is known of a payment. */
interface PaidFacts {
  readonly language: Language;
  readonly offer: Offer;
  readonly paid: Timestamp;
  /** What was paid: the price, or that of the choice. */
  readonly amount: Amount;
  /** Which of `offer.prices`, where there were several. */
  readonly choiceIndex: number | undefined;
  readonly refundGranted: Amount;
  readonly refundObtained: Amount;
  /** Back to the shop; an http(s) URL. */
  readonly fulfillmentUrl: string | undefined;
}

/** A paid order of which a refund waits for the wallet. */
export interface RefundView extends PaidFacts {
  readonly kind: 'refund';
  readonly talerUri: string;
}

export interface ReceiptView extends PaidFacts {
  readonly kind: 'receipt';
  /** Until when the shop promises refunds; undefined: no refunds. */
  readonly refundDeadline: Timestamp | undefined;
}

/** No order to show. */
export interface TroubleView {
  readonly kind: 'unknown' | 'forbidden' | 'malformed';
  readonly language: Language;
}
