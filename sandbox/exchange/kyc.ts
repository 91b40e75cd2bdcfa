import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import { kycAuth } from '../../src/taler/signatures-merchant';
import { type Exchange, topics } from './exchange';
import type { ExchangeRequest, Reply } from './http-types';
import { accountLimits } from './kyc-rules';
import { pathBytes, queryInteger, queryTimeout } from './parameters';
import type { KycAccount } from './records';
import { Refusal } from './refusal';

const SIGNATURE_HEADER = 'Account-Owner-Signature';
const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Values of `lpt`: what a kyc-check waits for (exchange.md 7). */
const AWAIT_KYC_AUTH = 1;
const AWAIT_AML_REVIEW_END = 2;
const AWAIT_KYC_OK = 3;

/** GET /kyc-check/$H_NORMALIZED_PAYTO (exchange.md 7, recordings 130-132, 202-228). */
export async function kycCheck(exchange: Exchange, request: ExchangeRequest): Promise<Reply> {
  const code = TalerCode.GENERIC_PATH_SEGMENT_MALFORMED;
  const hPayto = encodeBase32(pathBytes(request, 0, { byteLength: HASH_BYTES, code, detail: 'h_payto' }));
  const signature = ownerSignature(request);
  const timeoutMs = queryTimeout(request);
  const awaited = queryInteger(request, 'lpt') ?? 0;
  return exchange.waiters.until({
    topic: topics.kyc(hPayto),
    timeoutMs,
    gone: request.gone,
    look: () => stateOf(exchange, hPayto, signature),
    isFinal: (reply) => !isWorthWaiting(reply, awaited),
  });
}

function ownerSignature(request: ExchangeRequest): Buffer {
  const text = request.headers[SIGNATURE_HEADER.toLowerCase()];
  if (typeof text !== 'string')
    throw new Refusal(TalerCode.GENERIC_PARAMETER_MISSING, { detail: SIGNATURE_HEADER });
  const signature = decodeBase32(text, SIGNATURE_BYTES);
  if (signature === undefined)
    throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: SIGNATURE_HEADER });
  return signature;
}

function isWorthWaiting(reply: Reply, awaited: number): boolean {
  switch (awaited) {
    case AWAIT_KYC_AUTH:
      return reply.status === 404 || reply.status === 409;
    case AWAIT_AML_REVIEW_END:
      return reply.body?.aml_review === true;
    case AWAIT_KYC_OK:
      return reply.status !== 200 && reply.status !== 204;
    default:
      return false;
  }
}

// Refusals are returned, not thrown, because a long poll may wait for the state to get better.
function stateOf(exchange: Exchange, hPayto: string, signature: Buffer): Reply {
  if (!exchange.ledger.kycRules.enabled) return { status: 204 };
  const account = exchange.ledger.accounts.get(hPayto);
  if (account === undefined || !account.known) {
    return replyOf(new Refusal(TalerCode.EXCHANGE_KYC_CHECK_REQUEST_UNKNOWN));
  }
  const owner = account.ownerPub === undefined ? undefined : decodeBase32(account.ownerPub, HASH_BYTES);
  if (account.ownerPub === undefined || owner === undefined) {
    return replyOf(new Refusal(TalerCode.EXCHANGE_KYC_CHECK_AUTHORIZATION_KEY_UNKNOWN));
  }
  if (!kycAuth.verify(owner, {}, signature)) {
    const members = { expected_account_pub: account.ownerPub };
    return replyOf(new Refusal(TalerCode.EXCHANGE_KYC_CHECK_AUTHORIZATION_FAILED, members));
  }
  return {
    status: account.requirementRow === 0 ? 200 : 202,
    body: {
      aml_review: account.amlReview,
      access_token: account.accessToken ?? '',
      limits: accountLimits(exchange, account),
    },
  };
}

function replyOf(refusal: Refusal): Reply {
  return { status: refusal.status, body: refusal.body };
}

/** GET /kyc-info/$ACCESS_TOKEN: what the web page for KYC shows (recording 214). */
export function kycInfo(exchange: Exchange, request: ExchangeRequest): Reply {
  const account = accountOfToken(exchange, request.parameters[0] ?? '');
  const requirement = {
    form: 'full_name_and_birthdate',
    id: `${account.accessToken ?? ''}-0-${account.requirementRow}`,
    context: {},
    description: 'Tell us your name',
    description_i18n: {},
  };
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-cache' },
    body: {
      requirements: account.requirementRow === 0 ? [] : [requirement],
      is_and_combinator: true,
      voluntary_measures: [],
    },
  };
}

/** POST /kyc-upload/$ID: whatever the form says, the sandbox is content (recording 214). */
export function kycUpload(exchange: Exchange, request: ExchangeRequest): Reply {
  const match = /^([0-9A-Z]+)-0-(\d+)$/.exec(request.parameters[0] ?? '');
  const account = accountOfToken(exchange, match?.[1] ?? '');
  if (account.requirementRow === 0 || String(account.requirementRow) !== match?.[2]) throw unknownAccount();
  passKyc(exchange, account);
  return { status: 204 };
}

/** Ends all requirements of an account and lifts its limits. */
export function passKyc(exchange: Exchange, account: KycAccount): void {
  exchange.record({ event: 'kyc-account-changed', hPayto: account.hPayto, change: 'passed' });
  exchange.waiters.wakeAll();
}

function accountOfToken(exchange: Exchange, token: string): KycAccount {
  for (const account of exchange.ledger.accounts.values()) {
    if (account.accessToken !== undefined && account.accessToken === token) return account;
  }
  throw unknownAccount();
}

function unknownAccount(): Refusal {
  return new Refusal(TalerCode.EXCHANGE_KYC_CHECK_REQUEST_UNKNOWN);
}
