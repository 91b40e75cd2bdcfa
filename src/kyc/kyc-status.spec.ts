import { AccountLimit } from './kyc-record';
import { KycFacts, KycStatus, kycStatusOf } from './kyc-status';

const GOOD: KycFacts = {
  hasKeys: true,
  isAccountSupported: true,
  canAuthenticate: true,
  httpStatus: 200,
  isMalformed: false,
  amlReview: false,
  limits: [],
};
const limit = (operation: string, threshold: string, soft = false): AccountLimit => ({
  operation_type: operation,
  timeframe: { d_us: 86_400_000_000 },
  threshold,
  soft_limit: soft,
});

describe('the status of an account at an exchange (management.md 7)', () => {
  const rows: readonly (readonly [string, Partial<KycFacts>, KycStatus])[] = [
    ['without /keys', { hasKeys: false }, 'no-exchange-keys'],
    ['without /keys, whatever was known before', { hasKeys: false, httpStatus: 202 }, 'no-exchange-keys'],
    ['when the exchange does not wire there', { isAccountSupported: false }, 'unsupported-account'],
    ['with 200', {}, 'ready'],
    ['with 200 under review', { amlReview: true }, 'awaiting-aml-review'],
    ['with 204', { httpStatus: 204 }, 'ready'],
    ['with 202', { httpStatus: 202 }, 'kyc-required'],
    ['with 202 under review', { httpStatus: 202, amlReview: true }, 'awaiting-aml-review'],
    ['with 200 and limits', { limits: [limit('DEPOSIT', 'KUDOS:3')] }, 'ready'],
    ['with 200 and no deposits', { limits: [limit('DEPOSIT', 'KUDOS:0')] }, 'kyc-required'],
    ['with 200 and no deposits before KYC', { limits: [limit('DEPOSIT', 'KUDOS:0', true)] }, 'kyc-required'],
    ['with 200 and no transfers', { limits: [limit('AGGREGATE', 'KUDOS:0')] }, 'kyc-required'],
    ['with 200 and a zero of no concern', { limits: [limit('WITHDRAW', 'KUDOS:0')] }, 'ready'],
    ['with 204 and no deposits', { httpStatus: 204, limits: [limit('DEPOSIT', 'KUDOS:0')] }, 'kyc-required'],
    ['with 403', { httpStatus: 403 }, 'kyc-wire-required'],
    ['with 404', { httpStatus: 404 }, 'kyc-wire-required'],
    ['with 409', { httpStatus: 409 }, 'kyc-wire-required'],
    ['with 403 and no way', { httpStatus: 403, canAuthenticate: false }, 'kyc-wire-impossible'],
    ['with 404 and no way', { httpStatus: 404, canAuthenticate: false }, 'kyc-wire-impossible'],
    ['with 409 and no way', { httpStatus: 409, canAuthenticate: false }, 'kyc-wire-impossible'],
    [
      'with 404 and zero limits',
      { httpStatus: 404, limits: [limit('DEPOSIT', 'KUDOS:0')] },
      'kyc-wire-required',
    ],
    ['with 500', { httpStatus: 500 }, 'exchange-internal-error'],
    ['with 504', { httpStatus: 504 }, 'exchange-gateway-timeout'],
    ['without an answer', { httpStatus: 0 }, 'exchange-unreachable'],
    ['with 503', { httpStatus: 503 }, 'exchange-status-invalid'],
    ['with 400', { httpStatus: 400 }, 'exchange-status-invalid'],
    ['with 302', { httpStatus: 302 }, 'exchange-status-invalid'],
    ['with a malformed 200', { isMalformed: true }, 'exchange-status-invalid'],
    ['with a malformed 202', { httpStatus: 202, isMalformed: true }, 'exchange-status-invalid'],
  ];
  it.each(rows)('%s', (_name, facts, expected) => {
    expect(kycStatusOf({ ...GOOD, ...facts })).toBe(expected);
  });
});
