import { Body, Delete, Param, Patch, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { queryYes, type RawQuery } from '../platform/http/query';
import { sendJsonText } from '../platform/http/send-json';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { YES_NO } from '../platform/openapi/named-schemas';
import { TalerCode } from '../taler/error-codes';
import { ForgetDto } from './dto/forget.dto';
import { requireOrderId } from './require-order-id';
import { DeleteOrder } from './use-cases/delete-order';
import { ForgetOrder } from './use-cases/forget-order';

/** `private/orders/$ID`: what takes an order, or parts of it, away (orders.md 4.4, 4.5). */
@ApiTags('Orders')
@InstanceController('private/orders')
export class OrderErasureController {
  constructor(
    private readonly deleteOrder: DeleteOrder,
    private readonly forgetOrder: ForgetOrder,
  ) {}

  @Delete(':order_id')
  @RequirePermission('orders-write')
  @Operation({
    summary: 'Delete an order',
    description:
      'At any time while nobody has claimed it, after the pay deadline while nobody has paid it, and once the law does ' +
      'not want it kept any more. An order that holds money of a wallet stays.',
    good: { 204: { description: 'deleted' } },
    errors: [
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_PRIVATE_DELETE_ORDERS_AWAITING_PAYMENT,
      TalerCode.MERCHANT_PRIVATE_DELETE_ORDERS_ALREADY_PAID,
    ],
    query: [
      { name: 'force', description: 'yes: also one that is claimed and can still be paid', schema: YES_NO },
    ],
  })
  async delete(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Query() query: RawQuery,
  ): Promise<void> {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    await this.deleteOrder.run(instance, orderId, queryYes(query, 'force'));
  }

  @Patch(':order_id/forget')
  @RequirePermission('orders-write')
  @Operation({
    summary: 'Forget parts of a contract',
    description:
      'Members that the order has marked in $forgettable; the hash of the contract stays the same. All or none: a path ' +
      'to something that must stay changes nothing.',
    good: {
      200: {
        description: 'something was forgotten by this call',
        body: { type: 'object', additionalProperties: false },
      },
      204: { description: 'all of it was forgotten before, or there is nothing under these paths' },
    },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_PRIVATE_PATCH_ORDERS_ID_FORGET_PATH_SYNTAX_INCORRECT,
      TalerCode.MERCHANT_PRIVATE_PATCH_ORDERS_ID_FORGET_PATH_NOT_FORGETTABLE,
      TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID,
      TalerCode.GENERIC_FAILED_COMPUTE_JSON_HASH,
    ],
  })
  async forget(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() request: ForgetDto,
    @Res() response: Response,
  ): Promise<void> {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    if (await this.forgetOrder.run(instance, orderId, request.fields)) {
      sendJsonText(response, 200, '{}');
      return;
    }
    response.statusCode = 204;
    response.end();
  }
}
