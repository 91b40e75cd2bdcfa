import { compare, type Side } from '../compare';
import { copyOf } from '../database';
import { get } from '../http-message';
import type { Merchant } from '../merchant';
import { figure, type Row } from '../report';
import { type Bench, fill, openShop, ordersPath, type Shop } from '../world';
import { LIST_NAMES, type ListFilter, listedOrders, listRequest } from './list-rows';

const PREFIX = 'S';
/** Distinct orders that one round reads: more of them than the buffers of PostgreSQL hold. */
const READS_PER_ROUND = 20_000;
const RATIO_MAX = 1.2;
const FILTERS: readonly ListFilter[] = ['all', 'refunded', 'session'];

interface Stored {
  readonly shop: Shop;
  readonly merchant: Merchant;
  readonly count: number;
}

/** The same questions to a shop with many orders and to one with few; two servers, one PostgreSQL. */
export async function scaleRows(bench: Bench): Promise<Row[]> {
  const small = await open(bench, 'small', bench.sizes.ordersSmall);
  bench.say(`storing ${bench.sizes.ordersLarge} orders`);
  const large = await open(bench, 'large', bench.sizes.ordersLarge);
  const counts = [large.count, small.count] as const;
  const rows = [
    await scaleRow(bench, 'status of one order', {
      large: statusSide(large),
      small: statusSide(small),
      counts,
    }),
  ];
  for (const filter of FILTERS) {
    bench.say(`measuring ${LIST_NAMES[filter]}`);
    const sides = { large: listSide(large, filter), small: listSide(small, filter), counts };
    rows.push(await scaleRow(bench, LIST_NAMES[filter], sides));
  }
  await large.merchant.stop();
  await small.merchant.stop();
  return rows;
}

async function open(bench: Bench, name: string, count: number): Promise<Stored> {
  const { shop, merchant } = await openShop(bench, name);
  await fill(shop, listedOrders(PREFIX, count));
  return { shop, merchant, count };
}

function statusSide({ shop, merchant, count }: Stored): Side {
  return {
    ...merchant.server.target,
    status: 200,
    order: 'repeat',
    requests: () =>
      Array.from({ length: READS_PER_ROUND }, () => {
        const { orderId } = copyOf({ prefix: PREFIX }, 1 + Math.floor(Math.random() * count));
        return get(`${ordersPath(true)}/${orderId}`, shop.token);
      }),
  };
}

/** The first page, which is always the same; of a session that of any session. */
function listSide({ shop, merchant, count }: Stored, filter: ListFilter): Side {
  const length = filter === 'session' ? READS_PER_ROUND : 1;
  return {
    ...merchant.server.target,
    status: 200,
    order: 'repeat',
    requests: () => Array.from({ length }, () => listRequest(shop, filter, count)),
  };
}

async function scaleRow(
  bench: Bench,
  operation: string,
  sides: { large: Side; small: Side; counts: readonly [number, number] },
): Promise<Row> {
  const measured = await compare(bench.load, bench.sizes, { ours: sides.large, baseline: sides.small });
  const [large, small] = sides.counts.map((count) => count.toLocaleString('en-US'));
  const ratio = measured.baseline.perSecond / measured.ours.perSecond;
  return {
    operation: `${operation}, ${large} stored`,
    ours: `${figure(measured.ours.perSecond)}/s`,
    baseline: `${figure(measured.baseline.perSecond)}/s`,
    ratio: `${ratio.toFixed(2)}x`,
    aim: `<= ${RATIO_MAX.toFixed(2)}x`,
    isMet: ratio <= RATIO_MAX,
    note: `the baseline is ours with ${small} orders; the ratio is of times`,
    facts: measured,
  };
}
