import { type Amount, parseAmount } from '../../src/taler/amount';
import { decodeBase32, decodeBase32Variable } from '../../src/taler/base32';
import { type DenominationKey, hashDenomination, parseDenominationKey } from '../../src/taler/denominations';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/taler/json';
import { hashDenominationSignatures, keySet } from '../../src/taler/signatures-exchange';
import { denominationKeyValidity, signingKeyValidity } from '../../src/taler/signatures-master';
import { addRelative, parseTimestamp, type Timestamp } from '../../src/taler/timestamp';
import { isCompatible, parseVersion } from '../../src/taler/version';
import type { HttpClient } from './http-client';
import { refusal } from './http-client';
import { CLOCK_TOLERANCE_US, KEYS_BYTES_MAX, KEYS_TIMEOUT_MS } from './limits';
import { WalletError } from './wallet-error';

/** A kind of coin that can be withdrawn, with the master key's word for every fact. */
export interface Denomination {
  readonly hDenom: Buffer;
  readonly key: DenominationKey;
  /** The GNUnet encoding of the key; undefined for Clause-Schnorr. */
  readonly rsaPub: Buffer | undefined;
  readonly value: Amount;
  readonly feeWithdraw: Amount;
  readonly feeDeposit: Amount;
  readonly feeRefund: Amount;
  readonly stampStart: Timestamp;
  readonly stampExpireWithdraw: Timestamp;
  readonly stampExpireDeposit: Timestamp;
  readonly lost: boolean;
}

export interface ExchangeKeys {
  readonly baseUrl: string;
  readonly masterPub: Buffer;
  readonly currency: string;
  /** Without the revoked ones. */
  readonly denominations: readonly Denomination[];
  /** Keys that sign the exchange's answers, valid now and with the master key's word for it. */
  readonly signingKeys: readonly Buffer[];
}

/** What this client can speak: written for 23, and for what later exchanges still support of it. */
const CLIENT_VERSION = '23:0:0';

/**
 * GET keys of an exchange, verified (exchange.md 2).
 *
 * @throws WalletError `exchange-unusable` if anything in it does not verify, else as `HttpClient.get`
 */
export async function fetchExchangeKeys(
  http: HttpClient,
  baseUrl: string,
  nowUs: bigint,
): Promise<ExchangeKeys> {
  const answer = await http.get(`${baseUrl}keys`, { timeoutMs: KEYS_TIMEOUT_MS, bytesMax: KEYS_BYTES_MAX });
  if (answer.status !== 200) throw refusal(`${baseUrl}keys`, answer);
  return verifyExchangeKeys(answer.body, baseUrl, nowUs);
}

/**
 * Checks the parts of /keys that a withdrawal rests on: version, base URL, signing keys (1024), denominations
 * (1025) and the list as a whole (1035). Accounts and wire fees are between exchange and merchant.
 *
 * @throws WalletError `exchange-unusable`
 */
export function verifyExchangeKeys(
  body: JsonValue | undefined,
  baseUrl: string,
  nowUs: bigint,
): ExchangeKeys {
  if (!isJsonObject(body)) throw unusable(baseUrl, 'its keys are not a JSON object');
  const server = parseVersion(text(body['version']));
  const client = parseVersion(CLIENT_VERSION);
  if (server === undefined || client === undefined || !isCompatible(server, client)) {
    throw unusable(baseUrl, `its protocol version ${text(body['version'])} is not one of ours`);
  }
  if (body['base_url'] !== baseUrl) throw unusable(baseUrl, `it says that it is ${text(body['base_url'])}`);
  const masterPub = decodeBase32(text(body['master_public_key']), 32);
  const currency = body['currency'];
  if (masterPub === undefined || typeof currency !== 'string')
    throw unusable(baseUrl, 'no master key or currency');

  const signingKeys = validSigningKeys(body, masterPub, nowUs);
  verifyKeySet(body, { baseUrl, signingKeys });
  const revoked = new Set(
    list(body['recoup']).map((entry) =>
      decodeBase32(text(member(entry, 'h_denom_pub')), 64)?.toString('hex'),
    ),
  );
  const denominations = list(body['denominations'])
    .flatMap((group) => parseGroup(group, { baseUrl, masterPub, currency }))
    .filter((denomination) => !revoked.has(denomination.hDenom.toString('hex')));
  return { baseUrl, masterPub, currency, denominations, signingKeys };
}

function validSigningKeys(body: JsonObject, masterPub: Buffer, nowUs: bigint): Buffer[] {
  return list(body['signkeys']).flatMap((entry): Buffer[] => {
    const key = decodeBase32(text(member(entry, 'key')), 32);
    const start = parseTimestamp(member(entry, 'stamp_start'));
    const expire = parseTimestamp(member(entry, 'stamp_expire'));
    const end = parseTimestamp(member(entry, 'stamp_end'));
    const masterSig = decodeBase32(text(member(entry, 'master_sig')), 64);
    if (key === undefined || start === undefined || expire === undefined || end === undefined) return [];
    if (masterSig === undefined) return [];
    if (start > nowUs + CLOCK_TOLERANCE_US || addRelative(expire, CLOCK_TOLERANCE_US) <= nowUs) return [];
    return signingKeyValidity.verify(masterPub, { start, expire, end, key }, masterSig) ? [key] : [];
  });
}

/** The signing key that vouches for the whole list must itself be vouched for, and be valid now. */
function verifyKeySet(
  body: JsonObject,
  { baseUrl, signingKeys }: { baseUrl: string; signingKeys: readonly Buffer[] },
): void {
  const signer = decodeBase32(text(body['exchange_pub']), 32);
  const signature = decodeBase32(text(body['exchange_sig']), 64);
  const listIssueDate = parseTimestamp(body['list_issue_date']);
  if (signer === undefined || signature === undefined || listIssueDate === undefined) {
    throw unusable(baseUrl, 'the list of its keys is not signed');
  }
  if (!signingKeys.some((key) => key.equals(signer)))
    throw unusable(baseUrl, 'its online key is not vouched for by its master key');

  const masterSigs = list(body['denominations'])
    .flatMap((group) => list(member(group, 'denoms')))
    .map((entry) => decodeBase32(text(member(entry, 'master_sig')), 64) ?? Buffer.alloc(64));
  const hDenominationSignatures = hashDenominationSignatures(masterSigs);
  if (!keySet.verify(signer, { listIssueDate, hDenominationSignatures }, signature)) {
    throw unusable(baseUrl, 'the signature over the list of its keys is wrong');
  }
}

interface GroupContext {
  baseUrl: string;
  masterPub: Buffer;
  currency: string;
}

function parseGroup(group: JsonValue, context: GroupContext): Denomination[] {
  const [value, feeWithdraw, feeDeposit, feeRefresh, feeRefund] = GROUP_AMOUNTS.map((name) =>
    parseAmount(member(group, name)),
  );
  // Written out, since the compiler has to see that none of them is missing.
  if (value === undefined || feeWithdraw === undefined || feeDeposit === undefined) throw badGroup(context);
  if (feeRefresh === undefined || feeRefund === undefined) throw badGroup(context);
  const amounts = { value, feeWithdraw, feeDeposit, feeRefresh, feeRefund };
  if (Object.values(amounts).some((amount) => amount.currency !== context.currency)) throw badGroup(context);
  return list(member(group, 'denoms')).map((entry) => parseDenomination(group, entry, amounts, context));
}

interface GroupAmounts {
  value: Amount;
  feeWithdraw: Amount;
  feeDeposit: Amount;
  feeRefresh: Amount;
  feeRefund: Amount;
}

const GROUP_AMOUNTS = ['value', 'fee_withdraw', 'fee_deposit', 'fee_refresh', 'fee_refund'];

function parseDenomination(
  group: JsonValue,
  entry: JsonValue,
  amounts: GroupAmounts,
  context: GroupContext,
): Denomination {
  const rsaPubText = member(entry, 'rsa_pub');
  const csPub = member(entry, 'cs_pub');
  const key = parseDenominationKey({
    cipher: text(member(group, 'cipher')),
    age_mask: member(group, 'age_mask') ?? 0,
    ...(rsaPubText === undefined ? {} : { rsa_pub: rsaPubText }),
    ...(csPub === undefined ? {} : { cs_pub: csPub }),
  });
  const masterSig = decodeBase32(text(member(entry, 'master_sig')), 64);
  const start = parseTimestamp(member(entry, 'stamp_start'));
  const expireWithdraw = parseTimestamp(member(entry, 'stamp_expire_withdraw'));
  const expireDeposit = parseTimestamp(member(entry, 'stamp_expire_deposit'));
  const expireLegal = parseTimestamp(member(entry, 'stamp_expire_legal'));
  if (key === undefined || masterSig === undefined || start === undefined) throw badGroup(context);
  if (expireWithdraw === undefined || expireDeposit === undefined || expireLegal === undefined)
    throw badGroup(context);
  const hDenom = hashDenomination(key);
  const { masterPub } = context;
  const facts = { masterPub, start, expireWithdraw, expireDeposit, expireLegal, ...amounts, hDenom };
  if (!denominationKeyValidity.verify(masterPub, facts, masterSig)) {
    throw unusable(context.baseUrl, 'a denomination is not signed by its master key');
  }
  return {
    hDenom,
    key,
    rsaPub: decodeBase32Variable(text(rsaPubText)),
    value: amounts.value,
    feeWithdraw: amounts.feeWithdraw,
    feeDeposit: amounts.feeDeposit,
    feeRefund: amounts.feeRefund,
    stampStart: start,
    stampExpireWithdraw: expireWithdraw,
    stampExpireDeposit: expireDeposit,
    lost: member(entry, 'lost') === true,
  };
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? value[name] : undefined;
}

function list(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function badGroup(context: GroupContext): WalletError {
  return unusable(context.baseUrl, 'a group of its denominations is malformed');
}

function unusable(baseUrl: string, why: string): WalletError {
  return new WalletError('exchange-unusable', `the exchange ${baseUrl} cannot be used: ${why}`);
}
