import { Body, HttpStatus, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { requireOrderId } from '../orders/require-order-id';
import { InstanceController } from '../platform/http/instance-controller';
import { Public } from '../platform/http/permission';
import { sendJsonText } from '../platform/http/send-json';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { AbortDto, AbortResponse } from './dto/abort.dto';
import { WalletRefundDto, WalletRefundResponse } from './dto/collect-refunds.dto';
import { toAborted, toWalletRefunds } from './refund-responses';
import { AbortPayment } from './use-cases/abort-payment';
import { CollectRefunds } from './use-cases/collect-refunds';

/** `orders/$ID/refund` and `orders/$ID/abort`: money back to the wallet (orders.md 5.5, 5.6). */
@ApiTags('Wallet')
@InstanceController('orders')
export class WalletRefundsController {
  constructor(
    private readonly collectRefunds: CollectRefunds,
    private readonly abortPayment: AbortPayment,
  ) {}

  @Post(':order_id/refund')
  @Public()
  @Operation({
    summary: 'Collect the refunds of an order',
    description:
      'Each refund that has no confirmation yet is asked for at its exchange. A coin that fails is told as such and ' +
      'does not fail the others; it is asked for again at the next request.',
    good: {
      200: { description: 'all refunds, collected now or earlier', body: WalletRefundResponse },
      204: { description: 'no refund was granted' },
    },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_GENERIC_CONTRACT_HASH_DOES_NOT_MATCH_ORDER,
      TalerCode.MERCHANT_PRIVATE_POST_REFUND_AFTER_WIRE_DEADLINE,
      TalerCode.MERCHANT_POST_ORDERS_ID_REFUND_EXCHANGE_TRANSACTION_LIMIT_VIOLATION,
      [TalerCode.MERCHANT_POST_ORDERS_ID_REFUND_SIGNATURE_FAILED, { status: 500 }],
      TalerCode.GENERIC_DB_INVARIANT_FAILURE,
    ],
  })
  async collect(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() request: WalletRefundDto,
    @Res() response: Response,
  ): Promise<void> {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const collected = await this.collectRefunds.run(instance, orderId, request.h_contract);
    if (collected) {
      sendJsonText(response, 200, JSON.stringify(toWalletRefunds(collected, instance.merchantPub)));
      return;
    }
    response.statusCode = HttpStatus.NO_CONTENT;
    response.setHeader('Cache-Control', 'no-store');
    response.end();
  }

  @Post(':order_id/abort')
  @Public()
  @Operation({
    summary: 'Give an incomplete payment up',
    description:
      'Gives back what was deposited of the coins. When an exchange does not answer, what is known is kept and the ' +
      'repeat of the request goes on.',
    good: { 200: { description: 'one entry for each coin of the request', body: AbortResponse } },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
      TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_CONTRACT_NOT_FOUND,
      TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_REFUND_REFUSED_PAYMENT_COMPLETE,
      TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_CONTRACT_HASH_MISSMATCH,
      TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_COINS_ARRAY_EMPTY,
      TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_EXCHANGE_REFUND_FAILED,
      TalerCode.MERCHANT_POST_ORDERS_ID_ABORT_EXCHANGE_LOOKUP_FAILED,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_KEYS_FAILURE,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_TIMEOUT,
      [TalerCode.MERCHANT_GENERIC_EXCHANGE_CONNECT_FAILURE, { status: 502 }],
      TalerCode.MERCHANT_GENERIC_EXCHANGE_REPLY_MALFORMED,
      TalerCode.MERCHANT_GENERIC_EXCHANGE_UNEXPECTED_STATUS,
      [TalerCode.MERCHANT_EXCHANGE_SIGN_PUB_UNKNOWN, { status: 502 }],
      TalerCode.GENERIC_DB_INVARIANT_FAILURE,
    ],
  })
  async abort(
    @CurrentInstance() instance: Instance,
    @Param('order_id') orderIdText: string,
    @Body() request: AbortDto,
  ) {
    const orderId = requireOrderId(orderIdText, TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN);
    const coinPubs = request.coins.map((coin) => coin.coin_pub);
    return toAborted(
      await this.abortPayment.run(instance, orderId, { hContract: request.h_contract, coinPubs }),
    );
  }
}
