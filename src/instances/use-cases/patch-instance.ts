import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../platform/config/config';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import type { PatchInstanceDto } from '../dto/instance.dto';
import { configurationColumns, delayColumns, requireAllowedPhone } from '../instance-configuration';
import { canonicalInstanceId } from '../instance-directory';
import { InstancesRepository } from '../instances.repository';

/** `PATCH management/instances/$ID` and `PATCH private` (management.md 4.8): the whole configuration anew. */
@Injectable()
export class PatchInstance {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
    private readonly config: AppConfig,
  ) {}

  /**
   * An absent member is none afterwards; an absent delay stays. A changed address has to be validated again.
   * @param instanceId as in the URL
   * @throws TalerError 2000 for an unknown instance, 2625 for a deleted one, 26 for a phone number that is not allowed
   */
  async run(instanceId: string, request: PatchInstanceDto): Promise<void> {
    requireAllowedPhone(this.config, request);
    const id = canonicalInstanceId(instanceId);
    await this.transactor.run('patch-instance', async (tx) => {
      const stored = await this.instances.lockById(tx, id);
      if (!stored) throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN, { detail: instanceId });
      if (stored.deletedUs !== null) {
        throw new TalerError(TalerCode.MERCHANT_PRIVATE_PATCH_INSTANCES_PURGE_REQUIRED, { detail: id });
      }
      const columns = configurationColumns(request);
      await this.instances.update(tx, stored.serial, {
        ...columns,
        emailValidated: stored.emailValidated && stored.email === columns.email,
        phoneValidated: stored.phoneValidated && stored.phoneNumber === columns.phoneNumber,
        ...delayColumns(request),
      });
      tx.afterCommit(() => this.bus.publish(instanceTopic(id)));
    });
  }
}
