import { Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExchangeKeysCache } from '../exchange/exchange-keys.cache';
import { KycAwaited } from '../exchange/kyc.client';
import { EventBus } from '../platform/events/event-bus';
import { kycTopic } from '../platform/events/topics';
import { TalerError } from '../taler/taler-error';
import { KycChecker } from './kyc-checker';
import { isSupported, KycPair, pairKey } from './kyc-pair';
import type { KycRecord } from './kyc-record';
import { KycStatusRepository } from './kyc-status.repository';

/** Time-out of one long poll at the exchange; then the state is looked at anew, also for what was not awaited. */
export const WATCH_POLL_MS = 30_000;

/** Pause between two checks of a pair: doubled from the first to the last while the exchange has nothing new. */
export const PAUSE_FIRST_MS = 500;
export const PAUSE_LAST_MS = 30_000;

/** An answer that took this long was held back by the exchange, so that asking again at once is no hammering. */
const HELD_MS = 5_000;

/**
 * Long polls at one exchange at once. They leave connections for those who do not wait (64 per exchange); pairs beyond
 * are asked now and then instead.
 */
export const LONG_POLLS_PER_EXCHANGE = 48;

/** Pairs that one process follows; waiters of further ones are woken by what other requests learn. */
export const PAIRS_WATCHED_MAX = 1_000;

interface Slot {
  watchers: number;
  readonly end: AbortController;
}

/** What one waiter follows. */
export interface Watch {
  /** Follows these pairs and no others. */
  follow(pairs: readonly KycPair[]): void;
  end(): void;
}

/**
 * Follows pairs at their exchanges as long as somebody waits for a change: one long poll for each pair, shared by all
 * waiters of the process, ended with the last of them. What it learns is stored and wakes waiters everywhere.
 */
@Injectable()
export class KycWatch implements OnModuleDestroy {
  private readonly logger = new Logger(KycWatch.name);
  private readonly slots = new Map<string, Slot>();
  private readonly longPolls = new Map<string, number>();

  constructor(
    private readonly checker: KycChecker,
    private readonly keysCache: ExchangeKeysCache,
    private readonly statuses: KycStatusRepository,
    private readonly bus: EventBus,
  ) {}

  onModuleDestroy(): void {
    for (const { end } of this.slots.values()) end.abort();
  }

  open(): Watch {
    const held = new Map<string, () => void>();
    const follow = (pairs: readonly KycPair[]) => {
      const wanted = new Set(pairs.map(pairKey));
      for (const pair of pairs) {
        const key = pairKey(pair);
        if (!held.has(key)) held.set(key, this.hold(pair));
      }
      for (const [key, release] of held) {
        if (wanted.has(key)) continue;
        release();
        held.delete(key);
      }
    };
    return { follow, end: () => follow([]) };
  }

  private hold(pair: KycPair): () => void {
    const key = pairKey(pair);
    let slot = this.slots.get(key);
    if (!slot) {
      if (this.slots.size >= PAIRS_WATCHED_MAX) return () => undefined;
      slot = { watchers: 0, end: new AbortController() };
      this.slots.set(key, slot);
      void this.watch(pair, slot.end.signal);
    }
    slot.watchers++;
    const held = slot;
    return () => {
      if (--held.watchers > 0) return;
      this.slots.delete(key);
      held.end.abort();
    };
  }

  private async watch(pair: KycPair, signal: AbortSignal): Promise<void> {
    let pauseMs = PAUSE_FIRST_MS;
    let known: KycRecord | undefined;
    while (!signal.aborted) {
      const startMs = performance.now();
      const before = known;
      known = await this.look(pair, known, signal).catch((error: unknown) => {
        this.logger.error(`KYC at ${pair.exchange.baseUrl} is not followed: ${String(error)}`);
        return undefined;
      });
      const isQuiet = performance.now() - startMs < HELD_MS && !isNews(before, known);
      pauseMs = isQuiet ? Math.min(pauseMs * 2, PAUSE_LAST_MS) : PAUSE_FIRST_MS;
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** One step: keys if there are none, then a check, which waits at the exchange where there is something to wait for. */
  private async look(
    pair: KycPair,
    known: KycRecord | undefined,
    signal: AbortSignal,
  ): Promise<KycRecord | undefined> {
    const { exchange, account } = pair;
    let keys = this.keysCache.peek(exchange);
    if (!keys) {
      keys = await this.keysCache.get(exchange).catch((error: unknown) => {
        if (error instanceof TalerError) return undefined; // the cache has logged why
        throw error;
      });
      if (!keys || signal.aborted) return undefined;
      this.bus.publish(kycTopic(pair.instanceSerial));
    }
    if (!isSupported(keys, account)) return known;
    const record = known ?? (await this.stored(pair));
    const isHeld = record !== undefined && record.httpStatus >= 200 && record.httpStatus < 500;
    if (!isHeld || this.checker.isStale(record)) return this.checker.check(pair, { signal });
    return this.wait(pair, record, signal);
  }

  private async stored({ account, exchange }: KycPair): Promise<KycRecord | undefined> {
    const records = await this.statuses.find([account.serial]);
    return records.find(({ exchangeUrl }) => exchangeUrl === exchange.baseUrl);
  }

  private async wait(pair: KycPair, record: KycRecord, signal: AbortSignal): Promise<KycRecord | undefined> {
    const { baseUrl } = pair.exchange;
    const running = this.longPolls.get(baseUrl) ?? 0;
    if (running >= LONG_POLLS_PER_EXCHANGE) return this.checker.check(pair, { signal });
    this.longPolls.set(baseUrl, running + 1);
    try {
      const longPoll = { timeoutMs: WATCH_POLL_MS, until: awaitedAfter(record), minRule: record.ruleGen };
      return await this.checker.check(pair, { longPoll, signal });
    } finally {
      this.longPolls.set(baseUrl, (this.longPolls.get(baseUrl) ?? 1) - 1);
    }
  }
}

/** What comes next for the account; undefined: nothing, only the rules may change. */
function awaitedAfter({ httpStatus, amlReview }: KycRecord): KycAwaited | undefined {
  if ([403, 404, 409].includes(httpStatus)) return KycAwaited.AccessToken;
  if (amlReview) return KycAwaited.ReviewEnd;
  return httpStatus === 202 ? KycAwaited.KycOk : undefined;
}

function isNews(before: KycRecord | undefined, after: KycRecord | undefined): boolean {
  return before?.httpStatus !== after?.httpStatus || before?.amlReview !== after?.amlReview;
}
