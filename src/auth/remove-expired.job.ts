import { Injectable, OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs';
import { RateLimiter } from './rate-limiter';
import { TokensRepository } from './tokens.repository';

/** Each minute: removes tokens that open nothing any more, and counts that limit nothing. */
@Injectable()
export class RemoveExpiredJob implements OnModuleInit {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly limiter: RateLimiter,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute('remove-expired-tokens', () => this.run());
  }

  async run(): Promise<void> {
    await this.tokens.deleteExpired(this.clock.nowUs());
    await this.limiter.removeEnded();
  }
}
