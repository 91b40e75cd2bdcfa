import { Body, Delete, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Credential } from '../auth/authenticator';
import { CurrentCredential } from '../auth/permission.guard';
import { ChangeAuthDto } from '../instances/dto/instance.dto';
import type { Instance } from '../instances/instance';
import { AllowDeletedInstance, CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { queryYes, type RawQuery } from '../platform/http/query';
import {
  CHALLENGE_ERRORS,
  CHALLENGE_HEADER,
  CHALLENGED,
  CurrentCall,
  OpenToUnvalidated,
  type ProtectedCall,
  SecondFactor,
} from '../platform/http/second-factor';
import { TOO_MANY_LOGINS } from '../platform/http/too-many';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { YES_NO } from '../platform/openapi/named-schemas';
import { TalerCode } from '../taler/error-codes';
import { ChangeAuth } from './use-cases/change-auth';
import { DeleteInstance } from './use-cases/delete-instance';

/** `private`: an instance about its own password and end (management.md 4.6, 4.9). */
@ApiTags('Instances')
@InstanceController('private')
export class OwnLifeController {
  constructor(
    private readonly changeAuth: ChangeAuth,
    private readonly deleteInstance: DeleteInstance,
    private readonly secondFactor: SecondFactor,
  ) {}

  @Post('auth')
  @OpenToUnvalidated()
  @RequirePermission('instances-auth-write')
  @Operation({
    summary: 'Set the own password',
    description: 'All login tokens of the instance are revoked, but for the one used.',
    good: { 204: { description: 'changed' }, ...CHALLENGED },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      ...CHALLENGE_ERRORS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCE_AUTH_BAD_AUTH,
      TOO_MANY_LOGINS,
    ],
    headers: [CHALLENGE_HEADER],
  })
  async setAuth(
    @CurrentInstance() instance: Instance,
    @CurrentCredential() held: Credential,
    @CurrentCall() call: ProtectedCall,
    @Body() request: ChangeAuthDto,
  ): Promise<void> {
    const askPermit = () => this.secondFactor.require('change-auth', instance.serial, call);
    await this.changeAuth.run(instance.id, request, held.tokenHash, askPermit);
  }

  /** A deleted instance has no token any more, so that its own path answers 401; the admin's purges it (4.9). */
  @Delete()
  @AllowDeletedInstance()
  @OpenToUnvalidated()
  @RequirePermission('instances-write')
  @Operation({
    summary: 'Delete or purge the own instance',
    description:
      'Deleting erases its private key and closes its doors; purging removes all that it ever had.',
    good: { 204: { description: 'done' }, ...CHALLENGED },
    errors: [
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      ...CHALLENGE_ERRORS,
      TalerCode.MERCHANT_PRIVATE_PATCH_INSTANCES_PURGE_REQUIRED,
    ],
    headers: [CHALLENGE_HEADER],
    query: [
      { name: 'purge', description: 'yes: remove every row; the id can be used again', schema: YES_NO },
    ],
  })
  async remove(
    @CurrentInstance() instance: Instance,
    @CurrentCall() call: ProtectedCall,
    @Query() query: RawQuery,
  ): Promise<void> {
    const askPermit = () => this.secondFactor.require('delete-instance', instance.serial, call);
    await this.deleteInstance.run(instance.id, { purge: queryYes(query, 'purge') }, askPermit);
  }
}
