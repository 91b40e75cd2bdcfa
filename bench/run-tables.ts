import type { RowName } from './arguments';
import { get } from './http-message';
import {
  type Bench,
  contractBytesOf,
  fill,
  openShop,
  ordersPath,
  type Shop,
  startBaseline,
  startMerchant,
} from './world';
import { copyOf, withClient } from './database';
import type { Merchant } from './merchant';
import type { Row, Table } from './report';
import {
  claimCopies,
  claimOrders,
  copyNumbers,
  createOrders,
  falseReceipt,
  falseUnclaim,
  type HttpWorld,
  PAID_PREFIX,
  privateStatus,
  publicStatus,
} from './rows/http-rows';
import { listRows } from './rows/list-rows';
import { pageRows } from './rows/page-rows';
import { payRow } from './rows/pay-rows';
import { refundRows } from './rows/refund-rows';
import { REFERENCE_WORKERS, referenceRows } from './rows/reference-rows';
import { scaleRows } from './rows/scale-rows';
import { startRows } from './rows/start-rows';
import { statementRows } from './rows/statement-rows';
import { waiterRows } from './rows/waiter-rows';

/** Error bodies of ours for a false signature have about this size. */
const ERROR_BYTES = 180;

const HTTP_ROWS: readonly (readonly [RowName, (world: HttpWorld) => Promise<Row>])[] = [
  ['status', privateStatus],
  ['public', publicStatus],
  ['create', createOrders],
  ['claim', claimOrders],
  ['paid', falseReceipt],
  ['unclaim', falseUnclaim],
];

/** Rows with shops of their own: what others have stored would be in their way. */
const OWN_SHOP_ROWS: readonly (readonly [RowName, (bench: Bench) => Promise<Row[]>])[] = [
  ['refund', refundRows],
  ['list', listRows],
  ['pages', pageRows],
  ['statements', statementRows],
  ['scale', scaleRows],
];

/** Measures what was asked for, one thing at a time. */
export async function runTables(bench: Bench, only: ReadonlySet<RowName>): Promise<Table[]> {
  const { shop, merchant } = await openShop(bench, 'bench');
  const rows: Row[] = [];
  if (HTTP_ROWS.some(([name]) => only.has(name)))
    rows.push(...(await httpRows(bench, { shop, merchant, only })));
  if (only.has('pay')) {
    for (const size of bench.sizes.payments) rows.push(await payRow(bench, shop, merchant, size));
  }
  if (only.has('waiters')) {
    bench.say('measuring waiters');
    rows.push(...(await waiterRows(bench, shop, merchant)));
  }
  await merchant.stop();
  for (const [name, run] of OWN_SHOP_ROWS) if (only.has(name)) rows.push(...(await run(bench)));
  if (only.has('start')) {
    bench.say('measuring start');
    rows.push(...(await startRows(bench, shop)));
  }
  const own: Table = {
    title: 'Ours beside its baseline, one process',
    heads: ['ours', 'baseline', 'ratio'],
    rows,
  };
  if (!only.has('reference')) return [own];
  return [...(rows.length > 0 ? [own] : []), await referenceTable(bench, shop)];
}

async function referenceTable(bench: Bench, shop: Shop): Promise<Table> {
  const options = { name: 'reference', workers: REFERENCE_WORKERS };
  const merchant = await startMerchant(bench, shop.databaseUrl, options);
  const rows = await referenceRows(bench, shop, merchant);
  await merchant.stop();
  return {
    title: `Ours with WORKERS=${REFERENCE_WORKERS} beside the C reference of 2020`,
    heads: ['ours', 'C, 2020', 'ratio'],
    rows,
  };
}

async function httpRows(
  bench: Bench,
  { shop, merchant, only }: { shop: Shop; merchant: Merchant; only: ReadonlySet<RowName> },
): Promise<Row[]> {
  await fill(shop, { prefix: PAID_PREFIX, count: bench.sizes.paidOrders, isClaimed: 'true', isPaid: 'true' });
  if (only.has('claim')) await fill(shop, claimCopies({ bench }));
  const bodies = await bodiesOf(bench, shop, merchant);
  const baseline = await startBaseline(bench, 'baseline', {
    contractBytes: bodies.contractBytes,
    errorBytes: ERROR_BYTES,
  });
  await fillBaseline(baseline.databaseUrl, bench.sizes.paidOrders, bodies);
  const rows: Row[] = [];
  for (const [name, run] of HTTP_ROWS) {
    if (!only.has(name)) continue;
    bench.say(`measuring ${name}`);
    rows.push(await run({ bench, shop, merchant, baseline }));
  }
  await baseline.server.stop();
  return rows;
}

interface Bodies {
  readonly privateBody: string;
  readonly publicBody: string;
  readonly contractBytes: number;
}

/** What ours stores and answers: the baseline answers the very same bytes. */
async function bodiesOf(bench: Bench, shop: Shop, merchant: Merchant): Promise<Bodies> {
  const { orderId, hContract } = copyOf({ prefix: PAID_PREFIX }, 1);
  const ask = async (request: Buffer): Promise<string> => {
    const { bodies } = await bench.load.run({
      kind: 'load',
      port: merchant.port,
      connections: 1,
      requests: [request],
      order: 'once',
      durationMs: 0,
      status: 200,
      keepBodies: true,
    });
    return bodies[0] ?? '';
  };
  return {
    privateBody: await ask(get(`${ordersPath(true)}/${orderId}`, shop.token)),
    publicBody: await ask(get(`${ordersPath(false)}/${orderId}?h_contract=${hContract}`)),
    contractBytes: await contractBytesOf(shop, orderId),
  };
}

async function fillBaseline(url: string, count: number, bodies: Bodies): Promise<void> {
  const ids = copyNumbers(count).map((number) => copyOf({ prefix: PAID_PREFIX }, number).orderId);
  await withClient(url, async (client) => {
    await client.query(
      `insert into baseline_orders (instance_serial, order_id, contract, summary, currency, amount, created_us,
         pay_deadline_us, refund_deadline_us, wire_deadline_us, h_wire, body, public_body)
       select 1, id, repeat('x', $2), 'summary', 'KUDOS', 5, 1, 1, 1, 1, '\\x00', $3, $4 from unnest($1::text[]) id`,
      [ids, bodies.contractBytes, bodies.privateBody, bodies.publicBody],
    );
    await client.query('vacuum (analyze) baseline_orders');
  });
}
