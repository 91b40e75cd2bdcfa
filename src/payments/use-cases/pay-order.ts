import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import type { OrderWithContract } from '../../orders/order';
import { requireAllowed, stateOf } from '../../orders/order-life';
import { OrdersRepository } from '../../orders/orders.repository';
import { Clock } from '../../platform/clock';
import { EventBus } from '../../platform/events/event-bus';
import { attemptTopic } from '../../platform/events/topics';
import { Waypoints } from '../../platform/waypoints';
import { malformedField } from '../../platform/http/malformed';
import { AttemptsRepository, HeldAttempt } from '../attempts.repository';
import { viewContract } from '../contract-view';
import { DepositCoins, type DepositResult } from '../deposit-coins';
import type { PayDto } from '../dto/pay.dto';
import { namePayment, PaymentPlan, PlanPayment } from '../payment-plan';
import { coinKeys, PaymentsRepository, StoredDeposit } from '../payments.repository';
import { RecordBatch } from '../record-batch';
import { refuseGivenBack, refuseOtherChoice, refuseOverflow } from '../stored-coins';
import { explainInsufficient } from '../sufficiency';
import { TurnTaker } from '../turn-taker';
import { AnswerPaid } from './answer-paid';

/** How long a request waits for another one of the same order to leave the hands of its process. */
const TURN_WAIT_MS_MAX = 30_000;

export interface PaymentReceipt {
  /** Over the contract hash (purpose 1104). */
  readonly signature: Buffer;
}

/** The pay request as it came, to be finished after a crash. */
export interface PayCommand {
  readonly request: PayDto;
  /** JSON text. */
  readonly requestText: string;
  /** When it came for the first time; undefined: now. A payment that came in time is finished after the deadline. */
  readonly receivedUs?: bigint;
}

/**
 * `POST orders/$ID/pay` (orders.md 5.3): deposits the coins, keeps what was accepted, and gives the receipt when the
 * price is covered.
 *
 * One request of an order deposits at a time. Before the first deposit the request is stored as an attempt; after the
 * last its outcomes are; whoever dies in between leaves the attempt to the next process (recover-payments.job.ts).
 */
@Injectable()
export class PayOrder {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly attempts: AttemptsRepository,
    private readonly planPayment: PlanPayment,
    private readonly depositCoins: DepositCoins,
    private readonly recordBatch: RecordBatch,
    private readonly answerPaid: AnswerPaid,
    private readonly turns: TurnTaker,
    private readonly clock: Clock,
    private readonly bus: EventBus,
    private readonly waypoints: Waypoints,
  ) {}

  /** @throws TalerError as the tables of orders.md 5.3 and exchange.md 3 say */
  async run(instance: Instance, orderId: string, command: PayCommand): Promise<PaymentReceipt> {
    refuseDuplicates(command.request);
    const deadlineMs = performance.now() + TURN_WAIT_MS_MAX;
    for (;;) {
      const order = await this.orders.findForPayment(instance.serial, orderId);
      if (!order?.claim) {
        requireAllowed(stateOf(order, this.clock.nowUs()), 'pay', orderId);
        throw new Error('the life of an order allows "pay" without a contract');
      }
      const stored = order.hasDeposits ? await this.payments.findDeposits(order.serial) : [];
      if (order.payment) return this.answerPaid.run(instance, order, stored, command.request);
      const plan = await this.plan(instance, order, stored, command);
      const receipt = await this.turns.take(attemptTopic(order.serial), deadlineMs, () =>
        this.attempt(instance, plan, command),
      );
      if (typeof receipt === 'object') return receipt;
    }
  }

  /** Everything that can be refused before a deposit, in the order of orders.md 5.3. */
  private async plan(
    instance: Instance,
    order: OrderWithContract,
    stored: readonly StoredDeposit[],
    command: PayCommand,
  ): Promise<PaymentPlan> {
    const { request } = command;
    const contract = viewContract(order, request.wallet_data);
    await this.refuseLate(order, command);
    refuseGivenBack(request, stored);
    const plan = await this.planPayment.run(instance, order, contract, request, stored);
    refuseOtherChoice(plan);
    refuseOverflow(plan);
    return plan;
  }

  /** @returns 'busy' when another request of the order has the turn, 'changed' when it is worth another look at once */
  private async attempt(
    instance: Instance,
    plan: PaymentPlan,
    command: PayCommand,
  ): Promise<PaymentReceipt | 'busy' | 'changed'> {
    const { order, terms } = plan;
    const nowUs = this.clock.nowUs();
    const { request, requestText: text, receivedUs = nowUs } = command;
    const coinsHash = namePayment(request);
    const held = await this.attempts.acquire(order, terms.hContract, { coinsHash, text, receivedUs }, nowUs);
    if (held === 'busy' || held === 'changed') return held;
    let isUncertain = false;
    let isFinished = false;
    try {
      this.waypoints.pass('pay: attempt stored');
      // Coins may have been given back since the look at them; with the turn in hand that is over (orders.md 5.5).
      if (plan.stored.length > 0) refuseGivenBack(request, await this.payments.findDeposits(order.serial));
      isUncertain = true;
      const result = await this.depositCoins.run(plan, request.session_id, held);
      ({ isUncertain, isFinished } = result);
      this.waypoints.pass('pay: all recorded');
      if (result.paid) return await this.answerPaid.sign(instance, terms.hContract);
      if (result.errors[0]) {
        if (await this.isOutdated(plan, result)) return 'changed';
        throw result.errors[0];
      }
      // Not looked at again: once the attempt is closed the wallet may have given the payment up.
      if (result.sums) throw explainInsufficient(result.sums);
      return await this.settleStored(instance, plan, command);
    } finally {
      if (!isFinished) await this.letGo(held, isUncertain);
      this.bus.publish(attemptTopic(order.serial));
    }
  }

  /**
   * Whether coins were stored after the plan was made. For the same contract an exchange refuses them in another way (with
   * another contribution, or another choice); a new plan counts on them, or says what is wrong. Asked only after an error,
   * so that no payment that goes well pays for it.
   */
  private async isOutdated({ order, stored }: PaymentPlan, { recorded }: DepositResult): Promise<boolean> {
    const known = coinKeys([...stored, ...recorded.map((coinPub) => ({ coinPub }))]);
    const now = await this.payments.findDeposits(order.serial);
    return now.some(({ coinPub }) => !known.has(coinPub.toString('hex')));
  }

  /** Nothing had to be deposited. */
  private async settleStored(
    instance: Instance,
    plan: PaymentPlan,
    command: PayCommand,
  ): Promise<PaymentReceipt> {
    // Coins of earlier tries, or a price of zero, may cover the order without a deposit of this request.
    const record = { sessionId: command.request.session_id, batch: undefined };
    const { paid, sums } = await this.recordBatch.run(plan, record, undefined);
    this.waypoints.pass('pay: settled from what was stored');
    if (paid) return this.answerPaid.sign(instance, plan.terms.hContract);
    throw explainInsufficient(sums);
  }

  private async letGo(held: HeldAttempt, isUncertain: boolean): Promise<void> {
    if (isUncertain) await this.attempts.leaveOpen(held, this.clock.nowUs());
    else await this.attempts.finish(held);
  }

  /**
   * An offer that has expired is closed (orders.md 7.1), but for the repeat of a request that came in time and is still
   * being looked into.
   */
  private async refuseLate(order: OrderWithContract, command: PayCommand): Promise<void> {
    const state = stateOf(order, command.receivedUs ?? this.clock.nowUs());
    if (state === 'expired') {
      const firstUs = await this.attempts.findReceived(order, namePayment(command.request));
      if (firstUs !== undefined && stateOf(order, firstUs) !== 'expired') return;
    }
    requireAllowed(state, 'pay', order.orderId);
  }
}

/** The exchange accepts a coin twice in a batch and confirms twice its value (exchange.md 12 no. 6). */
function refuseDuplicates(request: PayDto): void {
  const seen = new Set<string>();
  request.coins.forEach((coin, index) => {
    const key = coin.coin_pub.toString('hex');
    if (seen.has(key)) {
      const field = `coins[${index}].coin_pub`;
      throw malformedField(field, `the coin is in the request twice`);
    }
    seen.add(key);
  });
}
