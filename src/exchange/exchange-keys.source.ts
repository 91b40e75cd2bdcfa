import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { JsonValue } from '../taler/json';
import { DAY_US, HOUR_US, MINUTE_US } from '../taler/timestamp';
import { TrustedExchange } from './exchange-directory';
import { exchangeTimeout, keysFailure } from './exchange-errors';
import { ExchangeHttp, KEYS_BYTES_MAX } from './exchange-http';
import { ExchangeKeys } from './exchange-keys';
import { ExchangeKeysStore } from './exchange-keys.store';
import { KeysCandidate, verifyKeys } from './keys-verification';

/** Total time of GET /keys (exchange.md 2); the exchange may hold the request until it has keys. */
export const KEYS_TIMEOUT_MS = 120_000;

/** Without a usable `Expires` header (exchange.md 2). */
export const KEYS_LIFETIME_DEFAULT_US = HOUR_US;
export const KEYS_LIFETIME_MIN_US = 2n * MINUTE_US;
/** A slip in an `Expires` header must not freeze the keys for good. */
export const KEYS_LIFETIME_MAX_US = 366n * DAY_US;

/** Where verified keys come from: the network, or what an earlier download left in the database. */
@Injectable()
export class ExchangeKeysSource {
  private readonly logger = new Logger(ExchangeKeysSource.name);

  constructor(
    private readonly http: ExchangeHttp,
    private readonly store: ExchangeKeysStore,
    private readonly clock: Clock,
  ) {}

  /**
   * GET /keys, verified and stored.
   *
   * @throws TalerError 2010 (502) or 2011 (504)
   */
  async download(exchange: TrustedExchange): Promise<ExchangeKeys> {
    const reply = await this.http.request({
      exchange,
      method: 'GET',
      path: 'keys',
      timeoutMs: KEYS_TIMEOUT_MS,
      replyBytesMax: KEYS_BYTES_MAX,
    });
    if (reply.kind === 'timeout') throw exchangeTimeout(exchange, 'keys');
    if (reply.kind === 'unreachable')
      throw keysFailure({ exchange, detail: 'unreachable', cause: reply.cause });
    if (reply.status !== 200)
      throw keysFailure({ exchange, answer: reply, detail: `status ${reply.status}` });

    const nowUs = this.clock.nowUs();
    const expiresUs = expirationOf(reply.expires, nowUs);
    const verdict = await verifyKeys({ exchange, body: reply.body, nowUs, fetchedUs: nowUs, expiresUs });
    if (verdict.kind === 'refused') throw keysFailure({ exchange, answer: reply, detail: verdict.reason });
    for (const payto of verdict.droppedAccounts) {
      this.logger.warn(
        `account of ${exchange.baseUrl} left out, signature or payto is not good (1030): ${payto}`,
      );
    }
    await this.save(exchange, reply.text, verdict.keys);
    return verdict.keys;
  }

  /**
   * Keys from the database, or `undefined` when there are none newer than `newerThanUs` that still verify. A database
   * that is down is no reason to go without keys: the exchange is asked instead.
   */
  async load(exchange: TrustedExchange, newerThanUs: bigint | undefined): Promise<ExchangeKeys | undefined> {
    const candidate = await this.loadCandidate(exchange);
    if (candidate === undefined) return undefined;
    if (newerThanUs !== undefined && candidate.fetchedUs <= newerThanUs) return undefined;
    const verdict = await verifyKeys(candidate);
    if (verdict.kind === 'verified') return verdict.keys;
    this.logger.warn(`stored keys of ${exchange.baseUrl} are not used: ${verdict.reason}`);
    return undefined;
  }

  private async loadCandidate(exchange: TrustedExchange): Promise<KeysCandidate | undefined> {
    try {
      const stored = await this.store.load(exchange);
      if (stored === undefined) return undefined;
      const { body, fetchedUs, expiresUs } = stored;
      return {
        exchange,
        body: JSON.parse(body) as JsonValue,
        fetchedUs,
        expiresUs,
        nowUs: this.clock.nowUs(),
      };
    } catch (error) {
      this.logger.warn(`stored keys of ${exchange.baseUrl} cannot be read: ${String(error)}`);
      return undefined;
    }
  }

  private async save(exchange: TrustedExchange, body: string, keys: ExchangeKeys): Promise<void> {
    try {
      await this.store.save(exchange, { body, fetchedUs: keys.fetchedUs, expiresUs: keys.expiresUs });
    } catch (error) {
      this.logger.warn(`keys of ${exchange.baseUrl} cannot be stored: ${String(error)}`);
    }
  }
}

/**
 * Until when an answer may be used: the `Expires` header; without it, or if it is past, an hour; never less than two
 * minutes (exchange.md 2).
 */
export function expirationOf(header: string | undefined, nowUs: bigint): bigint {
  const headerMs = header === undefined ? Number.NaN : Date.parse(header);
  const headerUs = Number.isNaN(headerMs) ? 0n : BigInt(headerMs) * 1000n;
  if (headerUs <= nowUs) return nowUs + KEYS_LIFETIME_DEFAULT_US;
  const lifetimeUs = headerUs - nowUs;
  if (lifetimeUs < KEYS_LIFETIME_MIN_US) return nowUs + KEYS_LIFETIME_MIN_US;
  return nowUs + (lifetimeUs > KEYS_LIFETIME_MAX_US ? KEYS_LIFETIME_MAX_US : lifetimeUs);
}
