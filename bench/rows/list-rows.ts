import { median, quantile } from '../clock';
import { compare, type Side } from '../compare';
import { copyOf, withClient } from '../database';
import { get, post } from '../http-message';
import type { Row } from '../report';
import { type Bench, fill, type OpenShop, openShop, ordersPath, type Shop, startBaseline } from '../world';
import { copyNumbers, toRow } from './http-rows';
import { allWait, Crowd, freeOrders, POLL_MS, possibleWaiters, timeRow, wakeOnce } from './waiter-rows';

const PREFIX = 'L';
const PAGE_LENGTH = 20;
/** Of ten copies seven are paid and two more claimed; one in fifty is refunded. */
const IS_CLAIMED = 'g % 10 < 9';
const IS_PAID = 'g % 10 < 7';
const IS_REFUNDED = 'g % 50 = 0';
/** So many copies in a row belong to one session, those of them that are paid. */
const COPIES_OF_SESSION = 50;
const SESSION = `case when ${IS_PAID} then 'session-' || g / ${COPIES_OF_SESSION} end`;

const FILTERS = ['all', 'paid', 'refunded', 'session'] as const;
export type ListFilter = (typeof FILTERS)[number];

/** What the filters of a page are called in the tables. */
export const LIST_NAMES: Record<ListFilter, string> = {
  all: 'a page of the list',
  paid: 'a page of the list, paid=yes',
  refunded: 'a page of the list, refunded=yes',
  session: 'a page of the list, session_id',
};

/** A page by each filter is full: 20 entries, with few orders stored as with many. */
export const listedOrders = (prefix: string, count: number) => ({
  prefix,
  count,
  isClaimed: IS_CLAIMED,
  isPaid: IS_PAID,
  isRefunded: IS_REFUNDED,
  session: SESSION,
});

/** @param count orders stored; the session is any of theirs */
export function listRequest(shop: Shop, filter: ListFilter, count: number): Buffer {
  return get(`${ordersPath(true)}?limit=-${PAGE_LENGTH}${queryOf(filter, count)}`, shop.token);
}

function queryOf(filter: ListFilter, count: number): string {
  if (filter === 'all') return '';
  return filter === 'session' ? `&session_id=${someSession(count)}` : `&${filter}=yes`;
}

/** The last block of copies may be incomplete, and the first one lacks its number zero. */
function someSession(count: number): string {
  const whole = count / COPIES_OF_SESSION - 1;
  return `session-${1 + Math.floor(Math.random() * whole)}`;
}

/** Distinct requests of a round; by each filter but the session they are all alike. */
const SESSIONS_PER_ROUND = 1_000;

/** Pages of the list beside a server that asks the same question and builds the same entries. */
export async function listRows(bench: Bench): Promise<Row[]> {
  const { listedOrders: count } = bench.sizes;
  const open = await openShop(bench, 'list');
  const { shop, merchant } = open;
  await fill(shop, listedOrders(PREFIX, count));
  const baseline = await startBaseline(bench, 'list-baseline', { contractBytes: 0 });
  await fillBaseline(baseline.databaseUrl, count);
  try {
    const rows: Row[] = [];
    for (const filter of FILTERS) {
      bench.say(`measuring ${LIST_NAMES[filter]}`);
      const requestsOf = (make: () => Buffer): Side['requests'] => {
        const requests = Array.from({ length: filter === 'session' ? SESSIONS_PER_ROUND : 1 }, make);
        return () => requests;
      };
      const side = { status: 200, order: 'repeat' } as const;
      const ours = requestsOf(() => listRequest(shop, filter, count));
      const theirs = requestsOf(() =>
        get(`/list/${filter}?limit=${PAGE_LENGTH}${filter === 'session' ? queryOf(filter, count) : ''}`),
      );
      const measured = await compare(bench.load, bench.sizes, {
        ours: { ...merchant.server.target, ...side, requests: ours },
        baseline: { ...baseline.server.target, ...side, requests: theirs },
      });
      const note = `${measured.ours.bodyBytes} bytes, baseline ${measured.baseline.bodyBytes}`;
      rows.push(toRow({ operation: LIST_NAMES[filter], note }, measured));
    }
    return [...rows, ...(await listWaiterRows(bench, open))];
  } finally {
    await baseline.server.stop();
    await merchant.stop();
  }
}

async function fillBaseline(url: string, count: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(
      `insert into baseline_orders (instance_serial, order_id, contract, summary, currency, amount, created_us,
         pay_deadline_us, refund_deadline_us, wire_deadline_us, h_wire, h_contract, paid_us, session_id,
         refund_granted)
       select 1, $1 || upper(substr(md5(g::text), 1, 13)), '', $3, 'KUDOS', 500000000, 1000000000000000 + g, 1, 1, 1,
         sha512('x'), sha512('y'), case when ${IS_PAID} then 1 end, ${SESSION},
         case when ${IS_REFUNDED} then 500000000 else 0 end
       from generate_series(1, $2::int) g`,
      [PREFIX, count, 'One article of the bench, with a summary of usual length'],
    );
    await client.query('vacuum (analyze) baseline_orders');
  });
}

const TO_WAKE = 'V';
const ROUNDS_OF_ALL = 3;
/** Between sending a waiter and waking it, so that it does wait. */
const WAKE_PAUSE_MS = 15;
/** With as many filters as waiters each event makes all of them look again; the next one comes when they have. */
const DISTINCT_PAUSE_MS = 500;
const DISTINCT_WAITERS = 1_000;
const DISTINCT_ROUNDS = 20;
const LAST_MS_MAX = 2_000;
const SINGLE_MS_MAX = 50;

/** Tills that wait for the first paid order of a session. */
async function listWaiterRows(bench: Bench, { shop, merchant }: OpenShop): Promise<Row[]> {
  const waiters = possibleWaiters(bench.sizes.waiters);
  const { wakeRounds } = bench.sizes;
  await freeOrders(shop, TO_WAKE, wakeRounds + ROUNDS_OF_ALL + DISTINCT_ROUNDS);
  const waiterOf = (session: string): Buffer =>
    get(
      `${ordersPath(true)}?paid=yes&session_id=${session}&limit=${PAGE_LENGTH}&timeout_ms=${POLL_MS}`,
      shop.token,
    );
  let paid = 0;
  const paymentIn = (session: string): Buffer => {
    const { orderId } = copyOf({ prefix: TO_WAKE }, ++paid);
    return post(`${ordersPath(false)}/${orderId}/pay`, { coins: [], session_id: session });
  };
  const wake = async (name: string, rounds: number, pauseMs: number): Promise<Float64Array> => {
    const crowd = new Crowd();
    try {
      const { latenciesMs } = await crowd.trigger.run({
        kind: 'wake-rounds',
        port: merchant.port,
        pauseMs,
        rounds: copyNumbers(rounds).map((number) => ({
          waiter: waiterOf(`${name}-${number}`),
          trigger: paymentIn(`${name}-${number}`),
        })),
      });
      return latenciesMs;
    } finally {
      crowd.close();
    }
  };
  bench.say('measuring waiters of the list');
  const alone = await wake('alone', wakeRounds, WAKE_PAUSE_MS);
  const together: number[] = [];
  const crowd = new Crowd();
  try {
    for (const round of copyNumbers(ROUNDS_OF_ALL)) {
      await crowd.open(merchant.port, Array<Buffer>(waiters).fill(waiterOf(`all-${round}`)));
      await allWait(merchant, waiters);
      together.push(await wakeOnce(merchant, crowd, paymentIn(`all-${round}`)));
    }
    const distinct = Math.min(waiters, DISTINCT_WAITERS);
    await crowd.open(
      merchant.port,
      copyNumbers(distinct).map((number) => waiterOf(`other-${number}`)),
    );
    await allWait(merchant, distinct);
    const among = await wake('among', DISTINCT_ROUNDS, DISTINCT_PAUSE_MS);
    const label = waiters.toLocaleString('en-US');
    const rest = distinct.toLocaleString('en-US');
    return [
      timeRow('payment to a waiter of the list: p99', quantile(alone, 0.99), SINGLE_MS_MAX, facts(alone)),
      timeRow(`payment to the last of ${label} waiters of the list`, median(together), LAST_MS_MAX, {
        rounds: together,
      }),
      {
        ...timeRow(
          `payment to a waiter of the list, among ${rest}`,
          median([...among]),
          undefined,
          facts(among),
        ),
        note: 'the others wait for as many other sessions: each payment makes each of them ask the database again',
      },
    ];
  } finally {
    // Those who still wait go with their processes.
    crowd.close();
  }
}

const facts = (latencies: Float64Array) => ({
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
  maxMs: quantile(latencies, 1),
  rounds: latencies.length,
});
