import { addAmounts, type Amount, formatAmount } from '../../src/taler/amount';
import { ownAmount, type WalletState } from './state';

/** One line of the wallet's past, ready for display or JSON. */
export type HistoryEntry =
  | {
      readonly type: 'withdrawal';
      readonly timeMs: number;
      readonly exchangeBaseUrl: string;
      readonly amount: string;
      readonly state: string;
      readonly coinCount: number;
      readonly failure?: string;
    }
  | {
      readonly type: 'purchase';
      readonly timeMs: number;
      readonly orderKey: string;
      readonly orderId: string;
      readonly merchantBaseUrl: string;
      readonly state: string;
      readonly summary?: string;
      readonly amount?: string;
      readonly sessionId?: string;
      /** What refunds brought back. */
      readonly refunded?: string;
      readonly failure?: string;
    };

/** All withdrawals and purchases, oldest first. */
export function historyOf(state: WalletState): HistoryEntry[] {
  const withdrawals = Object.values(state.withdrawals).map((record): HistoryEntry => ({
    type: 'withdrawal',
    timeMs: record.createdMs,
    exchangeBaseUrl: record.exchangeBaseUrl,
    amount: record.amount,
    state: record.state,
    coinCount: record.coinCount,
    ...(record.failure === undefined ? {} : { failure: record.failure }),
  }));
  const purchases = Object.entries(state.purchases).map(([orderKey, record]): HistoryEntry => {
    const { contractTerms, receipt, payment } = record;
    const refunded = returnedFor(state, orderKey);
    const summary = contractTerms?.['summary'];
    const choices = contractTerms?.['choices'];
    const choice = Array.isArray(choices) ? choices[payment?.choice ?? 0] : contractTerms;
    const amount =
      typeof choice === 'object' && choice !== null && !Array.isArray(choice) ? choice['amount'] : undefined;
    return {
      type: 'purchase',
      timeMs: receipt?.paidMs ?? record.createdMs,
      orderKey,
      orderId: record.orderId,
      merchantBaseUrl: record.merchantBaseUrl,
      state: record.state,
      ...(typeof summary === 'string' ? { summary } : {}),
      ...(typeof amount === 'string' ? { amount } : {}),
      ...(receipt === undefined ? {} : { sessionId: receipt.sessionId }),
      ...(refunded === undefined ? {} : { refunded: formatAmount(refunded) }),
      ...(record.failure === undefined ? {} : { failure: record.failure }),
    };
  });
  return [...withdrawals, ...purchases].sort((a, b) => a.timeMs - b.timeMs);
}

/** What refunds of an order brought back to the coins; undefined without any. */
function returnedFor(state: WalletState, orderKey: string): Amount | undefined {
  const parts = Object.values(state.coins).flatMap(({ returned }) => returned?.[orderKey] ?? []);
  const [first, ...rest] = parts.map(ownAmount);
  return first === undefined ? undefined : rest.reduce(addAmounts, first);
}

/** `1 coin`, `12 coins`. */
export function countCoins(count: number): string {
  return count === 1 ? '1 coin' : `${count} coins`;
}
