import { setTimeout as delay } from 'node:timers/promises';
import { withdrawCoins } from '../coins';
import { copyOf } from '../database';
import { getPage } from '../http-message';
import { WHOLE_LIST_MS } from '../compare';
import type { Row } from '../report';
import { makeSales, type Sale } from '../sales';
import { StatementProxy } from '../statement-proxy';
import { type Bench, fill, type OpenShop, openShop, ordersPath } from '../world';
import { listedOrders, listRequest } from './list-rows';
import { abortRequest, collectRequest, grantRequest } from './refund-rows';

/** Times that each operation is done: what a job asks meanwhile is seen less often, and does not count. */
const TIMES = 20;
/** What follows an answer, such as the bundled wake-up of other processes, is over by then. */
const SETTLE_MS = 300;
/** Read the order, take the turn, settle: what refunds and aborts have added nothing to. */
const STATEMENTS_OF_PAYMENT = 3;
const PREFIX = 'M';
const TEXT_MAX = 60;

/** Of the wake-ups one statement tells any number of other processes; it is no part of a request. */
const IS_WAKE_UP = /^notify\b|pg_notify/i;

/** Statements of each operation, counted on their way to PostgreSQL. */
export async function statementRows(bench: Bench): Promise<Row[]> {
  bench.say('counting statements');
  let proxy: StatementProxy | undefined;
  const open = await openShop(bench, 'statements', async (databaseUrl) => {
    proxy = await StatementProxy.start(databaseUrl);
    return proxy.url;
  });
  if (proxy === undefined) throw new Error('no proxy was started');
  try {
    return await countAll(bench, open, proxy);
  } finally {
    await open.merchant.stop();
    proxy.close();
  }
}

async function countAll(bench: Bench, open: OpenShop, proxy: StatementProxy): Promise<Row[]> {
  const { shop, merchant } = open;
  // One of each more than is counted: the first request fills what is kept in memory.
  const coins = await withdrawCoins(bench.exchange.base_url, 2 * (TIMES + 1));
  const half = TIMES + 1;
  const sales = await makeSales(bench, open, {
    count: half,
    amount: '0.99',
    take: (index) => coins.slice(index, index + 1),
  });
  const partial = await makeSales(bench, open, {
    count: half,
    amount: '1.98',
    take: (index) => coins.slice(half + index, half + index + 1),
  });
  await fill(shop, listedOrders(PREFIX, 100));
  const { claimToken, orderId } = copyOf({ prefix: PREFIX }, 19);
  const paymentOf = ({ payment }: Sale): Buffer => payment;
  const repeat = (request: Buffer): Buffer[] => Array<Buffer>(half).fill(request);
  const send = async (request: Buffer[], status: number): Promise<void> => {
    await bench.load.run({
      kind: 'load',
      port: merchant.port,
      connections: 1,
      requests: request,
      order: 'once',
      durationMs: WHOLE_LIST_MS,
      status,
      keepBodies: false,
    });
  };
  const count = async (operation: string, requests: Buffer[], status = 200): Promise<Row> => {
    await send(requests.slice(0, 1), status);
    await delay(SETTLE_MS);
    proxy.take();
    await send(requests.slice(1), status);
    return toRow(operation, proxy.take());
  };
  const page = getPage(`${ordersPath(false)}/${orderId}?token=${claimToken}`);
  const payment = await count('payment with 1 coin', sales.map(paymentOf));
  return [
    {
      ...payment,
      aim: String(STATEMENTS_OF_PAYMENT),
      isMet: payment.ours === String(STATEMENTS_OF_PAYMENT),
    },
    await count('partial payment', partial.map(paymentOf), 400),
    await count(
      'refund granted',
      sales.map((sale) => grantRequest(shop, sale)),
    ),
    await count(
      'refund of 1 coin collected',
      sales.map((sale) => collectRequest(ordersPath(false), sale)),
    ),
    await count(
      'payment of 1 coin aborted',
      partial.map((sale) => abortRequest(ordersPath(false), sale)),
    ),
    await count('page of the list', repeat(listRequest(shop, 'all', 100))),
    await count('page of an order', repeat(page), 402),
  ];
}

/** What was seen in every request, in the order of the first one. */
function toRow(operation: string, statements: readonly string[]): Row {
  const counts = new Map<string, number>();
  for (const statement of statements) {
    if (!IS_WAKE_UP.test(statement)) counts.set(statement, (counts.get(statement) ?? 0) + 1);
  }
  const each = [...counts].flatMap(([statement, seen]) => {
    const times = Math.round(seen / TIMES);
    const text = statement.replace(/\s+/g, ' ').slice(0, TEXT_MAX);
    return seen < TIMES ? [] : [{ times, name: times > 1 ? `${times} x ${text}` : text }];
  });
  return {
    operation: `statements: ${operation}`,
    ours: String(each.reduce((sum, { times }) => sum + times, 0)),
    baseline: '-',
    ratio: '-',
    aim: '-',
    isMet: undefined,
    note: each.map(({ name }) => name).join(', '),
    facts: Object.fromEntries(counts),
  };
}
