import { Controller, Get, Headers, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireAdmin } from '../platform/http/permission';
import type { RawQuery } from '../platform/http/query';
import { whenGone } from '../platform/http/send-json';
import { INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { parseKycQuery } from './kyc-query';
import { chooseKycFormat, KYC_DOCUMENT, KYC_ERRORS, renderKyc, requireTags, sendKyc } from './send-kyc';
import { GetKyc } from './use-cases/get-kyc';

/** `GET management/instances/$ID/kyc`: the same for the admin (management.md 7). */
@ApiTags('KYC')
@Controller('management/instances/:id/kyc')
export class ManagedKycController {
  constructor(private readonly getKyc: GetKyc) {}

  @Get()
  @RequireAdmin('instances-kyc-read')
  @Operation({
    ...KYC_DOCUMENT,
    summary: 'Ask how it stands with the KYC of an instance',
    errors: [...TOKEN_ERRORS, ...INSTANCE_ERRORS, ...KYC_ERRORS],
  })
  async status(
    @Param('id') id: string,
    @Query() query: RawQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const parsed = parseKycQuery(query);
    requireTags(ifNoneMatch);
    const format = chooseKycFormat(request);
    const answer = await this.getKyc.run(id, parsed, renderKyc(format), whenGone(response));
    if (answer) sendKyc(response, answer, { format, ifNoneMatch });
  }
}
