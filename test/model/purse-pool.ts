import type { SandboxExchange } from '../../sandbox/exchange/exchange-server';
import { type Coin, coinsOf, withdrawCoins } from '../e2e/payments/support/purse';
import { PURSE } from './steps';

/** Drawn at once: a batch costs one request, the coins a blind signature each. */
const BATCH = 64;

/** Fresh coins by value. Blind signatures take their time, so coins that a history has not spent are used again. */
export class PursePool {
  private readonly stock = new Map<number, Coin[]>();

  constructor(
    private readonly exchange: SandboxExchange,
    private readonly nowUs: () => bigint,
  ) {}

  /** One coin for each place of the purse. */
  async take(): Promise<Coin[]> {
    const coins: Coin[] = [];
    for (const value of PURSE) coins.push(await this.takeOne(value));
    return coins;
  }

  /** Takes back those that nobody has deposited. */
  giveBack(coins: readonly Coin[]): void {
    coins.forEach((coin, index) => {
      if (this.exchange.bookOfCoin(coin.coinPub) === undefined) this.stockOf(PURSE[index] ?? 0).push(coin);
    });
  }

  private async takeOne(value: number): Promise<Coin> {
    const stock = this.stockOf(value);
    if (stock.length === 0) {
      stock.push(...(await withdrawCoins(this.exchange, coinsOf(BATCH, String(value)), this.nowUs())));
    }
    const coin = stock.pop();
    // Somebody else may have been faster while the withdrawal was under way.
    return coin ?? this.takeOne(value);
  }

  private stockOf(value: number): Coin[] {
    const stock = this.stock.get(value) ?? [];
    this.stock.set(value, stock);
    return stock;
  }
}
