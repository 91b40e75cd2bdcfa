import { OrderListRepository } from '../../../src/orders/order-list.repository';
import { createOrder, createShop, startTestWorld, TestServer, TestShop, TestWorld } from '../../support/app';
import { serverBeside } from '../instances/helpers';
import { LONG_MS, poll, untilAsleep, untilHeard, untilWaiters } from '../long-poll/waiting';
import { claim, createClaimed, payNothing, shopAt } from './helpers';

describe('GET private/orders with timeout_ms', () => {
  let world: TestWorld;
  let other: TestServer;
  let shop: TestShop;
  let count = 0;
  beforeAll(async () => {
    world = await startTestWorld();
    other = await serverBeside(world);
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });
  // No test finds the orders of another one.
  beforeEach(async () => {
    shop = await createShop(world.server, `waiting-${++count}`);
  });
  afterEach(async () => {
    await untilWaiters(world.server, 0);
    await untilWaiters(other, 0);
  });

  const list = (query: string, at = shop) =>
    at.api.get(`private/orders?timeout_ms=${LONG_MS}&${query}`, { token: at.token });
  /** The same shop as the other server serves it. */
  const there = () => shopAt(other, shop);
  const idsOf = (answer: { body: { orders: { order_id: string }[] } }) =>
    answer.body.orders.map((entry) => entry.order_id);

  it('answers at once what there is', async () => {
    const { orderId } = await createOrder(shop);
    expect(idsOf(await list('limit=5'))).toEqual([orderId]);
  });

  it('waits for the first order, in whatever process it is created', async () => {
    const waiting = poll(list('limit=5', there()));
    await untilAsleep(other, 1);
    const { orderId } = await createOrder(shop);
    expect(idsOf(await waiting.answer)).toEqual([orderId]);
  });

  it('waits for the next one after an offset', async () => {
    await createOrder(shop);
    const [first] = (await list('limit=1')).body.orders as { row_id: number }[];
    const waiting = poll(list(`limit=5&offset=${first?.row_id}`));
    await untilAsleep(world.server, 1);
    const { orderId } = await createOrder(shop);
    expect(idsOf(await waiting.answer)).toEqual([orderId]);
  });

  it('waits through what does not match, until a payment makes an order match', async () => {
    const waiting = poll(list('paid=yes', there()));
    await untilAsleep(other, 1);
    const claimed = await createClaimed(shop, { amount: 'KUDOS:0' });
    await untilHeard(world.server, other);
    await untilAsleep(other, 1);
    expect(waiting.isAnswered()).toBe(false);
    await payNothing(shop, claimed.orderId);
    expect(idsOf(await waiting.answer)).toEqual([claimed.orderId]);
  });

  it('waits for the filters of session, URL and summary', async () => {
    const queries = ['session_id=s1', 'fulfillment_url=https://shop.example/w', 'summary_filter=NEEDLE'];
    const waiting = queries.map((query) => poll(list(query)));
    await untilAsleep(world.server, queries.length);
    await createOrder(shop);
    await untilAsleep(world.server, queries.length);
    expect(waiting.map((one) => one.isAnswered())).toEqual([false, false, false]);
    const order = { fulfillment_url: 'https://shop.example/w', summary: 'a needle in it' };
    const { orderId } = await createOrder(shop, order, { session_id: 's1' });
    for (const { answer } of waiting) expect(idsOf(await answer)).toEqual([orderId]);
  });

  it('is not woken by the orders of another instance', async () => {
    const waiting = poll(list('limit=5'));
    await untilAsleep(world.server, 1);
    await createOrder(world.shop);
    await untilAsleep(world.server, 1);
    expect(waiting.isAnswered()).toBe(false);
    await createOrder(shop);
    await waiting.answer;
  });

  it.each(['limit=5', 'wired=yes', 'paid=yes&limit=-3'])(
    'is answered empty when the time is up: %s',
    async (query) => {
      const answer = await shop.api.get(`private/orders?timeout_ms=50&${query}`, { token: shop.token });
      expect({ status: answer.status, body: answer.body as unknown }).toEqual({
        status: 200,
        body: { orders: [] },
      });
    },
  );

  it('frees the waiter when the client has gone', async () => {
    const client = new AbortController();
    const options = { token: shop.token, signal: client.signal };
    const waiting = shop.api.get(`private/orders?timeout_ms=${LONG_MS}`, options).catch(() => 'gone');
    await untilAsleep(world.server, 1);
    client.abort();
    expect(await waiting).toBe('gone');
    await untilWaiters(world.server, 0);
  });

  it('asks the database once for all who wait for the same, however long they wait', async () => {
    const COUNT = 20;
    const waiting = Array.from({ length: COUNT }, (_, index) =>
      poll(shop.api.get(`private/orders?paid=yes&timeout_ms=${LONG_MS + index}`, { token: shop.token })),
    );
    await untilAsleep(world.server, COUNT);
    const order = await createOrder(shop, { amount: 'KUDOS:0' });
    await claim(shop.api, order);
    await untilAsleep(world.server, COUNT);
    const read = jest.spyOn(world.server.app.get(OrderListRepository), 'list');
    try {
      await payNothing(shop, order.orderId);
      for (const { answer } of waiting) expect(idsOf(await answer)).toEqual([order.orderId]);
      // One read for the event here; the same event comes back from PostgreSQL to nobody.
      expect(read.mock.calls.length).toBeLessThanOrEqual(2);
    } finally {
      read.mockRestore();
    }
  });
});
