import { Amount, MAX_AMOUNT_UNITS } from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { Price } from './contract-view';

/** What counts towards a payment: one coin that an exchange has accepted. */
export interface CountedDeposit {
  readonly contribution: Amount;
  readonly depositFee: Amount;
}

/** A coin that an exchange has accepted, and what decides whether it counts. */
export interface HeldDeposit extends CountedDeposit {
  readonly isGivenBack: boolean;
  /** What of the wallet's data the coin has signed (crypto.md 4). */
  readonly walletDataHash: Buffer | undefined;
}

/** All in the currency of the price. */
export interface PaymentSums {
  readonly amount: Amount;
  readonly maxFee: Amount;
  readonly deposits: readonly CountedDeposit[];
  readonly refunded: Amount;
}

/**
 * The coins that count towards a price. Where there are choices a coin counts for the one that it has signed, which
 * its wallet data names (orders.md 8.3).
 */
export function countedFor<T extends HeldDeposit>(
  price: Price,
  walletDataHash: Buffer | undefined,
  deposits: readonly T[],
): T[] {
  return deposits.filter(
    (deposit) =>
      !deposit.isGivenBack &&
      deposit.contribution.currency === price.amount.currency &&
      (price.choiceIndex === undefined || isSameHash(deposit.walletDataHash, walletDataHash)),
  );
}

/**
 * The coins that a paid order was paid with, surplus included: with choices, those of the wallet data under which the
 * price was covered first.
 * @param deposits in the order in which they were recorded
 */
export function paymentOf<T extends HeldDeposit>(price: Price, deposits: readonly T[]): T[] {
  const refunded = { currency: price.amount.currency, units: 0n };
  for (const [index, { walletDataHash }] of deposits.entries()) {
    const counted = countedFor(price, walletDataHash, deposits.slice(0, index + 1));
    if (isSufficient({ ...price, deposits: counted, refunded })) {
      return countedFor(price, walletDataHash, deposits);
    }
  }
  return countedFor({ ...price, choiceIndex: undefined }, undefined, deposits);
}

export function isSameHash(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

/** Price plus the deposit fees that the merchant does not take upon itself, 10^-8 (orders.md 5.3, sufficiency). */
export function neededFor({ amount, maxFee, deposits }: PaymentSums): bigint {
  const fees = deposits.reduce((sum, { depositFee }) => sum + depositFee.units, 0n);
  return amount.units + (fees > maxFee.units ? fees - maxFee.units : 0n);
}

/** What the accepted coins bring, fees included, 10^-8. */
export function grossOf({ deposits }: PaymentSums): bigint {
  return deposits.reduce((sum, { contribution }) => sum + contribution.units, 0n);
}

/** True when the accepted coins, less what was refunded, cover the price and the fees above the merchant's limit. */
export function isSufficient(sums: PaymentSums): boolean {
  return grossOf(sums) - sums.refunded.units >= neededFor(sums);
}

/**
 * To be asked before the first deposit: what was accepted is recorded, so no sum may fail afterwards.
 * @throws TalerError 2153 when the sums are beyond what an amount can be
 */
export function requireRepresentable(sums: PaymentSums): void {
  if (grossOf(sums) <= MAX_AMOUNT_UNITS && neededFor(sums) <= MAX_AMOUNT_UNITS) return;
  throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AMOUNT_OVERFLOW);
}

/** Why the accepted coins are not enough, in the order of orders.md 5.3. */
export function explainInsufficient(sums: PaymentSums): TalerError {
  const gross = grossOf(sums);
  if (sums.refunded.units > gross) {
    return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDS_EXCEED_PAYMENTS);
  }
  if (gross >= neededFor(sums)) {
    return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDED);
  }
  if (gross >= sums.amount.units) {
    return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_INSUFFICIENT_DUE_TO_FEES);
  }
  return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_PAYMENT_INSUFFICIENT);
}
