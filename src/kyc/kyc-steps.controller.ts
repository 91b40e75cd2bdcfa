import { Body, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { requireAccountHash } from '../instances/accounts/account-hash';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { formatAmount } from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import { timestampToJson } from '../taler/timestamp';
import { KycAuthDto, KycAuthWireTransferInstructionResponse, TosAcceptedEarlyDto } from './dto';
import { AcceptTosEarly } from './use-cases/accept-tos-early';
import { AuthInstruction, GetAuthInstructions } from './use-cases/get-auth-instructions';

/** What a merchant does for the KYC by way of the backend (management.md 6.7, 6.8). */
@ApiTags('KYC')
@InstanceController('private')
export class KycStepsController {
  constructor(
    private readonly getAuthInstructions: GetAuthInstructions,
    private readonly acceptTosEarly: AcceptTosEarly,
  ) {}

  @Post('accounts/:h_wire/kycauth')
  @RequirePermission('accounts-read')
  @Operation({
    summary: 'Ask for the wire transfer that proves who owns a bank account',
    good: { 200: { description: 'what to wire where', body: KycAuthWireTransferInstructionResponse } },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_H_WIRE_MALFORMED,
      TalerCode.MERCHANT_GENERIC_ACCOUNT_UNKNOWN,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_UNTRUSTED,
      TalerCode.MERCHANT_PRIVATE_ACCOUNT_NOT_ELIGIBLE_FOR_EXCHANGE,
      TalerCode.MERCHANT_POST_ACCOUNTS_EXCHANGE_TOO_OLD,
      TalerCode.MERCHANT_POST_ACCOUNTS_KYCAUTH_EXCHANGE_UNREACHABLE,
    ],
  })
  async auth(
    @CurrentInstance() instance: Instance,
    @Param('h_wire') text: string,
    @Body() request: KycAuthDto,
  ) {
    const hWire = requireAccountHash(text);
    const instructions = await this.getAuthInstructions.run(instance, hWire, request.exchange_url);
    return { wire_instructions: instructions.map(toDetail) };
  }

  @Post('accept-tos-early')
  @RequirePermission('accounts-write')
  @Operation({
    summary: 'Accept the terms of an exchange before it asks',
    description: 'Told back as tos_accepted_early; the latest word counts.',
    good: { 204: { description: 'noted' } },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_UNTRUSTED,
    ],
  })
  async acceptTos(
    @CurrentInstance() instance: Instance,
    @Body() request: TosAcceptedEarlyDto,
  ): Promise<void> {
    await this.acceptTosEarly.run(instance, request);
  }
}

function toDetail({ amount, targetPayto, subject, expiration }: AuthInstruction) {
  return {
    amount: formatAmount(amount),
    target_payto: targetPayto,
    subject: { type: 'SIMPLE', credit_amount: formatAmount(amount), subject },
    expiration: timestampToJson(expiration),
  };
}
