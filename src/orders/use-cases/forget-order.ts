import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import type { ForgetPath } from '../../taler/contract-terms';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { forgetPaths } from '../forgetting';
import { OrderErasureRepository } from '../order-erasure.repository';
import { OrderEvents } from '../order-events';
import { requireAllowed, stateOf } from '../order-life';

/** `PATCH private/orders/$ID/forget` (orders.md 4.5): erases members of a contract without changing its hash. */
@Injectable()
export class ForgetOrder {
  constructor(
    private readonly orders: OrderErasureRepository,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly events: OrderEvents,
  ) {}

  /**
   * All paths or none.
   * @returns whether this call erased something
   * @throws TalerError 2005 for an order without contract terms, 2511 when a path names something that must stay; 2008
   *   and 61 when what is stored makes no sense
   */
  async run(instance: Instance, orderId: string, paths: readonly ForgetPath[]): Promise<boolean> {
    return this.transactor.run('forget-order', async (tx) => {
      const order = await this.orders.lock(tx, instance.serial, orderId);
      requireAllowed(stateOf(order, this.clock.nowUs()), 'forget', orderId);
      if (!order?.claim) throw new TalerError(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN, { detail: orderId });
      const forgotten = forgetPaths(order, order.claim, paths);
      if (!forgotten) return false;
      await this.orders.forget(tx, order, forgotten);
      tx.afterCommit(() => this.events.changed(order));
      return true;
    });
  }
}
