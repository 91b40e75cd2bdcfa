import { Injectable, OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs';
import { DAY_US } from '../taler/timestamp';
import { OrderErasureRepository } from './order-erasure.repository';

/** How long after its pay deadline a contract is kept out: a payment that came in time is finished within a day. */
const MARGIN_US = 2n * DAY_US;

/** Each minute: removes the ids of deleted orders, and the contracts let go of, that no wallet can pay any more. */
@Injectable()
export class RemoveHeldJob implements OnModuleInit {
  constructor(
    private readonly orders: OrderErasureRepository,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute('remove-held-orders', () =>
      this.orders.removeEnded(this.clock.nowUs() - MARGIN_US),
    );
  }
}
