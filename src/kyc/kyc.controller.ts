import { Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import type { RawQuery } from '../platform/http/query';
import { whenGone } from '../platform/http/send-json';
import { INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { parseKycQuery } from './kyc-query';
import { chooseKycFormat, KYC_DOCUMENT, KYC_ERRORS, renderKyc, requireTags, sendKyc } from './send-kyc';
import { GetKyc } from './use-cases/get-kyc';

/** `GET private/kyc`: what exchanges want to know of the merchant (management.md 7). */
@ApiTags('KYC')
@InstanceController('private/kyc')
export class KycController {
  constructor(private readonly getKyc: GetKyc) {}

  @Get()
  @RequirePermission('instances-kyc-read')
  @Operation({
    ...KYC_DOCUMENT,
    summary: 'Ask how it stands with KYC',
    errors: [...TOKEN_ERRORS, ...INSTANCE_ERRORS, ...KYC_ERRORS],
  })
  async status(
    @CurrentInstance() instance: Instance,
    @Query() query: RawQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const parsed = parseKycQuery(query);
    requireTags(ifNoneMatch);
    const format = chooseKycFormat(request);
    const answer = await this.getKyc.run(instance.id, parsed, renderKyc(format), whenGone(response));
    if (answer) sendKyc(response, answer, { format, ifNoneMatch });
  }
}
