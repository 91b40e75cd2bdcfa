import { ExchangeClient } from '../../../src/exchange/exchange.client';
import { encodeBase32 } from '../../../src/taler/base32';
import { Api, ApiAnswer } from '../../support/api';
import { createOrder, createShop, TestShop, TestWorld, untilKeys } from '../../support/app';
import { claim, createClaimed, createPaid, expectRefusal, uniqueId } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import {
  CONFIGURATION,
  login,
  newInstance,
  operator,
  startStillWorld,
  tokenOf,
  untilBlocked,
  withServer,
} from './helpers';

const DAY_S = 86_400;

describe('the end of an instance', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());

  const WAYS = ['DELETE management/instances/$ID', 'DELETE private'] as const;
  type Way = (typeof WAYS)[number];

  function end(shop: TestShop, way: Way, query = ''): Promise<ApiAnswer> {
    if (way === 'DELETE private') return shop.api.delete(`private${query}`, { token: shop.token });
    return world.server.api.delete(`management/instances/${shop.id}${query}`, operator);
  }
  const erase = (shop: TestShop, query = '') => end(shop, 'DELETE management/instances/$ID', query);
  const newShop = () => createShop(world.server, uniqueId('mortal'));
  const rowOf = async (shop: TestShop) => {
    const rows = await world.database.query<{ private_key: Buffer | null; deleted_us: string | null }>(
      'select private_key, deleted_us from instances where id = $1',
      [shop.id],
    );
    return rows[0];
  };
  const withdraw = (count: number, value: string) => withdrawCoins(world.exchange, coinsOf(count, value));

  /** Table -> number of rows, for all tables there are. */
  async function countRows(): Promise<Record<string, number>> {
    const tables = await world.database.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    );
    const counts: (readonly [string, number])[] = [];
    for (const { name } of tables) {
      const [row] = await world.database.query<{ count: string }>(`select count(*) from ${name}`);
      counts.push([name, Number(row?.count)]);
    }
    return Object.fromEntries(counts);
  }

  describe.each(WAYS)('%s', (way) => {
    it('erases the private key, keeps the row and closes the doors', async () => {
      const shop = await newShop();
      const second = await tokenOf(world.server, shop);
      const { body: before } = await world.server.api.get(`management/instances/${shop.id}`, operator);
      expect(await end(shop, way)).toMatchObject({ status: 204, text: '' });
      expect(await rowOf(shop)).toMatchObject({
        private_key: null,
        deleted_us: expect.any(String) as string,
      });
      for (const token of [shop.token, second]) {
        expectRefusal(await shop.api.get('private', { token }), 404, 2016, { detail: shop.id });
      }
      expectRefusal(await login(world.server, shop.id, `password of ${shop.id}`), 404, 2016, {
        detail: shop.id,
      });
      // The admin still sees it.
      const after = await world.server.api.get(`management/instances/${shop.id}`, operator);
      expect(after.body).toEqual(before);
      const { body: list } = await world.server.api.get('management/instances', operator);
      expect(list.instances).toContainEqual(expect.objectContaining({ id: shop.id, deleted: true }));
    });

    it('purges on demand, in any case of the word, and the id can be used again', async () => {
      for (const word of ['YES', 'yes', 'Yes']) {
        const shop = await newShop();
        const order = await createOrder(shop);
        expect((await end(shop, way, `?purge=${word}`)).status).toBe(204);
        expect(await rowOf(shop)).toBeUndefined();
        expectRefusal(await shop.api.get('private', { token: shop.token }), 404, 2000, { detail: shop.id });
        const remade = await createShop(world.server, shop.id);
        expectRefusal(await remade.api.get('private', { token: shop.token }), 401, 2015);
        expectRefusal(await remade.api.get(`orders/${order.orderId}`), 404, 2005, { detail: order.orderId });
        await claim(remade.api, await createOrder(remade));
      }
    });

    it.each(['maybe', '1', ''])('refuses purge=%s: 400 with 26, and nothing happens', async (word) => {
      const shop = await newShop();
      expectRefusal(await end(shop, way, `?purge=${word}`), 400, 26, { detail: 'purge' });
      expect(await rowOf(shop)).toMatchObject({ deleted_us: null });
    });

    it('only deletes for purge=no', async () => {
      const shop = await newShop();
      expect((await end(shop, way, '?purge=NO')).status).toBe(204);
      expect(await rowOf(shop)).toBeDefined();
    });

    it('of an instance that is not there is 404 with 2000', async () => {
      const nobody = { ...world.shop, id: 'nobody', api: new Api(`${world.server.url}instances/nobody/`) };
      expectRefusal(await end(nobody, way), 404, 2000, { detail: 'nobody' });
      expectRefusal(await end(nobody, way, '?purge=yes'), 404, 2000, { detail: 'nobody' });
    });
  });

  it('comes once: to delete again is 404 with 2000 for the admin, 401 with 2015 for the instance; the admin purges', async () => {
    const shop = await newShop();
    await erase(shop);
    expectRefusal(await erase(shop), 404, 2000, { detail: shop.id });
    expectRefusal(await end(shop, 'DELETE private'), 401, 2015);
    expectRefusal(await end(shop, 'DELETE private', '?purge=yes'), 401, 2015);
    expect((await erase(shop, '?purge=yes')).status).toBe(204);
    expectRefusal(await erase(shop, '?purge=yes'), 404, 2000, { detail: shop.id });
  });

  it('leaves public questions about old orders answered, and allows nothing new', async () => {
    const shop = await newShop();
    const open = await createOrder(shop);
    const paid = await createPaid(shop);
    const claimed = await createClaimed(shop);
    const poll = (order: { orderId: string; hContractText: string }) =>
      world.server.api.get(
        `public/instances/${shop.id}/poll-payment?order_id=${order.orderId}&h_contract=${order.hContractText}`,
      );
    await erase(shop);
    expect((await shop.api.get(`orders/${open.orderId}?token=${open.token ?? ''}`)).status).toBe(402);
    const status = await shop.api.get(`orders/${paid.orderId}?h_contract=${paid.hContractText}`);
    expect(status).toMatchObject({ status: 200, body: { refunded: false } });
    expect(await poll(paid)).toMatchObject({ status: 200, body: { paid: true } });
    expect((await shop.api.get('config')).status).toBe(200);
    const gone = { detail: shop.id };
    const { token } = shop;
    expectRefusal(await shop.api.post(`orders/${open.orderId}/claim`, {}), 404, 2016, gone);
    expectRefusal(await shop.api.post(`orders/${claimed.orderId}/pay`, { coins: [] }), 404, 2016, gone);
    expectRefusal(await shop.api.post(`orders/${claimed.orderId}/unclaim`, {}), 404, 2016, gone);
    expectRefusal(await shop.api.post(`orders/${paid.orderId}/paid`, {}), 404, 2016, gone);
    expectRefusal(await shop.api.post('private/orders', {}, { token }), 404, 2016, gone);
    expectRefusal(await shop.api.get(`private/orders/${open.orderId}`, { token }), 404, 2016, gone);
    expectRefusal(await shop.api.post('private/accounts', {}, { token }), 404, 2016, gone);
    expectRefusal(await shop.api.call('PATCH', 'private', { json: CONFIGURATION, token }), 404, 2016, gone);
    expectRefusal(await shop.api.delete('private/token', { token }), 404, 2016, gone);
  });

  it('by purge leaves no row of it in any table, whatever it did in its life, and none of others is lost', async () => {
    // Everything an instance can have must stand in the tables, or the comparison shows nothing.
    const ofInstances = [
      'accounts',
      'deleted_orders',
      'deposit_confirmations',
      'deposits',
      'instances',
      'login_tokens',
      'orders',
      'refunds',
    ];
    await liveFully(world.shop);
    const before = await countRows();
    const shop = await newShop();
    await liveFully(shop);
    const during = await countRows();
    for (const table of ofInstances) {
      expect({ table, more: (during[table] ?? 0) > (before[table] ?? 0) }).toEqual({ table, more: true });
    }
    expect((await erase(shop, '?purge=yes')).status).toBe(204);
    expect(await countRows()).toEqual(before);
  });

  /** Accounts, tokens, orders in every state, a payment, a refund that was collected, a payment cut short and aborted. */
  async function liveFully(shop: TestShop): Promise<void> {
    const { token } = shop;
    const added = await shop.api.post(
      'private/accounts',
      { payto_uri: 'payto://iban/DE75512108001245126199?receiver-name=Shop' },
      { token },
    );
    await shop.api.delete(`private/accounts/${added.body.h_wire as string}`, { token });
    await tokenOf(world.server, shop, 'readonly');
    await createOrder(shop);
    const held = await createClaimed(shop);
    expect((await shop.api.delete(`private/orders/${held.orderId}?force=yes`, { token })).status).toBe(204);
    const coins = await withdraw(3, '5');
    const customer = await Customer.order(
      shop,
      { amount: 'KUDOS:4' },
      { refund_delay: { d_us: DAY_S * 1e6 } },
    );
    expect((await customer.spend(coins.slice(0, 1))).status).toBe(200);
    const refund = { refund: 'KUDOS:1', reason: 'dented' };
    const granted = await shop.api.post(`private/orders/${customer.orderId}/refund`, refund, { token });
    expect(granted.status).toBe(200);
    const collected = await shop.api.post(`orders/${customer.orderId}/refund`, {
      h_contract: encodeBase32(customer.hContract),
    });
    expect(collected.status).toBe(200);
    // Half a payment, which an abort gives back.
    const other = await Customer.order(shop, { amount: 'KUDOS:9' });
    const half = await other.spend(coins.slice(1, 2));
    expect(half.status).toBeGreaterThanOrEqual(400);
  }

  describe('with paid contracts that must be kept', () => {
    it('is no purge before the time is over: 409 with 2625; to delete is allowed', async () => {
      const shop = await newShop();
      await createPaid(shop);
      await withServer(world, { taxRecordPreservation: BigInt(10 * DAY_S) * 1_000_000n }, async ({ api }) => {
        const path = `management/instances/${shop.id}`;
        const refused = { detail: `${shop.id}: its paid contracts must be kept` };
        expectRefusal(await api.delete(`${path}?purge=yes`, operator), 409, 2625, refused);
        expect(await rowOf(shop)).toMatchObject({ deleted_us: null });
        const own = await api.delete(`instances/${shop.id}/private?purge=yes`, { token: shop.token });
        expectRefusal(own, 409, 2625, refused);
        expect((await api.delete(path, operator)).status).toBe(204);
        expectRefusal(await api.delete(`${path}?purge=yes`, operator), 409, 2625, refused);
        world.clock.advanceSeconds(10 * DAY_S + 1);
        expect((await api.delete(`${path}?purge=yes`, operator)).status).toBe(204);
      });
      // Those of then have expired.
      await untilKeys(world.server);
      expect(await rowOf(shop)).toBeUndefined();
    });

    it('is a purge where nothing was paid', async () => {
      const shop = await newShop();
      await createClaimed(shop);
      await withServer(world, { taxRecordPreservation: BigInt(10 * DAY_S) * 1_000_000n }, async ({ api }) => {
        const answer = await api.delete(`management/instances/${shop.id}?purge=yes`, operator);
        expect(answer.status).toBe(204);
      });
    });
  });

  it('waits for a payment that is on its way: 409 with 2625, and the customer gets the receipt', async () => {
    const shop = await newShop();
    const customer = await Customer.order(shop, { amount: 'KUDOS:4' });
    const coins = await withdraw(1, '5');
    const answer = holdNextDeposit();
    const payment = customer.spend(coins);
    await answer.isHeld;
    const refused = { detail: `${shop.id}: a payment is on its way` };
    for (const query of ['', '?purge=yes']) expectRefusal(await erase(shop, query), 409, 2625, refused);
    answer.release();
    expect(customer.isReceipt(await payment)).toBe(true);
    expect((await erase(shop)).status).toBe(204);
  });

  /** The exchange accepts the next deposit, and its answer is under way until the test releases it. */
  function holdNextDeposit(): { isHeld: Promise<void>; release: () => void } {
    const client = world.server.app.get(ExchangeClient);
    const deposit = client.batchDeposit.bind(client);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const isHeld = new Promise<void>((resolve) => {
      jest.spyOn(client, 'batchDeposit').mockImplementationOnce(async (call) => {
        const outcome = await deposit(call);
        resolve();
        await released;
        return outcome;
      });
    });
    return { isHeld, release };
  }

  it('is no obstacle to requests that come at the same moment: they are granted or find it gone', async () => {
    const shop = await newShop();
    const { token } = shop;
    const order = { order: { amount: 'KUDOS:1', summary: 's' } };
    const requests = Array.from({ length: 12 }, (_, index) => [
      shop.api.post('private/orders', order, { token }),
      shop.api.post(
        'private/accounts',
        { payto_uri: `payto://cyclos/host/${index}?receiver-name=x` },
        { token },
      ),
      shop.api.call('PATCH', 'private', { json: CONFIGURATION, token }),
    ]).flat();
    const purges = [erase(shop, '?purge=yes'), erase(shop, '?purge=yes'), erase(shop, '?purge=yes')];
    const answers = await Promise.all([...requests, ...purges]);
    const seen = new Set(
      answers.map(({ status, body }) => `${status} ${(body as { code?: number })?.code ?? ''}`),
    );
    const allowed = ['200 ', '204 ', '404 2000', '404 2016', '401 2015', '409 2625'];
    expect([...seen].filter((answer) => !allowed.includes(answer))).toEqual([]);
    expect(await rowOf(shop)).toBeUndefined();
  });

  it('that is committed between the look-up and the write of a request makes the request find nobody: 404 with 2000', async () => {
    const shop = await newShop();
    const { token } = shop;
    const { database } = world;
    await database.query('begin');
    await database.query('delete from instances where id = $1', [shop.id]);
    const order = shop.api.post('private/orders', { order: { amount: 'KUDOS:1', summary: 's' } }, { token });
    const payto_uri = 'payto://cyclos/host/1?receiver-name=x';
    const account = shop.api.post('private/accounts', { payto_uri }, { token });
    const mint = login(world.server, shop.id, `password of ${shop.id}`);
    await untilBlocked(database, 3);
    await database.query('commit');
    for (const answer of [order, account, mint]) {
      expectRefusal(await answer, 404, 2000);
    }
  });

  it('makes room for a new instance of that name: POST is 409 with 2603 until it is purged', async () => {
    const shop = await newShop();
    const make = () => world.server.api.post('management/instances', newInstance(shop.id), operator);
    await erase(shop);
    expectRefusal(await make(), 409, 2603, { detail: shop.id });
    await erase(shop, '?purge=yes');
    expect((await make()).status).toBe(204);
  });
});
