import { Injectable } from '@nestjs/common';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import type { Instance } from '../../instances/instance';
import { OrderWithContract, sessionOf } from '../../orders/order';
import { requireAllowed } from '../../orders/order-life';
import { OrdersRepository } from '../../orders/orders.repository';
import { GIVEN_BACK } from '../../orders/refund';
import { RefundsRepository } from '../../orders/refunds.repository';
import { BindSession } from '../bind-session';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import { Waypoints } from '../../platform/waypoints';
import { isZeroAmount } from '../../taler/amount';
import { encodeBase32 } from '../../taler/base32';
import { TalerCode } from '../../taler/error-codes';
import { merchantPaymentOk, merchantRefund } from '../../taler/signatures-merchant';
import { TalerError } from '../../taler/taler-error';
import { floorToSecond } from '../../taler/timestamp';
import type { PayDto } from '../dto/pay.dto';
import { paidPrice } from '../contract-view';
import { findExcess } from '../excess';
import { coinKeys, PaymentsRepository, StoredDeposit } from '../payments.repository';
import { isSufficient, paymentOf } from '../sufficiency';

const EXCESS_REASON = 'paid in excess';

/** What `/pay` says of an order that is paid already (orders.md 5.3, idempotency). */
@Injectable()
export class AnswerPaid {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly refunds: RefundsRepository,
    private readonly bindSession: BindSession,
    private readonly keys: InstanceKeys,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly waypoints: Waypoints,
  ) {}

  /**
   * The same coins get the same receipt, whatever else the request says, and move the order to its session.
   * @throws TalerError 2167 after a refund; 2160 when the request has coins that are not among the deposits, or none
   *   that was not given back; 2156 for no coins where there was a price
   */
  async run(
    instance: Instance,
    order: OrderWithContract,
    stored: readonly StoredDeposit[],
    request: PayDto,
  ): Promise<{ signature: Buffer }> {
    const hContract = order.claim?.hContract;
    if (!hContract) throw new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail: order.orderId });
    if (!this.isSamePayment(order, stored, request)) {
      throw await this.refuseOtherCoins(instance, { order, hContract, stored }, request);
    }
    // A refund of a surplus leaves the order paid (order-life.ts).
    const state = this.isRefunded(order, stored) ? 'refunded' : 'paid';
    requireAllowed(state, 'pay', order.orderId);
    await this.bindSession.run(order, sessionOf(request.session_id));
    return this.sign(instance, hContract);
  }

  async sign(instance: Instance, hContract: Buffer): Promise<{ signature: Buffer }> {
    return { signature: merchantPaymentOk.sign(await this.keys.signerOf(instance.serial), { hContract }) };
  }

  /** Coins are what authorises a payment (orders.md 2.6); without any only who had nothing to pay has paid. */
  private isSamePayment(
    order: OrderWithContract,
    stored: readonly StoredDeposit[],
    { coins }: PayDto,
  ): boolean {
    if (coins.length === 0) {
      if (isZeroAmount(order.amount)) return true;
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_PAYMENT_INSUFFICIENT, { detail: 'coins' });
    }
    const known = coinKeys(stored);
    const held = coinKeys(stored.filter(({ isGivenBack }) => !isGivenBack));
    const keys = coins.map((coin) => coin.coin_pub.toString('hex'));
    return keys.every((key) => known.has(key)) && keys.some((key) => held.has(key));
  }

  /** True when refunds have taken from what covers the price. */
  private isRefunded(order: OrderWithContract, stored: readonly StoredDeposit[]): boolean {
    const { refundGranted: refunded } = order;
    if (isZeroAmount(refunded)) return false;
    const price = paidPrice(order);
    return !isSufficient({ ...price, deposits: paymentOf(price, stored), refunded });
  }

  /** 2160, with permissions to take back those coins of this request that we hold without needing them. */
  private async refuseOtherCoins(
    instance: Instance,
    paid: { order: OrderWithContract; hContract: Buffer; stored: readonly StoredDeposit[] },
    request: PayDto,
  ): Promise<TalerError> {
    const { order, hContract, stored } = paid;
    const asked = coinKeys(request.coins.map((coin) => ({ coinPub: coin.coin_pub })));
    const isHeld = stored.some(({ coinPub }) => asked.has(coinPub.toString('hex')));
    const excess = isHeld ? await this.giveBack(order, asked) : [];
    this.waypoints.pass('pay: excess booked');
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

  /**
   * Finds the coins of a request that are not needed, and books that they go back: a permission that leaves the house is
   * money spent. Under the lock, since a refund that is being granted may count on the same coin.
   * @param asked the coins of the request, hex
   * @returns those given back before too: their permissions are the same
   */
  private async giveBack(order: OrderWithContract, asked: ReadonlySet<string>): Promise<StoredDeposit[]> {
    return this.transactor.run('refund-excess', async (tx) => {
      await this.orders.lock(tx, order.instanceSerial, order.orderId);
      const deposits = await this.payments.readDeposits(tx, order.serial);
      const isAsked = ({ coinPub }: StoredDeposit) => asked.has(coinPub.toString('hex'));
      const granted = await this.refunds.read(tx, order.serial);
      const refunded = coinKeys(granted.filter(({ rtransactionId }) => rtransactionId !== GIVEN_BACK));
      const excess = findExcess(paidPrice(order), deposits, refunded).filter(isAsked);
      for (const { coinPub, contribution } of excess.filter(({ isGivenBack }) => !isGivenBack)) {
        const refund = {
          coinPub,
          rtransactionId: GIVEN_BACK,
          amount: contribution,
          reason: EXCESS_REASON,
          granted: floorToSecond(this.clock.nowUs()),
        };
        await this.refunds.insert(tx, order.serial, refund);
      }
      return [...excess, ...deposits.filter((deposit) => deposit.isGivenBack && isAsked(deposit))];
    });
  }
}
