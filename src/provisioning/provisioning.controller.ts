import { Body, Controller, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { LoginTokenSuccessResponse } from '../auth/dto';
import { CreateInstanceDto } from '../instances/dto/instance.dto';
import { AppConfig } from '../platform/config/config';
import { clientAddress } from '../platform/http/client-address';
import { Public } from '../platform/http/permission';
import type { RawQuery } from '../platform/http/query';
import {
  CHALLENGE_ERRORS,
  CHALLENGE_HEADER,
  CHALLENGED,
  CurrentCall,
  type ProtectedCall,
} from '../platform/http/second-factor';
import { TOO_MANY_LOGINS } from '../platform/http/too-many';
import { BODY_ERRORS, Operation } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { queryTokenValidity, VALIDITY_PARAMETER } from './first-token';
import { sendToken } from './send-token';
import { ProvisionInstance } from './use-cases/provision-instance';

/** `POST instances`: self-provisioning (management.md 4.2). */
@ApiTags('Instances')
@Controller('instances')
export class ProvisioningController {
  constructor(
    private readonly provisionInstance: ProvisionInstance,
    private readonly config: AppConfig,
  ) {}

  @Post()
  @Public()
  @Operation({
    summary: 'Become a merchant',
    description: 'Only where /config says have_self_provisioning.',
    good: {
      204: { description: 'created, or there already with the same configuration and password' },
      200: {
        description: 'the same, and the token that was asked for',
        body: LoginTokenSuccessResponse,
      },
      ...CHALLENGED,
    },
    errors: [
      ...BODY_ERRORS,
      ...CHALLENGE_ERRORS,
      [TalerCode.MERCHANT_GENERIC_UNAUTHORIZED, { status: 403 }],
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_ALREADY_EXISTS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_PURGE_REQUIRED,
      TOO_MANY_LOGINS,
    ],
    query: [VALIDITY_PARAMETER],
    headers: [CHALLENGE_HEADER],
  })
  async provision(
    @CurrentCall() call: ProtectedCall,
    @Body() request: CreateInstanceDto,
    @Query() query: RawQuery,
    @Req() http: Request,
    @Res() response: Response,
  ): Promise<void> {
    const address = clientAddress(http, this.config.trustProxy);
    const validity = queryTokenValidity(query);
    sendToken(response, await this.provisionInstance.run(request, validity, address, call));
  }
}
