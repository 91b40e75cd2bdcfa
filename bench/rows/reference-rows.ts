import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../clock';
import { measure, type Side } from '../compare';
import { copyOf } from '../database';
import { get, post } from '../http-message';
import type { Merchant } from '../merchant';
import { figure, type Row } from '../report';
import { CONNECTIONS, SHOP_ID } from '../settings';
import { type Bench, claimRequests, fill, orderOf, ordersPath, type Shop } from '../world';
import { copyNumbers } from './http-rows';
import { Crowd, freeOrders, paymentOf, possibleWaiters, waiterOf, wakeOnce } from './waiter-rows';

/** Processes of ours. */
export const REFERENCE_WORKERS = 2;
const PAID = 'Q';
const UNPAID = 'U';
const CLAIM = 'D';
/** With several processes nobody counts all waiters; they have been sent, and this long is enough to read them. */
const SETTLE_MS = 3_000;
const WAITERS_OF_REFERENCE = 1_010;
const WAITERS_WOKEN = 1_000;
const WAKE_ROUNDS = 5;
const KIB = 1024;

/** Ours with two processes beside the C reference of 2020: one process, 32 connections, two shared cores as here. */
export async function referenceRows(bench: Bench, shop: Shop, merchant: Merchant): Promise<Row[]> {
  const { sizes } = bench;
  await fill(shop, { prefix: PAID, count: sizes.paidOrders, isClaimed: 'true', isPaid: 'true' });
  await fill(shop, { prefix: UNPAID, count: sizes.paidOrders, isClaimed: 'true', isPaid: 'false' });
  const claims = (sizes.rounds + 1) * sizes.claimsPerRound;
  await fill(shop, { prefix: CLAIM, count: claims, isClaimed: 'false', isPaid: 'false' });
  const rate = async (
    operation: string,
    least: number,
    side: Pick<Side, 'order' | 'requests'>,
  ): Promise<Row> => {
    bench.say(`measuring ${operation}`);
    const measured = await measure(bench.load, sizes, { ...side, ...merchant.server.target, status: 200 });
    return above(operation, { ours: measured.perSecond, least, unit: '/s' }, measured);
  };
  return [
    await rate('orders created', 4_600, fixed([post(ordersPath(true), orderOf('5'), shop.token)])),
    await rate('claims', 2_400, {
      order: 'once',
      requests: (round) => {
        const first = round * sizes.claimsPerRound + 1;
        return claimRequests(CLAIM, first, first + sizes.claimsPerRound - 1);
      },
    }),
    await rate('polls (GET public/poll-payment)', 6_500, fixed(polls(sizes.paidOrders))),
    await rate('private status reads', 7_000, fixed(privateReads(shop, sizes.paidOrders))),
    await rate('public status reads', 7_000, fixed(publicReads(sizes.paidOrders))),
    ...(await waiterRows(bench, shop, merchant)),
  ];
}

const fixed = (requests: readonly Buffer[]): Pick<Side, 'order' | 'requests'> => ({
  order: 'repeat',
  requests: () => requests,
});

function polls(count: number): Buffer[] {
  return copyNumbers(count).map((number) => {
    const { orderId, hContract } = copyOf({ prefix: UNPAID }, number);
    return get(`/public/instances/${SHOP_ID}/poll-payment?order_id=${orderId}&h_contract=${hContract}`);
  });
}

const privateReads = (shop: Shop, count: number): Buffer[] =>
  copyNumbers(count).map((number) => {
    return get(`${ordersPath(true)}/${copyOf({ prefix: PAID }, number).orderId}`, shop.token);
  });

const publicReads = (count: number): Buffer[] =>
  copyNumbers(count).map((number) => {
    const { orderId, hContract } = copyOf({ prefix: PAID }, number);
    return get(`${ordersPath(false)}/${orderId}?h_contract=${hContract}`);
  });

function above(operation: string, values: { ours: number; least: number; unit: string }, facts: object): Row {
  return {
    operation,
    ours: `${figure(values.ours)}${values.unit}`,
    baseline: `${figure(values.least)}${values.unit}`,
    ratio: (values.ours / values.least).toFixed(2),
    aim: 'above',
    isMet: values.ours > values.least,
    facts,
  };
}

async function waiterRows(bench: Bench, shop: Shop, merchant: Merchant): Promise<Row[]> {
  const waiters = possibleWaiters(bench.sizes.waiters);
  await freeOrders(shop, 'X', waiters);
  await freeOrders(shop, 'Y', WAKE_ROUNDS);
  const crowd = new Crowd();
  try {
    bench.say(`waking ${WAITERS_WOKEN} waiters`);
    const times: number[] = [];
    for (let round = 1; round <= WAKE_ROUNDS; round++) {
      await crowd.open(merchant.port, Array<Buffer>(WAITERS_WOKEN).fill(waiterOf(shop, 'Y', round)));
      await delay(SETTLE_MS);
      times.push(await wakeOnce(merchant, crowd, paymentOf('Y', round)));
    }
    const before = await merchant.memory();
    await crowd.open(
      merchant.port,
      copyNumbers(waiters).map((number) => waiterOf(shop, 'X', number)),
    );
    await delay(SETTLE_MS);
    const after = await merchant.memory();
    const kib = (after.rss - before.rss) / waiters / KIB;
    const held = await holdsAll(merchant, crowd, waiters);
    const lastMs = median(times);
    return [
      {
        ...below('memory per waiter', `${figure(kib)} KiB`, '11.7 KiB', kib / 11.7),
        note: `resident memory after garbage collection, ${waiters.toLocaleString('en-US')} waiting`,
        facts: { before, after },
      },
      above('most waiters', { ours: held, least: WAITERS_OF_REFERENCE, unit: '' }, {}),
      {
        ...below('payment to the last of 1,000 waiters', `${figure(lastMs)} ms`, '160 ms', lastMs / 160),
        facts: { times },
      },
    ];
  } finally {
    crowd.close();
  }
}

/** Pays all orders that are waited for. @returns how many waiters were answered: all of them, or it throws */
async function holdsAll(merchant: Merchant, crowd: Crowd, waiters: number): Promise<number> {
  const collected = crowd.collect();
  await crowd.trigger.run({
    kind: 'trigger',
    port: merchant.port,
    connections: CONNECTIONS,
    requests: copyNumbers(waiters).map((number) => paymentOf('X', number)),
  });
  return (await collected).length;
}

const below = (operation: string, ours: string, baseline: string, ratio: number): Row => ({
  operation,
  ours,
  baseline,
  ratio: ratio.toFixed(2),
  aim: 'below',
  isMet: ratio < 1,
});
