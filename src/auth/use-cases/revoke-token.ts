import { Injectable } from '@nestjs/common';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { tokenTopic } from '../../platform/events/topics';
import { Credential, unauthorized } from '../authenticator';
import { TokensRepository } from '../tokens.repository';

/** `DELETE private/token` (management.md 2.4): the presented token opens nothing any more. */
@Injectable()
export class RevokeToken {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
  ) {}

  /** @throws TalerError 2015 for the operator's token, which is configuration: it is revoked there */
  async run(held: Credential): Promise<void> {
    if (held.instanceSerial === undefined) throw unauthorized();
    await this.transactor.run('revoke-token', async (tx) => {
      await this.tokens.deleteByHash(tx, held.tokenHash);
      tx.afterCommit(() => this.bus.publish(tokenTopic(held.tokenHash)));
    });
  }
}
