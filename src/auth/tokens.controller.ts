import { Body, Delete, Header, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { TakesCredential } from '../platform/http/permission';
import {
  CHALLENGE_ERRORS,
  CHALLENGE_HEADER,
  CHALLENGED,
  CurrentCall,
  type ProtectedCall,
  SecondFactor,
} from '../platform/http/second-factor';
import { TOO_MANY_LOGINS } from '../platform/http/too-many';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import type { Credential } from './authenticator';
import { LoginTokenRequest, LoginTokenSuccessResponse } from './dto';
import { CurrentCredential } from './permission.guard';
import { toLoginToken } from './token-responses';
import { IssueToken } from './use-cases/issue-token';
import { RevokeToken } from './use-cases/revoke-token';

/** `private/token`: the door to all other private endpoints (management.md 2). */
@ApiTags('Authentication')
@InstanceController('private/token')
export class TokensController {
  constructor(
    private readonly issueToken: IssueToken,
    private readonly revokeToken: RevokeToken,
    private readonly secondFactor: SecondFactor,
  ) {}

  @Post()
  @Header('Cache-Control', 'no-store')
  @TakesCredential('password', 'token')
  @Operation({
    summary: 'Obtain a login token',
    description:
      'By password (HTTP Basic, user name = instance id), or by a refreshable token (Bearer). After too many wrong ' +
      'passwords 429, with Retry-After.',
    good: {
      200: { description: 'the token; it is shown this once', body: LoginTokenSuccessResponse },
      ...CHALLENGED,
    },
    errors: [...BODY_ERRORS, ...TOKEN_ERRORS, ...INSTANCE_ERRORS, ...CHALLENGE_ERRORS, TOO_MANY_LOGINS],
    headers: [CHALLENGE_HEADER],
  })
  async issue(
    @CurrentInstance() instance: Instance,
    @CurrentCredential() held: Credential | undefined,
    @CurrentCall() call: ProtectedCall,
    @Body() request: LoginTokenRequest,
  ) {
    const askPermit = () => this.secondFactor.require('issue-token', instance.serial, call);
    return toLoginToken(await this.issueToken.run(instance, held, request, askPermit));
  }

  @Delete()
  @TakesCredential('token')
  @Operation({
    summary: 'Revoke the presented token',
    good: { 204: { description: 'it opens nothing any more' } },
    errors: [TalerCode.MERCHANT_GENERIC_UNAUTHORIZED, ...INSTANCE_ERRORS],
  })
  async revoke(@CurrentCredential() held: Credential) {
    await this.revokeToken.run(held);
  }
}
