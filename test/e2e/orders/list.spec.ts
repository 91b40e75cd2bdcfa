import { Api } from '../../support/api';
import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { LONG_MS } from '../long-poll/waiting';
import { copyOrder } from './copies';
import { createClaimed, createPaid, makeNonce } from './helpers';

describe('GET private/orders', () => {
  let world: TestWorld;
  let shop: TestShop;
  let ids: string[];

  beforeAll(async () => {
    world = await startTestWorld();
    shop = await createShop(world.server, 'lister');
    const unclaimed = await createOrder(shop, {
      summary: 'A green Apple',
      fulfillment_url: 'https://s.example/1',
    });
    const claimed = await createClaimed(shop, { summary: 'Two pears' }, { session_id: 'the session' });
    const paid = await createPaid(shop, { order: { summary: '100% plum_jam' } });
    ids = [unclaimed, claimed, paid].map((order) => order.orderId);
  });
  afterAll(() => world?.close());

  async function list(query = '', at: TestShop = shop) {
    const answer = await at.api.get(`private/orders${query}`, { token: at.token });
    expect(answer.status).toBe(200);
    return answer.body.orders as { order_id: string; row_id: number }[];
  }
  const idsOf = async (query: string) => (await list(query)).map((entry) => entry.order_id);

  it('shows the newest first, with what the shop needs of each', async () => {
    const [newest, claimed, oldest] = await list();
    expect(newest).toEqual({
      order_id: ids[2],
      row_id: expect.any(Number),
      timestamp: { t_s: expect.any(Number) },
      amount: 'KUDOS:0',
      summary: '100% plum_jam',
      refundable: false,
      paid: true,
    });
    expect(claimed).toMatchObject({ order_id: ids[1], amount: 'KUDOS:5', paid: false, refundable: false });
    expect(oldest).toMatchObject({ order_id: ids[0], paid: false });
  });

  it('keeps the row id across the claim', async () => {
    const order = await createOrder(shop);
    const before = (await list('?limit=-1'))[0];
    await shop.api.post(`orders/${order.orderId}/claim`, {
      nonce: makeNonce().nonce,
      token: order.token,
    });
    expect((await list('?limit=-1'))[0]).toEqual(before);
    await world.database.query('delete from orders where order_id = $1', [order.orderId]);
  });

  it('pages in both directions by an exclusive row id, under the old names too', async () => {
    const [third, second, first] = await list();
    expect(await idsOf(`?limit=-1&offset=${third?.row_id}`)).toEqual([ids[1]]);
    expect(await idsOf('?limit=2')).toEqual([ids[0], ids[1]]);
    expect(await idsOf(`?limit=5&offset=${first?.row_id}`)).toEqual([ids[1], ids[2]]);
    expect(await idsOf(`?delta=-1&start=${second?.row_id}`)).toEqual([ids[0]]);
    expect(await idsOf(`?limit=1&delta=-1`)).toEqual([ids[0]]);
    expect(await idsOf(`?limit=-9999999&offset=${first?.row_id}`)).toEqual([]);
  });

  it.each<[string, number[]]>([
    ['?paid=yes', [2]],
    ['?paid=NO', [1, 0]],
    ['?paid=all&refunded=no', [2, 1, 0]],
    ['?refunded=yes', []],
    ['?wired=yes', []],
    ['?wired=no', [2, 1, 0]],
    ['?session_id=the%20session', [1]],
    ['?fulfillment_url=https://s.example/1', [0]],
    ['?summary_filter=apple', [0]],
    ['?summary_filter=0%25%20PLUM_', [2]],
    ['?summary_filter=%25', [2]],
    ['?date_s=1', []],
    ['?limit=20&date_s=1', [0, 1, 2]],
    ['?limit=20&date_s=99999999999', []],
    ['?limit=20&max_age=3600', [0, 1, 2]],
    ['?limit=20&max_age=forever', [0, 1, 2]],
    ['?limit=20&max_age=%7B%22d_us%22%3A0%7D', []],
    ['?timeout_ms=1&paid=yes', [2]],
    ['?session_id=the%20session&fulfillment_url=https://s.example/1', []],
    ['?session_id=The%20session', []],
    ['?limit=0', []],
    ['?delta=0', []],
    ['?limit=20&date_s=99999999999&max_age=3600', []],
    ['?limit=20&date_s=1&max_age=%7B%22d_us%22%3A0%7D', []],
    ['?limit=-20&max_age=0', [2, 1, 0]],
  ])('filters by %s', async (query, expected) => {
    expect(await idsOf(query)).toEqual(expected.map((index) => ids[index]));
  });

  it('tells refunds, and whether one is still possible', async () => {
    await world.database.query(
      `update orders set amount = 500000000, refund_granted = 200000000, refund_obtained = 50000000
        where order_id = $1`,
      [ids[2]],
    );
    expect((await list('?refunded=yes'))[0]).toMatchObject({
      order_id: ids[2],
      refundable: true,
      refund_amount: 'KUDOS:2',
      pending_refund_amount: 'KUDOS:1.5',
    });
  });

  it.each([
    ['limit', 'many'],
    ['limit', '99999999999999999999'],
    ['offset', '-1'],
    ['paid', 'perhaps'],
    ['date_s', 'never'],
    ['max_age', '-1'],
    ['max_age', '%7B%7D'],
    ['timeout_ms', 'x'],
    ['summary_filter', '%00'],
  ])('refuses %s=%s: 400 with 26', async (name, value) => {
    const answer = await shop.api.get(`private/orders?${name}=${value}`, { token: shop.token });
    expect(answer).toMatchObject({ status: 400, body: { code: 26, detail: name } });
  });

  it('filters by the time of creation: from it on upwards, back from it downwards, and by age', async () => {
    const dated = await createShop(world.server, 'dated');
    const nowS = Number(world.clock.nowUs() / 1_000_000n);
    const made: string[] = [];
    for (const ageS of [3_000, 2_000, 1_000]) {
      const { orderId } = await createOrder(dated);
      await world.database.query('update orders set created_us = $2 where order_id = $1', [
        orderId,
        BigInt(nowS - ageS) * 1_000_000n,
      ]);
      made.push(orderId);
    }
    const [oldest, middle, newest] = made;
    const at = async (query: string) => (await list(query, dated)).map((entry) => entry.order_id);
    expect(await at(`?limit=9&date_s=${nowS - 2_000}`)).toEqual([middle, newest]);
    expect(await at(`?limit=9&date_s=${nowS - 1_999}`)).toEqual([newest]);
    expect(await at(`?limit=-9&date_s=${nowS - 2_000}`)).toEqual([middle, oldest]);
    expect(await at(`?limit=-9&date_s=${nowS - 2_001}`)).toEqual([oldest]);
    expect(await at('?limit=9&max_age=1500')).toEqual([newest]);
    expect(await at('?limit=9&max_age=%7B%22d_us%22%3A2500000000%7D')).toEqual([middle, newest]);
    expect(await at('?limit=9&max_age=forever')).toEqual([oldest, middle, newest]);
    // The later of the two instants, whichever it is.
    expect(await at(`?limit=9&max_age=2500&date_s=${nowS - 1_500}`)).toEqual([newest]);
    expect(await at(`?limit=9&max_age=1500&date_s=${nowS - 2_500}`)).toEqual([newest]);
  });

  it('is empty at once where no row is asked for, however long one would wait', async () => {
    expect(await list(`?limit=0&timeout_ms=${LONG_MS}`)).toEqual([]);
  });

  it('gives the amount of the first choice where nobody has chosen yet', async () => {
    const choices = [{ amount: 'KUDOS:3' }, { amount: 'KUDOS:7' }];
    const { orderId } = await createOrder(shop, { amount: undefined, version: 1, choices });
    const [newest] = await list('?limit=-1');
    expect(newest).toMatchObject({ order_id: orderId, amount: 'KUDOS:3', paid: false });
    await world.database.query('delete from orders where order_id = $1', [orderId]);
  });

  it('cuts a page at 1024 rows, whatever is asked for', async () => {
    const many = await createShop(world.server, 'many');
    const { orderId } = await createOrder(many);
    await copyOrder(world.database, orderId, 1_099);
    expect(await list('?limit=5000', many)).toHaveLength(1_024);
    expect(await list('?limit=-5000', many)).toHaveLength(1_024);
    expect(await list('', many)).toHaveLength(20);
  });

  it('shows no order of another instance', async () => {
    expect(await list('', world.shop)).toEqual([]);
    const answer = await new Api(world.shop.url).get('private/orders', { token: shop.token });
    expect(answer).toMatchObject({ status: 401, body: { code: 2015 } });
  });

  it('knows no instance of that name: 404 with 2000', async () => {
    const answer = await world.server.api.get('instances/nobody/private/orders', { token: shop.token });
    expect(answer).toMatchObject({ status: 404, body: { code: 2000, detail: 'nobody' } });
  });
});
