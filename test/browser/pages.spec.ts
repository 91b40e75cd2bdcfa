import { createOrder, startTestWorld, type TestShop, type TestWorld } from '../support/app';
import { createClaimed, createPaid, payNothing, provePaid, uniqueId, withQuery } from '../e2e/orders/helpers';
import { Customer } from '../e2e/payments/support/customer';
import { coinsOf, withdrawCoins } from '../e2e/payments/support/purse';
import { encodeBase32 } from '../../src/taler/base32';
import { auditPage } from './support/accessibility';
import { describeInBrowser, forbidRefresh, keepScreenshot, shortenPolls, visit } from './support/browser';
import { CAFE } from './support/orders';

// Many steps each, of which one may take a minute (support/browser.ts).
jest.setTimeout(300_000);

const DAY_SECONDS = 86_400;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const FREE = { amount: 'KUDOS:0' };

describeInBrowser('the pages in a browser (orders.md 5.7)', (browser) => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const urlOf = (orderId: string, query: Record<string, string | number> = {}) =>
    shop.url + withQuery(`orders/${orderId}`, query);
  const tokenUrl = ({ orderId, token }: { orderId: string; token: string | undefined }, session?: string) =>
    urlOf(orderId, { ...(token ? { token } : {}), ...(session ? { session_id: session } : {}) });

  describe('while a wallet pays', () => {
    it('changes from "pay" to the receipt by itself', async () => {
      const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'), world.clock.nowUs());
      const order = await createOrder(shop, { ...CAFE, max_fee: 'KUDOS:1' });
      const { page, faults } = await browser().newTab();
      expect((await visit(page, tokenUrl(order))).status()).toBe(402);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(CAFE.summary);
      expect(await page.getByRole('status').textContent()).toBe('Waiting for your payment …');
      await keepScreenshot(page, 'pay');

      const customer = await Customer.claim(shop, order.orderId, order.token);
      expect((await customer.spend(coins)).status).toBe(200);

      await page.getByRole('heading', { name: 'Paid. Thank you!' }).waitFor();
      expect(await page.locator('body').getAttribute('data-page')).toBe('receipt');
      expect(await page.getByText('Your table is number 7.').isVisible()).toBe(true);
      await keepScreenshot(page, 'receipt');
      expect(faults).toEqual([]);
    });

    it('goes on to the fulfillment URL of the shop', async () => {
      const order = await createOrder(shop, { ...FREE, fulfillment_url: 'https://shop.example/${ORDER_ID}' });
      const { page, faults } = await browser().newTab();
      await page.route('https://shop.example/**', (route) => route.fulfill({ body: 'Here it is.' }));
      await visit(page, tokenUrl(order));
      const customer = await Customer.claim(shop, order.orderId, order.token);
      expect((await customer.pay([])).status).toBe(200);
      await page.getByText('Here it is.').waitFor();
      expect(page.url()).toBe(`https://shop.example/${order.orderId}`);
      // The way back leads to where the visitor came from, not into the page that leads here again.
      expect(await page.evaluate('history.length')).toBe(2);
      expect(faults).toEqual([]);
    });

    it.each(['javascript:document.title="run"', 'data:text/html,run'])(
      'stays with the receipt when the fulfillment URL is %s',
      async (url) => {
        const order = await createClaimed(shop, { ...FREE, fulfillment_url: url });
        const { page, faults } = await browser().newTab();
        await visit(page, tokenUrl(order));
        await payNothing(shop, order.orderId);
        await page.getByRole('heading', { name: 'Paid. Thank you!' }).waitFor();
        expect(await page.title()).not.toBe('run');
        expect(await page.getByRole('link').count()).toBe(0);
        expect(faults).toEqual([]);
      },
    );

    it('says that a wallet holds the order as soon as it looks again', async () => {
      const order = await createOrder(shop);
      const { page, faults } = await browser().newTab();
      await shortenPolls(page, 300);
      await visit(page, tokenUrl(order));
      await page.getByRole('heading', { name: 'Pay with GNU Taler' }).waitFor();
      const customer = await Customer.claim(shop, order.orderId, order.token);
      await page.getByRole('heading', { name: 'A wallet holds this order' }).waitFor();
      expect(await page.getByRole('status').textContent()).toBe('Waiting for that wallet to pay …');
      await keepScreenshot(page, 'claimed');
      expect((await customer.unclaim()).status).toBe(204);
      await page.getByRole('heading', { name: 'Pay with GNU Taler' }).waitFor();
      expect(faults).toEqual([]);
    });

    it('goes to what this session has bought before', async () => {
      const session = uniqueId('s');
      const article = { ...FREE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const first = await createPaid(shop, { order: article, sessionId: uniqueId('elsewhere') });
      const second = await createOrder(shop, article);
      const { page } = await browser().newTab();
      await page.route('https://shop.example/**', (route) => route.fulfill({ body: 'Yours already.' }));
      await visit(page, tokenUrl(second, session));
      await provePaid(shop, first, first.receipt, session);
      await page.getByText('Yours already.').waitFor();
      expect(page.url()).toBe(article.fulfillment_url);
    });

    it('goes on when the connection was lost and is back', async () => {
      const order = await createClaimed(shop, FREE);
      const { page, faults } = await browser().newTab();
      await page.route(/[?&]timeout_ms=/, (route) => route.abort('connectionreset'));
      await visit(page, tokenUrl(order));
      await page.getByText('No connection. Trying again …').waitFor();
      await payNothing(shop, order.orderId);
      await page.unroute(/[?&]timeout_ms=/);
      await page.getByRole('heading', { name: 'Paid. Thank you!' }).waitFor();
      expect(faults).toEqual([]);
    });

    it('ends with the deadline', async () => {
      const order = await createOrder(shop, CAFE);
      const { page, faults } = await browser().newTab();
      await page.clock.install();
      await visit(page, tokenUrl(order));
      await page.getByRole('heading', { name: 'Pay with GNU Taler' }).waitFor();
      world.clock.advanceSeconds(DAY_SECONDS + 60);
      await page.clock.fastForward((DAY_SECONDS + 60) * 1000);
      await page.getByRole('heading', { name: 'This offer has ended' }).waitFor();
      await keepScreenshot(page, 'expired');
      expect(faults).toEqual([]);
    });
  });

  it('offers a refund, and shows the receipt once the wallet has collected it', async () => {
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'), world.clock.nowUs());
    const customer = await Customer.order(shop, { ...CAFE, fulfillment_url: 'https://shop.example/table/7' });
    expect((await customer.spend(coins)).status).toBe(200);
    const path = `private/orders/${customer.orderId}/refund`;
    const granted = await shop.api.post(path, { refund: 'KUDOS:2.5', reason: 'cold' }, { token: shop.token });
    expect(granted.status).toBe(200);
    const hContract = encodeBase32(customer.hContract);

    const { page, faults } = await browser().newTab();
    expect((await visit(page, urlOf(customer.orderId, { h_contract: hContract }))).status()).toBe(200);
    await page.getByRole('heading', { name: 'You get money back' }).waitFor();
    expect(await page.getByRole('img', { name: 'QR code of the refund link' }).isVisible()).toBe(true);
    const link = page.getByRole('link', { name: 'Open the Taler wallet' });
    expect(await link.getAttribute('href')).toBe(granted.body.taler_refund_uri);
    await keepScreenshot(page, 'refund');

    const collected = await shop.api.post(`orders/${customer.orderId}/refund`, { h_contract: hContract });
    expect(collected.status).toBe(200);
    await page.getByRole('heading', { name: 'Paid, partly refunded' }).waitFor();
    await keepScreenshot(page, 'receipt-refunded');
    expect(faults).toEqual([]);
  });

  describe('without JavaScript', () => {
    it('leads to the wallet, looks again by itself, and shows the receipt when asked', async () => {
      const order = await createClaimed(shop, { ...CAFE, ...FREE });
      const { page, faults } = await browser().newTab({ javaScriptEnabled: false });
      await forbidRefresh(page, tokenUrl(order));
      await visit(page, tokenUrl(order));
      const refresh = page.locator('meta[http-equiv=refresh]');
      expect(await refresh.getAttribute('content')).toBe(String(15 * 3_600));
      expect(await page.getByRole('link', { name: 'Open the Taler wallet' }).isVisible()).toBe(true);
      const hint = page.locator('noscript p');
      expect(await hint.textContent()).toBe('This page looks again by itself every 15 seconds. Look now');
      expect(await hint.isVisible()).toBe(true);
      await keepScreenshot(page, 'pay-without-script');
      await payNothing(shop, order.orderId);
      await page.getByRole('link', { name: 'Look now' }).click();
      await page.getByRole('heading', { name: 'Paid. Thank you!' }).waitFor();
      expect(await refresh.count()).toBe(0);
      expect(faults).toEqual([]);
    });
  });

  describe('for everybody', () => {
    it.each([
      ['en-GB', 'en', 'Two espresso and a croissant', 'Pay with GNU Taler', '9.50\u00a0KUDOS'],
      ['de-AT', 'de', 'Zwei Espresso und ein Croissant', 'Mit GNU Taler bezahlen', '9,50\u00a0KUDOS'],
      ['fr-CH', 'fr', 'Deux espressos et un croissant', 'Payer avec GNU Taler', '9,50\u00a0KUDOS'],
    ])('who reads %s it is in %s: %s', async (locale, language, summary, heading, price) => {
      const order = await createOrder(shop, { ...CAFE, amount: 'KUDOS:9.5' });
      const { page } = await browser().newTab({ locale });
      await visit(page, tokenUrl(order));
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(summary);
      await page.getByRole('heading', { name: heading }).waitFor();
      expect(await page.locator('.price').textContent()).toContain(price);
      await keepScreenshot(page, `pay-${language}`);
    });

    it('shows times in the zone of the reader', async () => {
      const paid = await createPaid(shop, { order: { ...CAFE, ...FREE } });
      const { page } = await browser().newTab({ timezoneId: 'Asia/Tokyo', locale: 'de-DE' });
      await visit(page, tokenUrl(paid));
      const time = page.locator('time').first();
      const at = new Date((await time.getAttribute('datetime')) ?? '');
      const options = { dateStyle: 'long', timeStyle: 'short', timeZone: 'Asia/Tokyo' } as const;
      expect(await time.textContent()).toBe(new Intl.DateTimeFormat('de-DE', options).format(at));
    });

    const kinds = [
      'pay',
      'claimed',
      'receipt',
      'refund',
      'expired',
      'unknown',
      'forbidden',
      'malformed',
    ] as const;

    /** URL of a page of this kind. */
    async function prepare(kind: (typeof kinds)[number]): Promise<string> {
      switch (kind) {
        case 'pay':
          return tokenUrl(await createOrder(shop, CAFE));
        case 'claimed':
          return tokenUrl(await createClaimed(shop, CAFE));
        case 'receipt':
          return tokenUrl(await createPaid(shop, { order: { ...CAFE, ...FREE } }));
        case 'refund': {
          const paid = await createPaid(shop, { order: { ...CAFE, ...FREE } });
          await world.database.query('update orders set refund_granted = 5e8 where order_id = $1', [
            paid.orderId,
          ]);
          return tokenUrl(paid);
        }
        case 'expired': {
          const order = await createOrder(shop, { ...CAFE, public_reorder_url: 'https://shop.example/' });
          await world.database.query('update orders set pay_deadline_us = 1e15 where order_id = $1', [
            order.orderId,
          ]);
          return tokenUrl(order);
        }
        case 'unknown':
          return urlOf('nobody');
        case 'forbidden':
          return urlOf((await createOrder(shop, CAFE)).orderId);
        case 'malformed':
          return urlOf('nobody', { token: 'x' });
      }
    }

    it.each(kinds)(
      'the page "%s" is accessible: light, dark, on a phone and on a narrow one',
      async (kind) => {
        const url = await prepare(kind);
        for (const [variant, options] of [
          ['light', {}],
          ['dark', { colorScheme: 'dark' as const }],
          ['phone', PHONE],
          ['phone-dark', { ...PHONE, colorScheme: 'dark' as const }],
          ['narrow', { ...PHONE, viewport: { width: 320, height: 640 } }],
        ] as const) {
          const { page, faults } = await browser().newTab(options);
          await visit(page, url);
          expect({ variant, found: await auditPage(page) }).toEqual({ variant, found: [] });
          expect(faults).toEqual([]);
          if (variant !== 'narrow') await keepScreenshot(page, `${kind}-${variant}`);
          await browser().closeTabs();
        }
      },
    );

    it('can be used by keyboard alone, and shows where one is', async () => {
      const { page } = await browser().newTab();
      await visit(page, await prepare('pay'));
      const seen: string[] = [];
      for (let step = 0; step < 3; step++) {
        await page.keyboard.press('Tab');
        const [text, outline] = await page.evaluate<[string, string]>(
          '[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]',
        );
        seen.push(text);
        expect(outline).toBe('solid');
      }
      expect(seen).toEqual(['Open the Taler wallet', 'Link as text', 'Get the Taler wallet']);
      await page.getByText('Link as text').focus();
      await page.keyboard.press('Enter');
      expect(await page.locator('code').isVisible()).toBe(true);
    });

    it('tells who listens to a screen reader about the state, and moves nothing for who wants no motion', async () => {
      const { page } = await browser().newTab({ reducedMotion: 'reduce' });
      await visit(page, await prepare('pay'));
      expect(await page.locator('#status').getAttribute('role')).toBe('status');
      const animations = await page.evaluate('document.getAnimations().length');
      expect(animations).toBe(0);
    });
  });
});
