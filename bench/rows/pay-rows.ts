import { randomBytes } from 'node:crypto';
import { createSigner, generateSeed } from '../../src/taler/eddsa';
import type { WalletCoin } from '../../sandbox/wallet/state';
import { withdrawCoins } from '../coins';
import { compare, inRounds, WHOLE_LIST_MS } from '../compare';
import type { Merchant } from '../merchant';
import type { Row } from '../report';
import { depositRequest, makeSales } from '../sales';
import type { PaymentSize } from '../settings';
import type { Bench, Shop } from '../world';
import { toRow } from './http-rows';

/**
 * Payments with fresh coins against the same number of deposits sent to the exchange directly. Both lists end when
 * all are through, so a round is as long as its payments take.
 */
export async function payRow(bench: Bench, shop: Shop, merchant: Merchant, size: PaymentSize): Promise<Row> {
  const { rounds } = bench.sizes;
  const perSide = size.warmUp + rounds * size.perRound;
  bench.say(`withdrawing ${2 * perSide * size.coins} coins`);
  const coins = await withdrawCoins(bench.exchange.base_url, 2 * perSide * size.coins);
  const take = (index: number): WalletCoin[] => coins.slice(index * size.coins, (index + 1) * size.coins);
  // The deposit fee of each coin comes out of the coin: a contribution of 1 is worth 0.99.
  const plan = { count: perSide, amount: (0.99 * size.coins).toFixed(2), take };
  const pays = (await makeSales(bench, { shop, merchant }, plan)).map(({ payment }) => payment);
  const seller = createSigner(generateSeed());
  const deposits = pays.map((_, index) => {
    const hContract = randomBytes(64);
    return depositRequest(bench.exchange.base_url, { seller, hContract, coins: take(perSide + index) });
  });
  const exchangePort = Number(new URL(bench.exchange.base_url).port);
  const measured = await compare(
    bench.load,
    { ...bench.sizes, roundMs: WHOLE_LIST_MS, warmUpMs: WHOLE_LIST_MS },
    {
      ours: { ...merchant.server.target, status: 200, order: 'once', requests: inRounds(pays, size) },
      baseline: {
        port: exchangePort,
        processes: () => bench.exchangePids,
        status: 200,
        order: 'once',
        requests: inRounds(deposits, size),
      },
    },
  );
  const operation = `pay with ${size.coins} coin${size.coins === 1 ? '' : 's'} (RSA 2048)`;
  return toRow({ operation, ratio: 0.6, note: `${size.perRound} payments per round` }, measured);
}
