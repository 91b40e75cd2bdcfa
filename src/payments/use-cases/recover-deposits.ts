import { Inject, Injectable } from '@nestjs/common';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import { ExchangeClient } from '../../exchange/exchange.client';
import type { Instance } from '../../instances/instance';
import type { OrderWithContract } from '../../orders/order';
import { Clock } from '../../platform/clock';
import { EventBus } from '../../platform/events/event-bus';
import { attemptTopic } from '../../platform/events/topics';
import { toDto } from '../../platform/http/taler-validation.pipe';
import { LOG, type Log } from '../../platform/observability/log';
import { Waypoints } from '../../platform/waypoints';
import { merchantTrackTransaction } from '../../taler/signatures-merchant';
import { TalerError } from '../../taler/taler-error';
import { AttemptsRepository, StoredAttempt } from '../attempts.repository';
import { viewContract } from '../contract-view';
import { DepositCoins } from '../deposit-coins';
import { PayDto } from '../dto/pay.dto';
import { ExchangeShare, PaymentPlan, PlannedCoin, PlanPayment } from '../payment-plan';
import { PaymentsRepository } from '../payments.repository';

/** Coins looked up at one exchange at the same time: enough for the usual payment, no burden for the exchange. */
const LOOKUPS_AT_ONCE = 8;

/** What is known of the deposits of an order. */
export type Recovery =
  /** Every coin that an exchange has accepted is recorded, and no pay request is open. */
  | 'known'
  /** Some exchange does not tell; the request stays open. */
  | 'uncertain'
  /** A pay request is in the hands of a process that lives: wait for its topic and look again. */
  | 'busy';

/**
 * Settles the pay requests of one order that died, or lost sight of an exchange, between deposit and record, without
 * making a payment: each coin is looked up at its exchange, and only what lies there already is deposited again, which
 * obtains the confirmation.
 */
@Injectable()
export class RecoverDeposits {
  constructor(
    private readonly planPayment: PlanPayment,
    private readonly depositCoins: DepositCoins,
    private readonly payments: PaymentsRepository,
    private readonly attempts: AttemptsRepository,
    private readonly client: ExchangeClient,
    private readonly keys: InstanceKeys,
    private readonly clock: Clock,
    private readonly bus: EventBus,
    private readonly waypoints: Waypoints,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * Not to be called inside a transaction: it talks to exchanges. What it finds may complete the payment.
   * @param order claimed; read it again afterwards
   */
  async run(instance: Instance, order: OrderWithContract): Promise<Recovery> {
    let recovery: Recovery = 'known';
    for (const open of await this.attempts.findOfOrder(order.serial, this.clock.nowUs())) {
      const held = await this.attempts.hold(open.serial, this.clock.nowUs());
      if (!held) return 'busy';
      let isKnown = false;
      try {
        isKnown = await this.settle(instance, order, open);
      } catch (error) {
        if (!(error instanceof TalerError)) throw error;
        this.log.warn(
          { order_id: order.orderId, code: error.code },
          'cannot look up coins at their exchange',
        );
      } finally {
        if (isKnown) await this.attempts.finish(held);
        else await this.attempts.leaveOpen(held, this.clock.nowUs());
        this.bus.publish(attemptTopic(order.serial));
      }
      if (!isKnown) recovery = 'uncertain';
    }
    return recovery;
  }

  /** @returns whether the fate of every coin of the request is known and recorded */
  private async settle(instance: Instance, order: OrderWithContract, open: StoredAttempt): Promise<boolean> {
    const request = toDto(PayDto, JSON.parse(open.request));
    const stored = await this.payments.findDeposits(order.serial);
    const contract = viewContract(order, request.wallet_data);
    const plan = await this.planPayment.run(instance, order, contract, request, stored);
    const found = await Promise.all(plan.shares.map((share) => this.findAccepted(instance, plan, share)));
    const isKnown = found.every((share) => share.isKnown);
    const shares = found.filter(({ coins }) => coins.length > 0);
    if (shares.length === 0) return isKnown;
    this.waypoints.pass('recover: coins found at their exchange');
    // Not to be closed by the record of these coins: the fate of others may be open.
    const result = await this.depositCoins.run({ ...plan, shares }, request.session_id, undefined);
    return isKnown && result.errors.length === 0;
  }

  /** The coins of a share that lie at the exchange, and whether that is known of all of them. */
  private async findAccepted(
    instance: Instance,
    plan: PaymentPlan,
    share: ExchangeShare,
  ): Promise<ExchangeShare & { readonly isKnown: boolean }> {
    const coins: PlannedCoin[] = [];
    for (let start = 0; start < share.coins.length; start += LOOKUPS_AT_ONCE) {
      const batch = share.coins.slice(start, start + LOOKUPS_AT_ONCE);
      const fates = await Promise.all(batch.map((planned) => this.fateOf(instance, plan, share, planned)));
      coins.push(...batch.filter((_, index) => fates[index] === 'accepted'));
      // An exchange that does not answer now need not be asked for each of a thousand coins.
      if (fates.includes('unknown')) return { ...share, coins, isKnown: false };
    }
    return { ...share, coins, isKnown: true };
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
