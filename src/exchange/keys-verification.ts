import { hashDenomination } from '../taler/denominations';
import { EddsaVerifier } from '../taler/eddsa';
import { JsonValue } from '../taler/json';
import { parsePayto } from '../taler/payto';
import { hashDenominationSignatures, keySet } from '../taler/signatures-exchange';
import {
  denominationKeyValidity,
  globalFees,
  signingKeyValidity,
  wireDetails,
  wireFees,
} from '../taler/signatures-master';
import { isCompatible, parseVersion } from '../taler/version';
import { parseRestrictions } from './account-restrictions';
import { normalizeBaseUrl, TrustedExchange } from './exchange-directory';
import { Denomination, ExchangeAccount, ExchangeKeys, isValidSigningKey, SigningKey } from './exchange-keys';
import type { AccountRecord, DenominationRecord, KeysDocument, SigningKeyRecord } from './keys-document';
import { parseKeysDocument } from './parse-keys-document';

/**
 * The protocol of the exchange that this client speaks: it knows everything up to 26 and can deal with exchanges from
 * 23 on, the version of 0.14.1 (conventions.md 6).
 */
export const EXCHANGE_PROTOCOL_VERSION = '26:0:3';

/** Longest stretch of verification before other work gets its turn; a denomination takes about 0.1 ms. */
export const VERIFICATION_SLICE_MS = 4;

export type KeysVerdict =
  | {
      readonly kind: 'verified';
      readonly keys: ExchangeKeys;
      /** Full paytos of accounts left out because their signature or their payto is not good. */
      readonly droppedAccounts: readonly string[];
    }
  | { readonly kind: 'refused'; readonly reason: string };

export interface KeysCandidate {
  readonly exchange: TrustedExchange;
  readonly body: JsonValue | undefined;
  readonly nowUs: bigint;
  readonly fetchedUs: bigint;
  readonly expiresUs: bigint;
}

/**
 * Verifies a /keys document wholly (crypto.md 5): the master key as configured, 1024, 1025, 1028, 1022 and 1035 or all
 * of it is refused; an account whose 1030 does not verify is left out, since newer exchanges may sign members we do
 * not know. Yields to the event loop between slices: a thousand denominations take about 0.1 s of work.
 */
export async function verifyKeys(candidate: KeysCandidate): Promise<KeysVerdict> {
  const parsed = parseKeysDocument(candidate.body);
  if (!parsed.ok) return refused(`malformed at ${parsed.path}`);
  const document = parsed.value;
  const { exchange } = candidate;
  const mismatch = mismatchWith(document, exchange);
  if (mismatch !== undefined) return refused(mismatch);
  const master = EddsaVerifier.of(exchange.masterPub);
  if (master === undefined) return refused('configured master key is no Ed25519 public key');

  const slices = new Slices();
  const signingKeys: SigningKey[] = [];
  for (const record of document.signingKeys) {
    const key = verifySigningKey(master, record);
    if (key === undefined) return refused('signature of the operator on a signing key is wrong (1024)');
    signingKeys.push(key);
    await slices.pause();
  }
  if (!isKeySetSigned(document, signingKeys, candidate.nowUs)) {
    return refused('signature of the exchange on the key set is wrong (1035)');
  }
  const denominations: Denomination[] = [];
  const revoked = new Set(document.revoked.map((hDenom) => hDenom.toString('hex')));
  for (const record of document.denominations) {
    const denomination = verifyDenomination(master, exchange.masterPub, record, revoked);
    if (denomination === undefined)
      return refused('signature of the operator on a denomination is wrong (1025)');
    denominations.push(denomination);
    await slices.pause();
  }
  const fees = verifyFees(master, document);
  if (fees !== undefined) return refused(fees);

  const accounts = document.accounts.map((record) => ({ record, account: verifyAccount(master, record) }));
  const keys = new ExchangeKeys({
    exchange,
    document,
    denominations,
    signingKeys,
    accounts: accounts.flatMap(({ account }) => (account === undefined ? [] : [account])),
    fetchedUs: candidate.fetchedUs,
    expiresUs: candidate.expiresUs,
  });
  const dropped = accounts
    .filter(({ account }) => account === undefined)
    .map(({ record }) => record.paytoUri);
  return { kind: 'verified', keys, droppedAccounts: dropped };
}

function refused(reason: string): KeysVerdict {
  return { kind: 'refused', reason };
}

/** Why the document is not one of the exchange asked, or `undefined`. */
function mismatchWith(document: KeysDocument, exchange: TrustedExchange): string | undefined {
  if (!speaksOurProtocol(document.version)) return `protocol version ${document.version} is not supported`;
  if (!document.masterPub.equals(exchange.masterPub)) return 'master key is not the one configured (2002)';
  if (document.currency !== exchange.currency) {
    return `currency is ${document.currency}, configured is ${exchange.currency}`;
  }
  // exchange.md 2: base_url must equal the one asked, else the answer is ignored.
  if (normalizeBaseUrl(document.baseUrl) !== exchange.baseUrl) return `base_url is ${document.baseUrl}`;
  return undefined;
}

/** True for the `version` of an exchange we can talk to. */
export function speaksOurProtocol(version: string): boolean {
  const server = parseVersion(version);
  const client = parseVersion(EXCHANGE_PROTOCOL_VERSION);
  return server !== undefined && client !== undefined && isCompatible(server, client);
}

function verifySigningKey(master: EddsaVerifier, record: SigningKeyRecord): SigningKey | undefined {
  if (!master.verify(signingKeyValidity.pack(record), record.masterSig)) return undefined;
  const verifier = EddsaVerifier.of(record.key);
  return verifier && { verifier, stampStart: record.start, stampExpire: record.expire };
}

/** 1035 by a listed signing key that is valid now; over the operator's signatures in the order of the reply. */
function isKeySetSigned(document: KeysDocument, keys: readonly SigningKey[], nowUs: bigint): boolean {
  const signer = keys.find(({ verifier }) => verifier.publicKey.equals(document.exchangePub));
  if (signer === undefined || !isValidSigningKey(signer, nowUs)) return false;
  const signatures = document.denominations.map(({ masterSig }) => masterSig);
  const message = keySet.pack({
    listIssueDate: document.listIssueDate,
    hDenominationSignatures: hashDenominationSignatures(signatures),
  });
  return signer.verifier.verify(message, document.exchangeSig);
}

function verifyDenomination(
  master: EddsaVerifier,
  masterPub: Buffer,
  record: DenominationRecord,
  revoked: ReadonlySet<string>,
): Denomination | undefined {
  const hDenom = hashDenomination(record.key);
  const message = denominationKeyValidity.pack({
    masterPub,
    start: record.stampStart,
    expireWithdraw: record.stampExpireWithdraw,
    expireDeposit: record.stampExpireDeposit,
    expireLegal: record.stampExpireLegal,
    value: record.value,
    feeWithdraw: record.feeWithdraw,
    feeDeposit: record.feeDeposit,
    feeRefresh: record.feeRefresh,
    feeRefund: record.feeRefund,
    hDenom,
  });
  if (!master.verify(message, record.masterSig)) return undefined;
  return {
    hDenom,
    key: record.key,
    value: record.value,
    feeDeposit: record.feeDeposit,
    feeRefund: record.feeRefund,
    stampStart: record.stampStart,
    stampExpireDeposit: record.stampExpireDeposit,
    revoked: revoked.has(hDenom.toString('hex')),
  };
}

/** Which fee is not the operator's, or `undefined`. There are only a few, so this is one slice. */
function verifyFees(master: EddsaVerifier, document: KeysDocument): string | undefined {
  const forgedWireFee = document.wireFees.find((fee) => !master.verify(wireFees.pack(fee), fee.masterSig));
  if (forgedWireFee !== undefined)
    return `signature on a wire fee of ${forgedWireFee.wireMethod} is wrong (1028)`;
  const forgedGlobalFee = document.globalFees.find(
    (fee) => !master.verify(globalFees.pack(fee), fee.masterSig),
  );
  return forgedGlobalFee && 'signature on a global fee is wrong (1022)';
}

function verifyAccount(master: EddsaVerifier, record: AccountRecord): ExchangeAccount | undefined {
  const payto = parsePayto(record.paytoUri);
  if (payto === undefined) return undefined;
  const { conversionUrl, debitRestrictions, creditRestrictions } = record;
  const message = packWireDetails({
    payto: record.paytoUri,
    conversionUrl,
    debitRestrictions,
    creditRestrictions,
  });
  if (message === undefined || !master.verify(message, record.masterSig)) return undefined;
  return {
    paytoUri: record.paytoUri,
    wireMethod: payto.method,
    priority: record.priority,
    conversionUrl,
    debitRestrictions: parseRestrictions(debitRestrictions),
    debitRestrictionsJson: debitRestrictions,
    creditRestrictions: parseRestrictions(creditRestrictions),
  };
}

/** Restrictions with a real number in them cannot be hashed; such an account is not usable (conventions.md 8). */
function packWireDetails(input: Parameters<typeof wireDetails.pack>[0]): Buffer | undefined {
  try {
    return wireDetails.pack(input);
  } catch {
    return undefined;
  }
}

/** Lets the event loop breathe whenever a slice is used up. */
class Slices {
  private startedMs = performance.now();

  async pause(): Promise<void> {
    if (performance.now() - this.startedMs < VERIFICATION_SLICE_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.startedMs = performance.now();
  }
}
