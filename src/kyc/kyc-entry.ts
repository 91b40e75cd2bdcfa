import { TalerCode } from '../taler/error-codes';
import { encodeBase32 } from '../taler/base32';
import { limitsOf } from './account-limits';
import { authPaytos } from './auth-transfer';
import type { KnownPair } from './kyc-overview';
import type { AccountLimit } from './kyc-record';
import { KycStatus, kycStatusOf } from './kyc-status';

/** MerchantAccountKycRedirect (management.md 7). */
export interface KycEntry {
  readonly status: KycStatus;
  readonly payto_uri: string;
  readonly h_wire: string;
  readonly exchange_url: string;
  readonly exchange_currency: string;
  readonly exchange_http_status: number;
  readonly no_keys: boolean;
  readonly auth_conflict: boolean;
  readonly exchange_code?: number;
  readonly access_token?: string;
  readonly limits?: readonly AccountLimit[];
  readonly tos_required?: boolean;
  readonly tos_accepted_early?: string;
  readonly payto_kycauths?: readonly string[];
}

/** What is said of an account at an exchange; it changes only when the state does, as entity tags are made of it. */
export function toKycEntry(pair: KnownPair): KycEntry {
  const { account, exchange, keys, record, merchantPub, tosAcceptedEarly } = pair;
  const paytos = keys ? authPaytos(keys, account, merchantPub) : [];
  const limits = keys ? limitsOf(keys, record) : (record?.limits ?? []);
  const status = kycStatusOf({
    hasKeys: keys !== undefined,
    isAccountSupported: pair.isAccountSupported,
    canAuthenticate: paytos.length > 0,
    httpStatus: record?.httpStatus ?? 0,
    isMalformed: record?.exchangeCode === TalerCode.MERCHANT_GENERIC_EXCHANGE_REPLY_MALFORMED,
    amlReview: record?.amlReview ?? false,
    limits,
  });
  return {
    status,
    payto_uri: account.paytoUri,
    h_wire: encodeBase32(account.hWire),
    exchange_url: exchange.baseUrl,
    exchange_currency: exchange.currency,
    exchange_http_status: record?.httpStatus ?? 0,
    no_keys: keys === undefined,
    auth_conflict: status === 'kyc-wire-impossible',
    exchange_code: record?.exchangeCode,
    access_token: record?.accessToken,
    limits: limits.length > 0 ? limits : undefined,
    tos_required: record?.tosRequired,
    tos_accepted_early: tosAcceptedEarly,
    payto_kycauths: status === 'kyc-wire-required' ? paytos : undefined,
  };
}
