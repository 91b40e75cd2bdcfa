import { addAmounts, type Amount, zeroAmount } from '../../src/taler/amount';
import type { Denomination } from './exchange-keys';
import { WITHDRAW_COINS_MAX } from './limits';

/** Denominations whose coins this wallet can withdraw now: RSA, no age restriction, not lost, in time. */
export function withdrawable(denominations: readonly Denomination[], nowUs: bigint): Denomination[] {
  return denominations.filter(
    ({ key, lost, rsaPub, stampStart, stampExpireWithdraw, stampExpireDeposit }) =>
      key.cipher === 'RSA' &&
      key.ageMask === 0 &&
      rsaPub !== undefined &&
      !lost &&
      stampStart <= nowUs &&
      nowUs < stampExpireWithdraw &&
      nowUs < stampExpireDeposit,
  );
}

/**
 * The coins to withdraw for an amount: the largest that fits, again and again, since every coin costs its fee
 * at each payment. What no denomination fits into stays in the reserve.
 *
 * @param available denominations of the amount's currency
 * @returns one entry per coin, largest first, at most WITHDRAW_COINS_MAX; `cost` is values plus withdraw fees
 */
export function pickDenominations(
  available: readonly Denomination[],
  amount: Amount,
): { picked: Denomination[]; cost: Amount } {
  const priced = available
    .filter(({ value }) => value.currency === amount.currency && value.units > 0n)
    .map((denomination) => ({
      denomination,
      price: addAmounts(denomination.value, denomination.feeWithdraw).units,
    }))
    .sort(
      (a, b) => compare(b.denomination.value.units, a.denomination.value.units) || compare(a.price, b.price),
    );
  const picked: Denomination[] = [];
  let cost = zeroAmount(amount.currency);
  for (const { denomination, price } of priced) {
    const room = WITHDRAW_COINS_MAX - picked.length;
    const fitting = (amount.units - cost.units) / price;
    const count = fitting > BigInt(room) ? room : Number(fitting);
    for (let i = 0; i < count; i++) picked.push(denomination);
    cost = { currency: cost.currency, units: cost.units + BigInt(count) * price };
  }
  return { picked, cost };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
