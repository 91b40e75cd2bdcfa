import { createHash } from 'node:crypto';
import { encodeBase32 } from '../../src/taler/base32';
import { DAY_US, MINUTE_US, type Timestamp } from '../../src/taler/timestamp';
import type { HardLimitSet } from './events';
import type { Exchange } from './exchange';
import { NO_HARD_LIMITS } from './ledger';
import type { ExchangeRequest, Reply } from './http-types';
import { currencySpecification, keysDocument, PROTOCOL_VERSION } from './keys-document';
import type { KeyRing } from './key-ring';
import { publishedLimits } from './kyc-rules';

/** How many days clients may keep the answers, counted to midnight (recordings 001 and 002). */
const CONFIG_DAYS = 2n;
const KEYS_DAYS = 31n;
/**
 * With hard limits, which may change at any time: the least that clients honour (exchange.md 2), so that they learn of
 * a change when their clock has moved on by as much.
 */
const LIMITED_KEYS_US = 2n * MINUTE_US;

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
  readonly hardLimits: readonly HardLimitSet[];
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
    Expires: expirationOf(exchange),
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
  const { hardLimits } = exchange.ledger;
  const kycEnabled = exchange.ledger.kycRules.enabled;
  const last = answers.get(exchange);
  const sameLimits = last?.kycEnabled === kycEnabled && last.hardLimits === hardLimits;
  if (last?.ring === exchange.ring && sameLimits && now < last.validUntil) return last;
  const { ring, baseUrl, currency } = exchange;
  const document = keysDocument({ ring, baseUrl, currency, limits: publishedLimits(exchange), now });
  const text = JSON.stringify(document, undefined, 2);
  const etag = encodeBase32(createHash('sha512').update(text).digest());
  const answer = { ring, kycEnabled, hardLimits, validUntil: nextChange(ring, now), text, etag };
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

function expirationOf(exchange: Exchange): string {
  const now = exchange.clock.now();
  // The list is a new one once limits were set, even if there are none in it.
  if (exchange.ledger.hardLimits === NO_HARD_LIMITS) return midnightIn(KEYS_DAYS, now);
  return new Date(Number((now + LIMITED_KEYS_US) / 1000n)).toUTCString();
}

function midnightIn(days: bigint, now: Timestamp): string {
  const midnight = now - (now % DAY_US) + days * DAY_US;
  return new Date(Number(midnight / 1000n)).toUTCString();
}
