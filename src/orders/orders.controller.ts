import { Body, Get, Headers, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { BaseUrls } from '../platform/http/base-url';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { queryText, queryTimeoutMs, queryYes, type RawQuery } from '../platform/http/query';
import { sendJsonText, whenGone } from '../platform/http/send-json';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { timestampToJson } from '../taler/timestamp';
import { CreateOrderDto, PostOrderResponse } from './dto/create-order.dto';
import {
  CheckPaymentClaimedResponse,
  CheckPaymentPaidResponse,
  CheckPaymentUnpaidResponse,
  STATUS_PARAMETERS,
} from './dto/private-status.dto';
import { bareTag, matchesTag } from '../platform/http/entity-tag';
import { sessionOf } from './order';
import { requireOrderId } from './require-order-id';
import { CreateOrder } from './use-cases/create-order';
import { GetPrivateStatus } from './use-cases/get-private-status';

/** `private/orders`: the shop's side (orders.md 4). */
@ApiTags('Orders')
@InstanceController('private/orders')
export class OrdersController {
  constructor(
    private readonly createOrder: CreateOrder,
    private readonly getPrivateStatus: GetPrivateStatus,
    private readonly baseUrls: BaseUrls,
  ) {}

  @Post()
  @RequirePermission('orders-write')
  @Operation({
    summary: 'Create an order',
    good: {
      200: { description: 'created, or created earlier by the same request', body: PostOrderResponse },
    },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      [TalerCode.GENERIC_VERSION_MALFORMED, { status: 400 }],
      TalerCode.GENERIC_HTTP_HEADERS_MALFORMED,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_PROPOSAL_PARSE_ERROR,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_REFUND_AFTER_WIRE_DEADLINE,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_DELIVERY_DATE_IN_PAST,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_WIRE_DEADLINE_IS_NEVER,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_PAY_DEADLINE_IN_PAST,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_REFUND_DEADLINE_IN_PAST,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_INSTANCE_CONFIGURATION_LACKS_WIRE,
      TalerCode.MERCHANT_GENERIC_PRODUCT_UNKNOWN,
      TalerCode.MERCHANT_GENERIC_OTP_DEVICE_UNKNOWN,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_TOKEN_FAMILY_SLUG_UNKNOWN,
      TalerCode.MERCHANT_GENERIC_DONAU_NOT_CONFIGURED,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ALREADY_EXISTS,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_NO_EXCHANGES_FOR_WIRE_METHOD,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_NO_EXCHANGE_FOR_CURRENCY,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_AMOUNT_EXCEEDS_LEGAL_LIMITS,
      TalerCode.GENERIC_DB_INVARIANT_FAILURE,
    ],
  })
  async create(
    @CurrentInstance() instance: Instance,
    @Body() request: CreateOrderDto,
    @Req() http: Request,
    @Res() response: Response,
  ): Promise<void> {
    const baseUrl = this.baseUrls.ofInstance(http, instance.id);
    const created = await this.createOrder.run(instance, request, http.body, baseUrl);
    const body = {
      order_id: created.orderId,
      token: created.claimToken && encodeBase32(created.claimToken),
      pay_deadline: timestampToJson(created.payDeadline),
    };
    sendJsonText(response, 200, JSON.stringify(body));
  }

  @Get(':order_id')
  @RequirePermission('orders-read')
  @Operation({
    summary: 'Read the status of an order',
    description:
      'With timeout_ms alone the answer waits until the order is paid in the session; with lp_not_etag as well, ' +
      'until anything in the answer differs from the one with this entity tag.',
    good: {
      200: {
        description: 'by order_status: unpaid, claimed or paid',
        body: [CheckPaymentUnpaidResponse, CheckPaymentClaimedResponse, CheckPaymentPaidResponse],
        headers: { ETag: 'strong validator over the whole body' },
      },
      304: {
        description: 'If-None-Match names the current entity tag',
        headers: { ETag: 'the current one' },
      },
    },
    errors: [
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.GENERIC_HTTP_HEADERS_MALFORMED,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.GENERIC_DB_INVARIANT_FAILURE,
      TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID,
      TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_CONTRACT_VERSION,
    ],
    query: STATUS_PARAMETERS,
    headers: [
      { name: 'If-None-Match', description: 'answer 304 when the current entity tag is among these' },
    ],
  })
  async status(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Query() query: RawQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const notTag = queryText(query, 'lp_not_etag');
    const parsed = {
      sessionId: sessionOf(queryText(query, 'session_id')),
      timeoutMs: queryTimeoutMs(query),
      notTag: notTag === undefined ? undefined : bareTag(notTag),
      allowRefunded: queryYes(query, 'allow_refunded_for_repurchase'),
    };
    // Judged before the wait, so that a malformed header is refused at once.
    if (ifNoneMatch !== undefined) matchesTag(ifNoneMatch, '');
    const status = await this.getPrivateStatus.run(instance, orderId, parsed, whenGone(response));
    if (!status) return;
    response.setHeader('ETag', `"${status.tag}"`);
    if (ifNoneMatch === undefined || !matchesTag(ifNoneMatch, status.tag)) {
      sendJsonText(response, 200, status.body);
      return;
    }
    response.statusCode = 304;
    response.setHeader('Cache-Control', 'no-store');
    response.end();
  }
}
