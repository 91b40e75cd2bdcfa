import { Body, Controller, Delete, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Credential } from '../auth/authenticator';
import { CurrentCredential } from '../auth/permission.guard';
import { ChangeAuthDto, CreateInstanceDto } from '../instances/dto/instance.dto';
import { RequireAdmin } from '../platform/http/permission';
import { queryYes, type RawQuery } from '../platform/http/query';
import { TOO_MANY_LOGINS } from '../platform/http/too-many';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, CREDENTIAL_ERRORS } from '../platform/openapi/answers';
import { YES_NO } from '../platform/openapi/named-schemas';
import { TalerCode } from '../taler/error-codes';
import { InstanceCreatedResponse } from './dto';
import { queryTokenValidity, VALIDITY_PARAMETER } from './first-token';
import { sendToken } from './send-token';
import { ChangeAuth } from './use-cases/change-auth';
import { CreateManagedInstance } from './use-cases/create-managed-instance';
import { DeleteInstance } from './use-cases/delete-instance';

/** `management/instances`: merchants come and go as the operator says (management.md 4.3, 4.6, 4.9). */
@ApiTags('Instances')
@Controller('management/instances')
export class ManagedInstancesController {
  constructor(
    private readonly createInstance: CreateManagedInstance,
    private readonly changeAuth: ChangeAuth,
    private readonly deleteInstance: DeleteInstance,
  ) {}

  @Post()
  @RequireAdmin('instances-write')
  @Operation({
    summary: 'Create an instance',
    good: {
      204: { description: 'created, or there already with the same configuration' },
      200: { description: 'the same, and the token that was asked for', body: InstanceCreatedResponse },
    },
    errors: [
      ...BODY_ERRORS,
      ...CREDENTIAL_ERRORS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_ALREADY_EXISTS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_PURGE_REQUIRED,
      TOO_MANY_LOGINS,
    ],
    query: [VALIDITY_PARAMETER],
  })
  async create(
    @Body() request: CreateInstanceDto,
    @Query() query: RawQuery,
    @Res() response: Response,
  ): Promise<void> {
    sendToken(response, await this.createInstance.run(request, queryTokenValidity(query)));
  }

  @Post(':id/auth')
  @RequireAdmin('instances-auth-write')
  @Operation({
    summary: 'Set the password of an instance',
    description: 'All login tokens of the instance are revoked, but for the one used.',
    good: { 204: { description: 'changed' } },
    errors: [
      ...BODY_ERRORS,
      ...CREDENTIAL_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCE_AUTH_BAD_AUTH,
      TOO_MANY_LOGINS,
    ],
  })
  async setAuth(
    @Param('id') id: string,
    @CurrentCredential() held: Credential,
    @Body() request: ChangeAuthDto,
  ): Promise<void> {
    await this.changeAuth.run(id, request, held.tokenHash);
  }

  @Delete(':id')
  @RequireAdmin('instances-write')
  @Operation({
    summary: 'Delete or purge an instance',
    description:
      'Deleting erases its private key and closes its doors; purging removes all that it ever had.',
    good: { 204: { description: 'done' } },
    errors: [
      ...CREDENTIAL_ERRORS,
      TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN,
      TalerCode.MERCHANT_PRIVATE_PATCH_INSTANCES_PURGE_REQUIRED,
    ],
    query: [
      { name: 'purge', description: 'yes: remove every row; the id can be used again', schema: YES_NO },
    ],
  })
  async remove(@Param('id') id: string, @Query() query: RawQuery): Promise<void> {
    await this.deleteInstance.run(id, { purge: queryYes(query, 'purge') });
  }
}
