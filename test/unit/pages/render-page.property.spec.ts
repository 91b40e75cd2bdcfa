import fc from 'fast-check';
import { renderPage } from '../../../src/pages/render-page';
import { SCRIPT } from '../../../src/pages/script';
import { STYLE } from '../../../src/pages/style';
import { readMarkup } from './strict-html';
import { viewsOf, type ShopWords } from './views';

const ATTACKS = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '</style><style>*{display:none}',
  '</title><img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  `' onmouseover='alert(1)`,
  '" onfocus="alert(1)" autofocus="',
  '<!--',
  '-->',
  '<![CDATA[',
  '&lt;script&gt;',
  '&#x3c;b&#x3e;',
  '&amp',
  '<%= 1 %>',
  '<%~ it %>',
  '${1}',
  '{{1}}',
  '{amount}',
  '$&$1',
  '\\',
  '\\\'"`',
  '\u2028\u2029',
  '\u202e\u2066',
  '\ud800',
  '\u0000',
  '\r\n',
  '__proto__',
  'javascript:alert(1)',
];
const URLS = [
  'https://shop.example/a?b=1&c="<>',
  'HTTP://shop.example',
  'javascript:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'file:///etc/passwd',
  'taler://pay/x/y/',
  '//shop.example',
  'https:',
  'https://',
  '"><script>alert(1)</script>',
  'https://shop.example/" onclick="alert(1)',
];

const hostileText = fc.oneof(
  fc.constantFrom(...ATTACKS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...`<>&"'=/\\ ;#!-{}%\``), maxLength: 20 }),
  fc.array(fc.constantFrom(...ATTACKS), { maxLength: 4 }).map((parts) => parts.join('')),
);
/** URIs are ASCII: formatPayUri percent-encodes what clients choose. */
const hostileUri = hostileText.map((text) => `taler://pay/x/${text.replace(/[^\x20-\x7e]/g, '')}`);
const hostileWords: fc.Arbitrary<ShopWords> = fc
  .record({
    texts: fc.array(hostileText, { minLength: 26, maxLength: 26 }),
    url: fc.oneof(fc.constantFrom(...URLS), hostileText),
  })
  .map(({ texts, url }) => ({ text: (place) => texts[place] ?? '', url }));

/** What shops cannot decide about: which attributes of ours have fixed values. */
const FIXED = ['class', 'id', 'role', 'dir', 'rel', 'charset', 'name', 'http-equiv', 'viewBox', 'data-page'];
const OURS = new Set([
  '!doctype html',
  ...[
    'html',
    'head',
    'meta',
    'title',
    'link',
    'noscript',
    'style',
    'body',
    'main',
    'section',
    'div',
    'h1',
    'h2',
  ],
  ...[
    'p',
    'span',
    'img',
    'small',
    'b',
    'a',
    'ul',
    'li',
    'dl',
    'dt',
    'dd',
    'br',
    'time',
    'svg',
    'path',
    'details',
  ],
  ...['summary', 'code', 'footer', 'script'],
]);

/** Values by attribute; of those that are not listed, any value does no harm. */
const VALUES: Readonly<Record<string, RegExp>> = {
  href: /^(https?:\/\/|taler:\/\/pay\/|data:image\/svg\+xml,%3C|$)/,
  src: /^data:image\/[a-z]+;base64,[A-Za-z0-9+/=]+$/,
  lang: /^[A-Za-z0-9-]+$/,
};

function isHarmless(attribute: string, value: string): boolean {
  if (/^on|^style$|^srcdoc$|^action$|^formaction$/.test(attribute)) return false;
  return (FIXED.includes(attribute) ? /^[A-Za-z0-9 -]+$/ : (VALUES[attribute] ?? /^/)).test(value);
}

describe('what a shop writes into a contract', () => {
  it('is text on every page: it makes no tag, no attribute, no script and no style', () => {
    fc.assert(
      fc.property(hostileWords, hostileUri, (words, uri) => {
        for (const view of viewsOf(words, uri)) {
          const { tags, raw } = readMarkup(renderPage(view).html);
          expect(raw).toEqual([STYLE, SCRIPT]);
          const faults = tags.flatMap(({ name, attributes }) => [
            ...(OURS.has(name.replace('/', '')) ? [] : [name]),
            ...Object.entries(attributes)
              .filter(([attribute, value]) => !isHarmless(attribute, value))
              .map((fault) => fault.join('=')),
          ]);
          expect(faults).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('does not change how a page is built: the tags are those of any other contract', () => {
    const skeleton = (words: ShopWords) =>
      viewsOf(words).map((view) =>
        readMarkup(renderPage(view).html).tags.map(({ name, attributes }) => [
          name,
          ...Object.keys(attributes),
        ]),
      );
    const visible = hostileText.filter((text) => text.trim() !== '' && !text.includes('\n'));
    const plain = skeleton({ text: (place) => `${place} x`, url: 'https://shop.example/' });
    fc.assert(
      fc.property(visible, (text) => {
        expect(
          skeleton({ text: (place) => `${place} x${text}`.slice(0, 80), url: 'https://shop.example/' }),
        ).toEqual(plain);
      }),
      { numRuns: 100 },
    );
  });

  it('arrives as it was written', () => {
    fc.assert(
      fc.property(hostileText, (summary) => {
        const text = `x${summary}`;
        for (const view of viewsOf({ text: () => text, url: '' })) {
          expect(readMarkup(renderPage(view).html).text).toContain(text);
        }
      }),
      { numRuns: 100 },
    );
  });
});
