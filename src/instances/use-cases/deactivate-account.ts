import { Injectable } from '@nestjs/common';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { unknownAccount } from '../accounts/account-hash';
import type { Instance } from '../instance';
import { InstancesRepository } from '../instances.repository';

/** `DELETE private/accounts/$H_WIRE` (management.md 6.6): the row stays, old contracts and KYC still need it. */
@Injectable()
export class DeactivateAccount {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
  ) {}

  /** @throws TalerError 2022 when the instance has no such account, or it is inactive already */
  async run(instance: Instance, hWire: Buffer): Promise<void> {
    await this.transactor.run('deactivate-account', async (tx) => {
      const account = await this.instances.lockAccountByHash(tx, instance.serial, hWire);
      if (!account?.active) throw unknownAccount(hWire);
      await this.instances.updateAccount(tx, account.serial, { active: false });
      tx.afterCommit(() => this.bus.publish(instanceTopic(instance.id)));
    });
  }
}
