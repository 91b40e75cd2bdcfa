import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { InstanceDirectory } from '../instances/instance-directory';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs';
import { LOG, type Log } from '../platform/observability/log';
import { Metrics } from '../platform/observability/metrics';
import { type OwedOrder, OwedCoinsRepository } from './owed-coins.repository';
import { ReturnCoins } from './use-cases/return-coins';

/** Orders looked into by one run; the rest waits for the next. */
const ORDERS_PER_RUN_MAX = 100;
/** No order is begun after this time: a silent exchange takes 15 s for each, and other jobs wait for their turn. */
const RUN_MS_MAX = 30_000;

/**
 * Each minute: brings back coins that no wallet asks for any more. The refund rows are the outbox: they are written before
 * an exchange is asked, so no further job row is needed (docs/adr/0007).
 */
@Injectable()
export class ReturnCoinsJob implements OnModuleInit {
  constructor(
    private readonly owed: OwedCoinsRepository,
    private readonly returnCoins: ReturnCoins,
    private readonly instances: InstanceDirectory,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute('return-coins', () => this.run());
  }

  /** Safe to run twice and in several processes at once: an exchange refunds a coin once. */
  async run(): Promise<void> {
    const endMs = performance.now() + RUN_MS_MAX;
    for (const order of await this.owed.find(this.clock.nowUs(), ORDERS_PER_RUN_MAX)) {
      if (performance.now() >= endMs) break;
      await this.returnOf(order);
    }
    this.metrics.owedCoins.set(await this.owed.count());
  }

  private async returnOf({ instanceId, orderId }: OwedOrder): Promise<void> {
    try {
      const errors = await this.returnCoins.run(await this.instances.get(instanceId), orderId);
      for (const { code } of errors)
        this.log.warn({ order_id: orderId, code }, 'a coin has not gone back yet');
    } catch (error) {
      // One order that cannot be settled must not keep the others waiting.
      this.log.error({ err: error, order_id: orderId }, 'giving coins back failed');
    }
  }
}
