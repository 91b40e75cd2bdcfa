import { Injectable } from '@nestjs/common';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import type { Instance } from '../../instances/instance';
import { Order, OrderWithContract, sessionOf } from '../../orders/order';
import { OrdersRepository } from '../../orders/orders.repository';
import { GIVEN_BACK } from '../../orders/refund';
import { RefundsRepository } from '../../orders/refunds.repository';
import { BindSession } from '../bind-session';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import { isZeroAmount } from '../../taler/amount';
import { encodeBase32 } from '../../taler/base32';
import { TalerCode } from '../../taler/error-codes';
import { merchantPaymentOk, merchantRefund } from '../../taler/signatures-merchant';
import { TalerError } from '../../taler/taler-error';
import { floorToSecond } from '../../taler/timestamp';
import type { PayDto } from '../dto/pay.dto';
import { viewContract } from '../contract-view';
import type { StoredDeposit } from '../payments.repository';
import { isSufficient } from '../sufficiency';

const EXCESS_REASON = 'paid in excess';

/** What `/pay` says of an order that is paid already (orders.md 5.3, idempotency). */
@Injectable()
export class AnswerPaid {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly refunds: RefundsRepository,
    private readonly bindSession: BindSession,
    private readonly keys: InstanceKeys,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
  ) {}

  /**
   * The same coins get the same receipt, and move the order to the session of the new request.
   * @throws TalerError 2167 after a refund; 2160 when the request has coins that are not among the deposits
   */
  async run(
    instance: Instance,
    order: OrderWithContract,
    stored: readonly StoredDeposit[],
    request: PayDto,
  ): Promise<{ signature: Buffer }> {
    const hContract = order.claim?.hContract;
    if (!hContract) throw new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail: order.orderId });
    const known = new Map(stored.map((deposit) => [deposit.coinPub.toString('hex'), deposit]));
    const isSame = request.coins.every((coin) => known.has(coin.coin_pub.toString('hex')));
    if (!isSame) throw await this.refuseOtherCoins(instance, { order, hContract, stored }, request);
    if (this.isRefunded(order, stored)) throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDED);
    await this.bindSession.run(order, sessionOf(request.session_id));
    return this.sign(instance, hContract);
  }

  /** True when refunds have taken from what covers the price. */
  private isRefunded(order: OrderWithContract, stored: readonly StoredDeposit[]): boolean {
    if (isZeroAmount(order.refundGranted)) return false;
    const { maxFee } = viewContract(order);
    const deposits = stored.filter((deposit) => !deposit.isGivenBack);
    return !isSufficient({ amount: order.amount, maxFee, deposits, refunded: order.refundGranted });
  }

  async sign(instance: Instance, hContract: Buffer): Promise<{ signature: Buffer }> {
    return { signature: merchantPaymentOk.sign(await this.keys.signerOf(instance.serial), { hContract }) };
  }

  /** 2160, with permissions to take back those coins of this request that we hold without needing them. */
  private async refuseOtherCoins(
    instance: Instance,
    paid: { order: OrderWithContract; hContract: Buffer; stored: readonly StoredDeposit[] },
    request: PayDto,
  ): Promise<TalerError> {
    const { order, hContract, stored } = paid;
    const asked = new Set(request.coins.map((coin) => coin.coin_pub.toString('hex')));
    const excess = unneeded(order, stored).filter((deposit) => asked.has(deposit.coinPub.toString('hex')));
    if (excess.length > 0) await this.recordRefunds(order, excess);
    const signer = await this.keys.signerOf(instance.serial);
    return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_ALREADY_PAID, {
      detail: order.orderId,
      extra: {
        refunds: excess.map(({ coinPub, contribution }) => ({
          coin_pub: encodeBase32(coinPub),
          merchant_sig: encodeBase32(
            merchantRefund.sign(signer, {
              hContract,
              coinPub,
              rtransactionId: GIVEN_BACK,
              refundAmount: contribution,
            }),
          ),
          rtransaction_id: Number(GIVEN_BACK),
        })),
      },
    });
  }

  /** A permission that leaves the house is money spent, so it is booked first. */
  private async recordRefunds(order: Order, excess: readonly StoredDeposit[]): Promise<void> {
    await this.transactor.run('refund-excess', async (tx) => {
      await this.orders.lock(tx, order.instanceSerial, order.orderId);
      for (const { coinPub, contribution } of excess) {
        const refund = {
          coinPub,
          rtransactionId: GIVEN_BACK,
          amount: contribution,
          reason: EXCESS_REASON,
          granted: floorToSecond(this.clock.nowUs()),
        };
        await this.refunds.insert(tx, order.serial, refund);
      }
    });
  }
}

/** The latest deposits that could be left out and the rest would still cover the price. */
function unneeded(order: OrderWithContract, stored: readonly StoredDeposit[]): StoredDeposit[] {
  const { maxFee } = viewContract(order);
  let kept = stored.filter((deposit) => !deposit.isGivenBack);
  // Those given back before are told again: their permissions are the same.
  const excess = stored.filter((deposit) => deposit.isGivenBack);
  for (const deposit of [...kept].reverse()) {
    const without = kept.filter((other) => other !== deposit);
    const refunded = { ...order.amount, units: 0n };
    if (!isSufficient({ amount: order.amount, maxFee, deposits: without, refunded })) continue;
    kept = without;
    excess.push(deposit);
  }
  return excess;
}
