import { zeroAmount } from '../taler/amount';
import type { Price } from './contract-view';
import type { StoredDeposit } from './payments.repository';
import { isSufficient, paymentOf } from './sufficiency';

/**
 * The coins of a paid order that could be left out and the rest would still cover the price, the latest first. Money
 * comes in twice when a coin whose deposit was in doubt turns up after others have paid.
 * @param deposits in the order in which they were recorded
 * @param refunded coins of which the shop has granted a refund, hex: they never go back whole as well
 */
export function findExcess(
  price: Price,
  deposits: readonly StoredDeposit[],
  refunded: ReadonlySet<string>,
): StoredDeposit[] {
  let kept = paymentOf(price, deposits);
  const isFree = ({ coinPub, isGivenBack }: StoredDeposit) =>
    !isGivenBack && !refunded.has(coinPub.toString('hex'));
  const excess = deposits.filter((deposit) => isFree(deposit) && !kept.includes(deposit));
  for (const deposit of kept.filter(isFree).reverse()) {
    const without = kept.filter((other) => other !== deposit);
    const sums = { ...price, deposits: without, refunded: zeroAmount(price.amount.currency) };
    if (!isSufficient(sums)) continue;
    kept = without;
    excess.push(deposit);
  }
  return excess;
}
