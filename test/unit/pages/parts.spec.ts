import fc from 'fast-check';
import { create } from 'qrcode';
import { prefersHtml, refusesEnglish } from '../../../src/pages/accept';
import { showAmount, showDecimal, showTime } from '../../../src/pages/format';
import { localText } from '../../../src/pages/local-text';
import { readOffer } from '../../../src/pages/offer';
import { qrCode } from '../../../src/pages/qr-code';
import { webUrl } from '../../../src/pages/web-url';
import {
  amountOf,
  formatAmount,
  MAX_AMOUNT_UNITS,
  parseAmount,
  type Amount,
} from '../../../src/taler/amount';
import type { JsonObject, JsonValue } from '../../../src/taler/json';
import { NEVER } from '../../../src/taler/timestamp';
import { kudos } from './views';

function amount(text: string): Amount {
  const parsed = parseAmount(text);
  if (!parsed) throw new Error(`no amount: ${text}`);
  return parsed;
}

describe('showAmount', () => {
  it.each([
    ['KUDOS:5', '5.00 KUDOS', '5,00 KUDOS', '5,00 KUDOS'],
    ['KUDOS:0', '0.00 KUDOS', '0,00 KUDOS', '0,00 KUDOS'],
    ['EUR:1234567.5', '1,234,567.50 EUR', '1.234.567,50 EUR', '1\u202f234\u202f567,50 EUR'],
    ['CHF:0.00000001', '0.00000001 CHF', '0,00000001 CHF', '0,00000001 CHF'],
    ['JPY:1500', '1,500 JPY', '1.500 JPY', '1\u202f500 JPY'],
    ['JPY:1500.5', '1,500.5 JPY', '1.500,5 JPY', '1\u202f500,5 JPY'],
    ['KWD:1', '1.000 KWD', '1,000 KWD', '1,000 KWD'],
    ['XYZ:1', '1.00 XYZ', '1,00 XYZ', '1,00 XYZ'],
    ['A:1', '1.00 A', '1,00 A', '1,00 A'],
    ['KUDOS:4503599627370496.99999999', '4,503,599,627,370,496.99999999 KUDOS', undefined, undefined],
  ])('writes %s as %s, %s, %s', (text, ...expected) => {
    for (const [index, language] of (['en', 'de', 'fr'] as const).entries()) {
      const wanted = expected[index];
      if (wanted !== undefined)
        expect(showAmount(amount(text), language)).toBe(wanted.replace(/ (?=[A-Z])/, '\u00a0'));
    }
  });

  it('loses no digit of any amount', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, MAX_AMOUNT_UNITS), fc.constantFrom('en', 'de', 'fr'), (units, language) => {
        const shown = showAmount(amountOf('KUDOS', units), language).replace('\u00a0KUDOS', '');
        const bare =
          language === 'en' ? shown.replaceAll(',', '') : shown.replace(/[.\u202f]/g, '').replace(',', '.');
        expect(formatAmount(amount(`KUDOS:${bare}`))).toBe(formatAmount(amountOf('KUDOS', units)));
      }),
    );
  });
});

it('showDecimal keeps the digits and uses the separators of the language', () => {
  expect(showDecimal('1234.5', 'de')).toBe('1.234,5');
  expect(showDecimal('007', 'en')).toBe('7');
});

describe('showTime', () => {
  it('writes a time for people and for machines', () => {
    const time = 1_795_132_800_000_000n;
    expect(showTime(time, 'en')).toEqual({
      text: '20 November 2026 at 00:00 UTC',
      machine: '2026-11-20T00:00:00.000Z',
    });
    expect(showTime(time, 'de')?.text).toBe('20. November 2026 um 00:00 UTC');
    expect(showTime(time, 'fr')?.text).toMatch(/^20 novembre 2026 à 00:00 UTC$/);
  });

  it('has no words for "never" and for times beyond all calendars', () => {
    expect(showTime(NEVER, 'en')).toBeUndefined();
    expect(showTime(NEVER - 1n, 'en')).toBeUndefined();
    expect(showTime(8_640_000_000_000_000_000n, 'en')?.machine).toBe('+275760-09-13T00:00:00.000Z');
  });
});

describe('prefersHtml', () => {
  it('is decided by the most specific range, and never throws', () => {
    expect(prefersHtml('text/html;q=0.4, text/*;q=0.9, application/json;q=0.5')).toBe(false);
    expect(prefersHtml('text/*;q=0.9, application/*;q=0.5')).toBe(true);
    expect(prefersHtml(undefined)).toBe(false);
    fc.assert(fc.property(fc.string(), (accept) => void prefersHtml(accept)));
    fc.assert(fc.property(fc.string(), (accept) => void refusesEnglish(accept)));
  });
});

describe('localText', () => {
  const terms = (i18n: JsonValue): { [key: string]: JsonValue } => ({ summary: 'plain', summary_i18n: i18n });
  it.each<[string[], JsonValue, string, string | undefined]>([
    [['de-CH'], { de: 'de', 'de-CH': 'ch' }, 'ch', 'de-CH'],
    [['de-CH'], { de_CH: 'ch' }, 'ch', 'de-CH'],
    [['de-CH'], { de: 'de' }, 'de', 'de'],
    [['de'], { 'de-AT': 'at' }, 'at', 'de-AT'],
    [['it', 'fr'], { fr: 'fr' }, 'fr', 'fr'],
    [['en', 'de'], { de: 'de' }, 'plain', undefined],
    [['en', 'de'], { de: 'de', en: 'en' }, 'en', 'en'],
    [['*'], { de: 'de' }, 'plain', undefined],
    [['de'], { de: 5 }, 'plain', undefined],
    [['de'], { de: ' ' }, 'plain', undefined],
    [['de'], ['de'], 'plain', undefined],
    [['x"y'], { 'x"y': 'evil' }, 'plain', undefined],
  ])('for %s of %j is %s', (accepted, i18n, text, language) => {
    expect(localText(terms(i18n), 'summary', accepted)).toEqual({ text, language });
  });

  it('is nothing when the contract has no such text', () => {
    expect(localText({}, 'summary', ['de'])).toBeUndefined();
    expect(localText({ summary: '' }, 'summary', ['de'])).toBeUndefined();
    expect(localText({ summary_i18n: { de: 'de' } }, 'summary', ['en', 'de'])?.text).toBe('de');
  });
});

describe('readOffer', () => {
  const order = { orderId: 'o', amount: kudos(5n) };

  it('makes something of any JSON object', () => {
    fc.assert(
      fc.property(
        fc.record(
          Object.fromEntries(
            [
              'summary',
              'summary_i18n',
              'merchant',
              'products',
              'choices',
              'version',
              'delivery_location',
              'tip',
            ].map((name) => [name, fc.jsonValue() as fc.Arbitrary<JsonValue>]),
          ),
          { requiredKeys: [] },
        ),
        (terms) => void readOffer(terms as JsonObject, order, ['de']),
      ),
    );
  });

  it('leaves out pictures that would make the page heavy, and lines that nobody reads', () => {
    const picture = (length: number) => `data:image/png;base64,${'A'.repeat(length)}`;
    const images = [picture(200_000), picture(200_000), picture(20_000), 'data:text/html;base64,AAAA'];
    const products = Array.from({ length: 130 }, (_, index) => ({
      description: 'x',
      image: images[index] ?? '',
    }));
    const offer = readOffer({ products }, order, []);
    expect(offer.products.map(({ image }) => image?.length).slice(0, 4)).toEqual([
      picture(200_000).length,
      undefined,
      picture(20_000).length,
      undefined,
    ]);
    expect({ shown: offer.products.length, left: offer.productsLeftOut }).toEqual({ shown: 100, left: 30 });
  });
});

describe('qrCode', () => {
  it('draws each dark module of the code, and no other', () => {
    const texts = [
      'x',
      'taler://pay/backend.example/instances/shop/1/?c=ABC',
      // With what is written in another mode: our split is that of the library's search.
      'taler://pay/backend.example/instances/shop/2026.324-03G33PTAY2C6T/?c=7ZQ8J5W0M3K6N9R2T4V1X8C5B0',
      'y'.repeat(900),
    ];
    for (const text of texts) {
      const { data, size } = create(text, { errorCorrectionLevel: 'M' }).modules;
      const drawn = new Uint8Array(size * size);
      for (const [, x, y, length] of qrCode(text)?.path.matchAll(/M(\d+) (\d+)\.5h(\d+)/g) ?? []) {
        const start = (Number(y) - 4) * size + Number(x) - 4;
        drawn.fill(1, start, start + Number(length));
      }
      expect(Buffer.from(drawn).equals(Buffer.from(data.map((module) => (module ? 1 : 0))))).toBe(true);
    }
  });

  it('has a quiet zone of four modules and the three finder patterns', () => {
    const code = qrCode('taler://pay/backend.example/1/');
    expect(code?.path.startsWith('M4 4.5h7')).toBe(true);
    expect(code?.path).toContain(`M${(code?.size ?? 0) - 11} 4.5h7`);
    expect(code?.path).toContain(`M4 ${(code?.size ?? 0) - 5}.5h7`);
  });

  it('is kept for the next request, and given up for texts that are too long', () => {
    expect(qrCode('taler://a')).toBe(qrCode('taler://a'));
    const first = qrCode('taler://first');
    for (let other = 0; other < 500; other++) qrCode(`taler://${other}`);
    expect(qrCode('taler://first')).not.toBe(first);
    expect(qrCode('taler://first')).toEqual(first);
    expect(qrCode('x'.repeat(1000))).toBeDefined();
    expect(qrCode('x'.repeat(1001))).toBeUndefined();
  });
});

it.each([
  ['https://shop.example/a b', 'https://shop.example/a%20b'],
  ['http://shop.example', 'http://shop.example/'],
  ['\thttps://shop.example/\r\nX: y', 'https://shop.example/X:%20y'],
  ['javascript:alert(1)', undefined],
  ['java\nscript:alert(1)', undefined],
  ['data:text/html,x', undefined],
  ['taler://pay/x/y/', undefined],
  ['/relative', undefined],
  [5, undefined],
])('webUrl makes %j into %s', (text, url) => {
  expect(webUrl(text)).toBe(url);
});
