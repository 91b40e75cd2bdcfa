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

/** What a valid token opens. */
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
  /** Counts revocations, so that a token that is read while one happens is not remembered. */
  private revocations = 0;

  constructor(
    private readonly tokens: TokensRepository,
    private readonly clock: Clock,
    config: AppConfig,
    bus: EventBus,
  ) {
    this.operatorHash = config.merchantToken === undefined ? undefined : hashToken(config.merchantToken);
    bus.subscribeKind('token', (topic) => {
      this.revocations++;
      const key = topic.slice('token:'.length);
      if (key === '') this.known.clear();
      else this.known.delete(key);
    });
  }

  /**
   * @param authorization the header's value
   * @param instanceSerial of the addressed instance, whose old-style password is a token, too (management.md 2.1)
   * @throws TalerError MERCHANT_GENERIC_UNAUTHORIZED when missing, malformed, unknown or expired
   */
  async bearer(authorization: string | undefined, instanceSerial?: bigint): Promise<Credential> {
    const match = /^Bearer +(secret-token:\S+)$/i.exec(authorization ?? '');
    if (!match?.[1]) throw unauthorized();
    const tokenHash = hashToken(match[1]);
    if (this.operatorHash && timingSafeEqual(tokenHash, this.operatorHash)) {
      return { instanceSerial: undefined, scope: 'all', refreshable: false, tokenHash };
    }
    const token = this.recall(tokenHash) ?? (await this.tryBoth(tokenHash, instanceSerial, match[1]));
    if (!token || token.expires <= this.clock.nowUs()) throw unauthorized();
    return token;
  }

  // Looked up by its hash: how long that takes tells nothing about the tokens themselves.
  private recall(tokenHash: Buffer): KnownToken | undefined {
    const known = this.known.get(keyOf(tokenHash));
    return known && known.rememberedUntilUs > this.clock.nowUs() ? known : undefined;
  }

  /** A token that is not remembered as such may be an old-style password: its hash is only made here. */
  private async tryBoth(
    tokenHash: Buffer,
    instanceSerial: bigint | undefined,
    token: string,
  ): Promise<KnownToken | undefined> {
    if (instanceSerial === undefined) return this.lookUp([tokenHash]);
    const passwordHash = hashPasswordToken(instanceSerial, token);
    return this.recall(passwordHash) ?? this.lookUp([tokenHash, passwordHash]);
  }

  private async lookUp(hashes: readonly Buffer[]): Promise<KnownToken | undefined> {
    const { revocations } = this;
    const row = await this.tokens.findByHash(hashes);
    if (!row || !isTokenScope(row.scope)) {
      for (const tokenHash of hashes) this.known.delete(keyOf(tokenHash));
      return undefined;
    }
    const token: KnownToken = {
      instanceSerial: row.instanceSerial,
      scope: row.scope,
      refreshable: row.refreshable,
      tokenHash: row.tokenHash,
      expires: row.expiresUs,
      rememberedUntilUs: this.clock.nowUs() + TOKEN_MEMORY_US,
    };
    if (revocations === this.revocations) this.remember(token);
    return token;
  }

  private remember(token: KnownToken): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= TOKENS_MAX && oldest !== undefined) this.known.delete(oldest);
    this.known.set(keyOf(token.tokenHash), token);
  }
}

function keyOf(tokenHash: Buffer): string {
  return tokenHash.toString('base64');
}

/** Tokens hold 256 random bits, so one round of SHA-256 is all their hash needs. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/**
 * The hash of an old-style password that is shown as token. It was chosen by people: two instances may have the same
 * one, which their rows do not tell.
 * @param token with the prefix `secret-token:`
 */
export function hashPasswordToken(instanceSerial: bigint, token: string): Buffer {
  return hash('sha256', `password ${instanceSerial} ${token}`, 'buffer');
}

export function unauthorized(): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_UNAUTHORIZED);
}
