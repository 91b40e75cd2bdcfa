import { Injectable, OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs';
import { ChallengesRepository } from './challenges.repository';

/** Each minute: removes challenges that nobody can solve or use any more, and the addresses in them. */
@Injectable()
export class RemoveChallengesJob implements OnModuleInit {
  constructor(
    private readonly challenges: ChallengesRepository,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute('remove-challenges', () => this.challenges.deleteExpired(this.clock.nowUs()));
  }
}
