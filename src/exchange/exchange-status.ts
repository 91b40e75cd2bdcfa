import { errorFacts, TalerCode } from '../taler/error-codes';
import type { JsonValue } from '../taler/json';
import type { TalerError } from '../taler/taler-error';
import type { Timestamp } from '../taler/timestamp';
import type { TrustedExchange } from './exchange-directory';
import type { ExchangeKeys } from './exchange-keys';

const OK = 200;

/** What this process knows of an exchange and its keys. */
export interface ExchangeSlot {
  readonly exchange: TrustedExchange;
  keys?: ExchangeKeys;
  /** The one download or database look-up under way. */
  flight?: Promise<ExchangeKeys>;
  lastDownloadUs?: bigint;
  lastFailure?: { readonly atUs: bigint; readonly error: TalerError };
  failuresInRow: number;
  timer?: NodeJS.Timeout;
  /** When the timer looks for newer keys. */
  nextUpdateUs?: bigint;
}

/** The state of an exchange for diagnosis (management.md 5.2). */
export interface ExchangeStatus {
  readonly baseUrl: string;
  /** Next planned download, in microseconds. */
  readonly nextDownload: Timestamp;
  /** undefined: no keys are known. */
  readonly keysExpiration: Timestamp | undefined;
  /** Full payto of each account of the exchange -> its restrictions as the exchange signed them, null: none. */
  readonly debitRestrictions: Readonly<Record<string, JsonValue>>;
  /** Status of the last download; 0: no answer. */
  readonly httpStatus: number;
  /** Code of the last failure; 0: none. */
  readonly code: number;
  readonly hint: string;
}

/** @param nowUs stands for the next download while one is under way */
export function statusOf(slot: ExchangeSlot, nowUs: bigint): ExchangeStatus {
  const { keys, lastFailure } = slot;
  const accounts = keys?.accounts ?? [];
  return {
    baseUrl: slot.exchange.baseUrl,
    nextDownload: slot.flight ? nowUs : (slot.nextUpdateUs ?? nowUs),
    keysExpiration: keys?.expiresUs,
    debitRestrictions: Object.fromEntries(
      accounts.map((account) => [account.paytoUri, orNull(account.debitRestrictionsJson)]),
    ),
    httpStatus: lastFailure ? httpStatusOf(lastFailure.error) : keys ? OK : 0,
    code: lastFailure?.error.code ?? TalerCode.NONE,
    hint: hintOf(slot),
  };
}

/** An empty list restricts nothing, which the answer says by null. */
function orNull(restrictions: JsonValue): JsonValue {
  return Array.isArray(restrictions) && restrictions.length === 0 ? null : restrictions;
}

function httpStatusOf(error: TalerError): number {
  const status = error.extra?.['exchange_http_status'];
  return typeof status === 'number' ? status : 0;
}

function hintOf({ keys, lastFailure }: ExchangeSlot): string {
  if (!lastFailure) return keys ? 'the keys are good' : 'the keys are being fetched';
  const { code, detail } = lastFailure.error;
  const hint = errorFacts.get(code)?.hint ?? '';
  return detail === undefined ? hint : `${hint} (${detail})`;
}
