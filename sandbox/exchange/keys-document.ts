import { type Amount, formatAmount, parseAmount } from '../../src/taler/amount';
import { encodeBase32 } from '../../src/taler/base32';
import { hashExtensionManifests } from '../../src/taler/canonical-json';
import type { EddsaSigner } from '../../src/taler/eddsa';
import type { JsonObject, JsonValue } from '../../src/taler/json';
import { hashDenominationSignatures, keySet } from '../../src/taler/signatures-exchange';
import {
  extensions as extensionsMessage,
  globalFees,
  wireDetails,
  wireFees,
} from '../../src/taler/signatures-master';
import {
  DAY_US,
  HOUR_US,
  relativeTimeToJson,
  type Timestamp,
  timestampToJson,
} from '../../src/taler/timestamp';
import { AGE_GROUPS } from './denomination-plan';
import type { Denomination, KeyRing } from './key-ring';

/** 0.14.1, whose recordings the sandbox follows. */
export const PROTOCOL_VERSION = '23:0:6';

const RESERVE_CLOSING_DELAY_US = 28n * DAY_US;
const HISTORY_EXPIRATION_US = 365n * DAY_US;
const PURSE_TIMEOUT_US = HOUR_US;
const PURSE_ACCOUNT_LIMIT = 5;
/** Fees are published for this year and the next two: far enough for any wire deadline. */
const FEE_YEARS = 3;
const FEE = '0.01';

/** The bank accounts of the sandbox, one for each wire method that a merchant may use. */
export const EXCHANGE_ACCOUNTS = [
  { method: 'x-taler-bank', payto: 'payto://x-taler-bank/localhost/Exchange?receiver-name=Exchange+Company' },
  { method: 'iban', payto: 'payto://iban/DE89370400440532013000?receiver-name=Exchange+Company' },
] as const;

/** Names and digits of the currency; the recordings show KUDOS, any other gets plain names. */
export function currencySpecification(currency: string): JsonObject {
  const kudos = currency === 'KUDOS';
  return {
    name: kudos ? 'Kudos (Taler Demonstrator)' : currency,
    currency,
    num_fractional_input_digits: 2,
    num_fractional_normal_digits: 2,
    num_fractional_trailing_zero_digits: 2,
    alt_unit_names: { '0': kudos ? 'ク' : currency },
  };
}

/** What a wire transfer costs the merchant, and the least that is worth wiring. @throws Error on a bad currency */
export function smallAmount(currency: string): Amount {
  const amount = parseAmount(`${currency}:${FEE}`);
  if (amount === undefined) throw new Error(`not a currency: ${currency}`);
  return amount;
}

/**
 * The body of GET /keys (exchange.md 2, recording 002), every part signed by the master key, the whole by the
 * current signing key.
 *
 * @param limits `hard_limits` and `wallet_balance_limit_without_kyc`, which depend on the KYC rules
 */
export function keysDocument(options: {
  ring: KeyRing;
  baseUrl: string;
  currency: string;
  limits: { hard: JsonValue[]; walletBalance: JsonValue[] };
  now: Timestamp;
}): JsonObject {
  const { ring, baseUrl, currency, limits, now } = options;
  const zero = `${currency}:0`;
  const fee = smallAmount(currency);
  const usable = ring.denominations.filter((denomination) => denomination.expireDeposit > now);
  const extensions = {
    age_restriction: { critical: false, version: '1', config: { age_groups: AGE_GROUPS } },
  };
  return {
    version: PROTOCOL_VERSION,
    base_url: baseUrl,
    currency,
    currency_specification: currencySpecification(currency),
    hard_limits: limits.hard,
    zero_limits: [],
    stefan_abs: zero,
    stefan_log: `${currency}:0.005`,
    stefan_lin: 0,
    asset_type: 'fiat',
    rewards_allowed: false,
    master_public_key: encodeBase32(ring.master.publicKey),
    reserve_closing_delay: relativeTimeToJson(RESERVE_CLOSING_DELAY_US),
    signkeys: ring.signingKeys
      .filter((key) => key.expire > now)
      .map((key) => ({
        stamp_start: timestampToJson(key.start),
        stamp_expire: timestampToJson(key.expire),
        stamp_end: timestampToJson(key.end),
        master_sig: encodeBase32(key.masterSig),
        key: key.pub,
      })),
    recoup: [],
    wads: [],
    accounts: EXCHANGE_ACCOUNTS.map(({ payto }) => account(ring.master, payto)),
    wire_fees: Object.fromEntries(
      EXCHANGE_ACCOUNTS.map(({ method }) => [
        method,
        feeYears(now, (year) => wireFee(ring.master, method, fee, year)),
      ]),
    ),
    auditors: [],
    global_fees: feeYears(now, (year) => globalFee(ring.master, fee, year)),
    wallet_balance_limit_without_kyc: limits.walletBalance,
    tiny_amount: formatAmount(fee),
    ...signedDenominations(ring, usable, now),
    extensions,
    extensions_sig: encodeBase32(
      extensionsMessage.sign(ring.master, { hManifests: hashExtensionManifests(extensions) }),
    ),
  };
}

function signedDenominations(ring: KeyRing, usable: readonly Denomination[], now: Timestamp): JsonObject {
  const signer = ring.signerAt(now);
  const started = usable.filter((denomination) => denomination.start <= now);
  const listIssueDate = started.reduce((latest, { start }) => (start > latest ? start : latest), 0n);
  const groups = new Map<string, Denomination[]>();
  for (const denomination of usable) {
    const group = groups.get(denomination.plan.name) ?? [];
    // Newest first, as recorded.
    group.unshift(denomination);
    groups.set(denomination.plan.name, group);
  }
  const inOrder = [...groups.values()];
  const hDenominationSignatures = hashDenominationSignatures(
    inOrder.flat().map(({ masterSig }) => masterSig),
  );
  return {
    list_issue_date: timestampToJson(listIssueDate),
    exchange_pub: signer.pub,
    exchange_sig: encodeBase32(keySet.sign(signer.signer, { listIssueDate, hDenominationSignatures })),
    denominations: inOrder.flatMap(denominationGroup),
  };
}

function denominationGroup(group: readonly Denomination[]): JsonObject[] {
  const plan = group[0]?.plan;
  if (plan === undefined) return [];
  return [
    {
      cipher: plan.ageMask === 0 ? 'RSA' : 'RSA+age_restricted',
      fee_withdraw: formatAmount(plan.feeWithdraw),
      fee_deposit: formatAmount(plan.feeDeposit),
      fee_refresh: formatAmount(plan.feeRefresh),
      fee_refund: formatAmount(plan.feeRefund),
      value: formatAmount(plan.value),
      ...(plan.ageMask === 0 ? {} : { age_mask: plan.ageMask }),
      denoms: group.map((denomination) => ({
        master_sig: encodeBase32(denomination.masterSig),
        stamp_start: timestampToJson(denomination.start),
        stamp_expire_withdraw: timestampToJson(denomination.expireWithdraw),
        stamp_expire_deposit: timestampToJson(denomination.expireDeposit),
        stamp_expire_legal: timestampToJson(denomination.expireLegal),
        rsa_pub: encodeBase32(denomination.key.rsaPublicKey.encoded),
      })),
    },
  ];
}

function account(master: EddsaSigner, payto: string): JsonObject {
  const masterSig = wireDetails.sign(master, { payto, debitRestrictions: [], creditRestrictions: [] });
  return {
    payto_uri: payto,
    priority: 0,
    debit_restrictions: [],
    credit_restrictions: [],
    master_sig: encodeBase32(masterSig),
  };
}

interface FeeYear {
  readonly startDate: Timestamp;
  readonly endDate: Timestamp;
}

function feeYears(now: Timestamp, build: (year: FeeYear) => JsonObject): JsonObject[] {
  const first = new Date(Number(now / 1000n)).getUTCFullYear();
  return Array.from({ length: FEE_YEARS }, (_, index) =>
    build({ startDate: startOfYear(first + index), endDate: startOfYear(first + index + 1) }),
  );
}

function startOfYear(year: number): Timestamp {
  return BigInt(Date.UTC(year, 0, 1)) * 1000n;
}

function wireFee(master: EddsaSigner, wireMethod: string, fee: Amount, year: FeeYear): JsonObject {
  const sig = wireFees.sign(master, { wireMethod, ...year, wireFee: fee, closingFee: fee });
  return {
    wire_fee: formatAmount(fee),
    closing_fee: formatAmount(fee),
    start_date: timestampToJson(year.startDate),
    end_date: timestampToJson(year.endDate),
    sig: encodeBase32(sig),
  };
}

function globalFee(master: EddsaSigner, fee: Amount, year: FeeYear): JsonObject {
  const masterSig = globalFees.sign(master, {
    ...year,
    purseTimeout: PURSE_TIMEOUT_US,
    historyExpiration: HISTORY_EXPIRATION_US,
    historyFee: fee,
    accountFee: fee,
    purseFee: fee,
    purseAccountLimit: PURSE_ACCOUNT_LIMIT,
  });
  return {
    start_date: timestampToJson(year.startDate),
    end_date: timestampToJson(year.endDate),
    history_fee: formatAmount(fee),
    account_fee: formatAmount(fee),
    purse_fee: formatAmount(fee),
    history_expiration: relativeTimeToJson(HISTORY_EXPIRATION_US),
    purse_timeout: relativeTimeToJson(PURSE_TIMEOUT_US),
    purse_account_limit: PURSE_ACCOUNT_LIMIT,
    master_sig: encodeBase32(masterSig),
  };
}
