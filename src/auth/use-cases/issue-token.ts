import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { isPassword } from '../../crypto/password-hash';
import type { Instance } from '../../instances/instance';
import { canonicalInstanceId } from '../../instances/instance-directory';
import { InstancesRepository } from '../../instances/instances.repository';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import { encodeBase32 } from '../../taler/base32';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { addRelative, DAY_US, floorToSecond, Timestamp } from '../../taler/timestamp';
import { Authenticator, hashToken, unauthorized } from '../authenticator';
import type { LoginTokenRequest } from '../dto';
import { isSubset, isTokenScope, TokenScope } from '../token-scopes';
import { TokensRepository } from '../tokens.repository';

const TOKEN_BYTES = 32;
const REFRESHABLE = ':refreshable';

export interface IssuedToken {
  readonly accessToken: string;
  readonly scope: TokenScope;
  readonly expiration: Timestamp;
  readonly refreshable: boolean;
}

/** `POST private/token` (management.md 2.3): a token for a password, or for a refreshable token. */
@Injectable()
export class IssueToken {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly instances: InstancesRepository,
    private readonly tokens: TokensRepository,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
  ) {}

  /**
   * @param authorization HTTP Basic with the instance's id and password, or Bearer with a refreshable token
   * @throws TalerError 2015 for a bad credential, 16 when the scope is wider than the presented token's
   */
  async run(
    instance: Instance,
    authorization: string | undefined,
    request: LoginTokenRequest,
  ): Promise<IssuedToken> {
    const wanted = scopeOf(request);
    if (/^Basic /i.test(authorization ?? '')) await this.checkPassword(instance, authorization as string);
    else await this.checkRefresh(instance, authorization, wanted.scope);

    const now = floorToSecond(this.clock.nowUs());
    const duration = request.duration ?? DAY_US;
    if (duration <= 0n) {
      throw new TalerError(TalerCode.GENERIC_PARAMETER_MALFORMED, {
        detail: 'duration: must be longer than zero',
        extra: { field: 'duration' },
      });
    }
    const accessToken = `secret-token:${encodeBase32(randomBytes(TOKEN_BYTES))}`;
    const expiration = floorToSecond(addRelative(now, duration));
    await this.transactor.run('issue-token', (tx) =>
      this.tokens.insert(tx, {
        instanceSerial: instance.serial,
        tokenHash: hashToken(accessToken),
        scope: wanted.scope,
        refreshable: wanted.refreshable,
        description: request.description ?? null,
        createdUs: now,
        expiresUs: expiration,
      }),
    );
    return { accessToken, ...wanted, expiration };
  }

  private async checkPassword(instance: Instance, authorization: string): Promise<void> {
    const decoded = Buffer.from(authorization.slice('Basic '.length).trim(), 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    const stored = await this.instances.findPassword(instance.serial);
    const isUser = canonicalInstanceId(decoded.slice(0, colon)) === instance.id;
    // The password is hashed whether or not the name fits, so that the time tells nothing.
    const matches = stored !== undefined && (await isPassword(decoded.slice(colon + 1), stored));
    // scrypt takes a password for the same with NULs behind it, since HMAC pads its key with them.
    const hasNul = decoded.includes('\0');
    if (colon < 0 || !isUser || !matches || hasNul || instance.deleted) throw unauthorized();
  }

  private async checkRefresh(instance: Instance, authorization: string | undefined, wanted: TokenScope) {
    const held = await this.authenticator.bearer(authorization);
    const isOperator = held.instanceSerial === undefined && instance.id === 'admin';
    if (!isOperator && held.instanceSerial !== instance.serial) throw unauthorized();
    if (!isOperator && (!held.refreshable || !isSubset(wanted, held.scope))) {
      throw new TalerError(TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT, { detail: 'token-refresh' });
    }
  }
}

function scopeOf(request: LoginTokenRequest): { scope: TokenScope; refreshable: boolean } {
  const suffixed = request.scope.endsWith(REFRESHABLE);
  const scope = suffixed ? request.scope.slice(0, -REFRESHABLE.length) : request.scope;
  if (!isTokenScope(scope)) throw new TalerError(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: 'scope' });
  return { scope, refreshable: suffixed || request.refreshable === true };
}
