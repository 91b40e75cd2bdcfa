import { Injectable } from '@nestjs/common';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { unknownAccount } from '../accounts/account-hash';
import { CredentialVault } from '../accounts/credential-vault';
import { readCredentials, requireFacadeUrl } from '../accounts/facade-credentials';
import type { PatchAccountDto } from '../dto/account.dto';
import type { Instance } from '../instance';
import { InstancesRepository, NewAccount } from '../instances.repository';

/** `PATCH private/accounts/$H_WIRE` (management.md 6.3): a merge; what is absent is kept. */
@Injectable()
export class PatchAccount {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly vault: CredentialVault,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
  ) {}

  /** @throws TalerError 2022 when the instance has no such account, 26 for credentials without a URL */
  async run(instance: Instance, hWire: Buffer, request: PatchAccountDto): Promise<void> {
    const { credit_facade_credentials: wanted } = request;
    const credentials = readCredentials(wanted);
    await this.transactor.run('patch-account', async (tx) => {
      // Locked, so that of two changes at once none undoes the other's members.
      const account = await this.instances.lockAccountByHash(tx, instance.serial, hWire);
      if (!account) throw unknownAccount(hWire);
      requireFacadeUrl(request.credit_facade_url ?? account.creditFacadeUrl, credentials);
      const changes: Partial<NewAccount> = {
        creditFacadeUrl: request.credit_facade_url ?? account.creditFacadeUrl,
        extraWireSubjectMetadata: request.extra_wire_subject_metadata ?? account.extraWireSubjectMetadata,
        ...(wanted ? this.vault.seal(credentials, hWire) : {}),
      };
      await this.instances.updateAccount(tx, account.serial, changes);
      tx.afterCommit(() => this.bus.publish(instanceTopic(instance.id)));
    });
  }
}
