import type { OperationLimit } from '../exchange/keys-document';
import { formatAmount } from '../taler/amount';
import { relativeTimeToJson } from '../taler/timestamp';

/** AccountLimit (management.md 7), as it is stored and answered. */
export interface AccountLimit {
  readonly operation_type: string;
  readonly timeframe: { readonly d_us: number | 'forever' };
  readonly threshold: string;
  /** True: KYC can lift it. */
  readonly soft_limit: boolean;
}

/** What an exchange last said of a bank account. */
export interface KycRecord {
  readonly accountSerial: bigint;
  readonly exchangeUrl: string;
  /** Of the last check; 0: no answer. */
  readonly httpStatus: number;
  readonly exchangeCode: number | undefined;
  /** A secret of the merchant: never in a log. */
  readonly accessToken: string | undefined;
  readonly amlReview: boolean;
  readonly tosRequired: boolean | undefined;
  readonly limits: readonly AccountLimit[] | undefined;
  readonly ruleGen: number | undefined;
  /** Microseconds. */
  readonly checkedUs: bigint;
}

/** The limit without the name of its rule, which is the exchange's own business. */
export function toAccountLimit(limit: OperationLimit): AccountLimit {
  return {
    operation_type: limit.operationType,
    timeframe: relativeTimeToJson(limit.timeframe),
    threshold: formatAmount(limit.threshold),
    soft_limit: limit.softLimit,
  };
}
