import { compare, type Side } from '../compare';
import { copyOf } from '../database';
import { get } from '../http-message';
import type { Merchant } from '../merchant';
import { figure, type Row } from '../report';
import { type Bench, fill, openShop, ordersPath, type Shop } from '../world';

const PREFIX = 'S';
/** Of ten copies seven are paid and two more claimed. */
const IS_PAID = 'g % 10 < 7';
const IS_CLAIMED = 'g % 10 < 9';
/** Distinct orders that one round reads: more of them than the buffers of PostgreSQL hold. */
const READS_PER_ROUND = 20_000;
const RATIO_MAX = 1.2;
const PAGE = '?limit=-20';

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
  const rows = [
    await scaleRow(bench, 'status of one order', {
      large: statusSide(large),
      small: statusSide(small),
      counts: [large.count, small.count],
    }),
    await listRow(bench, large, small),
  ];
  await large.merchant.stop();
  await small.merchant.stop();
  return rows;
}

async function open(bench: Bench, name: string, count: number): Promise<Stored> {
  const { shop, merchant } = await openShop(bench, name);
  await fill(shop, { prefix: PREFIX, count, isClaimed: IS_CLAIMED, isPaid: IS_PAID });
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

async function listRow(bench: Bench, large: Stored, small: Stored): Promise<Row> {
  const operation = 'a page of the list';
  const url = `${large.merchant.origin}${ordersPath(true)}${PAGE}`;
  const { status } = await fetch(url, { headers: { authorization: `Bearer ${large.shop.token}` } });
  if (status !== 200) {
    const note = `not measured: GET private/orders answers ${status}`;
    return { operation, ours: '-', baseline: '-', ratio: '-', aim: '<= 1.20', isMet: undefined, note };
  }
  const side = ({ shop, merchant }: Stored): Side => {
    const requests = [get(`${ordersPath(true)}${PAGE}`, shop.token)];
    return { ...merchant.server.target, status: 200, order: 'repeat', requests: () => requests };
  };
  return scaleRow(bench, operation, {
    large: side(large),
    small: side(small),
    counts: [large.count, small.count],
  });
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
