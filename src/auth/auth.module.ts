import { Module } from '@nestjs/common';
import { InstancesModule } from '../instances/instances.module';
import { Authenticator } from './authenticator';
import { LoginLimits } from './login-limits';
import { PasswordCheck } from './password-check';
import { RateLimiter } from './rate-limiter';
import { RemoveExpiredJob } from './remove-expired.job';
import { TokenListController } from './token-list.controller';
import { TokenMint } from './token-mint';
import { TokensController } from './tokens.controller';
import { TokensRepository } from './tokens.repository';
import { IssueToken } from './use-cases/issue-token';
import { ListTokens } from './use-cases/list-tokens';
import { RevokeBySerial } from './use-cases/revoke-by-serial';
import { RevokeToken } from './use-cases/revoke-token';

/** Who may do what. The guard that asks is registered globally (app.module.ts), so no feature of business imports this. */
@Module({
  imports: [InstancesModule],
  controllers: [TokensController, TokenListController],
  providers: [
    TokensRepository,
    TokenMint,
    RateLimiter,
    LoginLimits,
    PasswordCheck,
    Authenticator,
    IssueToken,
    RevokeToken,
    ListTokens,
    RevokeBySerial,
    RemoveExpiredJob,
  ],
  exports: [
    Authenticator,
    PasswordCheck,
    RateLimiter,
    TokenMint,
    TokensRepository,
    ListTokens,
    RevokeBySerial,
  ],
})
export class AuthModule {}
