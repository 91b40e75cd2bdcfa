import { Injectable } from '@nestjs/common';
import { TokenMint } from '../../auth/token-mint';
import { TokensRepository } from '../../auth/tokens.repository';
import { hashPassword } from '../../crypto/password-hash';
import type { ChangeAuthDto } from '../../instances/dto/instance.dto';
import { canonicalInstanceId } from '../../instances/instance-directory';
import { InstancesRepository } from '../../instances/instances.repository';
import { passwordOf } from '../../instances/password';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { ALL_TOKENS_TOPIC } from '../../platform/events/topics';
import { AskPermit, FREELY } from '../../platform/http/second-factor';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

/** `POST management/instances/$ID/auth` and `POST private/auth` (management.md 4.6): a new password. */
@Injectable()
export class ChangeAuth {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly tokens: TokensRepository,
    private readonly mint: TokenMint,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
  ) {}

  /**
   * Whoever held a token of the instance has to log in again, but for the one who asks (management.md 2.7).
   * @param instanceId as in the URL
   * @param usedToken hash of the token with which the request came, if any
   * @throws TalerError 2602 when the object holds no password, 2000 and 2016 for an instance that is not there any more
   */
  async run(
    instanceId: string,
    auth: ChangeAuthDto,
    usedToken?: Buffer,
    askPermit: AskPermit = FREELY,
  ): Promise<void> {
    const text = passwordOf(auth, TalerCode.MERCHANT_PRIVATE_POST_INSTANCE_AUTH_BAD_AUTH);
    const permit = await askPermit();
    const password = await hashPassword(text);
    await this.transactor.run('change-auth', async (tx) => {
      const stored = await this.instances.lockById(tx, canonicalInstanceId(instanceId));
      if (!stored) throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN, { detail: instanceId });
      if (stored.deletedUs !== null) {
        throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_DELETED, { detail: instanceId });
      }
      await permit.use(tx);
      await this.instances.update(tx, stored.serial, {
        passwordSalt: password.salt,
        passwordHash: password.hash,
      });
      await this.tokens.deleteOfInstance(tx, BigInt(stored.serial), usedToken);
      await this.mint.mintFromPassword(tx, BigInt(stored.serial), auth);
      tx.afterCommit(() => this.bus.publish(ALL_TOKENS_TOPIC));
    });
  }
}
