import { Amount } from '../taler/amount';
import { isJsonObject, JsonValue } from '../taler/json';
import { Timestamp } from '../taler/timestamp';
import { decode, Decoded } from './reply-reader';

/** What an exchange signs about a thing we asked it to do. */
export interface ExchangeSignature {
  readonly exchangePub: Buffer;
  readonly exchangeSig: Buffer;
}

/** 200 of POST /batch-deposit (exchange.md 3). */
export interface DepositConfirmation extends ExchangeSignature {
  readonly exchangeTimestamp: Timestamp;
  /** Only exchanges of 2025 and later; then this amount is the one signed (crypto.md 5). */
  readonly accumulatedTotalWithoutFee?: Amount;
}

/** 451 of POST /batch-deposit; every member may be missing (exchange.md 12, trap 3). */
export interface LegalRefusal {
  /** Hash of the normalised payto (32 bytes). */
  readonly hPayto?: Buffer;
  readonly requirementRow?: number;
  /** The key (32 bytes) the exchange has on record for the bank account. */
  readonly accountPub?: Buffer;
  /** True: the exchange has no, or another, key for the account; a KYC auth transfer is needed first. */
  readonly badKycAuth: boolean;
}

/** 200 of GET /deposits/... (exchange.md 5). */
export interface WiredDeposit extends ExchangeSignature {
  readonly wtid: Buffer;
  readonly executionTime: Timestamp;
  readonly coinContribution: Amount;
}

/** 202 of GET /deposits/...: accepted, not wired yet. */
export interface PendingDeposit {
  readonly executionTime: Timestamp;
  readonly kycOk: boolean;
  readonly requirementRow?: number;
  readonly accountPub?: Buffer;
}

/** The members every error body has (conventions.md 7). */
export interface ExchangeErrorBody {
  readonly code: number;
  readonly hint?: string;
  readonly detail?: string;
}

const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const SHORT_HASH_BYTES = 32;

/** Parses 200 of POST /batch-deposit. */
export function parseDepositConfirmation(
  body: JsonValue | undefined,
  currency: string,
): Decoded<DepositConfirmation> {
  return decode(
    body,
    (reader) => ({
      exchangeTimestamp: reader.timestamp('exchange_timestamp'),
      exchangePub: reader.bytes('exchange_pub', PUBLIC_KEY_BYTES),
      exchangeSig: reader.bytes('exchange_sig', SIGNATURE_BYTES),
      accumulatedTotalWithoutFee: reader.optional('accumulated_total_without_fee', () =>
        reader.amount('accumulated_total_without_fee'),
      ),
    }),
    currency,
  );
}

/** Parses 200 of POST /coins/$PUB/refund (exchange.md 4). */
export function parseRefundConfirmation(body: JsonValue | undefined): Decoded<ExchangeSignature> {
  return decode(body, (reader) => ({
    exchangePub: reader.bytes('exchange_pub', PUBLIC_KEY_BYTES),
    exchangeSig: reader.bytes('exchange_sig', SIGNATURE_BYTES),
  }));
}

/** Parses 200 of GET /deposits/... */
export function parseWiredDeposit(body: JsonValue | undefined, currency: string): Decoded<WiredDeposit> {
  return decode(
    body,
    (reader) => ({
      wtid: reader.bytes('wtid', SHORT_HASH_BYTES),
      executionTime: reader.timestamp('execution_time'),
      coinContribution: reader.amount('coin_contribution'),
      exchangePub: reader.bytes('exchange_pub', PUBLIC_KEY_BYTES),
      exchangeSig: reader.bytes('exchange_sig', SIGNATURE_BYTES),
    }),
    currency,
  );
}

/** Parses 202 of GET /deposits/... */
export function parsePendingDeposit(body: JsonValue | undefined): Decoded<PendingDeposit> {
  return decode(body, (reader) => ({
    executionTime: reader.timestamp('execution_time'),
    kycOk: reader.flag('kyc_ok'),
    requirementRow: reader.optional('requirement_row', () => reader.integer('requirement_row')),
    accountPub: reader.optional('account_pub', () => reader.bytes('account_pub', PUBLIC_KEY_BYTES)),
  }));
}

/**
 * Parses 451 of POST /batch-deposit. Never fails: the status alone says that the law is in the way, and a proxy that
 * answers 451 without a body must not look like anything else.
 */
export function parseLegalRefusal(body: JsonValue | undefined): LegalRefusal {
  const decoded = decode(body, (reader) => ({
    hPayto: reader.optional('h_payto', () => reader.bytes('h_payto', SHORT_HASH_BYTES)),
    requirementRow: reader.optional('requirement_row', () => reader.integer('requirement_row')),
    accountPub: reader.optional('account_pub', () => reader.bytes('account_pub', PUBLIC_KEY_BYTES)),
    badKycAuth: reader.optional('bad_kyc_auth', () => reader.flag('bad_kyc_auth')) ?? false,
  }));
  return decoded.ok ? decoded.value : { badKycAuth: false };
}

/** Parses an error body; a reply without an integer `code` is no error body of an exchange. */
export function parseErrorBody(body: JsonValue | undefined): ExchangeErrorBody | undefined {
  if (!isJsonObject(body)) return undefined;
  const { code, hint, detail } = body;
  if (typeof code !== 'number' || !Number.isSafeInteger(code) || code < 0) return undefined;
  return {
    code,
    hint: typeof hint === 'string' ? hint : undefined,
    detail: typeof detail === 'string' ? detail : undefined,
  };
}

/** The coin that a 409 speaks of (codes 1012, 1003, 1015), 32 bytes. */
export function parseConflictingCoin(body: JsonValue | undefined): Buffer | undefined {
  const decoded = decode(body, (reader) => reader.bytes('coin_pub', PUBLIC_KEY_BYTES));
  return decoded.ok ? decoded.value : undefined;
}
