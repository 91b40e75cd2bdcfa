import { Body, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { requireOrderId } from '../orders/require-order-id';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { GrantRefundDto, MerchantRefundResponse } from './dto/grant-refund.dto';
import { GrantRefund } from './use-cases/grant-refund';

/** `private/orders/$ID/refund`: the shop gives money back (orders.md 4.6). */
@ApiTags('Orders')
@InstanceController('private/orders')
export class PrivateRefundsController {
  constructor(private readonly grantRefund: GrantRefund) {}

  @Post(':order_id/refund')
  @RequirePermission('orders-refund')
  @Operation({
    summary: 'Grant a refund',
    description:
      'The amount is the new total, so a repeat changes nothing. After the refund deadline, which is what the ' +
      'customer was promised, the shop may still refund until the wire deadline.',
    good: { 200: { description: 'granted now, or as much before', body: MerchantRefundResponse } },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID,
      TalerCode.MERCHANT_GENERIC_CURRENCY_MISMATCH,
      TalerCode.MERCHANT_PRIVATE_POST_REFUND_AFTER_WIRE_DEADLINE,
      TalerCode.MERCHANT_POST_ORDERS_ID_REFUND_EXCHANGE_TRANSACTION_LIMIT_VIOLATION,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ID_REFUND_INCONSISTENT_AMOUNT,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ID_REFUND_ORDER_UNPAID,
      TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ID_REFUND_NOT_ALLOWED_BY_CONTRACT,
      TalerCode.GENERIC_DB_INVARIANT_FAILURE,
    ],
  })
  async grant(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() request: GrantRefundDto,
  ) {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const { refund: total, reason } = request;
    const { refundUri, hContract } = await this.grantRefund.run(instance, orderId, { total, reason });
    return { taler_refund_uri: refundUri, h_contract: encodeBase32(hContract) };
  }
}
