import { Inject, Injectable } from '@nestjs/common';
import { InstanceDirectory } from '../../instances/instance-directory';
import { OrdersRepository } from '../../orders/orders.repository';
import { Clock } from '../../platform/clock';
import { toDto } from '../../platform/http/taler-validation.pipe';
import { LOG, type Log } from '../../platform/observability/log';
import { TalerError } from '../../taler/taler-error';
import { AttemptsRepository, OpenAttempt } from '../attempts.repository';
import { PayDto } from '../dto/pay.dto';
import { PayOrder } from './pay-order';
import { RecoverDeposits } from './recover-deposits';

/** From this status on a failure is the exchange's or ours, and the next try may end otherwise. */
const SERVER_FAULT = 500;

/**
 * Finds out what became of a pay request that died, or lost sight of an exchange, between deposit and record.
 *
 * While the order is unpaid the request is simply made again: the exchange confirms what it accepted before, and the
 * customer wanted to pay. Where that is no longer allowed, as when other coins have paid the order, nothing new may be
 * deposited, and what lies at the exchange already is recovered (RecoverDeposits).
 */
@Injectable()
export class ResumeAttempt {
  constructor(
    private readonly payOrder: PayOrder,
    private readonly recoverDeposits: RecoverDeposits,
    private readonly orders: OrdersRepository,
    private readonly attempts: AttemptsRepository,
    private readonly instances: InstanceDirectory,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async run(open: OpenAttempt): Promise<void> {
    const instance = await this.instances.get(open.instanceId);
    const request = toDto(PayDto, JSON.parse(open.request));
    const order = await this.orders.findWithContract(instance.serial, open.orderId);
    if (!order?.claim) return;
    if (order.payment) {
      await this.recoverDeposits.run(instance, order);
      return;
    }
    const attempt = { request, requestText: open.request, receivedUs: open.receivedUs };
    try {
      await this.payOrder.run(instance, open.orderId, attempt);
      this.log.info({ order_id: open.orderId }, 'finished a payment that was interrupted');
    } catch (error) {
      if (!(error instanceof TalerError)) throw error;
      this.log.warn({ order_id: open.orderId, code: error.code }, 'an interrupted payment is not finished');
      // Refused before the first deposit of this time: what an earlier one left behind is looked up instead.
      if (error.status < SERVER_FAULT) await this.recoverDeposits.run(instance, order);
      // Whatever has not touched the attempt needs a pause, or it would come up each time.
      await this.attempts.postpone(open.serial, this.clock.nowUs());
    }
  }
}
