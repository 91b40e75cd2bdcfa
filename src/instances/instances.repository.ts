import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { parsePayto } from '../taler/payto';
import type { JsonObject } from '../taler/json';
import { AppConfig, RoundingInterval } from '../platform/config/config';
import type { Tx } from '../platform/database/tx';
import { AccountEntity } from './accounts/account.entity';
import type { BankAccount, Instance } from './instance';
import { InstanceEntity } from './instance.entity';

export type NewInstance = Omit<InstanceEntity, 'serial'>;
export type NewAccount = Omit<AccountEntity, 'serial'>;

/** Questions about instances and their accounts. */
@Injectable()
export class InstancesRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /** @param id in lower case */
  async findById(id: string): Promise<Instance | undefined> {
    const entity = await this.dataSource.manager.findOneBy(InstanceEntity, { id });
    if (!entity) return undefined;
    const accounts = await this.dataSource.manager.find(AccountEntity, {
      where: { instanceSerial: BigInt(entity.serial) },
      order: { serial: 'ASC' },
    });
    return this.toInstance(entity, accounts);
  }

  async list(): Promise<Instance[]> {
    const entities = await this.dataSource.manager.find(InstanceEntity, { order: { serial: 'ASC' } });
    const accounts = await this.dataSource.manager.find(AccountEntity, { order: { serial: 'ASC' } });
    return entities.map((entity) =>
      this.toInstance(
        entity,
        accounts.filter((account) => account.instanceSerial === BigInt(entity.serial)),
      ),
    );
  }

  async findPassword(instanceSerial: bigint): Promise<{ salt: Buffer; hash: Buffer } | undefined> {
    const entity = await this.dataSource.manager.findOneBy(InstanceEntity, {
      serial: String(instanceSerial),
    });
    if (!entity?.passwordSalt || !entity.passwordHash) return undefined;
    return { salt: entity.passwordSalt, hash: entity.passwordHash };
  }

  /** @throws the unique violation `instances_id_key` when the id is taken */
  async insert(tx: Tx, instance: NewInstance): Promise<void> {
    await tx.manager.insert(InstanceEntity, instance);
  }

  /** @throws the unique violation `accounts_instance_payto_key` when the account was added before */
  async insertAccount(tx: Tx, account: NewAccount): Promise<void> {
    await tx.manager.insert(AccountEntity, account);
  }

  /** Locks the account with this payto, if there is one. */
  async lockAccountByPayto(
    tx: Tx,
    instanceSerial: bigint,
    paytoUri: string,
  ): Promise<AccountEntity | undefined> {
    const entity = await tx.manager.findOne(AccountEntity, {
      where: { instanceSerial, paytoUri },
      lock: { mode: 'pessimistic_write' },
    });
    return entity ?? undefined;
  }

  async updateAccount(tx: Tx, serial: string, changes: Partial<NewAccount>): Promise<void> {
    await tx.manager.update(AccountEntity, { serial }, changes);
  }

  private toInstance(entity: InstanceEntity, accounts: AccountEntity[]): Instance {
    const { config } = this;
    return {
      serial: BigInt(entity.serial),
      id: entity.id,
      name: entity.name,
      email: entity.email ?? undefined,
      phoneNumber: entity.phoneNumber ?? undefined,
      website: entity.website ?? undefined,
      logo: entity.logo ?? undefined,
      address: JSON.parse(entity.address) as JsonObject,
      jurisdiction: JSON.parse(entity.jurisdiction) as JsonObject,
      useStefan: entity.useStefan,
      merchantPub: entity.merchantPub,
      defaultPayDelay: entity.defaultPayDelayUs ?? config.defaultPayDelay,
      defaultRefundDelay: entity.defaultRefundDelayUs ?? config.defaultRefundDelay,
      defaultWireTransferDelay: entity.defaultWireTransferDelayUs ?? config.defaultWireTransferDelay,
      defaultWireTransferRoundingInterval:
        (entity.defaultWireTransferRoundingInterval as RoundingInterval | null) ??
        config.defaultWireTransferRoundingInterval,
      deleted: entity.deletedUs !== null,
      accounts: accounts.map(toAccount),
    };
  }
}

export function toAccount(entity: AccountEntity): BankAccount {
  return {
    serial: BigInt(entity.serial),
    paytoUri: entity.paytoUri,
    wireMethod: parsePayto(entity.paytoUri)?.method ?? '',
    salt: entity.salt,
    hWire: entity.hWire,
    active: entity.active,
    creditFacadeUrl: entity.creditFacadeUrl ?? undefined,
    extraWireSubjectMetadata: entity.extraWireSubjectMetadata ?? undefined,
  };
}
