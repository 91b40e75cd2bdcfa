import { Injectable, Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { TalerError } from '../taler/taler-error';
import { MINUTE_US, SECOND_US } from '../taler/timestamp';
import { ExchangeDirectory, TrustedExchange } from './exchange-directory';
import { exchangeTimeout, untrustedExchange } from './exchange-errors';
import { ExchangeKeys } from './exchange-keys';
import { ExchangeKeysSource } from './exchange-keys.source';
import { ExchangeSlot, ExchangeStatus, statusOf } from './exchange-status';

/** How long keys may be used after their expiration while a newer document is being fetched. */
export const KEYS_GRACE_US = 60n * MINUTE_US;

/** A caller who asks for other keys than those at hand gets a download at most this often (exchange.md 2). */
export const FORCED_REFRESH_INTERVAL_US = 5n * SECOND_US;

/** After a failed download callers get the same failure for this long, so that a dead exchange is not hammered. */
export const FAILURE_PAUSE_US = 1n * SECOND_US;

/** What a caller of `get` and `refresh` waits; the download itself may go on (120 s, exchange.md 2). */
export const KEYS_WAIT_MS = 10_000;

/** What the creation of an order waits for an exchange whose keys are not at hand. */
export const USABLE_NOW_WAIT_MS = 1_000;

/** Pauses between attempts while an exchange is down: doubled from the first to the last. */
export const RETRY_FIRST_MS = 1_000;
export const RETRY_LAST_MS = 15 * 60_000;

/** Longest sleep until keys are looked at again; far below what setTimeout can count. */
export const REFRESH_SLEEP_MAX_MS = 24 * 3_600_000;

/** What the backend can use of the exchanges of a currency, and why not of the others. */
export interface UsableExchanges {
  readonly usable: readonly ExchangeKeys[];
  readonly rejected: readonly { readonly exchange: TrustedExchange; readonly error: TalerError }[];
}

/**
 * The verified /keys of the trusted exchanges: from memory, else from the database, else from the network; one download
 * at a time per exchange. A timer renews them when they expire (the reference's exchangekeyupdate, exchange.md 11).
 */
@Injectable()
export class ExchangeKeysCache implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ExchangeKeysCache.name);
  private readonly slots = new Map<string, ExchangeSlot>();
  private stopped = false;

  constructor(
    directory: ExchangeDirectory,
    private readonly source: ExchangeKeysSource,
    private readonly clock: Clock,
  ) {
    for (const exchange of directory.list()) {
      this.slots.set(exchange.baseUrl, { exchange, failuresInRow: 0 });
    }
  }

  /** Starts to fetch all keys without waiting: a backend must start while an exchange is down. */
  onApplicationBootstrap(): void {
    for (const slot of this.slots.values()) this.updateInBackground(slot);
  }

  onModuleDestroy(): void {
    this.stopped = true;
    for (const slot of this.slots.values()) clearTimeout(slot.timer);
  }

  /**
   * Keys that may be used now. Expired ones are given out for `KEYS_GRACE_US` while newer ones are fetched.
   *
   * @throws TalerError 2010 (502) when the exchange gives no good keys, 2011 (504) when it is silent, 2025 (400) when it
   *   is not configured; with `exchange_url` and `exchange_http_status`
   */
  async get(exchange: TrustedExchange, { waitMs = KEYS_WAIT_MS } = {}): Promise<ExchangeKeys> {
    const slot = this.slotOf(exchange);
    const cached = this.usableKeys(slot);
    if (cached === undefined) return this.waitFor(slot, this.update(slot), waitMs);
    if (cached.expiresUs <= this.clock.nowUs()) this.updateInBackground(slot);
    return cached;
  }

  /** Keys in memory that may be used now, at once. */
  peek(exchange: TrustedExchange): ExchangeKeys | undefined {
    const slot = this.slots.get(exchange.baseUrl);
    return slot && this.usableKeys(slot);
  }

  /**
   * Keys from the network, for a denomination or signing key that is not in those at hand. At most one download in
   * `FORCED_REFRESH_INTERVAL_US`; within it the answer is what that download gave.
   *
   * @throws TalerError as `get`
   */
  async refresh(exchange: TrustedExchange, { waitMs = KEYS_WAIT_MS } = {}): Promise<ExchangeKeys> {
    const slot = this.slotOf(exchange);
    return this.waitFor(slot, this.forcedUpdate(slot), waitMs);
  }

  /**
   * The exchanges of a currency that can be offered in a contract now. Waits at most `USABLE_NOW_WAIT_MS` for those
   * whose keys are not at hand: the creation of an order must not hang on an exchange that is down.
   */
  async usableNow(currency: string): Promise<UsableExchanges> {
    const slots = [...this.slots.values()].filter(({ exchange }) => exchange.currency === currency);
    const usable: ExchangeKeys[] = [];
    const rejected: { exchange: TrustedExchange; error: TalerError }[] = [];
    const outcomes = slots.map(async ({ exchange }) => {
      try {
        usable.push(await this.get(exchange, { waitMs: USABLE_NOW_WAIT_MS }));
      } catch (error) {
        if (!(error instanceof TalerError)) throw error;
        rejected.push({ exchange, error });
      }
    });
    await Promise.all(outcomes);
    // In the order of the configuration, not in that of the answers: contracts should not differ by chance.
    const order = slots.map(({ exchange }) => exchange);
    usable.sort((a, b) => order.indexOf(a.exchange) - order.indexOf(b.exchange));
    return { usable, rejected };
  }

  /** How it stands with each exchange, in the order of the configuration (management.md 5.2). */
  status(): ExchangeStatus[] {
    return [...this.slots.values()].map((slot) => statusOf(slot, this.clock.nowUs()));
  }

  private slotOf(exchange: TrustedExchange): ExchangeSlot {
    const slot = this.slots.get(exchange.baseUrl);
    if (slot === undefined) throw untrustedExchange(exchange.baseUrl);
    return slot;
  }

  private usableKeys({ keys }: ExchangeSlot): ExchangeKeys | undefined {
    return keys !== undefined && this.clock.nowUs() < keys.expiresUs + KEYS_GRACE_US ? keys : undefined;
  }

  /** Joins the update under way or starts one. */
  private update(slot: ExchangeSlot): Promise<ExchangeKeys> {
    const failure = slot.lastFailure;
    if (slot.flight !== undefined) return slot.flight;
    if (failure !== undefined && this.isWithin(FAILURE_PAUSE_US, failure.atUs))
      return Promise.reject(failure.error);
    return this.fly(slot, () => this.loadOrDownload(slot));
  }

  private updateInBackground(slot: ExchangeSlot): void {
    this.update(slot).catch(() => undefined); // `fly` has logged it
  }

  private async forcedUpdate(slot: ExchangeSlot): Promise<ExchangeKeys> {
    // What is under way may be a look into the database only, which does not count as fresh.
    await slot.flight?.catch(() => undefined);
    if (slot.flight !== undefined) return slot.flight;
    const { lastDownloadUs, lastFailure } = slot;
    const isRecent =
      lastDownloadUs !== undefined && this.isWithin(FORCED_REFRESH_INTERVAL_US, lastDownloadUs);
    if (!isRecent) return this.fly(slot, () => this.download(slot));
    // The keys at hand may lack what the caller looks for, so a failure must not pass for "not there".
    if (lastFailure !== undefined) throw lastFailure.error;
    return this.usableKeys(slot) ?? this.update(slot);
  }

  private fly(slot: ExchangeSlot, obtain: () => Promise<ExchangeKeys>): Promise<ExchangeKeys> {
    const flight = obtain().finally(() => {
      slot.flight = undefined;
      this.planRefresh(slot);
    });
    slot.flight = flight;
    // Logged once here, as the callers may all have stopped waiting, and for the timer nobody waits at all.
    flight.catch((error: unknown) =>
      this.logger.error(`no keys from ${slot.exchange.baseUrl}: ${describe(error)}`),
    );
    return flight;
  }

  /** Another process may have stored newer keys than ours; only without them do we ask the exchange. */
  private async loadOrDownload(slot: ExchangeSlot): Promise<ExchangeKeys> {
    const stored = await this.source.load(slot.exchange, slot.keys?.fetchedUs);
    if (stored !== undefined) {
      slot.keys = stored;
      const usable = this.usableKeys(slot);
      if (usable !== undefined) return usable;
    }
    return this.download(slot);
  }

  private async download(slot: ExchangeSlot): Promise<ExchangeKeys> {
    slot.lastDownloadUs = this.clock.nowUs();
    try {
      slot.keys = await this.source.download(slot.exchange);
    } catch (error) {
      slot.failuresInRow += 1;
      if (error instanceof TalerError) slot.lastFailure = { atUs: this.clock.nowUs(), error };
      throw error;
    }
    slot.lastFailure = undefined;
    slot.failuresInRow = 0;
    return slot.keys;
  }

  /** One timer per exchange: at the expiration of good keys, with growing pauses while there are none. */
  private planRefresh(slot: ExchangeSlot): void {
    clearTimeout(slot.timer);
    if (this.stopped) return;
    const delayMs = this.refreshDelayMs(slot);
    slot.nextUpdateUs = this.clock.nowUs() + BigInt(Math.round(delayMs)) * 1000n;
    slot.timer = setTimeout(() => this.updateInBackground(slot), delayMs);
    slot.timer.unref();
  }

  private refreshDelayMs(slot: ExchangeSlot): number {
    const untilExpiryMs =
      slot.keys === undefined ? 0 : Number((slot.keys.expiresUs - this.clock.nowUs()) / 1000n);
    const backOffMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(slot.failuresInRow, 20), RETRY_LAST_MS);
    const delayMs = Math.min(Math.max(untilExpiryMs, backOffMs), REFRESH_SLEEP_MAX_MS);
    // Up to a tenth later, so that the processes of one machine do not ask all at once.
    return delayMs * (1 + Math.random() / 10);
  }

  private isWithin(spanUs: bigint, sinceUs: bigint): boolean {
    const elapsedUs = this.clock.nowUs() - sinceUs;
    return elapsedUs >= 0n && elapsedUs < spanUs;
  }

  private async waitFor(
    slot: ExchangeSlot,
    flight: Promise<ExchangeKeys>,
    waitMs: number,
  ): Promise<ExchangeKeys> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(exchangeTimeout(slot.exchange, 'keys')), waitMs);
    });
    try {
      return await Promise.race([flight, patience]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof TalerError) return `${error.code} ${error.detail ?? ''}`.trim();
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
