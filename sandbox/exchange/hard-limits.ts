import { parseAmount } from '../../src/taler/amount';
import { encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import { isJsonObject, type JsonObject } from '../../src/taler/json';
import { hashNormalizedPayto } from '../../src/taler/payto';
import { DAY_US, parseRelativeTime, relativeTimeToJson, type Timestamp } from '../../src/taler/timestamp';
import type { HardLimitSet } from './events';
import type { Exchange } from './exchange';
import type { Contract, Movement } from './records';
import { Refusal } from './refusal';

/** A limit that no KYC lifts, as /keys shows it (exchange.md 2). */
export interface HardLimit {
  readonly operation_type: string;
  /** Such as `KUDOS:5`. */
  readonly threshold: string;
  /** A day if left out. */
  readonly timeframe?: { readonly d_us: number | 'forever' };
  readonly rule_name?: string;
  readonly soft_limit?: boolean;
}

const OPERATIONS = [
  'WITHDRAW',
  'DEPOSIT',
  'MERGE',
  'BALANCE',
  'CLOSE',
  'AGGREGATE',
  'TRANSACTION',
  'REFUND',
  'NONE',
];
const MAX_LIMITS = 64;

/** Replaces the operator's hard limits. @throws Refusal 400/26 naming the member that is wrong */
export function setHardLimits(exchange: Exchange, limits: unknown): void {
  if (!Array.isArray(limits) || limits.length > MAX_LIMITS) throw malformed('hard_limits');
  exchange.record({
    event: 'hard-limits-set',
    limits: limits.map((limit: unknown) => readLimit(limit, exchange.currency)),
  });
}

function readLimit(limit: unknown, currency: string): HardLimitSet {
  if (!isJsonObject(limit)) throw malformed('hard_limits');
  const { operation_type: operation, rule_name: ruleName, soft_limit: softLimit = false } = limit;
  if (typeof operation !== 'string' || !OPERATIONS.includes(operation)) throw malformed('operation_type');
  const threshold = parseAmount(limit.threshold);
  if (threshold?.currency !== currency) throw malformed('threshold');
  const timeframe = limit.timeframe === undefined ? DAY_US : parseRelativeTime(limit.timeframe);
  if (timeframe === undefined) throw malformed('timeframe');
  if (ruleName !== undefined && typeof ruleName !== 'string') throw malformed('rule_name');
  if (typeof softLimit !== 'boolean') throw malformed('soft_limit');
  return {
    operation,
    threshold: String(threshold.units),
    timeframeUs: String(timeframe),
    ruleName,
    softLimit,
  };
}

/** `hard_limits` of /keys, without those that come with KYC. Nothing of them is signed (crypto.md 5). */
export function publishedHardLimits(exchange: Exchange): JsonObject[] {
  return exchange.ledger.hardLimits.map((limit): JsonObject => {
    const name: JsonObject = limit.ruleName === undefined ? {} : { rule_name: limit.ruleName };
    return {
      ...name,
      operation_type: limit.operation,
      timeframe: relativeTimeToJson(BigInt(limit.timeframeUs)),
      threshold: exchange.text(BigInt(limit.threshold)),
      soft_limit: limit.softLimit,
    };
  });
}

/**
 * Refuses a deposit beyond the limits: 451/1028 without a requirement, since there is no KYC that would help. A DEPOSIT
 * limit bounds what a bank account gets in its time frame, a TRANSACTION limit what one contract brings. REFUND is
 * shown only: the merchant keeps to it (exchange.md 2), the exchange is not known to refuse.
 *
 * @param added sum of the contributions, 10^-8 units
 */
export function refuseAboveHardLimits(
  exchange: Exchange,
  deposit: { payto: string; contract: Contract | undefined; added: bigint },
): void {
  if (exchange.ledger.hardLimits.length === 0) return;
  const hPayto = encodeBase32(hashNormalizedPayto(deposit.payto));
  const earlier: Record<string, (timeframeUs: bigint) => bigint> = {
    DEPOSIT: (timeframeUs) =>
      sumSince(exchange.ledger.accounts.get(hPayto)?.deposited ?? [], exchange.clock.now() - timeframeUs),
    TRANSACTION: () => depositedFor(deposit.contract),
  };
  for (const { operation, threshold, timeframeUs } of exchange.ledger.hardLimits) {
    const before = earlier[operation]?.(BigInt(timeframeUs));
    if (before === undefined || before + deposit.added <= BigInt(threshold)) continue;
    throw new Refusal(TalerCode.EXCHANGE_GENERIC_KYC_REQUIRED, { h_payto: hPayto, requirement_row: 0 });
  }
}

function depositedFor(contract: Contract | undefined): bigint {
  let sum = 0n;
  for (const deposit of contract?.deposits.values() ?? []) sum += deposit.contribution;
  return sum;
}

function sumSince(movements: readonly Movement[], start: Timestamp): bigint {
  let sum = 0n;
  for (const { time, amount } of movements) if (time > start) sum += amount;
  return sum;
}

function malformed(detail: string): Refusal {
  return new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail });
}
