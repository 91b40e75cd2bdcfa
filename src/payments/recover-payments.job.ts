import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs';
import { LOG, type Log } from '../platform/observability/log';
import { Metrics } from '../platform/observability/metrics';
import { AttemptsRepository } from './attempts.repository';
import { ResumeAttempt } from './use-cases/resume-attempt';

/** Attempts looked into by one run; the rest waits for the next. */
const ATTEMPTS_PER_RUN_MAX = 100;

/**
 * Each minute: finishes payments whose process died or whose exchange did not answer. The attempt rows are the outbox:
 * they were written before the first deposit, so no further job row is needed per payment (docs/adr/0004).
 */
@Injectable()
export class RecoverPaymentsJob implements OnModuleInit {
  constructor(
    private readonly attempts: AttemptsRepository,
    private readonly resumeAttempt: ResumeAttempt,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute('recover-payments', () => this.run());
  }

  /** Safe to run twice and in several processes at once. */
  async run(): Promise<void> {
    for (const attempt of await this.attempts.findOpen(this.clock.nowUs(), ATTEMPTS_PER_RUN_MAX)) {
      try {
        await this.resumeAttempt.run(attempt);
      } catch (error) {
        // One attempt that cannot be resumed must not keep the others waiting.
        this.log.error({ err: error, order_id: attempt.orderId }, 'resuming a payment failed');
      }
    }
    this.metrics.unresolvedPayments.set(await this.attempts.countOpen());
  }
}
