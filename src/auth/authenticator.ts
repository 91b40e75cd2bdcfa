import { Injectable } from '@nestjs/common';
import { hash, timingSafeEqual } from 'node:crypto';
import { Clock } from '../platform/clock';
import { AppConfig } from '../platform/config/config';
import { EventBus } from '../platform/events/event-bus';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { Timestamp } from '../taler/timestamp';
import { isTokenScope, TokenScope } from './token-scopes';
import { TokensRepository } from './tokens.repository';

/** Tokens kept in memory; the one that was read longest ago makes room. */
const TOKENS_MAX = 10_000;
/** A revocation reaches every process by event; this bounds how long one could miss it. */
const TOKEN_MEMORY_US = 10_000_000n;

/** What a valid credential opens. */
export interface Credential {
  /** undefined: the configured token of the operator, good for the admin instance. */
  readonly instanceSerial: bigint | undefined;
  readonly scope: TokenScope;
  readonly refreshable: boolean;
  readonly tokenHash: Buffer;
}

interface KnownToken extends Credential {
  readonly expires: Timestamp;
  readonly rememberedUntilUs: bigint;
}

/** Tells what a bearer token opens (management.md 2.1, conventions.md 5.8). */
@Injectable()
export class Authenticator {
  private readonly known = new Map<string, KnownToken>();
  private readonly operatorHash: Buffer | undefined;

  constructor(
    private readonly tokens: TokensRepository,
    private readonly clock: Clock,
    config: AppConfig,
    bus: EventBus,
  ) {
    this.operatorHash = config.merchantToken === undefined ? undefined : hashToken(config.merchantToken);
    bus.subscribeKind('token', (topic) => {
      const key = topic.slice('token:'.length);
      if (key === '') this.known.clear();
      else this.known.delete(key);
    });
  }

  /**
   * @param authorization the header's value
   * @throws TalerError MERCHANT_GENERIC_UNAUTHORIZED when missing, malformed, unknown or expired
   */
  async bearer(authorization: string | undefined): Promise<Credential> {
    const match = /^Bearer +(secret-token:\S+)$/i.exec(authorization ?? '');
    if (!match?.[1]) throw unauthorized();
    const tokenHash = hashToken(match[1]);
    if (this.operatorHash && timingSafeEqual(tokenHash, this.operatorHash)) {
      return { instanceSerial: undefined, scope: 'all', refreshable: false, tokenHash };
    }
    const token = await this.lookUp(tokenHash);
    if (!token || token.expires <= this.clock.nowUs()) throw unauthorized();
    return token;
  }

  private async lookUp(tokenHash: Buffer): Promise<KnownToken | undefined> {
    // Looked up by its hash: how long that takes tells nothing about the tokens themselves.
    const key = tokenHash.toString('base64');
    const known = this.known.get(key);
    if (known && known.rememberedUntilUs > this.clock.nowUs()) return known;
    const row = await this.tokens.findByHash(tokenHash);
    if (!row || !isTokenScope(row.scope)) {
      this.known.delete(key);
      return undefined;
    }
    const token: KnownToken = {
      instanceSerial: row.instanceSerial,
      scope: row.scope,
      refreshable: row.refreshable,
      tokenHash,
      expires: row.expiresUs,
      rememberedUntilUs: this.clock.nowUs() + TOKEN_MEMORY_US,
    };
    const [oldest] = this.known.keys();
    if (this.known.size >= TOKENS_MAX && oldest !== undefined) this.known.delete(oldest);
    this.known.set(key, token);
    return token;
  }
}

/** Tokens hold 256 random bits, so one round of SHA-256 is all their hash needs. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

export function unauthorized(): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_UNAUTHORIZED);
}
