import { Body, Param, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Instance } from '../instances/instance';
import { ADMIN_INSTANCE, AllowAbsentAdmin, CurrentInstance } from '../instances/instance-scope.guard';
import { readerOf } from '../pages/send-page';
import { AppConfig } from '../platform/config/config';
import { clientAddress } from '../platform/http/client-address';
import { InstanceController } from '../platform/http/instance-controller';
import { Public } from '../platform/http/permission';
import { toDto } from '../platform/http/taler-validation.pipe';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { timestampToJson } from '../taler/timestamp';
import type { Challenge } from './challenge';
import { ChallengeRequest, ChallengeRequestResponse, ConfirmRequest } from './dto';
import { ConfirmChallenge } from './use-cases/confirm-challenge';
import { SendCode } from './use-cases/send-code';

/**
 * `challenge/$ID` (management.md 3.2, 3.3). Without credential: the id itself is one. Those of an instance that is still
 * to be created are solved at the root, even where there is no admin instance.
 */
@ApiTags('Two-factor authentication')
@InstanceController('challenge')
export class ChallengesController {
  constructor(
    private readonly sendCode: SendCode,
    private readonly confirmChallenge: ConfirmChallenge,
    private readonly config: AppConfig,
  ) {}

  @Post(':challenge_id')
  @Public()
  @AllowAbsentAdmin()
  @Operation({
    summary: 'Have a code sent',
    description: 'Again after a minute: the new code replaces the one before.',
    good: { 200: { description: 'sent', body: ChallengeRequestResponse } },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_TAN_CHALLENGE_UNKNOWN,
      TalerCode.MERCHANT_TAN_CHALLENGE_SOLVED,
      TalerCode.MERCHANT_TAN_TOO_EARLY,
      TalerCode.MERCHANT_TAN_MFA_HELPER_EXEC_FAILED,
    ],
    headers: [{ name: 'Accept-Language', description: 'of the message: en, de or fr' }],
  })
  async send(
    @CurrentInstance() instance: Instance | undefined,
    @Param('challenge_id') id: string,
    @Body() body: ChallengeRequest,
    @Req() request: Request,
  ) {
    toDto(ChallengeRequest, body);
    const { language } = readerOf(request);
    const asker = { address: clientAddress(request, this.config.trustProxy), language };
    const sent = await this.sendCode.run(id, isOf(instance), asker);
    return {
      solve_expiration: timestampToJson(sent.expiresUs),
      earliest_retransmission: timestampToJson(sent.retransmissionUs),
    };
  }

  @Post(':challenge_id/confirm')
  @Public()
  @AllowAbsentAdmin()
  @Operation({
    summary: 'Solve a challenge with the code that was sent',
    description: 'Three attempts for each code.',
    good: { 204: { description: 'solved, now or before' } },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_TAN_CHALLENGE_UNKNOWN,
      TalerCode.MERCHANT_TAN_CHALLENGE_FAILED,
      TalerCode.MERCHANT_TAN_TOO_MANY_ATTEMPTS,
    ],
  })
  async confirm(
    @CurrentInstance() instance: Instance | undefined,
    @Param('challenge_id') id: string,
    @Body() { tan }: ConfirmRequest,
    @Req() request: Request,
  ): Promise<void> {
    const address = clientAddress(request, this.config.trustProxy);
    await this.confirmChallenge.run(id, isOf(instance), tan, address);
  }
}

/** Whether a challenge belongs below the addressed base URL; undefined: the root, without admin instance. */
function isOf(instance: Instance | undefined): (challenge: Challenge) => boolean {
  const isRoot = instance === undefined || instance.id === ADMIN_INSTANCE;
  return ({ instanceSerial }) =>
    instanceSerial === undefined ? isRoot : instanceSerial === instance?.serial;
}
