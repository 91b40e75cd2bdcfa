import { Body, Param, Post, Req } from '@nestjs/common';
import { ApiExtraModels, ApiTags } from '@nestjs/swagger';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { requireOrderId } from '../orders/require-order-id';
import { InstanceController } from '../platform/http/instance-controller';
import { Public } from '../platform/http/permission';
import type { TalerRequest } from '../platform/http/request';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation } from '../platform/openapi/answers';
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { ExcessRefund, PaidDto, PaidRefundStatusResponse, PayDto, PaymentResponse } from './dto/pay.dto';
import { PayOrder } from './use-cases/pay-order';
import { ProvePayment } from './use-cases/prove-payment';

/** `orders/$ID/pay` and `orders/$ID/paid`: the money and its proof (orders.md 5.3, 5.4). */
@ApiTags('Wallet')
@ApiExtraModels(ExcessRefund)
@InstanceController('orders')
export class PayController {
  constructor(
    private readonly payOrder: PayOrder,
    private readonly provePayment: ProvePayment,
  ) {}

  @Post(':order_id/pay')
  @Public()
  @Operation({
    summary: 'Pay an order with coins',
    description:
      'Coins that an exchange accepts are kept also when others fail, so that a repeat deposits only the rest. ' +
      'Errors of exchange origin carry exchange_url, exchange_http_status, exchange_code and exchange_reply.',
    good: {
      200: { description: 'paid; the same request again gets the same receipt', body: PaymentResponse },
    },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_UNTRUSTED,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_KEYS_FAILURE,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_TIMEOUT,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_REPLY_MALFORMED,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_UNEXPECTED_STATUS,
      [TalerCode.MERCHANT_EXCHANGE_SIGN_PUB_UNKNOWN, { status: 502 }],
      TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID,
      TalerCode.MERCHANT_GENERIC_DONAU_NOT_CONFIGURED,
      TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_CONTRACT_VERSION,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_INSUFFICIENT_FUNDS,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_DENOMINATION_KEY_NOT_FOUND,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AMOUNT_OVERFLOW,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_FEES_EXCEED_PAYMENT,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_INSUFFICIENT_DUE_TO_FEES,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_PAYMENT_INSUFFICIENT,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_COIN_SIGNATURE_INVALID,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUND_DEADLINE_PAST_WIRE_TRANSFER_DEADLINE,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_ALREADY_PAID,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_OFFER_EXPIRED,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_MERCHANT_FIELD_MISSING,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_WIRE_HASH_UNKNOWN,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_DENOMINATION_DEPOSIT_EXPIRED,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDED,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDS_EXCEED_PAYMENTS,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_FAILED,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_COMMITMENT_MISSING,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_COMMITMENT_SIZE_MISMATCH,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_VERIFICATION_FAILED,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_COMMITMENT_HASH_MISSING,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_WIRE_METHOD_UNSUPPORTED,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_CHOICE_INDEX_MISSING,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_CHOICE_INDEX_OUT_OF_BOUNDS,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_TOKEN_COUNT_MISMATCH,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_TOKEN_ENVELOPE_COUNT_MISMATCH,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_TRANSACTION_LIMIT_VIOLATION,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_LEGALLY_REFUSED,
      TalerCode.GENERIC_DB_INVARIANT_FAILURE,
    ],
  })
  async pay(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() request: PayDto,
    @Req() http: TalerRequest,
  ) {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const requestText = http.rawBody?.toString('utf8') ?? '';
    const { signature } = await this.payOrder.run(instance, orderId, { request, requestText });
    return { sig: encodeBase32(signature) };
  }

  @Post(':order_id/paid')
  @Public()
  @Operation({
    summary: 'Prove a payment for another session',
    good: { 200: { description: 'the order is bound to the session now', body: PaidRefundStatusResponse } },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAID_CONTRACT_HASH_MISMATCH,
      TalerCode.MERCHANT_POST_ORDERS_ID_PAID_COIN_SIGNATURE_INVALID,
    ],
  })
  async paid(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() proof: PaidDto,
  ) {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    return this.provePayment.run(instance, orderId, {
      signature: proof.sig,
      hContract: proof.h_contract,
      sessionId: proof.session_id,
    });
  }
}
