import { Controller, Get, Query, Res, SetMetadata } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Instance } from '../instances/instance';
import { AllowDeletedInstance, CurrentInstance } from '../instances/instance-scope.guard';
import { INSTANCE_ROUTES } from '../platform/http/instance-controller';
import { Public } from '../platform/http/permission';
import {
  queryAmount,
  queryBytes,
  queryText,
  queryTimeoutMs,
  requiredText,
  type RawQuery,
} from '../platform/http/query';
import { sendJsonText, whenGone } from '../platform/http/send-json';
import { INSTANCE_ERRORS, Operation } from '../platform/openapi/answers';
import { ref, WAIT } from '../platform/openapi/named-schemas';
import { malformedParameter } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { PollPaymentPaidResponse, PollPaymentUnpaidResponse } from './dto/wallet-orders.dto';
import { sessionOf } from './order';
import { requireOrderId } from './require-order-id';
import { PollPayment } from './use-cases/poll-payment';

const MS_PER_SECOND = 1000;

/** `GET /public/poll-payment` of 2019; here the instance comes after `public` (orders.md 6). */
@ApiTags('Legacy')
@SetMetadata(INSTANCE_ROUTES, true)
@Controller(['public/poll-payment', 'public/instances/:instance/poll-payment'])
export class PollPaymentController {
  constructor(private readonly pollPayment: PollPayment) {}

  @Get()
  @Public()
  @AllowDeletedInstance()
  @Operation({
    summary: 'Poll for a payment (2019)',
    good: {
      200: { description: 'paid or not', body: [PollPaymentPaidResponse, PollPaymentUnpaidResponse] },
    },
    errors: [
      ...INSTANCE_ERRORS,
      TalerCode.GENERIC_PARAMETER_MISSING,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
    ],
    query: [
      { name: 'order_id', required: true, description: 'the order' },
      {
        name: 'h_contract',
        required: true,
        description: 'its contract hash',
        schema: ref('Base32Of64Bytes'),
      },
      { name: 'session_id', description: 'the payment must be bound to this browser session' },
      {
        name: 'timeout',
        description: 'long poll, seconds, at most 300',
        schema: WAIT,
      },
      {
        name: 'refund',
        description: 'wait until more than this amount was granted as refund',
        schema: ref('Amount'),
      },
      { name: 'contract_url', description: 'echoed in the answer' },
    ],
  })
  async poll(
    @CurrentInstance() instance: Instance,
    @Query() query: RawQuery,
    @Res() response: Response,
  ): Promise<void> {
    const orderIdText = requiredText(query, 'order_id');
    requiredText(query, 'h_contract');
    const hContract = queryBytes(query, 'h_contract', 64);
    if (!hContract) throw malformedParameter('h_contract');
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const parsed = {
      orderId,
      hContract,
      sessionId: sessionOf(queryText(query, 'session_id')),
      timeoutMs: queryTimeoutMs(query, 'timeout', MS_PER_SECOND),
      refund: queryAmount(query, 'refund'),
      contractUrl: queryText(query, 'contract_url'),
    };
    const body = await this.pollPayment.run(instance, parsed, whenGone(response));
    if (body) sendJsonText(response, 200, JSON.stringify(body));
  }
}
