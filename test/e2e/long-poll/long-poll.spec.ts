import { EventBus } from '../../../src/platform/events/event-bus';
import { orderTopic } from '../../../src/platform/events/topics';
import { createOrder, startTestWorld, TestShop, TestWorld } from '../../support/app';
import {
  claim,
  createClaimed,
  createPaid,
  payNothing,
  privateStatus,
  provePaid,
  publicStatus,
  unclaimBody,
  uniqueId,
  withQuery,
} from '../orders/helpers';
import { LONG_MS, poll, untilAsleep, untilWaiters } from './waiting';
import { until } from '../../support/until';

const FREE = { amount: 'KUDOS:0' };

describe('long polling', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());
  afterEach(() => untilWaiters(world.server, 0));

  const pollPrivate = (orderId: string, query: Record<string, string | number> = {}, headers = {}) =>
    poll(privateStatus(shop, orderId, { timeout_ms: LONG_MS, ...query }, headers));
  const pollPublic = (orderId: string, query: Record<string, string | number> = {}) =>
    poll(publicStatus(shop, orderId, { timeout_ms: LONG_MS, ...query }));
  const unclaim = (order: Parameters<typeof unclaimBody>[0] & { orderId: string }) =>
    shop.api.post(`orders/${order.orderId}/unclaim`, unclaimBody(order));
  const tagOf = async (orderId: string) =>
    ((await privateStatus(shop, orderId)).headers['etag'] as string).replaceAll('"', '');

  /** What a refund leaves behind, announced as another process announces it; at the end whoever waits has been woken. */
  async function refund(orderId: string, columns: string): Promise<void> {
    const [row] = await world.database.query<{ instance_serial: string }>(
      `update orders set ${columns} where order_id = $1 returning instance_serial`,
      [orderId],
    );
    const topic = orderTopic(BigInt(row?.instance_serial ?? 0), orderId);
    let isHeard = false;
    const end = world.server.app.get(EventBus).subscribe(topic, () => (isHeard = true));
    await world.database.query(`select pg_notify('taler_merchant', $1)`, [`0\n${topic}`]);
    await until(() => isHeard, topic);
    end();
  }

  describe('of the private status', () => {
    it('waits across the claim, and is released by the payment', async () => {
      const order = await createOrder(shop, FREE);
      const waiting = pollPrivate(order.orderId);
      await untilAsleep(world.server, 1);
      const claimed = await claim(shop.api, order);
      await untilAsleep(world.server, 1);
      expect(waiting.isAnswered()).toBe(false);
      await payNothing(shop, order.orderId);
      expect(await waiting.answer).toMatchObject({
        status: 200,
        body: { order_status: 'paid', contract_terms: claimed.contractTerms },
      });
    });

    it('is released by the proof of payment for its session', async () => {
      const paid = await createPaid(shop, {
        order: { fulfillment_url: 'https://shop.example/a' },
        sessionId: 'one',
      });
      const session = uniqueId('two');
      const waiting = pollPrivate(paid.orderId, { session_id: session });
      await untilAsleep(world.server, 1);
      await provePaid(shop, paid, paid.receipt, uniqueId('foreign'));
      await untilAsleep(world.server, 1);
      expect(waiting.isAnswered()).toBe(false);
      await provePaid(shop, paid, paid.receipt, session);
      expect(await waiting.answer).toMatchObject({ status: 200, body: { order_status: 'paid' } });
    });

    it.each(['unclaimed', 'claimed'])(
      'is released by the capture of its session and URL, %s',
      async (state) => {
        const article = { ...FREE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
        const session = uniqueId('s');
        const first = await createPaid(shop, { order: article });
        const second = await createOrder(shop, article);
        if (state === 'claimed') await claim(shop.api, second);
        const waiting = pollPrivate(second.orderId, { session_id: session });
        await untilAsleep(world.server, 1);
        await provePaid(shop, first, first.receipt, session);
        expect(await waiting.answer).toMatchObject({
          status: 200,
          body: { order_status: 'unpaid', already_paid_order_id: first.orderId },
        });
      },
    );

    it('is released by the first payment in its session of another order for the same URL', async () => {
      const article = { ...FREE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const session = uniqueId('s');
      const first = await createClaimed(shop, article);
      const second = await createOrder(shop, article);
      const waiting = pollPrivate(second.orderId, { session_id: session });
      await untilAsleep(world.server, 1);
      await payNothing(shop, first.orderId, session);
      expect(await waiting.answer).toMatchObject({ body: { already_paid_order_id: first.orderId } });
    });

    it('is not held where the answer is good already', async () => {
      const paid = await createPaid(shop, { sessionId: 's' });
      expect(await pollPrivate(paid.orderId).answer).toMatchObject({ body: { order_status: 'paid' } });
      expect(await pollPrivate(paid.orderId, { session_id: 's' }).answer).toMatchObject({
        body: { order_status: 'paid' },
      });
    });

    it('answers "unpaid" as ever when the time is up, on a server where nothing else happens', async () => {
      const order = await createOrder(shop);
      const before = await privateStatus(shop, order.orderId);
      const startedMs = performance.now();
      const answer = await pollPrivate(order.orderId, { timeout_ms: 300 }).answer;
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(295);
      expect(answer).toMatchObject({ status: 200, text: before.text });
    });

    it('answers at once with a time of zero', async () => {
      const order = await createOrder(shop);
      expect((await pollPrivate(order.orderId, { timeout_ms: 0 }).answer).body.order_status).toBe('unpaid');
    });
  });

  describe('with lp_not_etag', () => {
    it('is released by claim, unclaim and payment, each with a new tag', async () => {
      const order = await createOrder(shop, FREE);
      const seen = new Set([await tagOf(order.orderId)]);
      const release = async (change: () => Promise<unknown>, status: string) => {
        const [tag] = [...seen].slice(-1);
        const waiting = pollPrivate(
          order.orderId,
          { lp_not_etag: tag ?? '' },
          { 'if-none-match': `"${tag}"` },
        );
        await untilAsleep(world.server, 1);
        await change();
        const answer = await waiting.answer;
        expect(answer).toMatchObject({ status: 200, body: { order_status: status } });
        const next = (answer.headers['etag'] as string).replaceAll('"', '');
        // Unclaiming leads back to a body that was there before: the same body, the same tag.
        seen.delete(next);
        seen.add(next);
      };
      let holder = await (async () => {
        let claimed: Awaited<ReturnType<typeof claim>> | undefined;
        await release(async () => (claimed = await claim(shop.api, order)), 'claimed');
        return claimed as NonNullable<typeof claimed>;
      })();
      await release(() => unclaim(holder), 'unpaid');
      await release(async () => (holder = await claim(shop.api, order)), 'claimed');
      await release(() => payNothing(shop, order.orderId), 'paid');
      await release(() => refund(order.orderId, 'refund_granted = 1'), 'paid');
    });

    it('takes the tag quoted, weak and bare', async () => {
      const order = await createOrder(shop);
      const tag = await tagOf(order.orderId);
      for (const form of [tag, `"${tag}"`, `W/"${tag}"`]) {
        const startedMs = performance.now();
        const answer = await pollPrivate(order.orderId, { lp_not_etag: form, timeout_ms: 100 }).answer;
        expect(performance.now() - startedMs).toBeGreaterThanOrEqual(95);
        expect(answer.status).toBe(200);
      }
    });

    it('answers 304 when the time is up and If-None-Match names the tag', async () => {
      const order = await createOrder(shop);
      const tag = await tagOf(order.orderId);
      const answer = await pollPrivate(
        order.orderId,
        { lp_not_etag: tag, timeout_ms: 100 },
        { 'if-none-match': `"${tag}"` },
      ).answer;
      expect(answer).toMatchObject({ status: 304, text: '', headers: { etag: `"${tag}"` } });
    });

    it('is not held by a tag that is not the current one', async () => {
      const order = await createOrder(shop);
      expect(await pollPrivate(order.orderId, { lp_not_etag: 'OLD' }).answer).toMatchObject({ status: 200 });
    });

    it('holds a paid order too', async () => {
      const paid = await createPaid(shop);
      const waiting = pollPrivate(paid.orderId, { lp_not_etag: await tagOf(paid.orderId), timeout_ms: 100 });
      expect(await waiting.answer).toMatchObject({ status: 200, body: { order_status: 'paid' } });
    });
  });

  describe('of the public status', () => {
    it('waits across the claim, and is released by the payment', async () => {
      const order = await createOrder(shop, FREE);
      const waiting = pollPublic(order.orderId, { token: order.token ?? '' });
      await untilAsleep(world.server, 1);
      const claimed = await claim(shop.api, order);
      const byHash = pollPublic(order.orderId, { h_contract: claimed.hContractText });
      await untilAsleep(world.server, 2);
      await payNothing(shop, order.orderId);
      for (const { answer } of [waiting, byHash])
        expect(await answer).toMatchObject({ status: 200, body: { refunded: false } });
    });

    it('is released by the capture of its session and URL', async () => {
      const article = { ...FREE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const session = uniqueId('s');
      const first = await createPaid(shop, { order: article });
      const second = await createOrder(shop, article, { create_token: false });
      const waiting = pollPublic(second.orderId, { session_id: session });
      await untilAsleep(world.server, 1);
      await provePaid(shop, first, first.receipt, session);
      expect(await waiting.answer).toMatchObject({
        status: 402,
        body: { already_paid_order_id: first.orderId },
      });
    });

    it('answers 402 when the time is up', async () => {
      const order = await createOrder(shop, {}, { create_token: false });
      const startedMs = performance.now();
      expect((await pollPublic(order.orderId, { timeout_ms: 200 }).answer).status).toBe(402);
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(195);
    });

    it('turns into 403 when the contract it knows is given up', async () => {
      const claimed = await createClaimed(shop);
      const waiting = pollPublic(claimed.orderId, { h_contract: claimed.hContractText });
      await untilAsleep(world.server, 1);
      await unclaim(claimed);
      expect(await waiting.answer).toMatchObject({ status: 403, body: { code: 2105 } });
    });

    it('waits for a refund above the amount it names', async () => {
      const paid = await createPaid(shop);
      const waiting = pollPublic(paid.orderId, { h_contract: paid.hContractText, refund: 'KUDOS:1' });
      await untilAsleep(world.server, 1);
      await refund(paid.orderId, 'refund_granted = 100000000');
      await untilAsleep(world.server, 1);
      expect(waiting.isAnswered()).toBe(false);
      await refund(paid.orderId, 'refund_granted = 100000001');
      expect(await waiting.answer).toMatchObject({
        status: 200,
        body: {
          refunded: true,
          refund_pending: true,
          refund_amount: 'KUDOS:1.00000001',
          refund_taken: 'KUDOS:0',
        },
      });
    });

    it('waits with await_refund_obtained until nothing is left to collect', async () => {
      const paid = await createPaid(shop);
      await refund(paid.orderId, 'refund_granted = 2');
      const query = { h_contract: paid.hContractText, await_refund_obtained: 'yes' };
      const waiting = pollPublic(paid.orderId, query);
      await untilAsleep(world.server, 1);
      await refund(paid.orderId, 'refund_obtained = 1');
      await untilAsleep(world.server, 1);
      expect(waiting.isAnswered()).toBe(false);
      await refund(paid.orderId, 'refund_obtained = 2');
      expect(await waiting.answer).toMatchObject({
        status: 200,
        body: { refunded: true, refund_pending: false },
      });
      expect((await pollPublic(paid.orderId, query).answer).status).toBe(200);
    });
  });

  it('serves shop, wallet and old shop page that wait for the same order side by side', async () => {
    const order = await createClaimed(shop, FREE);
    const legacy = { order_id: order.orderId, h_contract: order.hContractText, timeout: 100 };
    const polls = [
      pollPrivate(order.orderId),
      pollPublic(order.orderId, { h_contract: order.hContractText }),
      poll(world.server.api.get(withQuery('public/instances/shop/poll-payment', legacy))),
      pollPrivate(order.orderId, { lp_not_etag: await tagOf(order.orderId) }),
    ];
    await untilAsleep(world.server, 4);
    await payNothing(shop, order.orderId);
    const [byShop, byWallet, byPage, byTag] = await Promise.all(polls.map(({ answer }) => answer));
    expect(byShop).toMatchObject({ status: 200, body: { contract_terms: order.contractTerms } });
    expect(byTag).toMatchObject({ status: 200, text: byShop?.text });
    expect(byWallet).toMatchObject({ status: 200, body: { refund_taken: 'KUDOS:0' } });
    expect(byPage).toMatchObject({ status: 200, body: { paid: true, refunded: false } });
  });

  it('loses no wake-up when the payment comes while the polls arrive', async () => {
    for (let round = 0; round < 5; round++) {
      const order = await createClaimed(shop, FREE);
      const polls = Array.from({ length: 20 }, (_, at) =>
        at % 2 === 0
          ? pollPrivate(order.orderId)
          : pollPublic(order.orderId, { h_contract: order.hContractText }),
      );
      await payNothing(shop, order.orderId);
      for (const { answer } of polls) expect((await answer).status).toBe(200);
      expect((await polls[0]?.answer)?.body).toMatchObject({ order_status: 'paid' });
    }
  });

  it('is not disturbed by other orders', async () => {
    const order = await createOrder(shop);
    const waiting = pollPrivate(order.orderId, { lp_not_etag: await tagOf(order.orderId) });
    await untilAsleep(world.server, 1);
    await createPaid(shop);
    await untilAsleep(world.server, 1);
    expect(waiting.isAnswered()).toBe(false);
    await claim(shop.api, order);
    expect((await waiting.answer).status).toBe(200);
  });

  it('frees its place when the client goes away', async () => {
    const order = await createOrder(shop, {}, { create_token: false });
    const controllers = Array.from({ length: 5 }, () => new AbortController());
    const { token } = shop;
    const gone = controllers.map(({ signal }, at) =>
      at % 2 === 0
        ? shop.api.get(withQuery(`private/orders/${order.orderId}`, { timeout_ms: LONG_MS }), {
            token,
            signal,
          })
        : shop.api.get(withQuery(`orders/${order.orderId}`, { timeout_ms: LONG_MS }), { signal }),
    );
    const failures = Promise.allSettled(gone);
    await untilAsleep(world.server, 5);
    for (const controller of controllers) controller.abort();
    await untilWaiters(world.server, 0);
    expect((await failures).every(({ status }) => status === 'rejected')).toBe(true);
  });
});
