import { Injectable } from '@nestjs/common';
import { TokensRepository } from '../../auth/tokens.repository';
import { canonicalInstanceId } from '../../instances/instance-directory';
import { InstancesRepository } from '../../instances/instances.repository';
import { Clock } from '../../platform/clock';
import { AppConfig } from '../../platform/config/config';
import { Transactor } from '../../platform/database/transactor';
import type { Tx } from '../../platform/database/tx';
import { EventBus } from '../../platform/events/event-bus';
import { ALL_TOKENS_TOPIC, instanceTopic } from '../../platform/events/topics';
import { AskPermit, FREELY } from '../../platform/http/second-factor';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { Obligations } from '../obligations';

/** `DELETE management/instances/$ID` and `DELETE private` (management.md 4.9). */
@Injectable()
export class DeleteInstance {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly tokens: TokensRepository,
    private readonly obligations: Obligations,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly bus: EventBus,
    private readonly config: AppConfig,
  ) {}

  /**
   * Deleting erases the private key and revokes all tokens; everything else stays for those who bought something.
   * Purging removes every row, and the id can be used again. Unpaid offers are no obstacle, as at the reference.
   * @param instanceId as in the URL
   * @throws TalerError 2000 for an unknown instance, and for one that is deleted already unless it is to be purged;
   *   2625 while a payment is in hand, and when a paid contract must be kept for the tax office
   */
  async run(instanceId: string, { purge }: { purge: boolean }, askPermit: AskPermit = FREELY): Promise<void> {
    const id = canonicalInstanceId(instanceId);
    const permit = await askPermit();
    // Deleted first, in a commit of its own: nobody pays or orders while millions of rows are being removed.
    await this.transactor.run('delete-instance', async (tx) => {
      const stored = await this.instances.lockById(tx, id);
      if (!stored || (stored.deletedUs !== null && !purge)) throw unknown(instanceId);
      await this.requireNoObligation(tx, id, stored.serial, purge);
      await permit.use(tx);
      await this.instances.update(tx, stored.serial, {
        deletedUs: stored.deletedUs ?? this.clock.nowUs(),
        privateKey: null,
      });
      await this.tokens.deleteOfInstance(tx, BigInt(stored.serial));
      this.announce(tx, id);
    });
    if (purge) await this.purge(id);
  }

  private async purge(id: string): Promise<void> {
    await this.transactor.run('purge-instance', async (tx) => {
      const stored = await this.instances.lockById(tx, id);
      // Somebody else has purged it, and may have created it anew.
      if (!stored || stored.deletedUs === null) return;
      // A payment that was on its way when the instance was deleted may have been completed since.
      await this.requireNoObligation(tx, id, stored.serial, true);
      await this.instances.purge(tx, stored.serial);
      this.announce(tx, id);
    });
  }

  /**
   * Without its key the outcome of a payment can never be found out; whoever purges gives that up, but does not forget
   * what an exchange accepts this very moment.
   */
  private async requireNoObligation(tx: Tx, id: string, serial: string, purge: boolean): Promise<void> {
    if (await this.obligations.hasPaymentsInHand(tx, serial, { onlyUnderWay: purge })) {
      throw obliged(`${id}: a payment is on its way`);
    }
    const { taxRecordPreservation } = this.config;
    if (!purge || taxRecordPreservation <= 0n) return;
    const since = this.clock.nowUs() - taxRecordPreservation;
    if (await this.obligations.hasPaidSince(tx, serial, since)) {
      throw obliged(`${id}: its paid contracts must be kept`);
    }
  }

  private announce(tx: Tx, id: string): void {
    tx.afterCommit(() => {
      this.bus.publish(instanceTopic(id));
      this.bus.publish(ALL_TOKENS_TOPIC);
    });
  }
}

/** The docs name a code of its own for it, which the registry does not have (management.md 4.9). */
function obliged(detail: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_PRIVATE_PATCH_INSTANCES_PURGE_REQUIRED, { detail });
}

function unknown(id: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN, { detail: id });
}
