import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../platform/clock';
import type { Tx } from '../platform/database/tx';
import { EventBus } from '../platform/events/event-bus';
import { tokenTopic } from '../platform/events/topics';
import { encodeBase32 } from '../taler/base32';
import { addRelative, floorToSecond, NEVER, RelativeTime, Timestamp } from '../taler/timestamp';
import { hashPasswordToken, hashToken } from './authenticator';
import type { TokenScope } from './token-scopes';
import { TokensRepository } from './tokens.repository';

const TOKEN_BYTES = 32;
/**
 * Tokens of one instance with the same scope; those that expire first make room. Counted per scope, so that whoever
 * holds a small one cannot push out the larger ones.
 */
export const TOKENS_PER_SCOPE_MAX = 1_000;
/** How the list of tokens names a password that old clients show as token. */
const PASSWORD_TOKEN_DESCRIPTION = 'the password, set as a token (before v19)';

export interface IssuedToken {
  readonly accessToken: string;
  readonly scope: TokenScope;
  readonly expiration: Timestamp;
  readonly refreshable: boolean;
}

/** What a new token is to be. */
export interface TokenWish {
  readonly instanceSerial: bigint;
  readonly scope: TokenScope;
  readonly refreshable: boolean;
  /** Longer than zero. */
  readonly duration: RelativeTime;
  readonly description?: string;
}

/** Makes login tokens; whether the asker may have one is judged by the caller. */
@Injectable()
export class TokenMint {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly clock: Clock,
    private readonly bus: EventBus,
  ) {}

  /** @returns the token itself, which is stored nowhere */
  async mint(tx: Tx, wish: TokenWish): Promise<IssuedToken> {
    const { instanceSerial, scope, refreshable } = wish;
    const now = floorToSecond(this.clock.nowUs());
    const accessToken = `secret-token:${encodeBase32(randomBytes(TOKEN_BYTES))}`;
    const expiration = floorToSecond(addRelative(now, wish.duration));
    // Room is made first: the new token may be the one that expires first.
    const surplus = await this.tokens.deleteSurplus(tx, instanceSerial, scope, TOKENS_PER_SCOPE_MAX - 1);
    await this.tokens.insert(tx, {
      instanceSerial,
      tokenHash: hashToken(accessToken),
      scope,
      refreshable,
      description: wish.description ?? null,
      createdUs: now,
      expiresUs: expiration,
    });
    tx.afterCommit(() => {
      for (const tokenHash of surplus) this.bus.publish(tokenTopic(tokenHash));
    });
    return { accessToken, scope, expiration, refreshable };
  }

  /**
   * Lets clients of before v19 go on: where the password was set as `auth.token`, that text is a bearer token, too
   * (management.md 2.1). Its hash is kept like that of any token, for scrypt at every request is beyond what a server
   * can bear; whoever sets passwords in the new form has none of it.
   * @param auth as the request had it
   */
  async mintFromPassword(
    tx: Tx,
    instanceSerial: bigint,
    auth: { password?: string; token?: string },
  ): Promise<void> {
    if (auth.password !== undefined || auth.token === undefined) return;
    await this.tokens.insertPasswordToken(tx, {
      instanceSerial,
      tokenHash: hashPasswordToken(instanceSerial, auth.token),
      description: PASSWORD_TOKEN_DESCRIPTION,
      createdUs: floorToSecond(this.clock.nowUs()),
      expiresUs: NEVER,
    });
  }
}
