import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { AppConfig } from '../../platform/config/config';
import { isUniqueViolation } from '../../platform/database/pg-errors';
import { Transactor } from '../../platform/database/transactor';
import type { Tx } from '../../platform/database/tx';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { AskPermit, FREELY } from '../../platform/http/second-factor';
import { malformedField } from '../../platform/http/malformed';
import { TalerCode } from '../../taler/error-codes';
import { hashWire } from '../../taler/payto';
import { TalerError } from '../../taler/taler-error';
import type { AccountEntity } from '../accounts/account.entity';
import { requireAllowedAccount } from '../accounts/allowed-accounts';
import { CredentialVault } from '../accounts/credential-vault';
import { FacadeCredentials, readCredentials, requireFacadeUrl } from '../accounts/facade-credentials';
import { ACCOUNTS_MAX, AddAccountDto } from '../dto/account.dto';
import type { Instance } from '../instance';
import { InstancesRepository } from '../instances.repository';

const SALT_BYTES = 16;

/** `POST private/accounts` (management.md 6.2): salt and h_wire of an account are fixed when it is added. */
@Injectable()
export class AddAccount {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly vault: CredentialVault,
    private readonly transactor: Transactor,
    private readonly bus: EventBus,
    private readonly config: AppConfig,
  ) {}

  /**
   * Adds the account, takes an inactive one back into use, or repeats the answer for one that is there.
   * @throws TalerError 2627 when an active account with this payto has other facade data, 26 for an account that the
   *   server does not take, one too many, and credentials without a URL
   */
  async run(
    instance: Instance,
    request: AddAccountDto,
    askPermit: AskPermit = FREELY,
  ): Promise<{ hWire: Buffer; salt: Buffer }> {
    requireAllowedAccount(this.config, request.payto_uri);
    const facade = readFacade(request);
    const permit = await askPermit();
    const work = async (tx: Tx) => {
      await permit.use(tx);
      return this.addOrReuse(tx, instance, request.payto_uri, facade);
    };
    try {
      return await this.transactor.run('add-account', work);
    } catch (error) {
      // Two requests added the account at once: the loser finds the winner's row.
      if (!isUniqueViolation(error, 'accounts_instance_payto_key')) throw error;
      return await this.transactor.run('add-account', work);
    }
  }

  private async addOrReuse(tx: Tx, instance: Instance, paytoUri: string, facade: Facade) {
    tx.afterCommit(() => this.bus.publish(instanceTopic(instance.id)));
    const existing = await this.instances.lockAccountByPayto(tx, instance.serial, paytoUri);
    if (!existing) {
      await this.requireRoom(tx, instance);
      const salt = randomBytes(SALT_BYTES);
      const hWire = hashWire(paytoUri, salt);
      const key = { instanceSerial: instance.serial, paytoUri, salt, hWire };
      await this.instances.insertAccount(tx, { ...key, ...this.toColumns(facade, hWire), active: true });
      return { hWire, salt };
    }
    const { hWire, salt, serial } = existing;
    if (!existing.active) {
      await this.instances.updateAccount(tx, serial, { ...this.toColumns(facade, hWire), active: true });
    } else if (!this.hasFacade(existing, facade)) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_ACCOUNT_EXISTS, { detail: paytoUri });
    }
    return { hWire, salt };
  }

  /** Two requests at once may both find the last place: the limit guards memory, not money. */
  private async requireRoom(tx: Tx, instance: Instance): Promise<void> {
    if ((await this.instances.countAccounts(tx, instance.serial)) < ACCOUNTS_MAX) return;
    throw malformedField(
      'payto_uri',
      `must be one of the ${ACCOUNTS_MAX} accounts that the instance has already`,
    );
  }

  private toColumns(facade: Facade, hWire: Buffer) {
    const { credentials, ...columns } = facade;
    return { ...columns, ...this.vault.seal(credentials, hWire) };
  }

  private hasFacade(account: AccountEntity, facade: Facade): boolean {
    return (
      account.creditFacadeUrl === facade.creditFacadeUrl &&
      account.extraWireSubjectMetadata === facade.extraWireSubjectMetadata &&
      this.vault.holds(account, account.hWire, facade.credentials)
    );
  }
}

interface Facade extends Pick<AccountEntity, 'creditFacadeUrl' | 'extraWireSubjectMetadata'> {
  readonly credentials: FacadeCredentials | undefined;
}

function readFacade(request: AddAccountDto): Facade {
  const credentials = readCredentials(request.credit_facade_credentials);
  const creditFacadeUrl = request.credit_facade_url ?? null;
  requireFacadeUrl(creditFacadeUrl, credentials);
  const extraWireSubjectMetadata = request.extra_wire_subject_metadata ?? null;
  return { creditFacadeUrl, extraWireSubjectMetadata, credentials };
}
