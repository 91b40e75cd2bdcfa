import { Body, Get, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Instance } from '../instances/instance';
import { AllowDeletedInstance, CurrentInstance } from '../instances/instance-scope.guard';
import { prefersHtml } from '../pages/accept';
import { requireReader, sendElsewhere, sendPage, VARY } from '../pages/send-page';
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
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { ClaimDto, ClaimResponse, UnclaimDto } from './dto/wallet-orders.dto';
import { sessionOf } from './order';
import { OrderPageErrors } from './order-page-errors.filter';
import { PUBLIC_STATUS } from './public-status.operation';
import { requireOrderId } from './require-order-id';
import { ClaimOrder } from './use-cases/claim-order';
import { GetPublicStatus, PublicStatusQuery } from './use-cases/get-public-status';
import { ShowOrderPage } from './use-cases/show-order-page';
import { UnclaimOrder } from './use-cases/unclaim-order';

/** `orders`: the wallet's side before and beside the payment (orders.md 5.1, 5.2, 5.7). */
@ApiTags('Wallet')
@InstanceController('orders')
export class WalletOrdersController {
  constructor(
    private readonly claimOrder: ClaimOrder,
    private readonly unclaimOrder: UnclaimOrder,
    private readonly getPublicStatus: GetPublicStatus,
    private readonly showOrderPage: ShowOrderPage,
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
      TalerCode.GENERIC_FAILED_COMPUTE_JSON_HASH,
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
  @UseFilters(OrderPageErrors)
  @Operation(PUBLIC_STATUS)
  async status(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Query() query: RawQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    response.setHeader('Vary', VARY);
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const parsed = parseStatusQuery(query);
    if (prefersHtml(request.headers.accept)) {
      const answer = await this.showOrderPage.run(instance, orderId, parsed, requireReader(request));
      if (answer.status === 302) sendElsewhere(response, answer.location);
      else sendPage(response, answer.status, answer.page);
      return;
    }
    const answer = await this.getPublicStatus.run(instance, orderId, parsed, whenGone(response));
    if (answer) sendJsonText(response, answer.status, JSON.stringify(answer.body));
  }
}

function parseStatusQuery(query: RawQuery): PublicStatusQuery {
  return {
    hContract: queryBytes(query, 'h_contract', 64),
    token: queryBytes(query, 'token', 16),
    sessionId: sessionOf(queryText(query, 'session_id')),
    timeoutMs: queryTimeoutMs(query),
    refund: queryAmount(query, 'refund'),
    awaitRefundObtained: queryYes(query, 'await_refund_obtained'),
    allowRefunded: queryYes(query, 'allow_refunded_for_repurchase'),
  };
}
