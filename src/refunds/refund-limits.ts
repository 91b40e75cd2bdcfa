import { Injectable } from '@nestjs/common';
import { ExchangeDirectory } from '../exchange/exchange-directory';
import { ExchangeKeysCache } from '../exchange/exchange-keys.cache';
import type { Amount } from '../taler/amount';
import { TalerError } from '../taler/taler-error';

/** Operation of /keys that bounds a refund (exchange.md 2); no KYC lifts its hard limit. */
const REFUND = ['REFUND'];

/** What a shop waits for an exchange whose keys are not at hand. */
const LIMITS_WAIT_MS = 1_000;

/** What the exchanges of coins allow to be refunded. */
@Injectable()
export class RefundLimits {
  constructor(
    private readonly exchanges: ExchangeDirectory,
    private readonly keys: ExchangeKeysCache,
  ) {}

  /**
   * Base URL -> most that may be refunded. An exchange that cannot be asked now has no entry: the shop may promise the
   * money all the same, and the exchange has the last word when the wallet collects it.
   */
  async of(exchangeUrls: Iterable<string>): Promise<ReadonlyMap<string, Amount>> {
    const limits = new Map<string, Amount>();
    const look = async (url: string) => {
      const limit = await this.limitOf(url);
      if (limit) limits.set(url, limit);
    };
    await Promise.all([...new Set(exchangeUrls)].map(look));
    return limits;
  }

  private async limitOf(url: string): Promise<Amount | undefined> {
    const exchange = this.exchanges.find(url);
    if (!exchange) return undefined;
    try {
      const keys = await this.keys.get(exchange, { waitMs: LIMITS_WAIT_MS });
      return keys.lowestHardLimit(REFUND);
    } catch (error) {
      if (error instanceof TalerError) return undefined;
      throw error;
    }
  }
}
