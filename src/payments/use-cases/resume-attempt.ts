import { Inject, Injectable } from '@nestjs/common';
import { InstanceDirectory } from '../../instances/instance-directory';
import type { Instance } from '../../instances/instance';
import { OrderWithContract } from '../../orders/order';
import { OrdersRepository } from '../../orders/orders.repository';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import { ExchangeClient } from '../../exchange/exchange.client';
import { Clock } from '../../platform/clock';
import { toDto } from '../../platform/http/taler-validation.pipe';
import { LOG, type Log } from '../../platform/observability/log';
import { merchantTrackTransaction } from '../../taler/signatures-merchant';
import { TalerError } from '../../taler/taler-error';
import { AttemptsRepository, OpenAttempt } from '../attempts.repository';
import { DepositCoins } from '../deposit-coins';
import { PayDto } from '../dto/pay.dto';
import { ExchangeShare, PaymentPlan, PlannedCoin, PlanPayment } from '../payment-plan';
import { PaymentsRepository } from '../payments.repository';
import { PayOrder } from './pay-order';

/**
 * Finds out what became of a pay request that died, or lost sight of an exchange, between deposit and record.
 *
 * While the order is unpaid the request is simply made again: the exchange confirms what it accepted before, and the
 * customer wanted to pay. Once other coins have paid the order nothing new may be deposited: each coin is looked up at
 * its exchange, and only what lies there already is deposited again to obtain the confirmation.
 */
@Injectable()
export class ResumeAttempt {
  constructor(
    private readonly payOrder: PayOrder,
    private readonly planPayment: PlanPayment,
    private readonly depositCoins: DepositCoins,
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly attempts: AttemptsRepository,
    private readonly client: ExchangeClient,
    private readonly keys: InstanceKeys,
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
      await this.recoverExcess(instance, order, request, open);
      return;
    }
    const attempt = { request, requestText: open.request, receivedUs: open.receivedUs };
    try {
      await this.payOrder.run(instance, open.orderId, attempt);
      this.log.info({ order_id: open.orderId }, 'finished a payment that was interrupted');
    } catch (error) {
      if (!(error instanceof TalerError)) throw error;
      this.log.warn({ order_id: open.orderId, code: error.code }, 'an interrupted payment is not finished');
      // A refusal before the first deposit has not touched the attempt; without a pause it would come up each time.
      await this.attempts.postpone(open.serial, this.clock.nowUs());
    }
  }

  private async recoverExcess(
    instance: Instance,
    order: OrderWithContract,
    request: PayDto,
    open: OpenAttempt,
  ) {
    const held = await this.attempts.hold(open.serial, this.clock.nowUs());
    if (!held) return;
    let isUncertain = true;
    try {
      const stored = await this.payments.findDeposits(order.serial);
      const known = new Set(stored.map((deposit) => deposit.coinPub.toString('hex')));
      const plan = await this.planPayment.run(instance, order, request, known);
      isUncertain = await this.depositAccepted(instance, plan);
    } catch (error) {
      if (!(error instanceof TalerError)) throw error;
      this.log.warn({ order_id: order.orderId, code: error.code }, 'cannot look up coins at their exchange');
    } finally {
      if (isUncertain) await this.attempts.leaveOpen(held, this.clock.nowUs());
      else await this.attempts.finish(held);
    }
  }

  /** @returns whether some coin's fate is still unknown */
  private async depositAccepted(instance: Instance, plan: PaymentPlan): Promise<boolean> {
    let isUncertain = false;
    const shares: ExchangeShare[] = [];
    for (const share of plan.shares) {
      const accepted: PlannedCoin[] = [];
      for (const planned of share.coins) {
        const fate = await this.fateOf(instance, plan, share, planned);
        if (fate === 'accepted') accepted.push(planned);
        if (fate === 'unknown') isUncertain = true;
      }
      if (accepted.length > 0) shares.push({ ...share, coins: accepted });
    }
    if (shares.length === 0) return isUncertain;
    // Not to be closed by the record of these coins: the fate of others may be open.
    const result = await this.depositCoins.run({ ...plan, shares }, undefined, undefined);
    return isUncertain || result.errors.length > 0;
  }

  private async fateOf(instance: Instance, plan: PaymentPlan, share: ExchangeShare, { coin }: PlannedCoin) {
    const { hContract, account, merchantPub } = plan.terms;
    const question = { hContract, hWire: account.hWire, coinPub: coin.coin_pub };
    const signer = await this.keys.signerOf(instance.serial);
    const merchantSig = merchantTrackTransaction.sign(signer, question);
    const outcome = await this.client.trackDeposit({
      exchange: share.exchange,
      keys: share.keys,
      request: { ...question, merchantPub, merchantSig },
    });
    if (outcome.kind === 'wired' || outcome.kind === 'pending') return 'accepted';
    return outcome.kind === 'refused' && outcome.status === 404 ? 'absent' : 'unknown';
  }
}
