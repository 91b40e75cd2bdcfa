import { encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import type { JsonObject } from '../../src/taler/json';
import { hashNormalizedPayto } from '../../src/taler/payto';
import { DAY_US, relativeTimeToJson, type Timestamp } from '../../src/taler/timestamp';
import type { Exchange } from './exchange';
import { publishedHardLimits } from './hard-limits';
import type { KycAccount, Movement } from './records';
import { Refusal } from './refusal';

/** The rules look at the last day, as those of the recordings do. */
const RULE_PERIOD_US = DAY_US;
// Hard limits of recording 201. The sandbox shows them and does not enforce them: no merchant meets them.
const BALANCE_LIMIT = '1000';
const WITHDRAW_LIMIT = '500';

/**
 * Refuses a deposit that the KYC rules forbid: 451/1028 (recordings 203, 208, 212). The requirement is entered in
 * the books, so that kyc-check knows it; the deposit leaves no trace.
 *
 * @param added sum of the contributions, 10^-8 units
 */
export function refuseForKyc(
  exchange: Exchange,
  deposit: { payto: string; merchantPub: string; added: bigint },
): void {
  const { enabled, depositLimit } = exchange.ledger.kycRules;
  if (!enabled || depositLimit === undefined) return;
  const hPayto = encodeBase32(hashNormalizedPayto(deposit.payto));
  const account = exchange.ledger.accounts.get(hPayto);
  const owner = account?.ownerPub;
  if (account === undefined || owner !== deposit.merchantPub) {
    const known: JsonObject = owner === undefined ? {} : { account_pub: owner };
    throw kycRefusal({ h_payto: hPayto, ...known, bad_kyc_auth: true, requirement_row: 0 });
  }
  if (account.passed) return;
  if (sumOfPeriod(account.deposited, exchange.clock.now()) + deposit.added <= depositLimit) return;
  requireKyc(exchange, account);
  throw kycRefusal({ h_payto: hPayto, account_pub: owner, requirement_row: account.requirementRow });
}

/** True if a transfer must wait until the owner of the account has passed KYC (recording 223). */
export function transferNeedsKyc(exchange: Exchange, account: KycAccount, total: bigint): boolean {
  const { enabled, aggregateLimit } = exchange.ledger.kycRules;
  if (!enabled || aggregateLimit === undefined || account.passed) return false;
  if (sumOfPeriod(account.wired, exchange.clock.now()) + total <= aggregateLimit) return false;
  requireKyc(exchange, account);
  return true;
}

/** `hard_limits` and `wallet_balance_limit_without_kyc` of /keys and /config (recordings 200, 201). */
export function publishedLimits(exchange: Exchange): { hard: JsonObject[]; walletBalance: string[] } {
  const own = publishedHardLimits(exchange);
  if (!exchange.ledger.kycRules.enabled) return { hard: own, walletBalance: [] };
  return {
    hard: [...hardLimits(exchange.currency), ...own],
    walletBalance: [`${exchange.currency}:${BALANCE_LIMIT}`],
  };
}

/** `limits` of kyc-check: none for an account that has passed (recordings 206, 215). */
export function accountLimits(exchange: Exchange, account: KycAccount): JsonObject[] {
  if (account.passed) return [];
  const { depositLimit, aggregateLimit } = exchange.ledger.kycRules;
  const limits = hardLimits(exchange.currency).map((limit) => ({ ...limit, soft_limit: false }));
  const soft: ReadonlyArray<readonly [string, bigint | undefined]> = [
    ['AGGREGATE', aggregateLimit],
    ['DEPOSIT', depositLimit],
  ];
  for (const [operation, threshold] of soft) {
    if (threshold === undefined) continue;
    const limit = rule(operation.toLowerCase(), operation, exchange.text(threshold));
    limits.push({ ...limit, soft_limit: true });
  }
  return limits;
}

function hardLimits(currency: string): JsonObject[] {
  return [
    rule('balance', 'BALANCE', `${currency}:${BALANCE_LIMIT}`),
    rule('withdraw-hard', 'WITHDRAW', `${currency}:${WITHDRAW_LIMIT}`),
  ];
}

function rule(name: string, operation: string, threshold: string): JsonObject {
  return {
    rule_name: name,
    operation_type: operation,
    timeframe: relativeTimeToJson(RULE_PERIOD_US),
    threshold,
  };
}

function requireKyc(exchange: Exchange, account: KycAccount): void {
  if (account.requirementRow !== 0) return;
  exchange.record({ event: 'kyc-required', hPayto: account.hPayto });
  // KYC changes are rare; waking everybody costs less than keeping lists of who depends on what.
  exchange.waiters.wakeAll();
}

function sumOfPeriod(movements: readonly Movement[], now: Timestamp): bigint {
  let sum = 0n;
  for (const { time, amount } of movements) if (time > now - RULE_PERIOD_US) sum += amount;
  return sum;
}

function kycRefusal(members: JsonObject): Refusal {
  return new Refusal(TalerCode.EXCHANGE_GENERIC_KYC_REQUIRED, members);
}
