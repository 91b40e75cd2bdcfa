import type { SandboxExchange } from '../../sandbox/exchange/exchange-server';
import { type Coin, coinsOf, withdrawCoins } from '../e2e/payments/support/purse';

/** Drawn at once: a batch costs one request, the coins a blind signature each. */
const BATCH = 32;

/** Fresh coins, each given once. */
export class CoinBox {
  private readonly stock = new Map<1 | 2, Coin[]>();
  private readonly drawing = new Map<1 | 2, Promise<void>>();

  constructor(
    private readonly exchange: SandboxExchange,
    private readonly nowUs: () => bigint,
  ) {}

  async take(value: 1 | 2): Promise<Coin> {
    for (;;) {
      const coin = this.stock.get(value)?.pop();
      if (coin) return coin;
      const drawing = this.drawing.get(value) ?? this.draw(value);
      this.drawing.set(value, drawing);
      await drawing;
      this.drawing.delete(value);
    }
  }

  private async draw(value: 1 | 2): Promise<void> {
    const coins = await withdrawCoins(this.exchange, coinsOf(BATCH, String(value)), this.nowUs());
    this.stock.set(value, [...(this.stock.get(value) ?? []), ...coins]);
  }
}
