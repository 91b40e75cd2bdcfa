import { parseAmount } from '../../src/taler/amount';
import { encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import { isJsonObject, type JsonObject } from '../../src/taler/json';
import { hashNormalizedPayto, parsePayto } from '../../src/taler/payto';
import { SECOND_US, timestampToJson } from '../../src/taler/timestamp';
import { wireDueDeposits } from './aggregation';
import { booksOf } from './books';
import type { KycAccountChanged } from './events';
import type { Exchange } from './exchange';
import { type Faults, parseFault } from './faults';
import { setHardLimits } from './hard-limits';
import type { ExchangeRequest, Handler, Reply } from './http-types';
import { passKyc } from './kyc';
import { Refusal } from './refusal';

/** Limits that apply when KYC is switched on without saying which: those of recordings 200-228. */
const DEFAULT_DEPOSIT_LIMIT = '3';
const DEFAULT_AGGREGATE_LIMIT = '1.5';
const MAX_OFFSET_S = 20 * 365 * 24 * 3600;

/** POST /sandbox/faults */
export function addFault(faults: Faults): Handler {
  return (_exchange, request) => {
    faults.add(parseFault(request.body));
    return { status: 200, body: { faults: faults.count } };
  };
}

/** DELETE /sandbox/faults */
export function clearFaults(faults: Faults): Handler {
  return () => {
    faults.clear();
    return { status: 204 };
  };
}

/** POST /sandbox/wire: aggregates and wires what is due, now. */
export function wireNow(exchange: Exchange): Reply {
  return { status: 200, body: { wtids: wireDueDeposits(exchange) } };
}

/** GET /sandbox/books */
export function books(exchange: Exchange): Reply {
  return { status: 200, text: JSON.stringify(booksOf(exchange), undefined, 2) };
}

/** POST /sandbox/time {offset_s}: how far the sandbox is ahead of the machine. */
export async function moveTime(exchange: Exchange, request: ExchangeRequest): Promise<Reply> {
  const offset = bodyOf(request).offset_s;
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || Math.abs(offset) > MAX_OFFSET_S) {
    throw malformed('offset_s');
  }
  await exchange.moveClock(BigInt(offset) * SECOND_US);
  return { status: 200, body: { now: timestampToJson(exchange.clock.now()) } };
}

/** POST /sandbox/limits {hard_limits}: replaces them. */
export function changeHardLimits(exchange: Exchange, request: ExchangeRequest): Reply {
  setHardLimits(exchange, bodyOf(request).hard_limits);
  return { status: 204 };
}

/** POST /sandbox/kyc: switches the rules, or changes the state of one account. */
export function setKyc(exchange: Exchange, request: ExchangeRequest): Reply {
  const body = bodyOf(request);
  if (body.enabled !== undefined) switchKyc(exchange, body);
  if (body.account !== undefined) changeAccount(exchange, body);
  exchange.waiters.wakeAll();
  return { status: 204 };
}

function switchKyc(exchange: Exchange, body: JsonObject): void {
  if (typeof body.enabled !== 'boolean') throw malformed('enabled');
  exchange.record({
    event: 'kyc-rules-set',
    enabled: body.enabled,
    depositLimit: limit(exchange, body, { name: 'deposit_limit', fallback: DEFAULT_DEPOSIT_LIMIT }),
    aggregateLimit: limit(exchange, body, { name: 'aggregate_limit', fallback: DEFAULT_AGGREGATE_LIMIT }),
  });
}

/** Left out: the default; null: no rule of that kind. */
function limit(
  exchange: Exchange,
  body: JsonObject,
  { name, fallback }: { name: string; fallback: string },
): string | undefined {
  const value = body[name];
  if (value === null) return undefined;
  const amount = parseAmount(value ?? `${exchange.currency}:${fallback}`);
  if (amount?.currency !== exchange.currency) throw malformed(name);
  return String(amount.units);
}

const CHANGES: readonly KycAccountChanged['change'][] = [
  'passed',
  'revoked',
  'aml-review-started',
  'aml-review-ended',
];

function changeAccount(exchange: Exchange, body: JsonObject): void {
  const payto = body.account;
  if (typeof payto !== 'string' || parsePayto(payto) === undefined) throw malformed('account');
  const change = CHANGES.find((candidate) => candidate === body.change);
  if (change === undefined) throw malformed('change');
  const account = exchange.ledger.accounts.get(encodeBase32(hashNormalizedPayto(payto)));
  if (account === undefined) throw new Refusal(TalerCode.EXCHANGE_KYC_CHECK_REQUEST_UNKNOWN);
  if (change === 'passed') passKyc(exchange, account);
  else exchange.record({ event: 'kyc-account-changed', hPayto: account.hPayto, change });
}

function bodyOf(request: ExchangeRequest): JsonObject {
  if (!isJsonObject(request.body)) throw malformed('body');
  return request.body;
}

function malformed(detail: string): Refusal {
  return new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail });
}
