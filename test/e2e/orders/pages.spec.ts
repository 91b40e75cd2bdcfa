import { encodeBase32 } from '../../../src/taler/base32';
import type { ApiAnswer } from '../../support/api';
import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { errorFacts } from '../../../src/taler/error-codes';
import { LONG_MS } from '../long-poll/waiting';
import {
  claim,
  createClaimed,
  createPaid,
  flipBit,
  payNothing,
  provePaid,
  talerLocation,
  uniqueId,
  withQuery,
} from './helpers';

const REORDER_URL = 'https://shop.example/again';
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
const DAY_SECONDS = 86_400;
/** Of one page, style sheet, script and code included; images of the shop come on top. */
const PAGE_BYTES_MAX = 50 * 1024;

describe('the pages of GET orders/$ORDER_ID (orders.md 5.7)', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const open = (
    orderId: string,
    query: Record<string, string | number> = {},
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer> =>
    shop.api.get(withQuery(`orders/${orderId}`, query), { headers: { accept: BROWSER, ...headers } });

  /** A page of ours: strict about what it may load and run, and about where it may lie. */
  function expectPage(answer: ApiAnswer, status: number, kind: string): void {
    expect({ status: answer.status, kind: /<body data-page="([a-z]+)"/.exec(answer.text)?.[1] }).toEqual({
      status,
      kind,
    });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      vary: 'Accept, Accept-Language',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-length': String(Buffer.byteLength(answer.text)),
    });
    const policy = String(answer.headers['content-security-policy']);
    expect(policy.split('; ').map((rule) => rule.replace(/sha256-[A-Za-z0-9+/]{43}=/, 'HASH'))).toEqual([
      "default-src 'none'",
      "style-src 'HASH'",
      "script-src 'HASH'",
      'img-src data:',
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(Buffer.byteLength(answer.text)).toBeLessThan(PAGE_BYTES_MAX);
  }

  const priceOf = (answer: ApiAnswer) => /<p class="price">(?:<b>[^<]*<\/b>)?([^<]*)/.exec(answer.text)?.[1];

  describe('negotiation (orders.md 2.5)', () => {
    it.each([
      [BROWSER, 'html'],
      ['text/html', 'html'],
      ['TEXT/HTML', 'html'],
      ['text/html, application/json;q=0.9', 'html'],
      ['text/*, application/json;q=0.5', 'html'],
      ['application/*;q=0.1, */*', 'html'],
      ['text/html;q=0.001', 'html'],
      ['text/html;q=1.0, application/json;q=0.999', 'html'],
      ['*/*', 'json'],
      ['', 'json'],
      ['application/json', 'json'],
      ['text/html, application/json', 'json'],
      ['application/json, text/html', 'json'],
      ['text/html;q=0.9, */*', 'json'],
      ['text/html;q=0', 'json'],
      ['text/html;q=0.5, application/json', 'json'],
      ['image/png', 'json'],
      ['text/html;q=x, application/json;q=y', 'json'],
    ])('answers Accept: %s with %s', async (accept, format) => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      const answer = await open(orderId, {}, { accept });
      expect(answer.status).toBe(402);
      expect(answer.headers['content-type']).toBe(
        format === 'html' ? 'text/html; charset=utf-8' : 'application/json',
      );
      expect(answer.headers['vary']).toBe('Accept, Accept-Language');
    });

    it('answers HEAD with the headers of the page', async () => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      const [head, page] = await Promise.all([
        shop.api.call('HEAD', `orders/${orderId}`, { headers: { accept: BROWSER } }),
        open(orderId),
      ]);
      expect(head).toMatchObject({ status: 402, text: '' });
      expect(head.headers['taler']).toBe(page.headers['taler']);
      expect(head.headers['content-type']).toBe('text/html; charset=utf-8');
    });

    it('ignores timeout_ms for a page', async () => {
      const { orderId, token } = await createOrder(shop);
      expectPage(await open(orderId, { token: token ?? '', timeout_ms: LONG_MS }), 402, 'pay');
    });
  });

  describe('languages', () => {
    const order = {
      amount: 'KUDOS:1234.5',
      summary: 'Two loaves',
      summary_i18n: { de: 'Zwei Brote', 'fr-CH': 'Deux pains', it: 'Due pani' },
      products: [
        { description: 'Loaf', description_i18n: { de: 'Brot' }, price: 'KUDOS:617.25', quantity: 2 },
      ],
    };

    it.each([
      ['de-CH, de;q=0.9', 'de', 'Zwei Brote', '1.234,50\u00a0KUDOS'],
      ['fr', 'fr', 'Deux pains', '1\u202f234,50\u00a0KUDOS'],
      ['en-GB', 'en', 'Two loaves', '1,234.50\u00a0KUDOS'],
      ['en, de;q=0.8', 'en', 'Two loaves', '1,234.50\u00a0KUDOS'],
      ['it', 'en', 'Due pani', '1,234.50\u00a0KUDOS'],
      ['ja', 'en', 'Two loaves', '1,234.50\u00a0KUDOS'],
      ['ja, de;q=0.1', 'de', 'Zwei Brote', '1.234,50\u00a0KUDOS'],
      ['*', 'en', 'Two loaves', '1,234.50\u00a0KUDOS'],
      ['en;q=0, fr;q=0.1', 'fr', 'Deux pains', '1\u202f234,50\u00a0KUDOS'],
    ])('for Accept-Language: %s are %s, and %s costs %s', async (accepted, language, summary, price) => {
      const { orderId } = await createOrder(shop, order, { create_token: false });
      const answer = await open(orderId, {}, { 'accept-language': accepted });
      expectPage(answer, 402, 'pay');
      expect(answer.text).toContain(`<html lang="${language}">`);
      expect(answer.headers['content-language']).toBe(language);
      expect(/<h1 [^>]*>([^<]*)/.exec(answer.text)?.[1]).toBe(summary);
      expect(priceOf(answer)).toBe(price);
      expect(answer.text.includes('>Brot<')).toBe(language === 'de');
    });

    it('marks a text that is in another language than the page', async () => {
      const { orderId } = await createOrder(shop, order, { create_token: false });
      const answer = await open(orderId, {}, { 'accept-language': 'it' });
      expect(answer.text).toContain('<h1 id="what" dir="auto" lang="it">Due pani</h1>');
    });

    it.each(['en;q=0', '*;q=0', 'ja, *;q=0'])(
      'refuse who refuses English and reads no other, Accept-Language: %s: 406 with 74',
      async (accepted) => {
        const { orderId } = await createOrder(shop, {}, { create_token: false });
        const answer = await open(orderId, {}, { 'accept-language': accepted });
        expect({ status: answer.status, body: answer.body as unknown }).toEqual({
          status: 406,
          body: {
            code: 74,
            hint: errorFacts.get(74)?.hint,
            detail: 'Accept-Language',
            request_id: answer.headers['x-request-id'],
          },
        });
        const json = await open(orderId, {}, { accept: '*/*', 'accept-language': accepted });
        expect(json.status).toBe(402);
      },
    );
  });

  describe('to pay', () => {
    it('leads to the wallet by code, link, meta tag and header', async () => {
      const { orderId, token } = await createOrder(shop, { summary: 'Bread & <butter>' });
      const answer = await open(orderId, { token: token ?? '', session_id: 'my s' });
      expectPage(answer, 402, 'pay');
      const uri = `taler+http://pay/${talerLocation(shop)}${orderId}/my%20s?c=${token}`;
      expect(answer.headers['taler']).toBe(uri);
      expect(answer.text).toContain(`<meta name="taler-uri" content="${uri}">`);
      expect(answer.text).toContain(`<a class="button" href="${uri}">`);
      expect(answer.text).toContain('<svg viewBox="0 0 ');
      expect(answer.text).toContain('Bread &amp; &lt;butter&gt;</h1>');
      expect(answer.text).toContain(`>Shop ${shop.id}</span>`);
      expect(priceOf(answer)).toBe('5.00\u00a0KUDOS');
      expect(answer.text).toContain('<noscript><meta http-equiv="refresh" content="15"></noscript>');
    });

    it('lists the prices of a contract with choices, each with what it is for', async () => {
      const choices = [
        { amount: 'KUDOS:3', description: 'One ride', description_i18n: { de: 'Eine Fahrt' } },
        { amount: 'KUDOS:20.5', tip: 'KUDOS:0.5', description: 'Ten rides' },
      ];
      const request = { create_token: false };
      const { orderId } = await createOrder(shop, { version: 1, amount: undefined, choices }, request);
      const answer = await open(orderId, {}, { 'accept-language': 'de' });
      expectPage(answer, 402, 'pay');
      const lines = [
        ...answer.text.matchAll(
          /<li><span[^>]*>([^<]*)(?:<small>([^<]*)<\/small>)?<\/span><span class="sum">([^<]*)/g,
        ),
      ];
      expect(lines.map(([, ...line]) => line)).toEqual([
        ['Eine Fahrt', undefined, '3,00\u00a0KUDOS'],
        ['Ten rides', 'davon 0,50\u00a0KUDOS Trinkgeld', '20,50\u00a0KUDOS'],
      ]);
      expect(priceOf(answer)).toBeUndefined();
    });

    it('shows products with their pictures, and only data: URLs of images', async () => {
      const image = 'data:image/png;base64,iVBORw0KGgo=';
      const products = [{ description: 'Loaf', unit_quantity: '1.5', unit: 'kg', price: 'KUDOS:3', image }];
      const { orderId } = await createOrder(shop, { products }, { create_token: false });
      const answer = await open(orderId);
      expect(answer.text).toContain(`<img src="${image}" alt="">`);
      expect(answer.text).toContain('1.5\u00a0kg');
      expect(answer.text).toContain('3.00\u00a0KUDOS');
    });

    it('says so when a wallet holds the order', async () => {
      const order = await createClaimed(shop);
      const answer = await open(order.orderId, { token: order.token ?? '' });
      expectPage(answer, 402, 'pay');
      expect(answer.text).toContain('data-situation="claimed"');
      expect(answer.text).toContain('A wallet holds this order');
      expect(answer.headers['taler']).toMatch(/^taler\+http:\/\/pay\//);
    });

    it('asks for the proof when the order is paid in another session, even after the deadline', async () => {
      const paid = await createPaid(shop, { sessionId: 'mine' });
      world.clock.advanceSeconds(3 * DAY_SECONDS);
      const answer = await open(paid.orderId, { h_contract: paid.hContractText, session_id: 'yours' });
      expectPage(answer, 402, 'pay');
      expect(answer.text).toContain('data-situation="paid-elsewhere"');
      expect(answer.headers['taler']).toContain(`/${paid.orderId}/yours`);
    });

    it.each(['unclaimed', 'claimed'])('says that the offer has ended, %s', async (state) => {
      const order = await createOrder(shop, { public_reorder_url: REORDER_URL });
      if (state === 'claimed') await claim(shop.api, order);
      world.clock.advanceSeconds(2 * DAY_SECONDS);
      const answer = await open(order.orderId, { token: order.token ?? '' });
      expectPage(answer, 402, 'expired');
      expect(answer.text).toContain(`<a class="button" href="${REORDER_URL}"`);
      expect(answer.headers['taler']).toBeUndefined();
      expect(answer.text).not.toContain('taler+http');
    });

    it('says the same of an order that a deleted shop can hand out no more', async () => {
      const gone = await createShop(world.server, 'gone');
      const [unclaimed, claimed] = [await createOrder(gone), await createOrder(gone)];
      await claim(gone.api, claimed);
      const deleted = await gone.api.delete('private', { token: gone.token });
      expect(deleted.status).toBe(204);
      const look = ({ orderId, token }: { orderId: string; token: string | undefined }) =>
        gone.api.get(`orders/${orderId}?token=${token}`, { headers: { accept: BROWSER } });
      expectPage(await look(unclaimed), 402, 'expired');
      expectPage(await look(claimed), 402, 'pay');
    });

    it.each([
      ['a session that is too long for a code', 1100, false, true],
      ['a session that is too long for a header', 8000, false, false],
    ])('goes on without for %s', async (_what, length, hasCode, hasHeader) => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      const answer = await open(orderId, { session_id: 's'.repeat(length) });
      expectPage(answer, 402, 'pay');
      expect(answer.text.includes('role="img"')).toBe(hasCode);
      expect(answer.headers['taler'] !== undefined).toBe(hasHeader);
      expect(answer.text).toContain(`/${'s'.repeat(length)}">`);
    });

    it('names the order by its id when the summary is gone', async () => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      await world.database.query(
        `update orders set summary = '', proto_contract = replace(proto_contract, '"summary":"Article 42",', '')
         where order_id = $1`,
        [orderId],
      );
      const answer = await open(orderId);
      expectPage(answer, 402, 'pay');
      expect(answer.text).toContain(`>Order ${orderId}</h1>`);
    });
  });

  describe('when paid', () => {
    it('is a receipt with the way back to the shop', async () => {
      const paid = await createPaid(shop, {
        order: {
          summary: 'A song',
          fulfillment_url: 'https://shop.example/${ORDER_ID}?a=1&b=2',
          fulfillment_message: 'Thanks & bye',
        },
      });
      const answer = await open(paid.orderId, { h_contract: paid.hContractText });
      expectPage(answer, 200, 'receipt');
      expect(answer.text).toContain('Paid. Thank you!');
      expect(answer.text).toContain('<p class="words" dir="auto">A song</p>');
      expect(answer.text).toContain('Thanks &amp; bye</p>');
      expect(answer.text).toContain(`href="https://shop.example/${paid.orderId}?a=1&amp;b=2"`);
      expect(answer.headers['taler']).toBeUndefined();
      expect(answer.text).not.toContain('http-equiv="refresh"');
    });

    it.each(['javascript:alert(1)', 'data:text/html,x', 'taler://fulfillment-success/x', 'no url'])(
      'links to no %s',
      async (url) => {
        const order = { fulfillment_url: url, public_reorder_url: url };
        const paid = await createPaid(shop, { order });
        const answer = await open(paid.orderId, { h_contract: paid.hContractText });
        expectPage(answer, 200, 'receipt');
        expect(answer.text).not.toContain(url);
        // Nor is a stranger sent there.
        expectPage(await open(paid.orderId), 403, 'forbidden');
      },
    );

    it('offers a refund by a code of its own, and shows it on the receipt afterwards', async () => {
      const paid = await createPaid(shop);
      const refund = (columns: string) =>
        world.database.query(`update orders set ${columns} where order_id = $1`, [paid.orderId]);
      await refund('refund_granted = 150000000, refund_obtained = 50000000');
      const offered = await open(paid.orderId, { token: paid.token ?? '' });
      expectPage(offered, 200, 'refund');
      const uri = `taler+http://refund/${talerLocation(shop)}${paid.orderId}/`;
      expect(offered.headers['taler']).toBe(uri);
      expect(offered.text).toContain(`<a class="button" href="${uri}">`);
      // What is left to collect.
      expect(priceOf(offered)).toBe('1.00\u00a0KUDOS');
      await refund('refund_obtained = 150000000');
      const receipt = await open(paid.orderId, { token: paid.token ?? '' });
      expectPage(receipt, 200, 'receipt');
      expect(receipt.text).toContain('1.50\u00a0KUDOS');
    });
  });

  describe('elsewhere', () => {
    it.each(['unclaimed', 'claimed', 'paid'] as const)(
      'a stranger is sent to where the same is sold, %s: 302',
      async (state) => {
        const order = { amount: 'KUDOS:0', public_reorder_url: REORDER_URL };
        const { orderId } =
          state === 'paid'
            ? await createPaid(shop, { order })
            : await (state === 'claimed' ? createClaimed(shop, order) : createOrder(shop, order));
        const answer = await open(orderId);
        expect(answer).toMatchObject({ status: 302, text: '', headers: { location: REORDER_URL } });
        expect(answer.headers['cache-control']).toBe('no-store');
        expect((await open(orderId, {}, { accept: '*/*' })).status).toBe(202);
      },
    );

    it('who has bought the same in this session is sent to it: 302', async () => {
      const session = uniqueId('s');
      const article = { amount: 'KUDOS:0', fulfillment_url: `https://shop.example/${uniqueId('a')}?x=ä` };
      const first = await createPaid(shop, { order: article, sessionId: uniqueId('elsewhere') });
      const second = await createOrder(shop, article);
      const credentials = { token: second.token ?? '', session_id: session };
      expectPage(await open(second.orderId, credentials), 402, 'pay');
      await provePaid(shop, first, first.receipt, session);
      const location = new URL(article.fulfillment_url).href;
      expect(await open(second.orderId, credentials)).toMatchObject({ status: 302, headers: { location } });
      // A refunded purchase counts only where it is asked for.
      await world.database.query('update orders set refund_granted = 1 where order_id = $1', [first.orderId]);
      expectPage(await open(second.orderId, credentials), 402, 'pay');
      const allowed = { ...credentials, allow_refunded_for_repurchase: 'YES' };
      expect((await open(second.orderId, allowed)).headers['location']).toBe(location);
    });

    it('writes no URL of a shop into a header as it came', async () => {
      const url = 'https://shop.example/a\r\nSet-Cookie: x=1';
      const { orderId } = await createOrder(shop, { public_reorder_url: url });
      const answer = await open(orderId);
      expect(answer.headers['location']).toBe('https://shop.example/aSet-Cookie:%20x=1');
      expect(answer.headers['set-cookie']).toBeUndefined();
    });
  });

  describe('of trouble', () => {
    it('says that there is no such order: 404', async () => {
      const answer = await open('nobody', {}, { 'accept-language': 'de' });
      expectPage(answer, 404, 'unknown');
      expect(answer.text).toContain('Diese Bestellung gibt es nicht');
      expectPage(await open('a b'), 404, 'unknown');
    });

    it('says the same of an instance that there is not: 404', async () => {
      const answer = await world.server.api.get('instances/nobody/orders/x', {
        headers: { accept: BROWSER },
      });
      expectPage(answer, 404, 'unknown');
    });

    it('says that the link does not open the order: 403', async () => {
      const order = await createClaimed(shop);
      const wrong: Record<string, string>[] = [
        {},
        { token: flipBit(order.token ?? '', 16) },
        { h_contract: flipBit(order.hContractText, 64) },
      ];
      for (const query of wrong) {
        const answer = await open(order.orderId, query);
        expectPage(answer, 403, 'forbidden');
        // Nothing of the order is told.
        expect(answer.text).not.toContain('Article 42');
      }
    });

    it.each([
      ['h_contract', 'ABC'],
      ['token', encodeBase32(Buffer.alloc(15))],
      ['timeout_ms', 'x'],
      ['refund', 'EUR:1'],
      ['await_refund_obtained', 'perhaps'],
    ])('says that a link with %s=%s is broken: 400', async (name, value) => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      expectPage(await open(orderId, { [name]: value }), 400, 'malformed');
    });

    it.each([
      ['with a base URL that is none: 75', 75, `merchant_base_url = 'x'`],
      ['with a contract that is cut off: 2008', 2008, `proto_contract = left(proto_contract, -9)`],
      ['with a contract that is no JSON: 2008', 2008, `proto_contract = '{"a"}'`],
    ])('is no page for a row %s', async (_what, code, change) => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      await world.database.query(`update orders set ${change} where order_id = $1`, [orderId]);
      const answer = await open(orderId);
      expect({ status: answer.status, code: answer.body.code as unknown }).toEqual({ status: 500, code });
    });

    it('is no page for a contract of a later version: 500 with 2107', async () => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      await world.database.query('alter table orders drop constraint orders_contract_version_check');
      await world.database.query('update orders set contract_version = 2 where order_id = $1', [orderId]);
      const answer = await open(orderId);
      expect({ status: answer.status, code: answer.body.code as unknown }).toEqual({
        status: 500,
        code: 2107,
      });
    });
  });

  it('changes from "pay" to the receipt with the payment', async () => {
    const claimed = await createClaimed(shop, { amount: 'KUDOS:0' });
    const credentials = { h_contract: claimed.hContractText };
    expectPage(await open(claimed.orderId, credentials), 402, 'pay');
    await payNothing(shop, claimed.orderId);
    expectPage(await open(claimed.orderId, credentials), 200, 'receipt');
  });
});
