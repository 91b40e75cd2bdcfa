import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { Transactor } from '../../platform/database/transactor';
import { AskPermit, FREE, FREELY } from '../../platform/http/second-factor';
import { malformedField } from '../../platform/http/malformed';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { DAY_US } from '../../taler/timestamp';
import type { Credential } from '../authenticator';
import type { LoginTokenRequest } from '../dto';
import { IssuedToken, TokenMint } from '../token-mint';
import { isSubset, isTokenScope, TokenScope } from '../token-scopes';

const REFRESHABLE = ':refreshable';

/** `POST private/token` (management.md 2.3): a token for a password, or for a refreshable token. */
@Injectable()
export class IssueToken {
  constructor(
    private readonly mint: TokenMint,
    private readonly transactor: Transactor,
  ) {}

  /**
   * @param held the token of this instance that was shown; undefined: the password was
   * @param askPermit asked when the password was shown
   * @throws TalerError 16 when the scope is wider than the presented token's, or the token cannot be refreshed
   */
  async run(
    instance: Instance,
    held: Credential | undefined,
    request: LoginTokenRequest,
    askPermit: AskPermit = FREELY,
  ): Promise<IssuedToken> {
    const wanted = scopeOf(request);
    if (held) requireRefresh(held, wanted.scope);
    const duration = request.duration ?? DAY_US;
    if (duration <= 0n) {
      throw malformedField('duration', 'must be longer than zero');
    }
    // A refresh is never challenged (management.md 2.3).
    const permit = held ? FREE : await askPermit();
    return this.transactor.run('issue-token', async (tx) => {
      await permit.use(tx);
      return this.mint.mint(tx, {
        instanceSerial: instance.serial,
        ...wanted,
        duration,
        description: request.description,
      });
    });
  }
}

/** The operator may have any token of the admin instance: he could set its password. */
function requireRefresh(held: Credential, wanted: TokenScope): void {
  const isOperator = held.instanceSerial === undefined;
  if (isOperator || (held.refreshable && isSubset(wanted, held.scope))) return;
  throw new TalerError(TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT, { detail: 'token-refresh' });
}

function scopeOf(request: LoginTokenRequest): { scope: TokenScope; refreshable: boolean } {
  const suffixed = request.scope.endsWith(REFRESHABLE);
  const scope = suffixed ? request.scope.slice(0, -REFRESHABLE.length) : request.scope;
  if (!isTokenScope(scope)) throw malformedField('scope', 'must be a scope');
  return { scope, refreshable: suffixed || request.refreshable === true };
}
