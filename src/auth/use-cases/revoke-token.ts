import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { tokenTopic } from '../../platform/events/topics';
import { Authenticator, unauthorized } from '../authenticator';
import { TokensRepository } from '../tokens.repository';

/** `DELETE private/token` (management.md 2.4): the presented token opens nothing any more. */
@Injectable()
export class RevokeToken {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly tokens: TokensRepository,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
  ) {}

  /** @throws TalerError 2015 when there is no valid token of this instance to revoke */
  async run(instance: Instance, authorization: string | undefined): Promise<void> {
    const held = await this.authenticator.bearer(authorization);
    // The operator's token is configuration: it is revoked there.
    if (held.instanceSerial !== instance.serial) throw unauthorized();
    await this.transactor.run('revoke-token', async (tx) => {
      await this.tokens.deleteByHash(tx, held.tokenHash);
      tx.afterCommit(() => this.bus.publish(tokenTopic(held.tokenHash)));
    });
  }
}
