import { addAmounts, type Amount, zeroAmount } from '../../src/taler/amount';
import { parseTimestamp, type Timestamp } from '../../src/taler/timestamp';
import { ownAmount, type PurchaseRecord, remainingOf, type WalletState } from './state';

/** What the wallet has of one exchange in one currency. */
export interface Balance {
  readonly exchangeBaseUrl: string;
  readonly currency: string;
  /** Can be spent now. */
  readonly available: Amount;
  /** On its way: withdrawals that are not finished. */
  readonly pendingIncoming: Amount;
  /** Set aside for payments whose outcome is not known. */
  readonly pendingOutgoing: Amount;
  /** Coins of which something can be spent. */
  readonly coinCount: number;
}

/** One entry per exchange and currency, sorted by exchange. */
export function balances(state: WalletState, now: Timestamp): Balance[] {
  const sums = new Map<string, BalanceSum>();
  const sumOf = (exchangeBaseUrl: string, currency: string): BalanceSum => {
    const name = `${exchangeBaseUrl} ${currency}`;
    const known = sums.get(name) ?? new BalanceSum(exchangeBaseUrl, currency);
    sums.set(name, known);
    return known;
  };
  for (const coin of Object.values(state.coins)) {
    const remaining = remainingOf(coin);
    const sum = sumOf(coin.exchangeBaseUrl, remaining.currency);
    for (const [key, contribution] of Object.entries(coin.spends)) {
      if (isUnsettled(state.purchases[key]?.state)) {
        sum.pendingOutgoing = addAmounts(sum.pendingOutgoing, ownAmount(contribution));
      }
    }
    const until = parseTimestamp(coin.depositUntil);
    if (until === undefined || until <= now || remaining.units === 0n) continue;
    sum.available = addAmounts(sum.available, remaining);
    sum.coinCount += 1;
  }
  for (const withdrawal of Object.values(state.withdrawals)) {
    if (withdrawal.state === 'done') continue;
    const amount = ownAmount(withdrawal.amount);
    const sum = sumOf(withdrawal.exchangeBaseUrl, amount.currency);
    const drawn = withdrawal.coinTotal === undefined ? 0n : ownAmount(withdrawal.coinTotal).units;
    const rest = { currency: amount.currency, units: amount.units > drawn ? amount.units - drawn : 0n };
    sum.pendingIncoming = addAmounts(sum.pendingIncoming, rest);
  }
  return [...sums.values()].sort((a, b) => (a.exchangeBaseUrl < b.exchangeBaseUrl ? -1 : 1));
}

function isUnsettled(state: PurchaseRecord['state'] | undefined): boolean {
  return state === 'paying' || state === 'aborting';
}

class BalanceSum implements Balance {
  available: Amount;
  pendingIncoming: Amount;
  pendingOutgoing: Amount;
  coinCount = 0;

  constructor(
    readonly exchangeBaseUrl: string,
    readonly currency: string,
  ) {
    this.available = zeroAmount(currency);
    this.pendingIncoming = zeroAmount(currency);
    this.pendingOutgoing = zeroAmount(currency);
  }
}
