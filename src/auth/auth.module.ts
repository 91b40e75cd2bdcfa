import { Module } from '@nestjs/common';
import { InstancesModule } from '../instances/instances.module';
import { Authenticator } from './authenticator';
import { TokensController } from './tokens.controller';
import { TokensRepository } from './tokens.repository';
import { IssueToken } from './use-cases/issue-token';
import { RevokeToken } from './use-cases/revoke-token';

/** Who may do what. The guard that asks is registered globally (app.module.ts), so no feature imports this module. */
@Module({
  imports: [InstancesModule],
  controllers: [TokensController],
  providers: [TokensRepository, Authenticator, IssueToken, RevokeToken],
  exports: [Authenticator],
})
export class AuthModule {}
