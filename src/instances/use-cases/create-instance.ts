import { Injectable } from '@nestjs/common';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import { hashPassword, isPassword, PasswordHash } from '../../crypto/password-hash';
import { Clock } from '../../platform/clock';
import { isUniqueViolation } from '../../platform/database/pg-errors';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { canonicalJson } from '../../taler/canonical-json';
import { TalerCode } from '../../taler/error-codes';
import type { JsonObject } from '../../taler/json';
import { TalerError } from '../../taler/taler-error';
import { FREE, Permit } from '../../platform/http/second-factor';
import { AppConfig } from '../../platform/config/config';
import type { CreateInstanceDto } from '../dto/instance.dto';
import type { Instance } from '../instance';
import { canonicalInstanceId } from '../instance-directory';
import { configurationColumns, delayColumns, requireAllowedPhone } from '../instance-configuration';
import { InstancesRepository, NewInstance } from '../instances.repository';
import { passwordOf } from '../password';

/** What became of a request to create an instance. */
export interface CreatedInstance {
  readonly serial: bigint;
  /** As it is stored: in lower case. */
  readonly id: string;
  /** False for an identical repeat. */
  readonly isNew: boolean;
}

/** A new merchant with a key pair of its own (management.md 4.2, 4.3). */
@Injectable()
export class CreateInstance {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly keys: InstanceKeys,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly bus: EventBus,
    private readonly config: AppConfig,
  ) {}

  /**
   * Creates the instance; an identical repeat changes nothing. `auth` is no part of the comparison: whoever has to know
   * the password asks `hasPassword`.
   * @param permit whose channels are the validated addresses of the new instance
   * @throws TalerError 2600 when the id is taken by another configuration, 2603 when by a deleted instance,
   *   2601 for an authentication method that is not supported, 26 for a phone number that is not allowed
   */
  async run(request: CreateInstanceDto, permit: Permit = FREE): Promise<CreatedInstance> {
    requireAllowedPhone(this.config, request);
    const password = await hashPassword(
      passwordOf(request.auth, TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH),
    );
    const entity = this.toEntity(request, password, permit);
    try {
      return await this.transactor.run('create-instance', async (tx) => {
        await permit.use(tx);
        const serial = await this.instances.insert(tx, entity);
        tx.afterCommit(() => this.bus.publish(instanceTopic(entity.id)));
        return { serial, id: entity.id, isNew: true };
      });
    } catch (error) {
      if (!isUniqueViolation(error, 'instances_id_key')) throw error;
      const { id } = entity;
      return (await this.findRepeat(request)) ?? taken(id);
    }
  }

  /** Whether the password of the request is that of the instance. */
  async hasPassword(instanceSerial: bigint, request: CreateInstanceDto): Promise<boolean> {
    const stored = await this.instances.findPassword(instanceSerial);
    const password = passwordOf(request.auth, TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH);
    return stored !== undefined && (await isPassword(password, stored));
  }

  /**
   * The instance that an identical request has created before; undefined: the id is free.
   * @throws TalerError 2600 and 2603 as `run`
   */
  async findRepeat(request: CreateInstanceDto): Promise<CreatedInstance | undefined> {
    const id = canonicalInstanceId(request.id);
    const existing = await this.instances.findById(id);
    if (!existing) return undefined;
    if (existing.deleted) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_PURGE_REQUIRED, { detail: id });
    }
    if (!this.isSameConfiguration(request, existing)) return taken(id);
    return { serial: existing.serial, id, isNew: false };
  }

  /** All fields but `auth` are compared, defaults filled in (management.md 4.3). */
  private isSameConfiguration(request: CreateInstanceDto, existing: Instance): boolean {
    const { config } = this;
    const wanted = [
      request.name,
      request.email ?? null,
      request.phone_number ?? null,
      request.website ?? null,
      request.logo || null,
      toJson(request.address),
      toJson(request.jurisdiction),
      request.use_stefan,
      String(request.default_pay_delay ?? config.defaultPayDelay),
      String(request.default_refund_delay ?? config.defaultRefundDelay),
      String(request.default_wire_transfer_delay ?? config.defaultWireTransferDelay),
      request.default_wire_transfer_rounding_interval ?? config.defaultWireTransferRoundingInterval,
    ];
    const stored = [
      existing.name,
      existing.email ?? null,
      existing.phoneNumber ?? null,
      existing.website ?? null,
      existing.logo ?? null,
      existing.address,
      existing.jurisdiction,
      existing.useStefan,
      String(existing.defaultPayDelay),
      String(existing.defaultRefundDelay),
      String(existing.defaultWireTransferDelay),
      existing.defaultWireTransferRoundingInterval,
    ];
    return canonicalJson(wanted) === canonicalJson(stored);
  }

  private toEntity(request: CreateInstanceDto, password: PasswordHash, permit: Permit): NewInstance {
    const key = this.keys.generate();
    return {
      id: canonicalInstanceId(request.id),
      ...configurationColumns(request),
      emailValidated: permit.channels.includes('email'),
      phoneValidated: permit.channels.includes('sms'),
      defaultPayDelayUs: null,
      defaultRefundDelayUs: null,
      defaultWireTransferDelayUs: null,
      defaultWireTransferRoundingInterval: null,
      ...delayColumns(request),
      merchantPub: key.publicKey,
      privateKey: key.privateKey,
      keyEncrypted: key.encrypted,
      passwordSalt: password.salt,
      passwordHash: password.hash,
      createdUs: this.clock.nowUs(),
      deletedUs: null,
    };
  }
}

function taken(id: string): never {
  throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_ALREADY_EXISTS, { detail: id });
}

function toJson(dto: object): JsonObject {
  return JSON.parse(JSON.stringify(dto)) as JsonObject;
}
