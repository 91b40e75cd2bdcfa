import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { InstanceScopeGuard } from '../instances/instance-scope.guard';
import { InstancesModule } from '../instances/instances.module';
import { Authenticator } from './authenticator';
import { PermissionGuard } from './permission.guard';
import { TokensController } from './tokens.controller';
import { TokensRepository } from './tokens.repository';
import { IssueToken } from './use-cases/issue-token';
import { RevokeToken } from './use-cases/revoke-token';

/** Who may do what. The two guards are global and run in this order, so no feature imports this module. */
@Module({
  imports: [InstancesModule],
  controllers: [TokensController],
  providers: [
    TokensRepository,
    Authenticator,
    IssueToken,
    RevokeToken,
    { provide: APP_GUARD, useClass: InstanceScopeGuard },
    { provide: APP_GUARD, useClass: PermissionGuard },
  ],
})
export class AuthModule {}
