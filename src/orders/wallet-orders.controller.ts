import { Body, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Instance } from '../instances/instance';
import { AllowDeletedInstance, CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { Public } from '../platform/http/permission';
import {
  queryAmount,
  queryBytes,
  queryText,
  queryTimeoutMs,
  queryYes,
  type RawQuery,
} from '../platform/http/query';
import { sendJsonText, whenGone } from '../platform/http/send-json';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation } from '../platform/openapi/answers';
import { ref, WAIT, YES_NO } from '../platform/openapi/named-schemas';
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { ClaimDto, ClaimResponse, UnclaimDto } from './dto/wallet-orders.dto';
import { StatusGotoResponse, StatusPaidResponse, StatusUnpaidResponse } from './dto/wallet-orders.dto';
import { sessionOf } from './order';
import { requireOrderId } from './require-order-id';
import { ClaimOrder } from './use-cases/claim-order';
import { GetPublicStatus } from './use-cases/get-public-status';
import { UnclaimOrder } from './use-cases/unclaim-order';

/** `orders`: the wallet's side before and beside the payment (orders.md 5.1, 5.2, 5.7). */
@ApiTags('Wallet')
@InstanceController('orders')
export class WalletOrdersController {
  constructor(
    private readonly claimOrder: ClaimOrder,
    private readonly unclaimOrder: UnclaimOrder,
    private readonly getPublicStatus: GetPublicStatus,
  ) {}

  @Post(':order_id/claim')
  @Public()
  @Operation({
    summary: 'Claim an order',
    good: { 200: { description: 'claimed now, or earlier with the same nonce', body: ClaimResponse } },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_NOT_FOUND,
      TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_ALREADY_CLAIMED,
    ],
  })
  async claim(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() request: ClaimDto,
    @Res() response: Response,
  ): Promise<void> {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_NOT_FOUND);
    const claimed = await this.claimOrder.run(instance, orderId, request.nonce, request.token);
    // The contract goes out as the very text that was hashed.
    const signature = encodeBase32(claimed.signature);
    sendJsonText(response, 200, `{"contract_terms":${claimed.contractTerms},"sig":"${signature}"}`);
  }

  @Post(':order_id/unclaim')
  @Public()
  @Operation({
    summary: 'Release a claimed, unpaid order',
    good: { 204: { description: 'released; anybody with the claim token may claim it' } },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_POST_ORDERS_UNCLAIM_SIGNATURE_INVALID,
      TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_NOT_FOUND,
    ],
  })
  async unclaim(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() request: UnclaimDto,
  ): Promise<void> {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_NOT_FOUND);
    await this.unclaimOrder.run(instance, orderId, {
      nonce: request.nonce,
      hContract: request.h_contract,
      signature: request.unclaim_sig,
    });
  }

  @Get(':order_id')
  @Public()
  @AllowDeletedInstance()
  @Operation({
    summary: 'Read the public status of an order',
    description: 'Knowledge of the claim token or of the contract hash is the credential (orders.md 5.7).',
    good: {
      200: { description: 'paid', body: StatusPaidResponse },
      202: { description: 'not for you, but the same can be bought there', body: StatusGotoResponse },
      402: { description: 'unpaid', body: StatusUnpaidResponse },
    },
    errors: [
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_GENERIC_CONTRACT_HASH_DOES_NOT_MATCH_ORDER,
      TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_TOKEN,
    ],
    query: [
      {
        name: 'h_contract',
        description: 'contract hash; credential once the order is claimed',
        schema: ref('Base32Of64Bytes'),
      },
      {
        name: 'token',
        description: 'claim token; an empty one counts as absent',
        schema: { type: 'string', pattern: '^([0-9A-Za-z]{26})?$' },
      },
      { name: 'session_id', description: 'the payment must be bound to this browser session' },
      {
        name: 'timeout_ms',
        description: 'long poll, at most 5 minutes',
        schema: WAIT,
      },
      {
        name: 'await_refund_obtained',
        description: 'yes: wait until no refund is left to collect',
        schema: YES_NO,
      },
      {
        name: 'refund',
        description: 'wait until more than this amount was granted as refund',
        schema: ref('Amount'),
      },
      {
        name: 'allow_refunded_for_repurchase',
        description: 'YES: a refunded order counts as bought before',
        schema: YES_NO,
      },
    ],
  })
  async status(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Query() query: RawQuery,
    @Res() response: Response,
  ): Promise<void> {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const parsed = {
      hContract: queryBytes(query, 'h_contract', 64),
      token: queryBytes(query, 'token', 16),
      sessionId: sessionOf(queryText(query, 'session_id')),
      timeoutMs: queryTimeoutMs(query),
      refund: queryAmount(query, 'refund'),
      awaitRefundObtained: queryYes(query, 'await_refund_obtained'),
      allowRefunded: queryYes(query, 'allow_refunded_for_repurchase'),
    };
    const answer = await this.getPublicStatus.run(instance, orderId, parsed, whenGone(response));
    if (answer) sendJsonText(response, answer.status, JSON.stringify(answer.body));
  }
}
