import { Global, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { InstancesModule } from '../instances/instances.module';
import { SecondFactor } from '../platform/http/second-factor';
import { ChallengeLimits } from './challenge-limits';
import { ChallengesController } from './challenges.controller';
import { ChallengesRepository } from './challenges.repository';
import { CodeSender } from './delivery/code-sender';
import { ListedChallenges } from './listed-challenges';
import { RemoveChallengesJob } from './remove-challenges.job';
import { TwoFactor } from './two-factor';
import { ConfirmChallenge } from './use-cases/confirm-challenge';
import { SendCode } from './use-cases/send-code';

/**
 * Two-factor authentication. Global, so that features below it ask through the platform's SecondFactor and import
 * nothing of it.
 */
@Global()
@Module({
  imports: [AuthModule, InstancesModule],
  controllers: [ChallengesController],
  providers: [
    ChallengesRepository,
    ChallengeLimits,
    ListedChallenges,
    CodeSender,
    SendCode,
    ConfirmChallenge,
    RemoveChallengesJob,
    { provide: SecondFactor, useClass: TwoFactor },
  ],
  exports: [SecondFactor],
})
export class MfaModule {}
