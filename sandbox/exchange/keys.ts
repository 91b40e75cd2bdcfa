import { createHash } from 'node:crypto';
import { encodeBase32 } from '../../src/taler/base32';
import { DAY_US, type Timestamp } from '../../src/taler/timestamp';
import type { Exchange } from './exchange';
import type { ExchangeRequest, Reply } from './http-types';
import { currencySpecification, keysDocument, PROTOCOL_VERSION } from './keys-document';
import type { KeyRing } from './key-ring';
import { publishedLimits } from './kyc-rules';

/** How many days clients may keep the answers, counted to midnight (recordings 001 and 002). */
const CONFIG_DAYS = 2n;
const KEYS_DAYS = 31n;

/** GET /config (recording 001). */
export function config(exchange: Exchange): Reply {
  return {
    status: 200,
    headers: {
      Expires: midnightIn(CONFIG_DAYS, exchange.clock.now()),
      'Cache-Control': 'public,max-age=21600',
    },
    body: {
      wallet_balance_limit_without_kyc: publishedLimits(exchange).walletBalance,
      supported_kyc_requirements: [],
      currency_specification: currencySpecification(exchange.currency),
      currency: exchange.currency,
      name: 'taler-exchange',
      implementation: 'urn:net:taler:specs:taler-exchange:c-reference',
      version: PROTOCOL_VERSION,
    },
  };
}

interface KeysAnswer {
  readonly ring: KeyRing;
  readonly kycEnabled: boolean;
  readonly validUntil: Timestamp;
  readonly text: string;
  readonly etag: string;
}

/** The last answer per exchange: signing the whole document takes a millisecond or two. */
const answers = new WeakMap<Exchange, KeysAnswer>();

/**
 * GET /keys (recordings 002-004). `last_issue_date` is accepted and everything is sent, which exchange.md 2 allows.
 * The ETag has no quotes, as in the recordings; comparing takes both forms, and lists.
 */
export function keys(exchange: Exchange, request: ExchangeRequest): Reply {
  const { text, etag } = currentAnswer(exchange);
  const headers = {
    'Cache-Control': 'public,must-revalidate,max-age=86400',
    Expires: midnightIn(KEYS_DAYS, exchange.clock.now()),
    Vary: 'Accept-Encoding',
    ETag: etag,
  };
  const known = (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\/|"/g, ''));
  if (known.includes(etag)) return { status: 304, headers };
  return { status: 200, headers, text };
}

function currentAnswer(exchange: Exchange): KeysAnswer {
  const now = exchange.clock.now();
  const kycEnabled = exchange.ledger.kycRules.enabled;
  const last = answers.get(exchange);
  if (last?.ring === exchange.ring && last.kycEnabled === kycEnabled && now < last.validUntil) return last;
  const { ring, baseUrl, currency } = exchange;
  const document = keysDocument({ ring, baseUrl, currency, limits: publishedLimits(exchange), now });
  const text = JSON.stringify(document, undefined, 2);
  const etag = encodeBase32(createHash('sha512').update(text).digest());
  const answer = { ring, kycEnabled, validUntil: nextChange(ring, now), text, etag };
  answers.set(exchange, answer);
  return answer;
}

/** The next moment at which a key begins or ends, and with it the signature over the document. */
function nextChange(ring: KeyRing, now: Timestamp): Timestamp {
  const moments = [
    ...ring.signingKeys.flatMap(({ start, expire }) => [start, expire]),
    ...ring.denominations.flatMap(({ start, expireDeposit }) => [start, expireDeposit]),
  ].filter((moment) => moment > now);
  return moments.reduce((earliest, moment) => (moment < earliest ? moment : earliest), now + DAY_US);
}

function midnightIn(days: bigint, now: Timestamp): string {
  const midnight = now - (now % DAY_US) + days * DAY_US;
  return new Date(Number(midnight / 1000n)).toUTCString();
}
