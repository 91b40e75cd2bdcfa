import { timestampFromMs, type Timestamp } from '../../src/taler/timestamp';
import type { ExchangeKeys } from './exchange-keys';
import type { HttpClient } from './http-client';
import type { StateStore } from './state-store';

/** What every part of the wallet works with. */
export interface WalletContext {
  readonly http: HttpClient;
  readonly store: StateStore;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Verified keys by base URL, for KEYS_CACHE_MS. One entry per exchange that was asked. */
  readonly keysCache: Map<string, { readonly keys: ExchangeKeys; readonly untilMs: number }>;
}

export function nowUs(context: WalletContext): Timestamp {
  return timestampFromMs(context.nowMs());
}
