import { Injectable } from '@nestjs/common';
import { IssuedToken, TokenMint } from '../auth/token-mint';
import type { AuthConfigDto } from '../instances/dto/instance.dto';
import { Transactor } from '../platform/database/transactor';
import { queryInteger, RawQuery } from '../platform/http/query';
import type { QueryParameter } from '../platform/openapi/answers';
import type { RelativeTime } from '../taler/timestamp';

/** Beyond 2^53 microseconds JSON could not say when the token expires. */
const VALIDITY_MS_MAX = 9_007_199_254_740n;

export const VALIDITY_PARAMETER: QueryParameter = {
  name: 'token_validity_ms',
  description: 'milliseconds for which a login token of the new instance is wanted; 0 or absent: none',
  schema: { type: 'integer', minimum: 0, maximum: Number(VALIDITY_MS_MAX) },
};

/** The validity that a query asks for in microseconds; undefined: no token is wanted. */
export function queryTokenValidity(query: RawQuery): RelativeTime | undefined {
  const bounds = { minimum: 0n, maximum: VALIDITY_MS_MAX };
  const milliseconds = queryInteger(query, VALIDITY_PARAMETER.name, bounds);
  return milliseconds ? milliseconds * 1000n : undefined;
}

/** The token with which the back office goes on after an instance was created (management.md 2.2, 4.2). */
@Injectable()
export class FirstToken {
  constructor(
    private readonly mint: TokenMint,
    private readonly transactor: Transactor,
  ) {}

  /** @param duration undefined: none is wanted */
  async issue(instanceSerial: bigint, duration: RelativeTime | undefined): Promise<IssuedToken | undefined> {
    if (duration === undefined) return undefined;
    const wish = { instanceSerial, scope: 'spa', refreshable: true, duration } as const;
    return this.transactor.run('first-token', (tx) => this.mint.mint(tx, wish));
  }

  /** A password that was set in the form of before v19 is a token, too (management.md 2.1); done twice it is so once. */
  async issueFromPassword(instanceSerial: bigint, auth: AuthConfigDto): Promise<void> {
    if (auth.token === undefined) return;
    await this.transactor.run('password-token', (tx) => this.mint.mintFromPassword(tx, instanceSerial, auth));
  }
}
