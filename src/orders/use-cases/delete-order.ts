import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { AppConfig } from '../../platform/config/config';
import { Transactor } from '../../platform/database/transactor';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { addRelative } from '../../taler/timestamp';
import type { Order } from '../order';
import { MoneyInOrder, OrderErasureRepository } from '../order-erasure.repository';
import { OrderEvents } from '../order-events';
import { requireAllowed, stateOf } from '../order-life';

/** `DELETE private/orders/$ID` (orders.md 4.4). */
@Injectable()
export class DeleteOrder {
  constructor(
    private readonly orders: OrderErasureRepository,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly events: OrderEvents,
  ) {}

  /**
   * @param force also an order that is claimed, unpaid and can still be paid
   * @throws TalerError 2005 for an unknown order; 2520 when it can still be paid or has money in it; 2521 when it is paid
   *   and the law wants it kept
   */
  async run(instance: Instance, orderId: string, force: boolean): Promise<void> {
    await this.transactor.run('delete-order', async (tx) => {
      const nowUs = this.clock.nowUs();
      const order = await this.orders.lock(tx, instance.serial, orderId);
      // The law's time is no state of an order, so the table does not know it.
      if (!order?.payment || nowUs < addRelative(order.payment.paid, this.config.legalPreservation)) {
        requireAllowed(stateOf(order, nowUs), force ? 'delete by force' : 'delete', orderId);
      }
      // The table knows no order without a row.
      if (!order) return;
      const reason = reasonToKeep(order, await this.orders.findMoney(tx, order), nowUs);
      if (reason !== undefined) {
        const code = order.payment
          ? TalerCode.MERCHANT_PRIVATE_DELETE_ORDERS_ALREADY_PAID
          : TalerCode.MERCHANT_PRIVATE_DELETE_ORDERS_AWAITING_PAYMENT;
        throw new TalerError(code, { detail: `${orderId}: ${reason}` });
      }
      await this.orders.delete(tx, order, nowUs);
      tx.afterCommit(() => this.events.changed(order));
    });
  }
}

/** Whose money would be lost with the order, if anybody's; `force` is no reason to lose it. */
function reasonToKeep(order: Order, money: MoneyInOrder, nowUs: bigint): string | undefined {
  if (money.hasAttempts) return 'a payment is under way';
  if (money.owesCoins) return 'coins are on their way back to the wallet';
  if (!order.payment) {
    return money.holdsCoins ? 'it holds coins of a wallet, which can abort the payment' : undefined;
  }
  // What was paid belongs to the shop. What it gave back of it can be collected until the wire deadline, which is
  // after the time of the law only where that is very short.
  const isPending = order.refundObtained.units < order.refundGranted.units;
  return isPending && nowUs <= order.wireDeadline ? 'a refund can still be collected' : undefined;
}
