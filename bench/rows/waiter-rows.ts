import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { median, quantile, waitUntil } from '../clock';
import { copyOf, QueryWatch } from '../database';
import { get, post } from '../http-message';
import { LoadProcess } from '../load/load-process';
import type { Merchant } from '../merchant';
import { figure, type Row } from '../report';
import { CONNECTIONS, START_TIMEOUT_MS } from '../settings';
import { type Bench, fill, ordersPath, type Shop } from '../world';
import { copyNumbers } from './http-rows';

/** A long poll is at most this long (orders.md 10); none of ours comes near it. */
export const POLL_MS = 300_000;
/** Between sending a waiter and waking it, so that it does wait. */
const WAKE_PAUSE_MS = 15;
const COLLECT_TIMEOUT_MS = 60_000;
/** What a server holds open besides its clients: database, logs, libraries. */
const OTHER_FILES = 500;
const COUNT_POLL_MS = 100;
const ROUNDS_OF_ALL = 3;
/** Rounds before the first memory reading: what the first requests leave behind is not a waiter's. */
const WARM_UP_ROUNDS = 50;
/** Queries per second by which two measurements of an idle process may differ: a job may fall into one of them. */
const QUIET_EXTRA_MAX = 0.2;
const KIB = 1024;

/** Long polls over two processes, so that reading the answers does not take twice the time of writing them. */
export class Crowd {
  private readonly halves = [new LoadProcess(), new LoadProcess()] as const;
  readonly trigger = new LoadProcess();

  /** @returns once all have been sent; the server may still be reading them */
  async open(port: number, requests: readonly Buffer[]): Promise<void> {
    const half = Math.ceil(requests.length / 2);
    const parts = [requests.slice(0, half), requests.slice(half)];
    await Promise.all(
      this.halves.map((load, index) =>
        load.run({ kind: 'open-waiters', port, requests: parts[index] ?? [] }),
      ),
    );
  }

  /** When each was answered, in the order of `open`. @throws Error unless all get 200 */
  async collect(): Promise<Float64Array> {
    const job = { kind: 'collect-waiters', timeoutMs: COLLECT_TIMEOUT_MS, status: 200 } as const;
    const [first, second] = await Promise.all(this.halves.map((load) => load.run(job)));
    return Float64Array.from([...(first?.answeredMs ?? []), ...(second?.answeredMs ?? [])]);
  }

  close(): void {
    for (const load of [...this.halves, this.trigger]) load.close();
  }
}

/** Free orders that are claimed: their payment needs no coin, so that waking costs what waking costs. */
export const freeOrders = (shop: Shop, prefix: string, count: number): Promise<void> =>
  fill(shop, { prefix, count, isClaimed: 'true', isPaid: 'false', isFree: true });

export const waiterOf = (shop: Shop, prefix: string, number: number): Buffer =>
  get(`${ordersPath(true)}/${copyOf({ prefix }, number).orderId}?timeout_ms=${POLL_MS}`, shop.token);

export const paymentOf = (prefix: string, number: number): Buffer =>
  post(`${ordersPath(false)}/${copyOf({ prefix }, number).orderId}/pay`, { coins: [] });

/** As many as wanted, or as the limit of open files lets one process hold. */
export function possibleWaiters(wanted: number): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? wanted : Math.min(wanted, Number(limit) - OTHER_FILES);
}

export async function allWait(merchant: Merchant, count: number): Promise<void> {
  const isSo = async (): Promise<boolean> => (await merchant.waiterCount()) === count;
  await waitUntil(`${count} waiters`, START_TIMEOUT_MS, COUNT_POLL_MS, isSo);
}

/** What the backend asks the database while nothing but time passes. */
async function quietQueries(bench: Bench, shop: Shop) {
  const watch = await QueryWatch.start(bench.serverUrl, shop.databaseUrl);
  await delay(bench.sizes.quietMs);
  return watch.stop();
}

export async function waiterRows(bench: Bench, shop: Shop, merchant: Merchant): Promise<Row[]> {
  const waiters = possibleWaiters(bench.sizes.waiters);
  const { wakeRounds } = bench.sizes;
  await freeOrders(shop, 'W', waiters);
  await freeOrders(shop, 'R', wakeRounds + WARM_UP_ROUNDS);
  await freeOrders(shop, 'A', ROUNDS_OF_ALL);
  const crowd = new Crowd();
  const wake = (first: number, last: number) =>
    crowd.trigger.run({
      kind: 'wake-rounds',
      port: merchant.port,
      pauseMs: WAKE_PAUSE_MS,
      rounds: copyNumbers(last - first + 1).map((number) => ({
        waiter: waiterOf(shop, 'R', first - 1 + number),
        trigger: paymentOf('R', first - 1 + number),
      })),
    });
  try {
    await wake(1, WARM_UP_ROUNDS);
    const idle = await quietQueries(bench, shop);
    const before = await merchant.memory();
    await crowd.open(
      merchant.port,
      copyNumbers(waiters).map((number) => waiterOf(shop, 'W', number)),
    );
    await allWait(merchant, waiters);
    const after = await merchant.memory();
    const waiting = await quietQueries(bench, shop);
    const { latenciesMs } = await wake(WARM_UP_ROUNDS + 1, WARM_UP_ROUNDS + wakeRounds);
    const distinct = await wakeDistinct(merchant, crowd, waiters);
    const all = await wakeAll(shop, merchant, crowd, waiters);
    const label = waiters.toLocaleString('en-US');
    return [
      memoryRow(label, waiters, before, after),
      {
        operation: `queries while ${label} wait`,
        ours: `${figure(waiting.perSecond)}/s`,
        baseline: `${figure(idle.perSecond)}/s idle`,
        ratio: '-',
        aim: '0 more than idle',
        isMet: waiting.perSecond - idle.perSecond <= QUIET_EXTRA_MAX,
        note: 'the baseline is the same process without waiters: its heartbeat and jobs; there is no safety re-read',
        facts: { idle, waiting },
      },
      timeRow(`payment to its waiter, among ${label}: p99`, quantile(latenciesMs, 0.99), 50, {
        p50Ms: quantile(latenciesMs, 0.5),
        maxMs: quantile(latenciesMs, 1),
        rounds: latenciesMs.length,
      }),
      timeRow(`payment to the last of ${label} on one order`, median(all), 2_000, { rounds: all }),
      timeRow(`${label} orders paid, each to its waiter: p99`, distinct.p99Ms, 2_000, distinct),
    ];
  } finally {
    crowd.close();
  }
}

function memoryRow(
  label: string,
  waiters: number,
  before: { rss: number; heapUsed: number; external: number },
  after: { rss: number; heapUsed: number; external: number },
): Row {
  const perWaiter = (pick: (note: typeof before) => number): number =>
    (pick(after) - pick(before)) / waiters / KIB;
  const rss = perWaiter((note) => note.rss);
  const heap = perWaiter((note) => note.heapUsed + note.external);
  return {
    operation: `memory per waiter, ${label} waiting`,
    ours: `${figure(rss)} KiB`,
    baseline: '-',
    ratio: '-',
    aim: '<= 30 KB',
    isMet: rss * KIB <= 30_000,
    note: `resident memory of the server after garbage collection; ${figure(heap)} KiB of it on the heap`,
    facts: { before, after },
  };
}

/** The time is taken from sending the payment, so it holds the payment itself too and is never too short. */
export function timeRow(
  operation: string,
  milliseconds: number,
  aimMs: number | undefined,
  facts: object,
): Row {
  const aim = aimMs === undefined ? '-' : aimMs >= 1000 ? `<= ${aimMs / 1000} s` : `<= ${aimMs} ms`;
  return {
    operation,
    ours: `${figure(milliseconds)} ms`,
    baseline: '-',
    ratio: '-',
    aim,
    isMet: aimMs === undefined ? undefined : milliseconds <= aimMs,
    facts,
  };
}

async function wakeDistinct(merchant: Merchant, crowd: Crowd, waiters: number) {
  const collected = crowd.collect();
  const { sentMs, answeredMs } = await crowd.trigger.run({
    kind: 'trigger',
    port: merchant.port,
    connections: CONNECTIONS,
    requests: copyNumbers(waiters).map((number) => paymentOf('W', number)),
  });
  const wokenMs = await collected;
  const latencies = wokenMs.map((atMs, index) => atMs - (sentMs[index] ?? Number.NaN));
  return {
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    lastPaymentToLastWaiterMs: quantile(wokenMs, 1) - quantile(answeredMs, 1),
    paymentsPerSecond: waiters / ((quantile(answeredMs, 1) - (sentMs[0] ?? 0)) / 1000),
  };
}

/** @returns per round, from sending the payment to the answer of the last waiter */
async function wakeAll(shop: Shop, merchant: Merchant, crowd: Crowd, waiters: number): Promise<number[]> {
  const rounds: number[] = [];
  for (let round = 1; round <= ROUNDS_OF_ALL; round++) {
    await crowd.open(merchant.port, Array<Buffer>(waiters).fill(waiterOf(shop, 'A', round)));
    await allWait(merchant, waiters);
    rounds.push(await wakeOnce(merchant, crowd, paymentOf('A', round)));
  }
  return rounds;
}

/** Pays, and waits for everybody. @returns milliseconds from sending the payment to the last answer */
export async function wakeOnce(merchant: Merchant, crowd: Crowd, payment: Buffer): Promise<number> {
  const collected = crowd.collect();
  const { sentMs } = await crowd.trigger.run({
    kind: 'trigger',
    port: merchant.port,
    connections: 1,
    requests: [payment],
  });
  return quantile(await collected, 1) - (sentMs[0] ?? Number.NaN);
}
