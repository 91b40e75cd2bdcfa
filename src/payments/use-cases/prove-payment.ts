import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import type { Instance } from '../../instances/instance';
import { sessionOf } from '../../orders/order';
import { OrdersRepository } from '../../orders/orders.repository';
import { isZeroAmount } from '../../taler/amount';
import { TalerCode } from '../../taler/error-codes';
import { merchantPaymentOk } from '../../taler/signatures-merchant';
import { TalerError } from '../../taler/taler-error';
import { BindSession } from '../bind-session';

/** `POST orders/$ID/paid` (orders.md 5.4): a receipt proves the payment for another browser session. */
@Injectable()
export class ProvePayment {
  constructor(
    private readonly keys: InstanceKeys,
    private readonly orders: OrdersRepository,
    private readonly bindSession: BindSession,
  ) {}

  /**
   * The receipt is our own signature and Ed25519 is deterministic, so it is checked by making it again and comparing:
   * a third of the time of a verification, and no query for a forger.
   * @throws TalerError 2201 for a false receipt, 2005 for an unknown order, 2200 when it is another order's receipt
   */
  async run(
    instance: Instance,
    orderId: string,
    proof: { signature: Buffer; hContract: Buffer; sessionId: string },
  ): Promise<{ refunded: boolean }> {
    const signer = await this.keys.signerOf(instance.serial);
    const expected = merchantPaymentOk.sign(signer, { hContract: proof.hContract });
    if (!timingSafeEqual(expected, proof.signature)) {
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAID_COIN_SIGNATURE_INVALID);
    }
    const order = await this.orders.find(instance.serial, orderId);
    if (!order?.claim) throw new TalerError(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN, { detail: orderId });
    if (!order.claim.hContract.equals(proof.hContract)) {
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAID_CONTRACT_HASH_MISMATCH);
    }
    await this.bindSession.run(order, sessionOf(proof.sessionId));
    return { refunded: !isZeroAmount(order.refundGranted) };
  }
}
