import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { OrdersRepository } from '../../orders/orders.repository';
import { GIVEN_BACK, type Refund } from '../../orders/refund';
import { RefundsRepository } from '../../orders/refunds.repository';
import { PaymentsRepository } from '../../payments/payments.repository';
import type { TalerError } from '../../taler/taler-error';
import { ObtainRefunds } from '../obtain-refunds';
import { isClaimed } from '../order-contract';
import { isFateUnknown } from '../refund-failures';
import { GIVING_BACK } from './abort-payment';

/**
 * Has the exchanges refund the coins of an order that were given back whole (docs/adr/0007), in the wallet's place: one
 * that aborts, or pays twice, and then goes away would leave its money with the shop.
 */
@Injectable()
export class ReturnCoins {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly refunds: RefundsRepository,
    private readonly obtainRefunds: ObtainRefunds,
  ) {}

  /**
   * @returns the errors of coins of which it is not known what the exchange has done
   * @throws TalerError as ObtainRefunds does
   */
  async run(instance: Instance, orderId: string): Promise<readonly TalerError[]> {
    const order = await this.orders.find(instance.serial, orderId);
    if (!isClaimed(order)) return [];
    const refunds = (await this.refunds.find(order.serial)).filter(isOwed);
    const deposits = await this.payments.findDeposits(order.serial);
    return this.obtainRefunds.run({ purpose: GIVING_BACK, instance, order, refunds, deposits });
  }
}

function isOwed(refund: Refund): boolean {
  const { rtransactionId, confirmation, failure } = refund;
  return rtransactionId === GIVEN_BACK && !confirmation && (failure === undefined || isFateUnknown(refund));
}
