import type { ExchangeKeys } from '../exchange/exchange-keys';
import { formatAmount, zeroAmount } from '../taler/amount';
import { FOREVER, relativeTimeToJson } from '../taler/timestamp';
import { AccountLimit, KycRecord, toAccountLimit } from './kyc-record';

type Known = Pick<KycRecord, 'httpStatus' | 'limits'> | undefined;

/**
 * The limits of an account at an exchange, default ones included (management.md 7): what the exchange says of the
 * account; the hard limits of its /keys, which no KYC lifts; and, as long as it does not know the account, zero for the
 * operations that want KYC first (exchange.md 2).
 */
export function limitsOf(keys: ExchangeKeys, record: Known): AccountLimit[] {
  const own = record?.limits ?? [];
  const hard = keys.hardLimits
    .map(toAccountLimit)
    .filter((limit) => !own.some((known) => isSame(known, limit)));
  return [...own, ...hard, ...(needsKyc(record) ? zeroLimits(keys) : [])];
}

/** 204 says that there is no KYC at all; 200 and 202 say the limits themselves. */
function needsKyc(record: Known): boolean {
  return record?.limits === undefined && ![200, 202, 204].includes(record?.httpStatus ?? 0);
}

function zeroLimits(keys: ExchangeKeys): AccountLimit[] {
  return keys.zeroLimits.map((operation) => ({
    operation_type: operation,
    timeframe: relativeTimeToJson(FOREVER),
    threshold: formatAmount(zeroAmount(keys.currency)),
    soft_limit: true,
  }));
}

function isSame(a: AccountLimit, b: AccountLimit): boolean {
  return (
    a.operation_type === b.operation_type &&
    a.timeframe.d_us === b.timeframe.d_us &&
    a.threshold === b.threshold
  );
}
