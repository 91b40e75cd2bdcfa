import { Amount } from '../taler/amount';
import { JsonValue } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { Timestamp } from '../taler/timestamp';
import { ExchangeSignature, LegalRefusal, PendingDeposit, WiredDeposit } from './codecs';

/** What became of a batch deposit; each batch succeeds or fails as a whole (exchange.md 3). */
export type DepositOutcome =
  | ({
      readonly kind: 'confirmed';
      readonly exchangeTimestamp: Timestamp;
      /** Our own sum of contributions less deposit fees, which is what these coins are worth to the merchant. */
      readonly totalWithoutFee: Amount;
    } & ExchangeSignature)
  /** The exchange said no: none of the coins is deposited. */
  | {
      readonly kind: 'refused';
      readonly error: TalerError;
      readonly status: number;
      readonly code: number;
      /** The coin without funds, with 409 code 1012. */
      readonly coinPub?: Buffer;
    }
  /** 451: the merchant has to do KYC there first; none of the coins is deposited. */
  | { readonly kind: 'legally-refused'; readonly error: TalerError; readonly refusal: LegalRefusal }
  /** No answer that can be trusted: the coins may be deposited or not. Repeating the request is safe. */
  | { readonly kind: 'failed'; readonly error: TalerError };

/** A refusal or failure of a call about one coin, with what is shown to the wallet or kept in the database. */
export interface CoinCallFailure {
  readonly error: TalerError;
  /** HTTP status of the exchange, 0 without answer. */
  readonly status: number;
  readonly code?: number;
  readonly reply?: JsonValue;
}

export type RefundOutcome =
  | ({ readonly kind: 'confirmed' } & ExchangeSignature)
  | ({ readonly kind: 'refused' } & CoinCallFailure)
  | ({ readonly kind: 'failed' } & CoinCallFailure);

export type TrackOutcome =
  | ({ readonly kind: 'wired' } & WiredDeposit)
  | ({ readonly kind: 'pending' } & PendingDeposit)
  | ({ readonly kind: 'refused' } & CoinCallFailure)
  | ({ readonly kind: 'failed' } & CoinCallFailure);
