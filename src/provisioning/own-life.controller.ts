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
  ) {}

  @Post('auth')
  @RequirePermission('instances-auth-write')
  @Operation({
    summary: 'Set the own password',
    description: 'All login tokens of the instance are revoked, but for the one used.',
    good: { 204: { description: 'changed' } },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCE_AUTH_BAD_AUTH,
      TOO_MANY_LOGINS,
    ],
  })
  async setAuth(
    @CurrentInstance() instance: Instance,
    @CurrentCredential() held: Credential,
    @Body() request: ChangeAuthDto,
  ): Promise<void> {
    await this.changeAuth.run(instance.id, request, held.tokenHash);
  }

  /** A deleted instance has no token any more, so that its own path answers 401; the admin's purges it (4.9). */
  @Delete()
  @AllowDeletedInstance()
  @RequirePermission('instances-write')
  @Operation({
    summary: 'Delete or purge the own instance',
    description:
      'Deleting erases its private key and closes its doors; purging removes all that it ever had.',
    good: { 204: { description: 'done' } },
    errors: [...TOKEN_ERRORS, ...INSTANCE_ERRORS, TalerCode.MERCHANT_PRIVATE_PATCH_INSTANCES_PURGE_REQUIRED],
    query: [
      { name: 'purge', description: 'yes: remove every row; the id can be used again', schema: YES_NO },
    ],
  })
  async remove(@CurrentInstance() instance: Instance, @Query() query: RawQuery): Promise<void> {
    await this.deleteInstance.run(instance.id, { purge: queryYes(query, 'purge') });
  }
}
