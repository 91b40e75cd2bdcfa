import { Injectable } from '@nestjs/common';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import { hashPassword, PasswordHash } from '../../crypto/password-hash';
import { Clock } from '../../platform/clock';
import { isUniqueViolation } from '../../platform/database/pg-errors';
import { Transactor } from '../../platform/database/transactor';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { canonicalJson } from '../../taler/canonical-json';
import { TalerCode } from '../../taler/error-codes';
import type { JsonObject } from '../../taler/json';
import { TalerError } from '../../taler/taler-error';
import { AppConfig } from '../../platform/config/config';
import type { AuthConfigDto, CreateInstanceDto } from '../dto/create-instance.dto';
import type { Instance } from '../instance';
import { canonicalInstanceId } from '../instance-directory';
import { InstancesRepository, NewInstance } from '../instances.repository';

/** `POST /management/instances` (management.md 4.3): a new merchant with a key pair of its own. */
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
   * Creates the instance; an identical repeat changes nothing.
   * @throws TalerError 2600 when the id is taken by another configuration, 2603 when by a deleted instance,
   *   2601 for an authentication method that is not supported
   */
  async run(request: CreateInstanceDto): Promise<void> {
    const password = await hashPassword(passwordOf(request.auth));
    const entity = this.toEntity(request, password);
    try {
      await this.transactor.run('create-instance', async (tx) => {
        await this.instances.insert(tx, entity);
        tx.afterCommit(() => this.bus.publish(instanceTopic(entity.id)));
      });
    } catch (error) {
      if (!isUniqueViolation(error, 'instances_id_key')) throw error;
      await this.acceptRepeat(request, entity.id);
    }
  }

  private async acceptRepeat(request: CreateInstanceDto, id: string): Promise<void> {
    const existing = await this.instances.findById(id);
    if (existing?.deleted) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_PURGE_REQUIRED, { detail: id });
    }
    if (!existing || !this.isSameConfiguration(request, existing)) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_ALREADY_EXISTS, { detail: id });
    }
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

  private toEntity(request: CreateInstanceDto, password: PasswordHash): NewInstance {
    const key = this.keys.generate();
    return {
      id: canonicalInstanceId(request.id),
      name: request.name,
      email: request.email ?? null,
      phoneNumber: request.phone_number ?? null,
      website: request.website ?? null,
      logo: request.logo || null,
      address: JSON.stringify(request.address),
      jurisdiction: JSON.stringify(request.jurisdiction),
      useStefan: request.use_stefan,
      defaultPayDelayUs: request.default_pay_delay ?? null,
      defaultRefundDelayUs: request.default_refund_delay ?? null,
      defaultWireTransferDelayUs: request.default_wire_transfer_delay ?? null,
      defaultWireTransferRoundingInterval: request.default_wire_transfer_rounding_interval ?? null,
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

function toJson(dto: object): JsonObject {
  return JSON.parse(JSON.stringify(dto)) as JsonObject;
}

/** The password of an `auth` object, old forms included (management.md 2.1). */
function passwordOf(auth: AuthConfigDto): string {
  if (auth.method === 'token' && auth.password !== undefined) return auth.password;
  if (auth.method === 'token' && auth.token !== undefined) return auth.token.slice('secret-token:'.length);
  throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH, {
    detail: 'auth: must be {"method":"token","password":…}',
    extra: { field: 'auth' },
  });
}
