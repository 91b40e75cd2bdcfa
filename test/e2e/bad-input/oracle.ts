import { errorFacts, TalerCode } from '../../../src/taler/error-codes';
import { isJsonObject } from '../../../src/taler/json';
import type { Fingerprint } from './fingerprint';
import type { RawReply } from './raw-client';

/** Answers of 400 and above that are no errors but the state asked for (orders.md 5.7). */
const UNPAID_STATUS = 402;

/** The registry knows this code as one of clients, without a status; orders.md 4.1 answers 400 with it. */
const STATUS_BY_REFERENCE = new Map<number, number>([[TalerCode.GENERIC_VERSION_MALFORMED, 400]]);

export interface Judgement {
  /** The error's code; undefined: no error. */
  readonly code: number | undefined;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Holds an answer to a bad request against the rules that all of them must keep (conventions.md 7).
 * @throws Error that names the broken rule
 */
export function judgeReply(reply: RawReply, method: string): Judgement {
  const say = (rule: string) =>
    new Error(`${rule}: status ${reply.status}, body ${reply.text.slice(0, 600)}`);
  if (reply.status < 400) return { code: undefined, body: parse(reply.text) };
  if (isPage(reply) && method !== 'HEAD')
    return { code: reply.status === UNPAID_STATUS ? undefined : 0, body: undefined };
  const body = parse(reply.text);
  if (method === 'HEAD') {
    if (reply.status >= 500 || reply.text !== '')
      throw say('HEAD is answered without a body and without a 5xx');
    return { code: 0, body: undefined };
  }
  if (!body) throw say('an error is a JSON object');
  if (!/^application\/json\b/.test(reply.headers['content-type'] ?? ''))
    throw say('an error is application/json');
  if (reply.status === UNPAID_STATUS && typeof body['taler_pay_uri'] === 'string')
    return { code: undefined, body };
  const { code, hint } = body;
  if (typeof code !== 'number' || typeof hint !== 'string' || hint === '')
    throw say('an error has code and hint');
  const facts = errorFacts.get(code as TalerCode);
  if (!facts) throw say('the code is in the registry');
  if (isExchangeRefusal(reply, body) || isNotConfigured(reply, code)) return { code, body };
  if (reply.status >= 500) throw say('bad input is no fault of the server');
  const status = STATUS_BY_REFERENCE.get(code) ?? facts.httpStatus;
  if (status !== reply.status) throw say(`code ${code} has status ${status}`);
  if (body['field'] !== undefined && typeof body['detail'] !== 'string')
    throw say('who names a field says what is wrong');
  return { code, body };
}

/**
 * The one documented 5xx: the exchange refused, with a reason of its own, what only it can check (exchange.md 3:
 * "any other 4xx with a body" is 502 with code 2014).
 */
function isExchangeRefusal(reply: RawReply, body: Readonly<Record<string, unknown>>): boolean {
  const status = body['exchange_http_status'];
  return (
    reply.status === 502 &&
    body['code'] === TalerCode.MERCHANT_GENERIC_EXCHANGE_UNEXPECTED_STATUS &&
    typeof status === 'number' &&
    status >= 400 &&
    status < 500
  );
}

/** Who prefers HTML gets a page about an order, also where there is none to show (orders.md 5.7). */
function isPage({ status, headers, text }: RawReply): boolean {
  const isHtml = headers['content-type'] === 'text/html; charset=utf-8' && text.startsWith('<!doctype html>');
  return isHtml && [400, UNPAID_STATUS, 403, 404].includes(status) && 'content-security-policy' in headers;
}

/** A documented 501: what is asked for, well-formed, needs what the operator has not set up (orders.md 4.1). */
function isNotConfigured({ status }: RawReply, code: number): boolean {
  return status === 501 && code === TalerCode.MERCHANT_GENERIC_DONAU_NOT_CONFIGURED;
}

/** Tables that differ between two fingerprints. */
export function changedTables(before: Fingerprint, after: Fingerprint): string[] {
  return Object.keys(after).filter((table) => before[table] !== after[table]);
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
