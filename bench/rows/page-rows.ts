import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compare, measure, type Measured, type Side } from '../compare';
import { copyOf, withClient } from '../database';
import { getPage } from '../http-message';
import { compiled } from '../processes';
import type { Rate, Rendered } from '../render/main';
import { figure, type Row } from '../report';
import {
  type Bench,
  contractBytesOf,
  fill,
  type OpenShop,
  openShop,
  ordersPath,
  startBaseline,
} from '../world';
import { copyNumbers, toRow } from './http-rows';

const FRESH = 'H';
const PAID = 'J';
const REFUNDED = 'K';
/** What the issue asks of one process. */
const PAGES_PER_SECOND_MIN = 1_000;
const PAGE_BYTES_MAX = 50_000;
/** Fewer than the page code keeps QR codes for. */
const SEEN = 400;

/** Pages for people: rendered alone, and over HTTP beside a server that sends as many bytes. */
export async function pageRows(bench: Bench): Promise<Row[]> {
  const { rounds, pagesPerRound } = bench.sizes;
  const open = await openShop(bench, 'pages');
  const fresh = { prefix: FRESH, count: pagesPerRound * (rounds + 1), isClaimed: 'false', isPaid: 'false' };
  await fill(open.shop, fresh);
  await fill(open.shop, { prefix: PAID, count: SEEN, isClaimed: 'true', isPaid: 'true' });
  const refunded = { prefix: REFUNDED, count: 1, isClaimed: 'true', isPaid: 'true', isRefunded: 'true' };
  await fill(open.shop, refunded);
  try {
    bench.say('measuring pages');
    const rendered = await render(bench.sizes.renderMs);
    return [...renderRows(rendered), ...(await httpPageRows(bench, open, rendered))];
  } finally {
    await open.merchant.stop();
  }
}

/** In a process of its own, as a server is one. */
async function render(durationMs: number): Promise<Rendered> {
  const script = compiled('bench', 'render', 'main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(durationMs)]);
  return JSON.parse(stdout) as Rendered;
}

function renderRows(rendered: Rendered): Row[] {
  const { unseen, seen, receipt, code } = rendered;
  const note =
    `no HTTP, no database; processor time ${figure(unseen.cpuUs)} us; ` +
    `a QR code alone takes ${figure(code.cpuUs)} us, most of it the search for the best of eight masks`;
  const timeOf = ({ cpuUs }: Rate): string => `processor time ${figure(cpuUs)} us`;
  return [
    { ...rateRow('render a page, URI never seen', unseen.perSecond), note, facts: rendered },
    { ...rateRow('render a page, URI seen before', seen.perSecond), note: timeOf(seen) },
    { ...rateRow('render a receipt', receipt.perSecond), note: timeOf(receipt) },
  ];
}

function rateRow(operation: string, perSecond: number): Row {
  return {
    operation,
    ours: `${figure(perSecond)}/s`,
    baseline: '-',
    ratio: '-',
    aim: `>= ${figure(PAGES_PER_SECOND_MIN)}/s`,
    isMet: perSecond >= PAGES_PER_SECOND_MIN,
  };
}

async function httpPageRows(bench: Bench, open: OpenShop, rendered: Rendered): Promise<Row[]> {
  const { merchant, shop } = open;
  const { load, sizes } = bench;
  const bytes = await pageBytes(open);
  const contractBytes = await contractBytesOf(shop, copyOf({ prefix: FRESH }, 1).orderId);
  const baseline = await startBaseline(bench, 'pages-baseline', { contractBytes, pageBytes: bytes.pay });
  await fillBaseline(baseline.databaseUrl, contractBytes);
  const target = merchant.server.target;
  const theirs = copyNumbers(SEEN).map((number) =>
    getPage(`/page/${copyOf({ prefix: FRESH }, number).orderId}`),
  );
  const unseen: Side = {
    ...target,
    status: 402,
    order: 'once',
    requests: (round) => {
      const start = round * sizes.pagesPerRound;
      return freshPages(start + 1, start + sizes.pagesPerRound);
    },
  };
  const measured = await compare(load, sizes, {
    ours: unseen,
    baseline: { ...baseline.server.target, status: 402, order: 'repeat', requests: () => theirs },
  });
  await baseline.server.stop();
  const again = freshPages(1, SEEN);
  const seen = await measure(load, sizes, { ...target, status: 402, order: 'repeat', requests: () => again });
  const receipts = copyNumbers(SEEN).map((number) => getPage(paidPath(PAID, number)));
  const paid = await measure(load, sizes, {
    ...target,
    status: 200,
    order: 'repeat',
    requests: () => receipts,
  });
  return [
    freshRow(measured, rendered),
    { ...rateRow('page of an order, opened before', seen.perSecond), note: cpuOf(seen), facts: seen },
    { ...rateRow('page of a paid order', paid.perSecond), note: cpuOf(paid), facts: paid },
    sizeRow(bytes),
  ];
}

/** Statuses that customers open for the first time. */
function freshPages(first: number, last: number): Buffer[] {
  return copyNumbers(last - first + 1).map((index) => {
    const { orderId, claimToken } = copyOf({ prefix: FRESH }, first - 1 + index);
    return getPage(`${ordersPath(false)}/${orderId}?token=${claimToken}`);
  });
}

function paidPath(prefix: string, number: number): string {
  const { orderId, hContract } = copyOf({ prefix }, number);
  return `${ordersPath(false)}/${orderId}?h_contract=${hContract}`;
}

/** The aim is pages per second; the baseline tells what HTTP, one statement and the bytes alone would allow. */
function freshRow(measured: { ours: Measured; baseline: Measured }, rendered: Rendered): Row {
  const note = `every request another order, whose QR code takes ${figure(rendered.code.cpuUs)} us; the baseline has none`;
  const { perSecond } = measured.ours;
  return {
    ...toRow({ operation: 'page of a fresh order', note }, measured),
    aim: `>= ${figure(PAGES_PER_SECOND_MIN)}/s`,
    isMet: perSecond >= PAGES_PER_SECOND_MIN,
  };
}

const cpuOf = ({ cpuUs }: Measured): string | undefined =>
  cpuUs === undefined ? undefined : `processor time of the server ${figure(cpuUs)} us`;

interface PageBytes {
  readonly pay: number;
  readonly refund: number;
  readonly receipt: number;
}

/** Everything a page needs is in it, so that its bytes are all there is to load. */
async function pageBytes({ merchant }: OpenShop): Promise<PageBytes> {
  const { orderId, claimToken } = copyOf({ prefix: FRESH }, 1);
  const bytesOf = async (path: string, status: number): Promise<number> => {
    const answer = await fetch(`${merchant.origin}${path}`, { headers: { accept: 'text/html' } });
    if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.arrayBuffer()).byteLength;
  };
  return {
    pay: await bytesOf(`${ordersPath(false)}/${orderId}?token=${claimToken}`, 402),
    refund: await bytesOf(paidPath(REFUNDED, 1), 200),
    receipt: await bytesOf(paidPath(PAID, 1), 200),
  };
}

function sizeRow(bytes: PageBytes): Row {
  const largest = Math.max(...Object.values(bytes));
  const each = Object.entries(bytes).map(([kind, size]) => `${kind} ${figure(size)}`);
  return {
    operation: 'bytes of the largest page',
    ours: figure(largest),
    baseline: '-',
    ratio: '-',
    aim: `<= ${figure(PAGE_BYTES_MAX)}`,
    isMet: largest <= PAGE_BYTES_MAX,
    note: `${each.join(', ')}; style, script and QR code included, not compressed`,
    facts: bytes,
  };
}

async function fillBaseline(url: string, contractBytes: number): Promise<void> {
  const ids = copyNumbers(SEEN).map((number) => copyOf({ prefix: FRESH }, number).orderId);
  await withClient(url, async (client) => {
    await client.query(
      `insert into baseline_orders (instance_serial, order_id, contract, summary, currency, amount, created_us,
         pay_deadline_us, refund_deadline_us, wire_deadline_us, h_wire)
       select 1, id, repeat('x', $2), 'summary', 'KUDOS', 5, 1, 1, 1, 1, '\\x00' from unnest($1::text[]) id`,
      [ids, contractBytes],
    );
    await client.query('vacuum (analyze) baseline_orders');
  });
}
