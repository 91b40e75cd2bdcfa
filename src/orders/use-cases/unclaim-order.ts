import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import { decodeBase32 } from '../../taler/base32';
import { TalerCode } from '../../taler/error-codes';
import { orderUnclaim } from '../../taler/signatures-wallet';
import { TalerError } from '../../taler/taler-error';
import { OrderEvents } from '../order-events';
import { requireAllowed, stateOf } from '../order-life';
import { OrdersRepository } from '../orders.repository';

/** `POST orders/$ID/unclaim` (orders.md 5.2): the wallet lets go, so that another one can claim the order. */
@Injectable()
export class UnclaimOrder {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly events: OrderEvents,
  ) {}

  /**
   * The signature is checked first and without the database, so that 403 wins over 404 and a forger costs no query.
   * @throws TalerError 2303 for a false signature; 2300 when the order is not claimed with this nonce and contract, is
   *   paid, or has money under way
   */
  async run(
    instance: Instance,
    orderId: string,
    release: { nonce: Buffer; hContract: Buffer; signature: Buffer },
  ): Promise<void> {
    if (!orderUnclaim.verify(release.nonce, { hContract: release.hContract }, release.signature)) {
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_UNCLAIM_SIGNATURE_INVALID);
    }
    await this.transactor.run('unclaim-order', async (tx) => {
      const order = await this.orders.lock(tx, instance.serial, orderId);
      requireAllowed(stateOf(order, this.clock.nowUs()), 'unclaim', orderId);
      const claim = order?.claim;
      const isHolder =
        claim !== undefined &&
        claim.hContract.equals(release.hContract) &&
        decodeBase32(claim.nonce, 32)?.equals(release.nonce) === true;
      // Deposits that are stored or under way would be stranded (orders.md 5.2).
      if (!order || !isHolder || !(await this.orders.unclaim(tx, order))) {
        throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_NOT_FOUND, { detail: orderId });
      }
      tx.afterCommit(() => this.events.changed(order));
    });
  }
}
