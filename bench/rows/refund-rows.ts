import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../src/taler/base32';
import { createSigner, generateSeed } from '../../src/taler/eddsa';
import { ownAmount, type WalletCoin } from '../../sandbox/wallet/state';
import { withdrawCoins } from '../coins';
import { compare, inRounds, WHOLE_LIST_MS } from '../compare';
import { withClient } from '../database';
import { post } from '../http-message';
import type { Row } from '../report';
import { bytes, depositRequest, makeSales, type Sale, sendAll } from '../sales';
import { CURRENCY } from '../settings';
import {
  type Baseline,
  type Bench,
  contractBytesOf,
  type OpenShop,
  openShop,
  ordersPath,
  type Shop,
  startBaseline,
} from '../world';
import { toRow } from './http-rows';

/** A coin of 1 pays this much; all of it is given back. */
const PRICE = '0.99';
/** A coin of 1 is not enough for this, and stays deposited. */
const TWICE_THE_PRICE = '1.98';
export const GRANT = { refund: `${CURRENCY}:${PRICE}`, reason: 'the article of the bench was damaged' };

/** What can be refunded or aborted of one side: contracts with one coin each that lies at the exchange. */
type Deposited = Pick<Sale, 'orderId' | 'hContract' | 'coins'>;

interface Stock {
  readonly toRefund: readonly Deposited[];
  readonly toAbort: readonly Deposited[];
}

/**
 * A shop grants refunds, wallets collect them, and wallets give partial payments up: against a server that runs the same
 * statements and calls the same exchange. Each order once.
 */
export async function refundRows(bench: Bench): Promise<Row[]> {
  const { refunds: size, rounds } = bench.sizes;
  const perSide = size.warmUp + rounds * size.perRound;
  bench.say(`withdrawing ${4 * perSide} coins`);
  const coins = await withdrawCoins(bench.exchange.base_url, 4 * perSide);
  const open = await openShop(bench, 'refund');
  const { shop, merchant } = open;
  const ours = await sell(bench, open, coins.slice(0, 2 * perSide));
  const seed = generateSeed();
  const theirs = await deposit(bench, seed, coins.slice(2 * perSide));
  const baseline = await openBaseline(bench, shop, seed, { ours, theirs });
  const row = async (operation: string, requests: { ours: Buffer[]; baseline: Buffer[] }): Promise<Row> => {
    bench.say(`measuring ${operation}`);
    const side = { status: 200, order: 'once' } as const;
    const whole = { ...bench.sizes, warmUpMs: WHOLE_LIST_MS, roundMs: WHOLE_LIST_MS };
    const measured = await compare(bench.load, whole, {
      ours: { ...merchant.server.target, ...side, requests: inRounds(requests.ours, size) },
      baseline: { ...baseline.server.target, ...side, requests: inRounds(requests.baseline, size) },
    });
    const note = `${size.perRound} orders of one coin per round; the baseline runs the same statements`;
    return toRow({ operation, note }, measured);
  };
  try {
    const rows = [
      await row('grant a refund', {
        ours: ours.toRefund.map((order) => grantRequest(shop, order)),
        baseline: theirs.toRefund.map(({ orderId }) => post(`/orders/${orderId}/grant`, GRANT)),
      }),
      await row('collect a refund', {
        ours: ours.toRefund.map((order) => collectRequest(ordersPath(false), order)),
        baseline: theirs.toRefund.map((order) => collectRequest('/orders', order)),
      }),
      await row('abort a partial payment', {
        ours: ours.toAbort.map((order) => abortRequest(ordersPath(false), order)),
        baseline: theirs.toAbort.map((order) => abortRequest('/orders', order)),
      }),
    ];
    await requireConfirmed(shop.databaseUrl, 'refunds', 2 * perSide);
    await requireConfirmed(baseline.databaseUrl, 'baseline_refunds', 2 * perSide);
    return rows;
  } finally {
    await baseline.server.stop();
    await merchant.stop();
  }
}

export const grantRequest = (shop: Shop, { orderId }: Pick<Sale, 'orderId'>): Buffer =>
  post(`${ordersPath(true)}/${orderId}/refund`, GRANT, shop.token);

/** @param orders path of the public orders */
export const collectRequest = (orders: string, { orderId, hContract }: Deposited): Buffer =>
  post(`${orders}/${orderId}/refund`, { h_contract: encodeBase32(hContract) });

export const abortRequest = (orders: string, { orderId, hContract, coins }: Deposited): Buffer =>
  post(`${orders}/${orderId}/abort`, {
    h_contract: encodeBase32(hContract),
    coins: coins.map(({ coinPub, exchangeBaseUrl }) => ({
      coin_pub: coinPub,
      exchange_url: exchangeBaseUrl,
    })),
  });

/** Half of the coins pay an order each, the others half an order each. */
export async function sell(bench: Bench, open: OpenShop, coins: readonly WalletCoin[]): Promise<Stock> {
  const count = coins.length / 2;
  const toRefund = await makeSales(bench, open, {
    count,
    amount: PRICE,
    take: (index) => coins.slice(index, index + 1),
  });
  const toAbort = await makeSales(bench, open, {
    count,
    amount: TWICE_THE_PRICE,
    take: (index) => coins.slice(count + index, count + index + 1),
  });
  const payments = (sales: readonly Sale[]): Buffer[] => sales.map(({ payment }) => payment);
  await sendAll(bench, open.merchant.port, payments(toRefund));
  // Accepted by the exchange and recorded, then answered with 2156: not enough.
  await sendAll(bench, open.merchant.port, payments(toAbort), 400);
  return { toRefund, toAbort };
}

/** Deposits the coins at the exchange as the baseline's shop would have. */
async function deposit(bench: Bench, seed: Buffer, coins: readonly WalletCoin[]): Promise<Stock> {
  const seller = createSigner(seed);
  const orders = coins.map((coin) => ({
    orderId: randomBytes(8).toString('hex'),
    hContract: randomBytes(64),
    coins: [coin],
  }));
  await sendAll(
    bench,
    Number(new URL(bench.exchange.base_url).port),
    orders.map((order) => depositRequest(bench.exchange.base_url, { seller, ...order })),
  );
  const half = orders.length / 2;
  return { toRefund: orders.slice(0, half), toAbort: orders.slice(half) };
}

async function openBaseline(
  bench: Bench,
  shop: Shop,
  seed: Buffer,
  stocks: { readonly ours: Stock; readonly theirs: Stock },
): Promise<Baseline> {
  const contractBytes = await contractBytesOf(shop, stocks.ours.toRefund[0]?.orderId ?? '');
  const env = { EXCHANGE_URL: bench.exchange.base_url, SEED: seed.toString('hex') };
  const baseline = await startBaseline(bench, 'refund-baseline', { contractBytes }, env);
  const orders = [...stocks.theirs.toRefund, ...stocks.theirs.toAbort];
  const pairs = orders.flatMap((order) => order.coins.map((coin) => ({ ...order, coin })));
  await withClient(baseline.databaseUrl, async (client) => {
    await client.query(
      `with stored as (
         insert into baseline_orders (instance_serial, order_id, contract, summary, currency, amount, created_us,
           pay_deadline_us, refund_deadline_us, wire_deadline_us, h_wire, h_contract)
         select 1, id, repeat('x', $3), 'summary', $4, $5, 1, 1, 1, 1, '\\x00', hash
         from unnest($1::text[], $2::bytea[]) as given (id, hash) returning serial, order_id)
       insert into baseline_deposits (order_serial, coin_pub, currency, contribution, refund_fee)
       select stored.serial, given.coin, $4, $5, 1 from unnest($1::text[], $6::bytea[]) as given (id, coin)
       join stored on stored.order_id = given.id`,
      [
        pairs.map(({ orderId }) => orderId),
        pairs.map(({ hContract }) => hContract),
        contractBytes,
        CURRENCY,
        pairs[0] && ownAmount(pairs[0].coin.value).units,
        pairs.map(({ coin }) => bytes(coin.coinPub, 32)),
      ],
    );
    await client.query('vacuum (analyze) baseline_orders');
    await client.query('vacuum (analyze) baseline_deposits');
  });
  return baseline;
}

/** An answer of 200 may tell that the exchange refused: then nothing was measured. @throws Error */
async function requireConfirmed(url: string, table: string, count: number): Promise<void> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ confirmed: number }>(
      `select count(exchange_sig)::int as confirmed from ${client.escapeIdentifier(table)}`,
    ),
  );
  const confirmed = rows[0]?.confirmed;
  if (confirmed !== count) throw new Error(`${table}: ${confirmed} of ${count} refunds were confirmed`);
}
