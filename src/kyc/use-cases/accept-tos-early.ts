import { Injectable } from '@nestjs/common';
import { ExchangeDirectory } from '../../exchange/exchange-directory';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { EventBus } from '../../platform/events/event-bus';
import { kycTopic } from '../../platform/events/topics';
import { EarlyTosRepository } from '../early-tos.repository';
import { requireTrusted } from './get-auth-instructions';

/** `POST private/accept-tos-early` (management.md 6.8): terms that were accepted before any KYC; the latest count. */
@Injectable()
export class AcceptTosEarly {
  constructor(
    private readonly exchanges: ExchangeDirectory,
    private readonly earlyTos: EarlyTosRepository,
    private readonly bus: EventBus,
    private readonly clock: Clock,
  ) {}

  /** @throws TalerError 2025 when the exchange is not configured */
  async run(instance: Instance, request: { exchange_url: string; tos_version: string }): Promise<void> {
    const { baseUrl } = requireTrusted(this.exchanges, request.exchange_url);
    await this.earlyTos.save({
      instanceSerial: instance.serial,
      exchangeUrl: baseUrl,
      tosVersion: request.tos_version,
      acceptedUs: this.clock.nowUs(),
    });
    this.bus.publish(kycTopic(instance.serial));
  }
}
