import { decodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import type { ExchangeRequest } from './http-types';
import { Refusal } from './refusal';

/** A client may ask to wait longer; it is answered after this (ten minutes, beyond any network time-out). */
const MAX_TIMEOUT_MS = 600_000;

/**
 * A base32 part of the path.
 *
 * @param code the endpoint's code for a malformed one; `detail` repeats the text (recordings 093, 112, 115)
 */
export function pathBytes(
  request: ExchangeRequest,
  position: number,
  options: { byteLength: number; code: TalerCode; detail?: string },
): Buffer {
  const text = request.parameters[position] ?? '';
  const bytes = decodeBase32(text, options.byteLength);
  if (bytes === undefined) throw new Refusal(options.code, { detail: options.detail ?? text });
  return bytes;
}

/** An optional integer of the query. @throws Refusal 400/26 naming it if it is none (conventions.md 5.6) */
export function queryInteger(request: ExchangeRequest, name: string): number | undefined {
  const text = request.query.get(name);
  if (text === null) return undefined;
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (value === undefined) throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: name });
  return value;
}

/** How long a request may be held, in milliseconds; 0 without `timeout_ms`. */
export function queryTimeout(request: ExchangeRequest, name = 'timeout_ms'): number {
  const value = queryInteger(request, name) ?? 0;
  if (value < 0) throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: name });
  return Math.min(value, MAX_TIMEOUT_MS);
}
