import { parseDenominationKey } from '../taler/denominations';
import { JsonValue } from '../taler/json';
import type {
  AccountRecord,
  DenominationRecord,
  GlobalFeeRecord,
  KeysDocument,
  OperationLimit,
  SigningKeyRecord,
  StefanCurve,
  WireFeeRecord,
} from './keys-document';
import { decode, Decoded, ReplyReader } from './reply-reader';

// Bounds on the lists of /keys, some ten times what the largest exchanges need. They keep a lying exchange from
// occupying us for long: verification takes about 0.1 ms per entry.
export const SIGNING_KEYS_MAX = 1_024;
export const DENOMINATION_GROUPS_MAX = 1_024;
export const DENOMINATIONS_MAX = 20_000;
export const REVOKED_MAX = 20_000;
export const ACCOUNTS_MAX = 256;
export const WIRE_METHODS_MAX = 64;
export const FEE_PERIODS_MAX = 256;
export const LIMITS_MAX = 256;

const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const HASH_BYTES = 64;
const AGE_RESTRICTED_SUFFIX = '+age_restricted';

/** Parses the body of GET /keys; every amount must be in the currency the document itself names. */
export function parseKeysDocument(body: JsonValue | undefined): Decoded<KeysDocument> {
  return decode(body, (root) => {
    const currency = root.text('currency');
    const reader = root.inCurrency(currency);
    return {
      version: reader.text('version'),
      baseUrl: reader.text('base_url'),
      currency,
      masterPub: reader.bytes('master_public_key', PUBLIC_KEY_BYTES),
      listIssueDate: reader.timestamp('list_issue_date'),
      exchangePub: reader.bytes('exchange_pub', PUBLIC_KEY_BYTES),
      exchangeSig: reader.bytes('exchange_sig', SIGNATURE_BYTES),
      signingKeys: reader.objects('signkeys', SIGNING_KEYS_MAX).map(readSigningKey),
      denominations: readDenominations(reader),
      revoked: reader
        .optionalObjects('recoup', REVOKED_MAX)
        .map((entry) => entry.bytes('h_denom_pub', HASH_BYTES)),
      accounts: reader.objects('accounts', ACCOUNTS_MAX).map(readAccount),
      wireFees: readWireFees(reader),
      globalFees: reader.optionalObjects('global_fees', FEE_PERIODS_MAX).map(readGlobalFee),
      hardLimits: reader.optionalObjects('hard_limits', LIMITS_MAX).map(readLimit),
      zeroLimits: reader
        .optionalObjects('zero_limits', LIMITS_MAX)
        .map((entry) => entry.text('operation_type')),
      stefan: readStefan(reader),
      tinyAmount: reader.optional('tiny_amount', () => reader.amount('tiny_amount')),
    };
  });
}

function readSigningKey(reader: ReplyReader): SigningKeyRecord {
  return {
    key: reader.bytes('key', PUBLIC_KEY_BYTES),
    start: reader.timestamp('stamp_start'),
    expire: reader.timestamp('stamp_expire'),
    end: reader.timestamp('stamp_end'),
    masterSig: reader.bytes('master_sig', SIGNATURE_BYTES),
  };
}

function readDenominations(reader: ReplyReader): DenominationRecord[] {
  const records: DenominationRecord[] = [];
  for (const group of reader.objects('denominations', DENOMINATION_GROUPS_MAX)) {
    const shared = readGroup(group);
    for (const entry of group.objects('denoms', DENOMINATIONS_MAX)) {
      if (records.length === DENOMINATIONS_MAX) group.fail('denoms');
      records.push({ ...shared.amounts, ...readDenomination(entry, shared.cipher, shared.ageMask) });
    }
  }
  return records;
}

/** What the denominations of a group have in common. The age mask belongs to the restricted ciphers only. */
function readGroup(group: ReplyReader) {
  const name = group.text('cipher');
  const restricted = name.endsWith(AGE_RESTRICTED_SUFFIX);
  return {
    cipher: restricted ? name.slice(0, -AGE_RESTRICTED_SUFFIX.length) : name,
    ageMask: restricted ? group.integer('age_mask') : 0,
    amounts: {
      value: group.amount('value'),
      feeWithdraw: group.amount('fee_withdraw'),
      feeDeposit: group.amount('fee_deposit'),
      feeRefresh: group.amount('fee_refresh'),
      feeRefund: group.amount('fee_refund'),
    },
  };
}

function readDenomination(entry: ReplyReader, cipher: string, ageMask: number) {
  const keyMember = cipher === 'CS' ? 'cs_pub' : 'rsa_pub';
  const key = parseDenominationKey({ cipher, age_mask: ageMask, [keyMember]: entry.raw(keyMember) });
  if (key === undefined) return entry.fail(keyMember);
  return {
    key,
    stampStart: entry.timestamp('stamp_start'),
    stampExpireWithdraw: entry.timestamp('stamp_expire_withdraw'),
    stampExpireDeposit: entry.timestamp('stamp_expire_deposit'),
    stampExpireLegal: entry.timestamp('stamp_expire_legal'),
    masterSig: entry.bytes('master_sig', SIGNATURE_BYTES),
  };
}

function readAccount(reader: ReplyReader): AccountRecord {
  return {
    paytoUri: reader.text('payto_uri'),
    priority: reader.optional('priority', () => reader.real('priority')) ?? 0,
    conversionUrl: reader.optional('conversion_url', () => reader.text('conversion_url')),
    debitRestrictions: reader.raw('debit_restrictions'),
    creditRestrictions: reader.raw('credit_restrictions'),
    masterSig: reader.bytes('master_sig', SIGNATURE_BYTES),
  };
}

function readWireFees(reader: ReplyReader): WireFeeRecord[] {
  const byMethod = reader.object('wire_fees');
  const methods = byMethod.names();
  if (methods.length > WIRE_METHODS_MAX) reader.fail('wire_fees');
  return methods.flatMap((wireMethod) =>
    byMethod.objects(wireMethod, FEE_PERIODS_MAX).map((entry) => ({
      wireMethod,
      startDate: entry.timestamp('start_date'),
      endDate: entry.timestamp('end_date'),
      wireFee: entry.amount('wire_fee'),
      closingFee: entry.amount('closing_fee'),
      masterSig: entry.bytes('sig', SIGNATURE_BYTES),
    })),
  );
}

function readGlobalFee(reader: ReplyReader): GlobalFeeRecord {
  return {
    startDate: reader.timestamp('start_date'),
    endDate: reader.timestamp('end_date'),
    historyFee: reader.amount('history_fee'),
    accountFee: reader.amount('account_fee'),
    purseFee: reader.amount('purse_fee'),
    historyExpiration: reader.duration('history_expiration'),
    purseTimeout: reader.duration('purse_timeout'),
    purseAccountLimit: readUint32(reader, 'purse_account_limit'),
    masterSig: reader.bytes('master_sig', SIGNATURE_BYTES),
  };
}

/** Signed as four bytes. */
function readUint32(reader: ReplyReader, name: string): number {
  const value = reader.integer(name);
  return value <= 0xffff_ffff ? value : reader.fail(name);
}

/** An entry of `hard_limits` in /keys, and of `limits` in kyc-check. */
export function readLimit(reader: ReplyReader): OperationLimit {
  return {
    operationType: reader.text('operation_type'),
    timeframe: reader.duration('timeframe'),
    threshold: reader.amount('threshold'),
    ruleName: reader.optional('rule_name', () => reader.text('rule_name')),
    softLimit: reader.optional('soft_limit', () => reader.flag('soft_limit')) ?? false,
  };
}

function readStefan(reader: ReplyReader): StefanCurve {
  const lin = reader.real('stefan_lin');
  // From 1 on the fee would eat the whole amount: the curve is invalid (exchange.md 9).
  if (lin >= 1) reader.fail('stefan_lin');
  return { abs: reader.amount('stefan_abs'), log: reader.amount('stefan_log'), lin };
}
