import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { OrdersRepository } from '../../orders/orders.repository';
import { GIVEN_BACK, type Refund } from '../../orders/refund';
import { RefundsRepository } from '../../orders/refunds.repository';
import { PaymentsRepository } from '../../payments/payments.repository';
import { Clock } from '../../platform/clock';
import { type Amount, isZeroAmount, sumAmounts } from '../../taler/amount';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { ObtainRefunds, type ObtainPurpose } from '../obtain-refunds';
import { type Deed, requireClaimed, requireHash } from '../order-contract';
import { isFateUnknown } from '../refund-failures';

const COLLECTING: ObtainPurpose = {
  name: 'refund',
  keyUnusable: TalerCode.MERCHANT_POST_ORDERS_ID_REFUND_SIGNATURE_FAILED,
  // One coin of which the exchange is gone does not fail the others; it may be configured again.
  exchangeUnknown: { code: TalerCode.MERCHANT_GENERIC_EXCHANGE_UNTRUSTED, status: 502 },
};

const LEGAL_REASONS = 451;

export interface CollectedRefunds {
  /** Granted in all. */
  readonly total: Amount;
  /** In the order in which they were granted. */
  readonly refunds: readonly Refund[];
}

/** `POST orders/$ID/refund` (orders.md 5.6): the wallet has its refunds made by the exchanges. */
@Injectable()
export class CollectRefunds {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsRepository,
    private readonly refunds: RefundsRepository,
    private readonly obtainRefunds: ObtainRefunds,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns undefined when nothing was granted
   * @throws TalerError 2005, 2009, 2169, 2512, 2350
   */
  async run(instance: Instance, orderId: string, hContract: Buffer): Promise<CollectedRefunds | undefined> {
    const deed: Deed = { instance, orderId, action: 'collect refunds', nowUs: this.clock.nowUs() };
    const order = requireClaimed(await this.orders.find(instance.serial, orderId), deed);
    requireHash(order, hContract, TalerCode.MERCHANT_GENERIC_CONTRACT_HASH_DOES_NOT_MATCH_ORDER);
    if (isZeroAmount(order.refundGranted)) return undefined;
    const granted = await this.findGranted(order.serial);
    const isLate = deed.nowUs > order.wireDeadline;
    const uncollected = granted.filter((refund) => !refund.confirmation);
    // A refund that the exchange may have made in time is looked for also when it is too late to ask for a new one.
    const asked = isLate ? uncollected.filter(isFateUnknown) : uncollected;
    if (asked.length > 0) {
      const deposits = await this.payments.findDeposits(order.serial);
      await this.obtainRefunds.run({ purpose: COLLECTING, instance, order, refunds: asked, deposits });
    }
    // What is stored is the answer: another request of the wallet may have been faster.
    const stored = asked.length > 0 ? await this.findGranted(order.serial) : granted;
    // Granted since, hence not asked for: the wallet's next request.
    const refunds = stored.filter(({ serial }) => granted.some((refund) => refund.serial === serial));
    refuseLate(refunds, isLate, orderId);
    refuseForLaw(refunds);
    const { currency } = order.amount;
    return {
      total: sumAmounts(
        currency,
        refunds.map(({ amount }) => amount),
      ),
      refunds,
    };
  }

  private async findGranted(orderSerial: bigint): Promise<Refund[]> {
    const refunds = await this.refunds.find(orderSerial);
    return refunds.filter((refund) => refund.rtransactionId !== GIVEN_BACK);
  }
}

/** v24: the wire deadline ends refunds; who has them all sees them for ever. */
function refuseLate(refunds: readonly Refund[], isLate: boolean, orderId: string): void {
  if (!isLate || refunds.every((refund) => refund.confirmation)) return;
  throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_REFUND_AFTER_WIRE_DEADLINE, { detail: orderId });
}

/** Where the law stands before every coin there is nothing else to tell. */
function refuseForLaw(refunds: readonly Refund[]): void {
  const isRefused = refunds.every(
    ({ confirmation, failure }) => !confirmation && failure?.status === LEGAL_REASONS,
  );
  const [first] = refunds;
  if (!isRefused || !first) return;
  throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_REFUND_EXCHANGE_TRANSACTION_LIMIT_VIOLATION, {
    extra: {
      exchange_http_status: LEGAL_REASONS,
      exchange_code: first.failure?.code,
      exchange_reply: first.failure?.reply,
    },
  });
}
