import { readOffer } from '../../../src/pages/offer';
import type { PageView } from '../../../src/pages/page-view';
import { webUrl } from '../../../src/pages/web-url';
import { amountOf } from '../../../src/taler/amount';
import type { JsonObject } from '../../../src/taler/json';

export const NOW_US = 1_795_132_800_000_000n;
export const TALER_URI = 'taler://pay/backend.example/instances/shop/2026.324-03G33PTAY2C6T/?c=ABCDEF';
const IMAGE = 'data:image/png;base64,iVBORw0KGgo=';

export const kudos = (whole: bigint) => amountOf('KUDOS', whole * 100_000_000n);

/** Texts and URLs of a shop, one for each place where a contract has some. */
export interface ShopWords {
  /** The n-th text. */
  readonly text: (place: number) => string;
  readonly url: string;
}

/** A contract in which every member that a page shows is set. */
export function contractOf({ text, url }: ShopWords, version: 0 | 1): JsonObject {
  return {
    version,
    summary: text(0),
    summary_i18n: { [text(1)]: text(2), fr: text(3) },
    fulfillment_message: text(4),
    fulfillment_url: url,
    tip: 'KUDOS:1',
    minimum_age: 18,
    delivery_date: { t_s: 1_795_132_800 },
    delivery_location: { street: text(5), address_lines: [text(6)], country: text(7) },
    merchant: { name: text(8), logo: IMAGE, website: url, email: text(9), address: { town: text(10) } },
    products: [
      {
        product_name: text(11),
        description: text(12),
        description_i18n: { fr: text(13) },
        quantity: 3,
        unit: text(14),
        price: 'KUDOS:3',
        taxes: [{ name: text(15), tax: 'KUDOS:1' }],
        image: IMAGE,
      },
      { description: text(16), image: text(17), unit_quantity: text(18), price: text(19) },
    ],
    choices: [
      { amount: 'KUDOS:5', tip: 'KUDOS:1', description: text(20), description_i18n: { fr: text(21) } },
      { amount: 'EUR:4', description: text(22) },
      { amount: text(23), description: text(24) },
    ],
  };
}

/** One view of each kind and variant, all of the same contract. */
export function viewsOf(words: ShopWords, talerUri = TALER_URI): PageView[] {
  return ([0, 1] as const).flatMap((version) => {
    const terms = contractOf(words, version);
    const offer = readOffer(terms, { orderId: words.text(25), amount: kudos(5n) }, ['fr-CH', 'en']);
    const common = { language: 'fr', offer } as const;
    const paid = {
      ...common,
      paid: NOW_US,
      amount: kudos(5n),
      choiceIndex: version === 0 ? undefined : 1,
      refundGranted: kudos(2n),
      refundObtained: kudos(1n),
      fulfillmentUrl: webUrl(words.url),
    };
    const pay = { kind: 'pay', ...common, talerUri, payDeadline: NOW_US, now: NOW_US } as const;
    return [
      { ...pay, situation: 'open' },
      { ...pay, situation: 'claimed' },
      { ...pay, situation: 'paid-elsewhere' },
      { kind: 'expired', ...common, ended: NOW_US, reorderUrl: webUrl(words.url) },
      { kind: 'refund', ...paid, talerUri },
      { kind: 'receipt', ...paid, refundDeadline: NOW_US },
    ] satisfies PageView[];
  });
}
