import { Body, Delete, Headers, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { TakesCredential } from '../platform/http/permission';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { timestampToJson } from '../taler/timestamp';
import { LoginTokenRequest, LoginTokenSuccessResponse } from './dto';
import { IssueToken } from './use-cases/issue-token';
import { RevokeToken } from './use-cases/revoke-token';

/** `private/token`: the door to all other private endpoints (management.md 2). */
@ApiTags('Authentication')
@InstanceController('private/token')
export class TokensController {
  constructor(
    private readonly issueToken: IssueToken,
    private readonly revokeToken: RevokeToken,
  ) {}

  @Post()
  @TakesCredential('password', 'token')
  @Operation({
    summary: 'Obtain a login token',
    description: 'By password (HTTP Basic, user name = instance id), or by a refreshable token (Bearer).',
    good: { 200: { description: 'the token; it is shown this once', body: LoginTokenSuccessResponse } },
    errors: [...BODY_ERRORS, ...TOKEN_ERRORS, ...INSTANCE_ERRORS],
  })
  async issue(
    @CurrentInstance() instance: Instance,
    @Headers('authorization') authorization: string | undefined,
    @Body() request: LoginTokenRequest,
  ) {
    const issued = await this.issueToken.run(instance, authorization, request);
    return {
      token: issued.accessToken,
      access_token: issued.accessToken,
      scope: issued.scope,
      expiration: timestampToJson(issued.expiration),
      refreshable: issued.refreshable,
    };
  }

  @Delete()
  @TakesCredential('token')
  @Operation({
    summary: 'Revoke the presented token',
    good: { 204: { description: 'it opens nothing any more' } },
    errors: [TalerCode.MERCHANT_GENERIC_UNAUTHORIZED, ...INSTANCE_ERRORS],
  })
  async revoke(
    @CurrentInstance() instance: Instance,
    @Headers('authorization') authorization: string | undefined,
  ) {
    await this.revokeToken.run(instance, authorization);
  }
}
