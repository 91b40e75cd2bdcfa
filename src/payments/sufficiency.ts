import {
  addAmounts,
  Amount,
  compareAmounts,
  isZeroAmount,
  subtractAmounts,
  sumAmounts,
  zeroAmount,
} from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';

/** What counts towards a payment: one coin that an exchange has accepted. */
export interface CountedDeposit {
  readonly contribution: Amount;
  readonly depositFee: Amount;
}

export interface PaymentSums {
  readonly amount: Amount;
  readonly maxFee: Amount;
  readonly deposits: readonly CountedDeposit[];
  readonly refunded: Amount;
}

/** Price plus the deposit fees that the merchant does not take upon itself (orders.md 5.3, sufficiency). */
export function neededFor(sums: PaymentSums): Amount {
  const { currency } = sums.amount;
  const fees = sumAmounts(
    currency,
    sums.deposits.map((deposit) => deposit.depositFee),
  );
  const extra =
    compareAmounts(fees, sums.maxFee) > 0 ? subtractAmounts(fees, sums.maxFee) : zeroAmount(currency);
  return addAmounts(sums.amount, extra);
}

/** What the accepted coins bring, fees included. */
export function grossOf(sums: PaymentSums): Amount {
  return sumAmounts(
    sums.amount.currency,
    sums.deposits.map((deposit) => deposit.contribution),
  );
}

/** True when the accepted coins, less what was refunded, cover the price and the fees above the merchant's limit. */
export function isSufficient(sums: PaymentSums): boolean {
  const gross = grossOf(sums);
  if (compareAmounts(sums.refunded, gross) > 0) return false;
  return compareAmounts(subtractAmounts(gross, sums.refunded), neededFor(sums)) >= 0;
}

/** Why the accepted coins are not enough, in the order of orders.md 5.3. */
export function explainInsufficient(sums: PaymentSums): TalerError {
  const gross = grossOf(sums);
  if (!isZeroAmount(sums.refunded) && compareAmounts(sums.refunded, gross) > 0) {
    return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDS_EXCEED_PAYMENTS);
  }
  if (compareAmounts(gross, neededFor(sums)) >= 0) {
    return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDED);
  }
  if (compareAmounts(gross, sums.amount) >= 0) {
    return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_INSUFFICIENT_DUE_TO_FEES);
  }
  return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_PAYMENT_INSUFFICIENT);
}
