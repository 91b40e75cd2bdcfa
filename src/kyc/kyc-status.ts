import { isZeroAmount, parseAmount } from '../taler/amount';
import type { AccountLimit } from './kyc-record';

/** KycStatus (management.md 7). `logic-bug` and `merchant-internal-error` are of the reference; here such is a 500. */
export const KYC_STATUSES = [
  'no-exchange-keys',
  'kyc-wire-impossible',
  'kyc-wire-required',
  'kyc-required',
  'awaiting-aml-review',
  'ready',
  'logic-bug',
  'merchant-internal-error',
  'exchange-internal-error',
  'exchange-gateway-timeout',
  'exchange-unreachable',
  'exchange-status-invalid',
  'unsupported-account',
] as const;
export type KycStatus = (typeof KYC_STATUSES)[number];

/** All that the status of an account at an exchange depends on. */
export interface KycFacts {
  readonly hasKeys: boolean;
  /** The exchange may pay out to the account. */
  readonly isAccountSupported: boolean;
  /** Some account of the exchange takes a KYC auth transfer from ours. */
  readonly canAuthenticate: boolean;
  /** Of the last kyc-check; 0: none, or no answer. */
  readonly httpStatus: number;
  /** The check was answered with 200 or 202 and a body that makes no sense. */
  readonly isMalformed: boolean;
  readonly amlReview: boolean;
  readonly limits: readonly AccountLimit[];
}

/** The status of an account at an exchange (management.md 7, "Deriving status"). */
export function kycStatusOf(facts: KycFacts): KycStatus {
  if (!facts.hasKeys) return 'no-exchange-keys';
  if (!facts.isAccountSupported) return 'unsupported-account';
  if (facts.isMalformed) return 'exchange-status-invalid';
  switch (facts.httpStatus) {
    case 200:
    case 204:
      if (facts.amlReview) return 'awaiting-aml-review';
      return facts.limits.some(forbidsBusiness) ? 'kyc-required' : 'ready';
    case 202:
      return facts.amlReview ? 'awaiting-aml-review' : 'kyc-required';
    case 403:
    case 404:
    case 409:
      return facts.canAuthenticate ? 'kyc-wire-required' : 'kyc-wire-impossible';
    case 500:
      return 'exchange-internal-error';
    case 504:
      return 'exchange-gateway-timeout';
    case 0:
      return 'exchange-unreachable';
    default:
      return 'exchange-status-invalid';
  }
}

/** Zero for deposits or for what is wired: no business with this account now (exchange.md 7). */
function forbidsBusiness({ operation_type: operation, threshold }: AccountLimit): boolean {
  if (operation !== 'DEPOSIT' && operation !== 'AGGREGATE') return false;
  const amount = parseAmount(threshold);
  return amount !== undefined && isZeroAmount(amount);
}
