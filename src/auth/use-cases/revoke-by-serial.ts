import { Injectable } from '@nestjs/common';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { tokenTopic } from '../../platform/events/topics';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { TokensRepository } from '../tokens.repository';

/** `DELETE private/tokens/$SERIAL` (management.md 2.6): also the token of the request itself. */
@Injectable()
export class RevokeBySerial {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
  ) {}

  /** @throws TalerError 2042 when the instance has no such token */
  async run(instanceSerial: bigint, serial: bigint): Promise<void> {
    await this.transactor.run('revoke-by-serial', async (tx) => {
      const tokenHash = await this.tokens.deleteBySerial(tx, instanceSerial, serial);
      if (!tokenHash) {
        throw new TalerError(TalerCode.MERCHANT_GENERIC_ACCESS_TOKEN_UNKNOWN, { detail: String(serial) });
      }
      tx.afterCommit(() => this.bus.publish(tokenTopic(tokenHash)));
    });
  }
}
