import { copyOf } from '../database';
import { orderOf } from '../world';
import { isJsonObject, type JsonObject } from '../../src/taler/json';
import { readOffer } from '../../src/pages/offer';
import type { PageView } from '../../src/pages/page-view';
import { qrCode } from '../../src/pages/qr-code';
import { renderPage } from '../../src/pages/render-page';
import { parseAmount } from '../../src/taler/amount';
import { formatPayUri } from '../../src/taler/taler-uri';
import { SHOP_ID } from '../settings';

/** What one kind of work takes. */
export interface Rate {
  readonly perSecond: number;
  /** Processor time of each, microseconds: other load on the machine does not change it. */
  readonly cpuUs: number;
}

/** Renders pages and nothing else: no HTTP, no database. Usage: main.js MILLISECONDS; says Rendered as JSON. */
export interface Rendered {
  /** Pages whose URI was never seen before: each needs its QR code computed. */
  readonly unseen: Rate;
  /** Pages of URIs whose QR code is at hand. */
  readonly seen: Rate;
  /** Pages without a QR code. */
  readonly receipt: Rate;
  /** QR codes alone, each of another URI. */
  readonly code: Rate;
}

/** Fewer than the page code keeps QR codes for. */
const URIS_SEEN = 100;
/** The kinds of work take turns, so that a machine that gets slower does so for all; the first turn is the warm-up. */
const TURNS = 5;
/** Pages between two looks at the clock. */
const PAGES_PER_LOOK = 20;
const SECOND_US = 1_000_000n;
const DAY_US = 86_400n * SECOND_US;

const language = 'en';
const amount = parseAmount('KUDOS:5');
if (!amount) throw new Error('not an amount');
const now = BigInt(Date.now()) * 1000n;
const offer = readOffer(termsOf(), { orderId: copyOf({ prefix: 'H' }, 1).orderId, amount }, [language]);

/** The contract of the order that the bench sells, as far as a page shows it. */
function termsOf(): JsonObject {
  const { order } = orderOf('5') as { order: unknown };
  if (!isJsonObject(order)) throw new Error('not an order');
  const address = { country: 'Switzerland', town: 'Biel', street: 'Bahnhofstrasse', building_number: '1' };
  return { ...order, merchant: { name: 'Shop of the bench', address } };
}

/** As long as those of the server under test. */
function uriOf(number: number): string {
  const { orderId, claimToken } = copyOf({ prefix: 'H' }, number);
  return formatPayUri({ baseUrl: `http://127.0.0.1:40000/instances/${SHOP_ID}/`, orderId, claimToken });
}

const payPage = (talerUri: string): PageView => ({
  kind: 'pay',
  language,
  offer,
  talerUri,
  situation: 'open',
  payDeadline: now + DAY_US,
  now,
});

const zero = { ...amount, units: 0n };
const receipt: PageView = {
  kind: 'receipt',
  language,
  offer,
  paid: now,
  amount,
  choiceIndex: undefined,
  refundGranted: zero,
  refundObtained: zero,
  fulfillmentUrl: 'https://shop.example/articles/42',
  refundDeadline: now + DAY_US,
};

const turnMs = Number(process.argv[2]) / TURNS;
let number = URIS_SEEN;
const work: Record<keyof Rendered, () => unknown> = {
  unseen: () => renderPage(payPage(uriOf(++number))),
  seen: () => renderPage(payPage(uriOf(1 + (++number % URIS_SEEN)))),
  receipt: () => renderPage(receipt),
  code: () => qrCode(uriOf(++number)),
};
const names = Object.keys(work) as (keyof Rendered)[];
const sums = new Map(names.map((name) => [name, { count: 0, wallMs: 0, cpuUs: 0 }]));
for (let turn = 0; turn <= TURNS; turn++) {
  for (const [name, sum] of sums) {
    const startedMs = performance.now();
    const startedCpu = process.cpuUsage();
    let count = 0;
    let passedMs = 0;
    while (passedMs < turnMs) {
      for (let page = 0; page < PAGES_PER_LOOK; page++) work[name]();
      count += PAGES_PER_LOOK;
      passedMs = performance.now() - startedMs;
    }
    if (turn === 0) continue;
    const { user, system } = process.cpuUsage(startedCpu);
    sum.count += count;
    sum.wallMs += passedMs;
    sum.cpuUs += user + system;
  }
}
const rates = [...sums].map(([name, { count, wallMs, cpuUs }]) => {
  const rate: Rate = { perSecond: count / (wallMs / 1000), cpuUs: cpuUs / count };
  return [name, rate];
});
process.stdout.write(JSON.stringify(Object.fromEntries(rates)));
