import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { withServer } from '../instances/helpers';
import { LONG_MS, poll, untilAsleep, untilWaiters } from '../long-poll/waiting';
import {
  claim,
  createClaimed,
  createPaid,
  expectRefusal,
  payNothing,
  provePaid,
  shopAt,
  uniqueId,
  withQuery,
} from './helpers';

describe('GET sessions/$SESSION_ID', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const ask = (session: string, url: string, more: Record<string, string | number> = {}, at = shop) =>
    at.api.get(withQuery(`sessions/${encodeURIComponent(session)}`, { fulfillment_url: url, ...more }));
  const newUrl = () => `https://shop.example/${uniqueId('article')}`;
  const offer = (url: string) => ({ amount: 'KUDOS:0', fulfillment_url: url });

  async function expectOrder(session: string, url: string, status: number, orderId: string): Promise<void> {
    const answer = await ask(session, url);
    expect({ status: answer.status, body: answer.body as unknown }).toEqual({
      status,
      body: { order_id: orderId },
    });
  }

  it('knows nothing of a session in which nobody bought or ordered the thing: 404 with 2038', async () => {
    const url = newUrl();
    await createOrder(shop, offer(url), { session_id: 'another' });
    await createOrder(shop, offer(newUrl()), { session_id: 'mine' });
    await createOrder(shop, offer(url));
    expectRefusal(await ask('mine', url), 404, 2038, { detail: 'mine' });
  });

  it('names the order that was made for the session with 202, and with 200 once it is paid in it', async () => {
    const url = newUrl();
    const order = await createOrder(shop, offer(url), { session_id: 'mine' });
    await expectOrder('mine', url, 202, order.orderId);
    await claim(shop.api, order);
    await expectOrder('mine', url, 202, order.orderId);
    await payNothing(shop, order.orderId, 'mine');
    await expectOrder('mine', url, 200, order.orderId);
  });

  it('follows the payment from session to session', async () => {
    const url = newUrl();
    const paid = await createPaid(shop, {
      order: offer(url),
      request: { session_id: 'one' },
      sessionId: 'two',
    });
    expect((await ask('one', url)).status).toBe(404);
    await expectOrder('two', url, 200, paid.orderId);
    await provePaid(shop, paid, paid.receipt, 'three');
    expect((await ask('two', url)).status).toBe(404);
    await expectOrder('three', url, 200, paid.orderId);
  });

  it('prefers a paid order to a newer unpaid one, and the newest of each', async () => {
    const url = newUrl();
    const request = { session_id: 's' };
    await createOrder(shop, offer(url), request);
    const unpaid = await createOrder(shop, offer(url), request);
    await expectOrder('s', url, 202, unpaid.orderId);
    await createPaid(shop, { order: offer(url), sessionId: 's' });
    const paid = await createPaid(shop, { order: offer(url), sessionId: 's' });
    await createOrder(shop, offer(url), request);
    await expectOrder('s', url, 200, paid.orderId);
  });

  it('does not count what was refunded wholly, but what was refunded in part', async () => {
    const url = newUrl();
    const paid = await createPaid(shop, { order: offer(url), sessionId: 's' });
    const refund = (granted: number) =>
      world.database.query('update orders set amount = 100, refund_granted = $2 where order_id = $1', [
        paid.orderId,
        granted,
      ]);
    await refund(99);
    await expectOrder('s', url, 200, paid.orderId);
    await refund(100);
    expectRefusal(await ask('s', url), 404, 2038, { detail: 's' });
    const unpaid = await createOrder(shop, offer(url), { session_id: 's' });
    await expectOrder('s', url, 202, unpaid.orderId);
  });

  it('compares URL and session as exact texts, per instance', async () => {
    const url = newUrl();
    await createPaid(shop, { order: offer(url), sessionId: 'Sess' });
    expect((await ask('sess', url)).status).toBe(404);
    expect((await ask('Sess', `${url}/`)).status).toBe(404);
    expect((await ask('Sess', url.toUpperCase())).status).toBe(404);
    const other = await createShop(world.server, 'session-stranger');
    expect((await ask('Sess', url, {}, other)).status).toBe(404);
    expect((await ask('Sess', url)).status).toBe(200);
  });

  it.each(['a/b', 'ä ö?#', '100%25', '%', '..', 'a+b', '"\'<>', 's'.repeat(1024)])(
    'takes the session out of the path as it was written: %.20s',
    async (session) => {
      const url = newUrl();
      const paid = await createPaid(shop, { order: offer(url), sessionId: session });
      const text = session === '..' ? '%2e%2e' : encodeURIComponent(session);
      const answer = await shop.api.get(`sessions/${text}?fulfillment_url=${encodeURIComponent(url)}`);
      // A path of dots is no session: whoever resolves URLs drops it before we see it.
      if (session === '..') expect([200, 404]).toContain(answer.status);
      else expect(answer).toMatchObject({ status: 200, body: { order_id: paid.orderId } });
    },
  );

  it('knows the article that has the order id in its URL', async () => {
    const claimed = await createClaimed(shop, offer('https://shop.example/${ORDER_ID}/x'));
    await payNothing(shop, claimed.orderId, 'unique');
    await expectOrder('unique', `https://shop.example/${claimed.orderId}/x`, 200, claimed.orderId);
  });

  describe('with timeout_ms', () => {
    const wait = (session: string, url: string, at = shop) =>
      poll(ask(session, url, { timeout_ms: LONG_MS }, at));
    afterEach(() => untilWaiters(world.server, 0));

    it('waits until the order of the session is paid', async () => {
      const url = newUrl();
      const claimed = await createClaimed(shop, offer(url), { session_id: 'w1' });
      const waiting = wait('w1', url);
      await untilAsleep(world.server, 1);
      await payNothing(shop, claimed.orderId, 'w1');
      expect(await waiting.answer).toMatchObject({ status: 200, body: { order_id: claimed.orderId } });
    });

    it('waits where there is nothing yet, through the creation of an order, for a payment that comes', async () => {
      const url = newUrl();
      const waiting = wait('w2', url);
      await untilAsleep(world.server, 1);
      const unpaid = await createOrder(shop, offer(url), { session_id: 'w2' });
      await claim(shop.api, unpaid);
      await untilAsleep(world.server, 1);
      expect(waiting.isAnswered()).toBe(false);
      const paid = await createPaid(shop, { order: offer(url), sessionId: 'w2' });
      expect(await waiting.answer).toMatchObject({ status: 200, body: { order_id: paid.orderId } });
    });

    it('is woken when a payment is moved to the session, in another process too', async () => {
      const url = newUrl();
      const paid = await createPaid(shop, { order: offer(url), sessionId: 'elsewhere' });
      await withServer(world, {}, async (other) => {
        const waiting = wait('w3', url, shopAt(other, shop));
        await untilAsleep(other, 1);
        await provePaid(shop, paid, paid.receipt, 'w3');
        expect(await waiting.answer).toMatchObject({ status: 200, body: { order_id: paid.orderId } });
      });
    });

    it('answers at the time-out as things stand then', async () => {
      const url = newUrl();
      expectRefusal(await ask('w4', url, { timeout_ms: 30 }), 404, 2038, { detail: 'w4' });
      const { orderId } = await createOrder(shop, offer(url), { session_id: 'w4' });
      expect(await ask('w4', url, { timeout_ms: 30 })).toMatchObject({
        status: 202,
        body: { order_id: orderId },
      });
    });
  });

  describe('is refused', () => {
    it('without a URL: 400 with 25', async () => {
      expectRefusal(await shop.api.get('sessions/s'), 400, 25, { detail: 'fulfillment_url' });
    });

    it.each([
      ['', 'fulfillment_url'],
      ['\0', 'fulfillment_url'],
      ['x'.repeat(8193), 'fulfillment_url'],
    ])('with a URL that is none: %.10j is 400 with 26', async (url, detail) => {
      expectRefusal(await ask('s', url), 400, 26, { detail });
    });

    it('with a URL that comes twice: 400 with 26', async () => {
      const answer = await shop.api.get('sessions/s?fulfillment_url=a&fulfillment_url=b');
      expectRefusal(answer, 400, 26, { detail: 'fulfillment_url' });
    });

    it.each(['a\0b', 's'.repeat(1025)])(
      'with a session that none can be: %.10j is 400 with 26',
      async (session) => {
        expectRefusal(await ask(session, newUrl()), 400, 26, { detail: 'session_id' });
      },
    );

    it('with a malformed timeout_ms: 400 with 26', async () => {
      expectRefusal(await ask('s', newUrl(), { timeout_ms: 'soon' }), 400, 26, { detail: 'timeout_ms' });
    });

    it('at an instance that nobody knows: 404 with 2000', async () => {
      const answer = await world.server.api.get('instances/nobody/sessions/s?fulfillment_url=x');
      expect(answer).toMatchObject({ status: 404, body: { code: 2000 } });
    });
  });
});
