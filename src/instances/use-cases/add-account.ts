import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { isUniqueViolation } from '../../platform/database/pg-errors';
import { Transactor } from '../../platform/database/transactor';
import type { Tx } from '../../platform/database/tx';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { ofCanonical } from '../../platform/http/canonical-field';
import { canonicalJson } from '../../taler/canonical-json';
import { TalerCode } from '../../taler/error-codes';
import { hashWire } from '../../taler/payto';
import { TalerError } from '../../taler/taler-error';
import type { AccountEntity } from '../accounts/account.entity';
import type { AddAccountDto } from '../dto/add-account.dto';
import type { Instance } from '../instance';
import { InstancesRepository } from '../instances.repository';

const SALT_BYTES = 16;

/** `POST private/accounts` (management.md 6.2): salt and h_wire of an account are fixed when it is added. */
@Injectable()
export class AddAccount {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
  ) {}

  /**
   * Adds the account, takes an inactive one back into use, or repeats the answer for one that is there.
   * @throws TalerError 2627 when an active account with this payto has other facade data
   */
  async run(instance: Instance, request: AddAccountDto): Promise<{ hWire: Buffer; salt: Buffer }> {
    const work = (tx: Tx) => this.addOrReuse(tx, instance, request);
    try {
      return await this.transactor.run('add-account', work);
    } catch (error) {
      // Two requests added the account at once: the loser finds the winner's row.
      if (!isUniqueViolation(error, 'accounts_instance_payto_key')) throw error;
      return await this.transactor.run('add-account', work);
    }
  }

  private async addOrReuse(tx: Tx, instance: Instance, request: AddAccountDto) {
    tx.afterCommit(() => this.bus.publish(instanceTopic(instance.id)));
    const facade = facadeOf(request);
    const existing = await this.instances.lockAccountByPayto(tx, instance.serial, request.payto_uri);
    if (!existing) {
      const salt = randomBytes(SALT_BYTES);
      const hWire = hashWire(request.payto_uri, salt);
      const key = { instanceSerial: instance.serial, paytoUri: request.payto_uri };
      await this.instances.insertAccount(tx, { ...key, salt, hWire, ...facade, active: true });
      return { hWire, salt };
    }
    if (!existing.active)
      await this.instances.updateAccount(tx, existing.serial, { ...facade, active: true });
    else if (!hasFacade(existing, facade)) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_ACCOUNT_EXISTS, { detail: request.payto_uri });
    }
    return { hWire: existing.hWire, salt: existing.salt };
  }
}

type Facade = Pick<AccountEntity, 'creditFacadeUrl' | 'creditFacadeCredentials' | 'extraWireSubjectMetadata'>;

function facadeOf(request: AddAccountDto): Facade {
  const { credit_facade_credentials: credentials } = request;
  // Canonical, so that a repeat compares equal however it is spelled.
  const spelled = credentials && ofCanonical('credit_facade_credentials', () => canonicalJson(credentials));
  return {
    creditFacadeUrl: request.credit_facade_url ?? null,
    creditFacadeCredentials: spelled ?? null,
    extraWireSubjectMetadata: request.extra_wire_subject_metadata ?? null,
  };
}

function hasFacade(account: AccountEntity, facade: Facade): boolean {
  return (
    account.creditFacadeUrl === facade.creditFacadeUrl &&
    account.creditFacadeCredentials === facade.creditFacadeCredentials &&
    account.extraWireSubjectMetadata === facade.extraWireSubjectMetadata
  );
}
