import { create } from 'qrcode';
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

/** Renders pages and nothing else: no HTTP, no database. Usage: main.js MILLISECONDS; says Rendered as JSON. */
export interface Rendered {
  /** Pages per second whose URI was never seen before: each needs its QR code computed. */
  readonly unseen: number;
  /** Pages per second of URIs whose QR code is at hand. */
  readonly seen: number;
  /** Receipts per second: a page without a QR code. */
  readonly receipts: number;
  /** QR codes per second alone, each of another URI. */
  readonly codes: number;
  /** The same when the best of the eight masks is not searched for but given. */
  readonly codesOfOneMask: number;
}

/** Fewer than the page code keeps QR codes for. */
const URIS_SEEN = 100;
const WARM_UP_SHARE = 0.25;
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

/** @returns how often per second */
function rateOf(durationMs: number, work: () => void): number {
  const run = (ms: number): number => {
    const startedMs = performance.now();
    let count = 0;
    let passedMs = 0;
    while (passedMs < ms) {
      for (let page = 0; page < PAGES_PER_LOOK; page++) work();
      count += PAGES_PER_LOOK;
      passedMs = performance.now() - startedMs;
    }
    return count / (passedMs / 1000);
  };
  run(durationMs * WARM_UP_SHARE);
  return run(durationMs);
}

const durationMs = Number(process.argv[2]);
let number = URIS_SEEN;
const rendered: Rendered = {
  unseen: rateOf(durationMs, () => renderPage(payPage(uriOf(++number)))),
  seen: rateOf(durationMs, () => renderPage(payPage(uriOf(1 + (++number % URIS_SEEN))))),
  receipts: rateOf(durationMs, () => renderPage(receipt)),
  codes: rateOf(durationMs, () => qrCode(uriOf(++number))),
  codesOfOneMask: rateOf(durationMs, () =>
    create(uriOf(++number), { errorCorrectionLevel: 'M', maskPattern: 0 }),
  ),
};
process.stdout.write(JSON.stringify(rendered));
