import { Injectable } from '@nestjs/common';
import { isPassword } from '../crypto/password-hash';
import { WorkQueue } from '../crypto/work-queue';
import type { Instance } from '../instances/instance';
import { canonicalInstanceId } from '../instances/instance-directory';
import { InstancesRepository } from '../instances/instances.repository';
import { tooMany } from '../platform/http/too-many';
import { TalerCode } from '../taler/error-codes';
import { unauthorized } from './authenticator';
import { LoginLimits } from './login-limits';

interface NamedPassword {
  readonly user: string;
  readonly password: string;
}

/**
 * As many as hash at once. What waits is not counted yet: of twenty workers of a shop that start together with the right
 * password none is mistaken for a guesser.
 */
const LOGINS_AT_ONCE = 2;
/** Some five seconds of work, which is as long as a person waits. */
const LOGINS_WAITING_MAX = 200;
const BUSY_WAIT_S = 5;

/** Checks HTTP Basic, at the one endpoint that takes it (management.md 2.1). */
@Injectable()
export class PasswordCheck {
  private readonly queue = new WorkQueue(LOGINS_AT_ONCE, LOGINS_WAITING_MAX);

  constructor(
    private readonly instances: InstancesRepository,
    private readonly limits: LoginLimits,
  ) {}

  /**
   * @param address of the client, as clientAddress tells it
   * @throws TalerError 2015: with 401 for a wrong password, with 429 and Retry-After when there were too many of them
   */
  async check(instance: Instance, authorization: string, address: string): Promise<void> {
    const login = readBasic(authorization);
    if (!login) throw unauthorized();
    const isNamed = canonicalInstanceId(login.user) === instance.id && !instance.deleted;
    const isRight = await this.isRight(instance.serial, login.password, address, isNamed);
    if (!isRight) throw unauthorized();
  }

  /**
   * Whether this is the password; a wrong one counts as failure.
   * @param mayEnter false: it is a failure whatever the password; found out in the same time
   * @throws TalerError 2015 with 429 and Retry-After after too many failures, and when too many log in at once
   */
  async isRight(
    instanceSerial: bigint,
    password: string,
    address: string,
    mayEnter = true,
  ): Promise<boolean> {
    await this.limits.check(instanceSerial, address);
    return this.queue.run(
      () => this.attempt(instanceSerial, password, address, mayEnter),
      () => tooMany(TalerCode.MERCHANT_GENERIC_UNAUTHORIZED, BUSY_WAIT_S, 'too many logins at this moment'),
    );
  }

  private async attempt(
    instanceSerial: bigint,
    password: string,
    address: string,
    mayEnter: boolean,
  ): Promise<boolean> {
    const attempt = await this.limits.begin(instanceSerial, address);
    let isRight: boolean;
    try {
      const stored = await this.instances.findPassword(instanceSerial);
      isRight = (await isPassword(password, stored)) && mayEnter;
    } catch (error) {
      await attempt.notMade();
      throw error;
    }
    if (isRight) await attempt.succeeded();
    return isRight;
  }
}

/** undefined: not in the form of RFC 7617, nothing was guessed. */
function readBasic(authorization: string): NamedPassword | undefined {
  const encoded = /^Basic +(\S+) *$/i.exec(authorization)?.[1];
  const decoded = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
