import { Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Instance } from '../instances/instance';
import { AllowDeletedInstance, CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { Public } from '../platform/http/permission';
import { queryTimeoutMs, type RawQuery, requiredText } from '../platform/http/query';
import { sendJsonText, whenGone } from '../platform/http/send-json';
import { INSTANCE_ERRORS, Operation } from '../platform/openapi/answers';
import { WAIT } from '../platform/openapi/named-schemas';
import { malformedParameter } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { SessionOrderResponse } from './dto/session.dto';
import { SESSION_LENGTH_MAX } from './order';
import { GetSession } from './use-cases/get-session';

/** `sessions`: what pay-walls ask (orders.md 5.8). */
@ApiTags('Wallet')
@InstanceController('sessions')
export class SessionsController {
  constructor(private readonly getSession: GetSession) {}

  @Get(':session_id')
  @Public()
  @AllowDeletedInstance()
  @Operation({
    summary: 'Ask whether a browser session has bought something',
    description:
      'Guarded by the knowledge of session and URL. With timeout_ms the answer waits for the payment.',
    good: {
      200: { description: 'yes, with this order', body: SessionOrderResponse },
      202: { description: 'there is an order for it, which is not paid', body: SessionOrderResponse },
    },
    errors: [
      ...INSTANCE_ERRORS,
      TalerCode.GENERIC_PARAMETER_MISSING,
      TalerCode.MERCHANT_GENERIC_SESSION_UNKNOWN,
    ],
    query: [
      { name: 'fulfillment_url', required: true, description: 'what was bought; compared as it stands' },
      { name: 'timeout_ms', description: 'long poll, at most 5 minutes', schema: WAIT },
    ],
  })
  async status(
    @CurrentInstance() instance: Instance,
    @Param('session_id') sessionId: string,
    @Query() query: RawQuery,
    @Res() response: Response,
  ): Promise<void> {
    if (sessionId.length > SESSION_LENGTH_MAX || sessionId.includes('\0'))
      throw malformedParameter('session_id');
    const fulfillmentUrl = requiredText(query, 'fulfillment_url');
    if (fulfillmentUrl === '') throw malformedParameter('fulfillment_url');
    const parsed = { sessionId, fulfillmentUrl, timeoutMs: queryTimeoutMs(query) };
    const order = await this.getSession.run(instance, parsed, whenGone(response));
    if (!order) return;
    sendJsonText(response, order.isPaid ? 200 : 202, JSON.stringify({ order_id: order.orderId }));
  }
}
