import { Injectable } from '@nestjs/common';
import { Transactor } from '../platform/database/transactor';
import type { Tx } from '../platform/database/tx';
import { Clock } from '../platform/clock';
import type { Order } from '../orders/order';
import { sessionOf } from '../orders/order';
import { OrderEvents } from '../orders/order-events';
import { OrdersRepository } from '../orders/orders.repository';
import { zeroAmount } from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { floorToSecond } from '../taler/timestamp';
import { AttemptsRepository, HeldAttempt } from './attempts.repository';
import type { Price } from './contract-view';
import type { PaymentPlan } from './payment-plan';
import { coinKeys, ConfirmedBatch, PaymentsRepository } from './payments.repository';
import { countedFor, isSufficient, PaymentSums } from './sufficiency';

/** Writes down what happened to the money, and with it whether the order is paid (orders.md 5.3 step 11). */
@Injectable()
export class RecordBatch {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly attempts: AttemptsRepository,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly events: OrderEvents,
  ) {}

  /**
   * Stores a confirmed batch, if there is one, and marks the order paid when everything stored covers the price.
   * Whatever an exchange accepted is stored also when the price is not covered: a later try counts on it.
   * @param finishes the attempt that has nothing left to do after this batch
   * @returns what is stored now, to judge by
   */
  async run(
    plan: PaymentPlan,
    request: { sessionId: string | undefined; batch: ConfirmedBatch | undefined },
    finishes: HeldAttempt | undefined,
  ): Promise<{ paid: boolean; sums: PaymentSums }> {
    const settled =
      request.batch && finishes && (await this.settleAtOnce(plan, request, request.batch, finishes));
    if (settled) return { paid: true, sums: settled };
    return this.transactor.run('record-batch', async (tx) => {
      const order = await this.lockClaimed(tx, plan);
      const stored = await this.payments.readDeposits(tx, order.serial);
      const { batch } = request;
      if (batch) await this.payments.insertBatch(tx, order.serial, batch, this.clock.nowUs());
      const { contract, terms } = plan;
      const known = coinKeys(stored);
      const sums: PaymentSums = {
        amount: contract.amount,
        maxFee: contract.maxFee,
        deposits: [
          ...countedFor(contract, terms.walletDataHash, stored),
          ...(batch?.deposits ?? []).filter((coin) => !known.has(coin.coinPub.toString('hex'))),
        ],
        refunded: { ...contract.amount, units: order.refundGranted.units },
      };
      const becomesPaid = order.payment === undefined && isSufficient(sums);
      if (becomesPaid) await this.markPaid(tx, order, contract, sessionOf(request.sessionId));
      if (finishes) await this.attempts.finish(finishes, tx);
      return { paid: becomesPaid || order.payment !== undefined, sums };
    });
  }

  /** The usual payment: first coins, one batch, enough. @returns undefined when it is not that simple */
  private async settleAtOnce(
    plan: PaymentPlan,
    request: { sessionId: string | undefined },
    batch: ConfirmedBatch,
    attempt: HeldAttempt,
  ): Promise<PaymentSums | undefined> {
    const { order, contract, terms } = plan;
    const { amount, maxFee } = contract;
    const sums = { amount, maxFee, deposits: batch.deposits, refunded: zeroAmount(amount.currency) };
    if (!isSufficient(sums)) return undefined;
    const nowUs = this.clock.nowUs();
    const sessionId = sessionOf(request.sessionId);
    const settled = await this.payments.settle({
      orderSerial: order.serial,
      hContract: terms.hContract,
      batch,
      attemptSerial: attempt.serial,
      sessionId,
      paid: floorToSecond(nowUs),
      price: contract,
      nowUs,
    });
    if (!settled) return undefined;
    this.announcePaid(order, sessionId);
    return sums;
  }

  private async lockClaimed(tx: Tx, plan: PaymentPlan): Promise<Order> {
    const order = await this.orders.lock(tx, plan.order.instanceSerial, plan.order.orderId);
    // Neither unclaim nor delete touches an order with an attempt in hand.
    if (!order?.claim?.hContract.equals(plan.terms.hContract)) {
      throw new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail: plan.order.orderId });
    }
    return order;
  }

  private async markPaid(tx: Tx, order: Order, price: Price, sessionId: string | undefined): Promise<void> {
    const { amount, choiceIndex } = price;
    const paid = floorToSecond(this.clock.nowUs());
    await this.orders.markPaid(tx, order, { paid, sessionId, amount, choiceIndex });
    tx.afterCommit(() => this.announcePaid(order, sessionId));
  }

  private announcePaid(order: Order, sessionId: string | undefined): void {
    this.events.changedForList(order);
    this.events.boundTo(sessionId, order);
  }
}
