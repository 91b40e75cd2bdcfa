import { createHash } from 'node:crypto';
import { LANGUAGES } from '../../../src/pages/language';
import { CONTENT_SECURITY_POLICY, renderPage } from '../../../src/pages/render-page';
import { SCRIPT } from '../../../src/pages/script';
import { STYLE } from '../../../src/pages/style';
import { TEXTS } from '../../../src/pages/texts';
import { readMarkup } from './strict-html';
import { viewsOf } from './views';

const WORDS = { text: (place: number) => `text ${place}`, url: 'https://shop.example/' };
const PAGE_BYTES_MAX = 50 * 1024;

describe('renderPage', () => {
  it('makes the same page of the same view, well below 50 KB', () => {
    for (const view of viewsOf(WORDS)) {
      const { html } = renderPage(view);
      expect(renderPage(view).html).toBe(html);
      expect(Buffer.byteLength(html)).toBeLessThan(PAGE_BYTES_MAX / 2);
    }
  });

  it('allows its own style sheet and script by their hashes and nothing inline besides', () => {
    for (const [directive, text] of [
      ['style-src', STYLE],
      ['script-src', SCRIPT],
    ]) {
      const hash = createHash('sha256')
        .update(text ?? '')
        .digest('base64');
      expect(CONTENT_SECURITY_POLICY).toContain(`${directive} 'sha256-${hash}'`);
    }
    for (const view of viewsOf(WORDS)) {
      const { tags, raw } = readMarkup(renderPage(view).html);
      expect(raw).toEqual([STYLE, SCRIPT]);
      expect(tags.filter(({ attributes }) => 'style' in attributes)).toEqual([]);
    }
  });

  it('closes what it opens', () => {
    const empty = new Set(['!doctype html', 'meta', 'link', 'img', 'br', 'path']);
    for (const view of viewsOf(WORDS)) {
      const open: string[] = [];
      for (const { name } of readMarkup(renderPage(view).html).tags) {
        if (empty.has(name)) continue;
        if (!name.startsWith('/')) open.push(name);
        else expect(open.pop()).toBe(name.slice(1));
      }
      expect(open).toEqual([]);
    }
  });

  it('refers by aria-labelledby only to what is there, and uses no id twice', () => {
    for (const view of viewsOf(WORDS)) {
      const { tags } = readMarkup(renderPage(view).html);
      const ids = tags.flatMap(({ attributes }) => attributes['id'] ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      const references = tags.flatMap(({ attributes }) => attributes['aria-labelledby'] ?? []);
      expect(references.filter((id) => !ids.includes(id))).toEqual([]);
      expect(tags.filter(({ name }) => name === 'h1')).toHaveLength(1);
    }
  });

  it('has each text in each language, with the same places to fill in', () => {
    const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const language of LANGUAGES) {
      expect(Object.keys(TEXTS[language])).toEqual(Object.keys(TEXTS.en));
      for (const [name, text] of Object.entries(TEXTS.en)) {
        const translated = TEXTS[language][name as keyof typeof TEXTS.en];
        expect(translated).not.toBe('');
        expect({ name, places: places(translated) }).toEqual({ name, places: places(text) });
      }
    }
  });

  it('lets no text of a shop turn around the amounts and words behind it', () => {
    const [view] = viewsOf({ text: () => '\u202etax\u2066', url: '' });
    if (!view) throw new Error('no views');
    const { html } = renderPage(view);
    expect(html).toContain('<small>tax\u202f: 1,00\u00a0KUDOS</small>');
    expect(html).toContain('<small>3\u00a0tax</small>');
    expect(/<title>(.*)<\/title>/.exec(html)?.[1]).toBe('Paiement · tax · tax');
  });

  it('leaves the Taler header out when it would be longer than proxies take', () => {
    const [short] = viewsOf(WORDS, `taler://pay/x/${'y'.repeat(3000)}/`);
    const [long] = viewsOf(WORDS, `taler://pay/x/${'y'.repeat(4000)}/`);
    if (!short || !long) throw new Error('no views');
    expect(renderPage(short).headers['Taler']).toMatch(/^taler:/);
    expect(renderPage(long).headers).not.toHaveProperty('Taler');
    expect(renderPage(long).html).toContain('y'.repeat(4000));
  });
});
