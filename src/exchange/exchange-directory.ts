import { Injectable } from '@nestjs/common';
import { AppConfig } from '../platform/config/config';

/** An exchange this backend is configured to do business with. */
export interface TrustedExchange {
  /** Normalised: lower-case host, no default port, final slash. */
  readonly baseUrl: string;
  /** Ed25519 key of the operator, 32 bytes; /keys must be signed by it. */
  readonly masterPub: Buffer;
  readonly currency: string;
}

/**
 * Brings a base URL into the one form in which exchanges are compared: scheme and host in lower case, default port
 * dropped, final slash added (conventions.md 5.9). `undefined` for what cannot be a base URL: another scheme than http
 * and https, credentials, query or fragment.
 */
export function normalizeBaseUrl(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  if (text.includes('?') || text.includes('#')) return undefined;
  return url.pathname.endsWith('/') ? url.href : `${url.href}/`;
}

/**
 * The exchanges of the configuration. Nothing else is ever called: an exchange named by a wallet is only a key to look
 * up here, so a wallet cannot make the backend send requests into its own network.
 */
@Injectable()
export class ExchangeDirectory {
  private readonly byUrl = new Map<string, TrustedExchange>();

  /** @throws Error when a configured base URL is none, or two entries mean the same exchange */
  constructor(config: AppConfig) {
    for (const { baseUrl, masterPub, currency } of config.exchanges) {
      const normalized = normalizeBaseUrl(baseUrl);
      if (normalized === undefined) throw new Error(`exchange base URL is not usable: ${baseUrl}`);
      if (this.byUrl.has(normalized)) throw new Error(`exchange is configured twice: ${normalized}`);
      this.byUrl.set(normalized, { baseUrl: normalized, masterPub, currency });
    }
  }

  /** The trusted exchange with this base URL, however it is spelt; `undefined` when it is not configured. */
  find(url: string): TrustedExchange | undefined {
    const normalized = normalizeBaseUrl(url);
    return normalized === undefined ? undefined : this.byUrl.get(normalized);
  }

  /** All trusted exchanges in the order of the configuration. */
  list(): readonly TrustedExchange[] {
    return [...this.byUrl.values()];
  }

  /** The trusted exchanges that deal in `currency`. */
  forCurrency(currency: string): readonly TrustedExchange[] {
    return this.list().filter((exchange) => exchange.currency === currency);
  }
}
