import { Amount, parseAmount } from '../../taler/amount';
import { decodeBase32 } from '../../taler/base32';
import { malformedParameter } from './malformed';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

/** Query parameters as Express hands them over: text, or a list where a name is repeated. */
export type RawQuery = Readonly<Record<string, unknown>>;

/** Longest wait granted; clients ask again, since long polling is best effort (orders.md 2.4). */
export const LONG_POLL_MS_MAX = 5 * 60 * 1000;
/** Bound of free text in a query. */
const QUERY_TEXT_LENGTH_MAX = 8192;

/** The text of a parameter; undefined when absent. Repeated, too long, or with a NUL: malformed. */
export function queryText(query: RawQuery, name: string): string | undefined {
  const value = query[name];
  if (value === undefined) return undefined;
  // Most texts end up in PostgreSQL, which can hold no NUL. Percent-decoding makes no unpaired surrogates.
  if (typeof value !== 'string' || value.length > QUERY_TEXT_LENGTH_MAX || value.includes('\0')) {
    throw malformedParameter(name);
  }
  return value;
}

/** @throws TalerError GENERIC_PARAMETER_MISSING when absent */
export function requiredText(query: RawQuery, name: string): string {
  const value = queryText(query, name);
  if (value === undefined) throw new TalerError(TalerCode.GENERIC_PARAMETER_MISSING, { detail: name });
  return value;
}

/** A yes/no/all parameter, compared without regard to case (orders.md 2.4): true only for "yes". */
export function queryYes(query: RawQuery, name: string): boolean {
  return queryFilter(query, name) === true;
}

/** The same as a filter: true for "yes", false for "no", undefined for "all" and when absent. */
export function queryFilter(query: RawQuery, name: string): boolean | undefined {
  const value = queryText(query, name)?.toLowerCase();
  if (value === undefined || value === 'all') return undefined;
  if (value === 'yes' || value === 'no') return value === 'yes';
  throw malformedParameter(name);
}

/** A whole number within the bounds; undefined when absent. */
export function queryInteger(
  query: RawQuery,
  name: string,
  bounds: { minimum: bigint; maximum: bigint },
): bigint | undefined {
  const value = queryText(query, name);
  if (value === undefined) return undefined;
  const number = /^-?\d{1,19}$/.test(value) ? BigInt(value) : undefined;
  if (number === undefined || number < bounds.minimum || number > bounds.maximum)
    throw malformedParameter(name);
  return number;
}

/** A whole number of `unitMs` milliseconds to wait, capped at LONG_POLL_MS_MAX; absent: 0. */
export function queryTimeoutMs(query: RawQuery, name = 'timeout_ms', unitMs = 1): number {
  const value = queryText(query, name);
  if (value === undefined) return 0;
  if (!/^\d{1,15}$/.test(value)) throw malformedParameter(name);
  return Math.min(Number(value) * unitMs, LONG_POLL_MS_MAX);
}

/** Fixed-size bytes in base32. An empty value counts as absent (orders.md 5.7: plugins send `token=`). */
export function queryBytes(query: RawQuery, name: string, byteLength: number): Buffer | undefined {
  const value = queryText(query, name);
  if (value === undefined || value === '') return undefined;
  const bytes = decodeBase32(value, byteLength);
  if (!bytes) throw malformedParameter(name);
  return bytes;
}

export function queryAmount(query: RawQuery, name: string): Amount | undefined {
  const value = queryText(query, name);
  if (value === undefined) return undefined;
  const amount = parseAmount(value);
  if (!amount) throw malformedParameter(name);
  return amount;
}
