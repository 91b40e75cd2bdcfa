import { formatAmount } from '../../src/taler/amount';
import type { Report } from './cli-report';
import { countCoins } from './history';
import type { Wallet } from './wallet';

/** Collects the refunds of an order. @throws WalletError */
export async function refund(wallet: Wallet, key: string): Promise<Report> {
  const { granted, gained, missing } = await wallet.collectRefunds(key);
  if (granted === undefined || gained === undefined) {
    return {
      lines: ['Nothing is refunded.'],
      json: { order: key, granted: null, gained: null, missing: [] },
    };
  }
  const rest = missing.map(
    ({ amount, status, code }) =>
      `${formatAmount(amount)} is missing: the exchange answered ${status}${code === undefined ? '' : `, code ${code}`}.`,
  );
  return {
    lines: [
      `${formatAmount(granted)} is refunded; ${formatAmount(gained)} came back to the wallet just now.`,
      ...rest,
    ],
    json: {
      order: key,
      granted: formatAmount(granted),
      gained: formatAmount(gained),
      missing: missing.map(({ coinPub, amount, status, code }) => ({
        coin_pub: coinPub,
        amount: formatAmount(amount),
        exchange_status: status,
        exchange_code: code ?? null,
      })),
    },
  };
}

/** Gives a payment up. @throws WalletError */
export async function abort(wallet: Wallet, key: string): Promise<Report> {
  const { coins, isComplete, fees } = await wallet.abort(key);
  const count = (wanted: string): number => coins.filter(({ outcome }) => outcome === wanted).length;
  const cost = fees === undefined ? '' : `, for refund fees of ${formatAmount(fees)}`;
  const lines = [
    `The payment is given up: ${countCoins(count('refunded'))} refunded${cost}, ${count('undeposited')} never spent.`,
  ];
  if (!isComplete) lines.push(`${countCoins(count('failed'))} could not be refunded; abort again later.`);
  return {
    lines,
    json: {
      order: key,
      complete: isComplete,
      coins: coins.map(({ coinPub, outcome }) => ({ coin_pub: coinPub, outcome })),
      fees: fees === undefined ? null : formatAmount(fees),
    },
  };
}
