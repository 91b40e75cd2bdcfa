import { Delete, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { queryInteger, type RawQuery } from '../platform/http/query';
import { sendJsonText } from '../platform/http/send-json';
import { INSTANCE_ERRORS, Operation, QueryParameter, TOKEN_ERRORS } from '../platform/openapi/answers';
import { malformedParameter } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { TokenInfos } from './dto';
import { toTokenInfo } from './token-responses';
import { ListTokens } from './use-cases/list-tokens';
import { RevokeBySerial } from './use-cases/revoke-by-serial';

/** Most rows of a page; larger wishes are cut (management.md 1.4). */
const PAGE_LENGTH_MAX = 1024n;
const PAGE_LENGTH_DEFAULT = -20n;
const INT64_MAX = 9_223_372_036_854_775_807n;

const PAGE: readonly QueryParameter[] = [
  {
    name: 'limit',
    description: 'rows; negative: newest first. Default -20, at most 1024 either way; 0 is malformed',
    schema: { type: 'integer' },
  },
  { name: 'offset', description: 'exclusive start, a serial', schema: { type: 'integer' } },
];

/** `private/tokens`: who has access, and an end of it (management.md 2.5, 2.6). */
@ApiTags('Authentication')
@InstanceController('private/tokens')
export class TokenListController {
  constructor(
    private readonly listTokens: ListTokens,
    private readonly revokeBySerial: RevokeBySerial,
  ) {}

  @Get()
  @RequirePermission('tokens-read')
  @Operation({
    summary: 'List login tokens',
    good: {
      200: { description: 'those that are valid now, never the secret itself', body: TokenInfos },
      204: { description: 'there is none (on this page)' },
    },
    errors: [...TOKEN_ERRORS, ...INSTANCE_ERRORS],
    query: PAGE,
  })
  async list(
    @CurrentInstance() instance: Instance,
    @Query() query: RawQuery,
    @Res() response: Response,
  ): Promise<void> {
    const offset = queryInteger(query, 'offset', { minimum: 0n, maximum: INT64_MAX });
    const tokens = await this.listTokens.run(instance.serial, limitOf(query), offset);
    if (tokens.length === 0) response.status(204).end();
    else sendJsonText(response, 200, JSON.stringify({ tokens: tokens.map(toTokenInfo) }));
  }

  @Delete(':serial')
  @RequirePermission('tokens-write')
  @Operation({
    summary: 'Revoke a login token',
    good: { 204: { description: 'it opens nothing any more, in no process' } },
    errors: [...TOKEN_ERRORS, ...INSTANCE_ERRORS, TalerCode.MERCHANT_GENERIC_ACCESS_TOKEN_UNKNOWN],
  })
  async revoke(@CurrentInstance() instance: Instance, @Param('serial') serial: string): Promise<void> {
    await this.revokeBySerial.run(instance.serial, serialOf(serial));
  }
}

function limitOf(query: RawQuery): number {
  const limit =
    queryInteger(query, 'limit', { minimum: -INT64_MAX, maximum: INT64_MAX }) ?? PAGE_LENGTH_DEFAULT;
  if (limit === 0n) throw malformedParameter('limit');
  const cut = limit < 0n ? -PAGE_LENGTH_MAX : PAGE_LENGTH_MAX;
  return Number(limit / cut > 0n ? cut : limit);
}

function serialOf(text: string): bigint {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > INT64_MAX) throw malformedParameter('serial');
  return BigInt(text);
}
