import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { encodeBase32 } from '../../../src/taler/base32';
import { createOrder, createShop, startTestWorld, type TestWorld } from '../../support/app';
import { createPaid, expectRefusal, privateStatus, publicStatus, talerLocation } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { expectBooksToAgree, expectRefundTotalsToAgree } from '../payments/support/ledger';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import { collect, expectAllConfirmed, grant, inSeconds, sell, slicesOf, withdraw } from './support';

const DAY_S = 86_400;

describe('POST private/orders/$ID/refund', () => {
  let world: TestWorld;
  let second: SandboxExchange;

  beforeAll(async () => {
    second = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
    world = await startTestWorld({ moreExchanges: [second] });
  });
  afterAll(async () => {
    await world?.close();
    await second?.close();
  });
  afterEach(async () => {
    await expectBooksToAgree(world.database, [world.exchange, second]);
    await expectRefundTotalsToAgree(world.database);
  });

  const rowsOf = (orderId: string) =>
    world.database.query<{ rtransaction_id: string; amount: string; reason: string; granted_us: string }>(
      `select rtransaction_id, refunds.amount, reason, granted_us from refunds
       join orders on orders.serial = order_serial where order_id = $1 order by refunds.serial`,
      [orderId],
    );

  it('answers with what the shop needs to lead the customer to the refund', async () => {
    const { customer } = await sell(world);
    const answer = await grant(world.shop, customer, 'KUDOS:2');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      taler_refund_uri: `taler+http://refund/${talerLocation(world.shop)}${customer.orderId}/`,
      h_contract: encodeBase32(customer.hContract),
    });
    const status = await publicStatus(world.shop, customer.orderId, {
      h_contract: answer.body.h_contract as string,
    });
    expect(status.body).toMatchObject({
      refunded: true,
      refund_pending: true,
      refund_amount: 'KUDOS:2',
      refund_taken: 'KUDOS:0',
    });
    expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
      order_status: 'paid',
      refunded: true,
      refund_pending: true,
      refund_amount: 'KUDOS:2',
    });
  });

  it('takes the amount for the new total: 2.5, then 5, then 10 of 10', async () => {
    const { customer, coins } = await sell(world, ['5', '5']);
    for (const total of ['KUDOS:2.5', 'KUDOS:5', 'KUDOS:10']) {
      expect((await grant(world.shop, customer, total)).status).toBe(200);
      expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
        refund_amount: total,
      });
    }
    const collected = await collect(world.shop, customer);
    expect(collected.body).toMatchObject({ refund_amount: 'KUDOS:10' });
    expect(slicesOf(collected, coins)).toEqual([
      [0, 1, 'KUDOS:2.5'],
      [0, 2, 'KUDOS:2.5'],
      [1, 1, 'KUDOS:5'],
    ]);
    expectAllConfirmed(customer, collected);
  });

  it('grants nothing twice: the same total, a lower one and zero change nothing', async () => {
    const { customer } = await sell(world);
    const first = await grant(world.shop, customer, 'KUDOS:3', 'late');
    const before = await rowsOf(customer.orderId);
    for (const total of ['KUDOS:3', 'KUDOS:1', 'KUDOS:0']) {
      const again = await grant(world.shop, customer, total, 'another reason');
      expect([again.status, again.text]).toEqual([200, first.text]);
    }
    expect(await rowsOf(customer.orderId)).toEqual(before);
    expect(before).toMatchObject([{ amount: '300000000', reason: 'late' }]);
  });

  it('gives all coins of one call the same second', async () => {
    const { customer } = await sell(world, ['1', '1', '1']);
    await grant(world.shop, customer, 'KUDOS:3');
    const rows = await rowsOf(customer.orderId);
    expect(rows.map((row) => row.rtransaction_id)).toEqual(['1', '1', '1']);
    expect(new Set(rows.map((row) => row.granted_us)).size).toBe(1);
    expect(BigInt(rows[0]?.granted_us ?? 1) % 1_000_000n).toBe(0n);
  });

  it('makes no slice that the exchange would refuse for being below the refund fee', async () => {
    const { customer, coins } = await sell(world, ['5', '2']);
    await grant(world.shop, customer, 'KUDOS:5.001');
    const collected = await collect(world.shop, customer);
    expect(slicesOf(collected, coins)).toEqual([
      [0, 1, 'KUDOS:4.991'],
      [1, 1, 'KUDOS:0.01'],
    ]);
    expectAllConfirmed(customer, collected);
  });

  it('refunds more than the price when more was paid', async () => {
    const [coin] = await withdraw(world, '10');
    const customer = await Customer.order(world.shop);
    expect((await customer.spend(coin ? [coin] : [])).status).toBe(200);
    expect((await grant(world.shop, customer, 'KUDOS:10')).status).toBe(200);
    expectAllConfirmed(customer, await collect(world.shop, customer));
  });

  it('refunds coins of several exchanges', async () => {
    const coins = [...(await withdraw(world, '2')), ...(await withdrawCoins(second, coinsOf(1, '2')))];
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
    expect((await customer.spend(coins)).status).toBe(200);
    expect((await grant(world.shop, customer, 'KUDOS:4')).status).toBe(200);
    const collected = await collect(world.shop, customer);
    expect(slicesOf(collected, coins).map(([, , amount]) => amount)).toEqual(['KUDOS:2', 'KUDOS:2']);
    expectAllConfirmed(customer, collected);
  });

  it('works for the admin instance and for named ones alike', async () => {
    const admin = await createShop(world.server, 'admin');
    const [coin] = await withdraw(world, '5');
    const customer = await Customer.order(admin);
    expect((await customer.spend(coin ? [coin] : [])).status).toBe(200);
    const answer = await grant(admin, customer, 'KUDOS:1');
    expect(answer.body.taler_refund_uri).toBe(
      `taler+http://refund/${talerLocation(admin)}${customer.orderId}/`,
    );
  });

  it('never grants more than was paid, however many ask at the same time', async () => {
    const { customer } = await sell(world, ['2', '2', '1']);
    const totals = ['0.7', '1.4', '2.1', '2.8', '3.5', '4.2', '4.9', '5', '5.1', '7', '9', '5'];
    const answers = await Promise.all(totals.map((total) => grant(world.shop, customer, `KUDOS:${total}`)));
    expect(answers.map(({ status }) => status)).toEqual([...Array<number>(8).fill(200), 409, 409, 409, 200]);
    const rows = await rowsOf(customer.orderId);
    expect(rows.reduce((sum, { amount }) => sum + BigInt(amount), 0n)).toBe(500_000_000n);
    expectAllConfirmed(customer, await collect(world.shop, customer));
  });

  describe('deadlines', () => {
    it('lets the shop refund after the refund deadline, up to the wire deadline', async () => {
      const { customer } = await sell(world, ['5'], {
        pay_deadline: inSeconds(world, 100),
        refund_deadline: inSeconds(world, 200),
        wire_transfer_deadline: inSeconds(world, 300),
      });
      world.clock.advanceSeconds(250);
      expect((await grant(world.shop, customer, 'KUDOS:1')).status).toBe(200);
      expectAllConfirmed(customer, await collect(world.shop, customer));
      world.clock.advanceSeconds(51);
      const late = await grant(world.shop, customer, 'KUDOS:2');
      expectRefusal(late, 410, 2169, { detail: customer.orderId });
      // The check of the deadline comes before the look at what was granted.
      expectRefusal(await grant(world.shop, customer, 'KUDOS:1'), 410, 2169, { detail: customer.orderId });
    });

    it('refuses what the contract does not provide for: 403 with 2532', async () => {
      const { customer } = await sell(world, ['5'], {}, { refund_delay: { d_us: 0 } });
      const refused = await grant(world.shop, customer, 'KUDOS:1');
      expectRefusal(refused, 403, 2532, { detail: customer.orderId });
    });

    it('refuses where the refund deadline is not after the time of the contract', async () => {
      const timestamp = inSeconds(world, DAY_S);
      const customer = await Customer.order(world.shop, {
        amount: 'KUDOS:0',
        timestamp,
        pay_deadline: inSeconds(world, 2 * DAY_S),
        refund_deadline: timestamp,
        wire_transfer_deadline: inSeconds(world, 3 * DAY_S),
      });
      expectRefusal(await grant(world.shop, customer, 'KUDOS:0'), 403, 2532, { detail: customer.orderId });
    });

    it('says so before it says that the order is unpaid', async () => {
      const unpaid = await Customer.order(world.shop, {}, { refund_delay: { d_us: 0 } });
      expectRefusal(await grant(world.shop, unpaid, 'EUR:1'), 403, 2532, { detail: unpaid.orderId });
    });
  });

  describe('refusals', () => {
    it.each(['unknown', 'unclaimed'])('does not know an %s order: 404 with 2005', async (state) => {
      const { orderId } = state === 'unknown' ? { orderId: 'nobody' } : await createOrder(world.shop);
      expectRefusal(await grant(world.shop, { orderId }, 'KUDOS:1'), 404, 2005, { detail: orderId });
    });

    it('does not know an instance of nobody: 404 with 2000', async () => {
      const path = 'instances/nobody/private/orders/x/refund';
      const answer = await world.server.api.post(path, { refund: 'KUDOS:1', reason: '' });
      expect(answer).toMatchObject({ status: 404, body: { code: 2000 } });
    });

    it('refuses an order that nobody has paid: 409 with 2531', async () => {
      const customer = await Customer.order(world.shop);
      expectRefusal(await grant(world.shop, customer, 'EUR:1'), 409, 2531, { detail: customer.orderId });
    });

    it('refuses another currency than that of the payment: 409 with 2024', async () => {
      const { customer } = await sell(world);
      expectRefusal(await grant(world.shop, customer, 'EUR:9'), 409, 2024, { detail: 'KUDOS' });
      expectRefusal(await grant(world.shop, customer, 'EUR:0'), 409, 2024, { detail: 'KUDOS' });
    });

    it('refuses more than was paid: 409 with 2530', async () => {
      const { customer } = await sell(world);
      const refused = await grant(world.shop, customer, 'KUDOS:5.00000001');
      expectRefusal(refused, 409, 2530, { detail: customer.orderId });
      expect(await rowsOf(customer.orderId)).toEqual([]);
      const free = await createPaid(world.shop);
      expectRefusal(await grant(world.shop, free, 'KUDOS:0.01'), 409, 2530, { detail: free.orderId });
      expect((await grant(world.shop, free, 'KUDOS:0')).status).toBe(200);
    });

    it('wants a token with the permission: 401 with 2015, 403 with 16', async () => {
      const { customer } = await sell(world);
      const { shop } = world;
      const path = `private/orders/${customer.orderId}/refund`;
      const body = { refund: 'KUDOS:1', reason: 'x' };
      expect(await shop.api.post(path, body)).toMatchObject({ status: 401, body: { code: 2015 } });
      const basic = Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64');
      const login = await shop.api.post(
        'private/token',
        { scope: 'order-pos' },
        { headers: { authorization: `Basic ${basic}` } },
      );
      const weak = await shop.api.post(path, body, { token: login.body.access_token as string });
      expect(weak).toMatchObject({ status: 403, body: { code: 16 } });
      expect(await rowsOf(customer.orderId)).toEqual([]);
    });

    it.each([
      ['refund', { reason: 'x' }],
      ['refund', { refund: null, reason: 'x' }],
      ['refund', { refund: 5, reason: 'x' }],
      ['refund', { refund: 'KUDOS:-1', reason: 'x' }],
      ['reason', { refund: 'KUDOS:1' }],
      ['reason', { refund: 'KUDOS:1', reason: 7 }],
      ['reason', { refund: 'KUDOS:1', reason: 'x'.repeat(1025) }],
      ['reason', { refund: 'KUDOS:1', reason: 'a\u0000b' }],
    ])('names a faulty %s: 400 with 26', async (field, body) => {
      const { customer } = await sell(world);
      const { shop } = world;
      const answer = await shop.api.post(`private/orders/${customer.orderId}/refund`, body, {
        token: shop.token,
      });
      expect(answer).toMatchObject({ status: 400, body: { code: 26, field } });
      expect(await rowsOf(customer.orderId)).toEqual([]);
    });

    it('refuses text that is not JSON: 400 with 22', async () => {
      const { shop } = world;
      const answer = await shop.api.call('POST', 'private/orders/x/refund', { raw: '{', token: shop.token });
      expect(answer).toMatchObject({ status: 400, body: { code: 22 } });
    });

    it('refuses bodies beyond the limit: 413 with 32', async () => {
      const { shop } = world;
      const raw = JSON.stringify({ refund: 'KUDOS:1', reason: 'x'.repeat(9 * 1024 * 1024) });
      const answer = await shop.api.call('POST', 'private/orders/x/refund', { raw, token: shop.token });
      expect(answer).toMatchObject({ status: 413, body: { code: 32 } });
    });
  });

  describe('with a database that somebody has spoilt', () => {
    it.each(['not json', '{}', '{"timestamp":7}'])(
      'says that the stored contract %s makes no sense: 500 with 2008',
      async (proto) => {
        const { customer } = await sell(world);
        await world.database.query('update orders set proto_contract = $2 where order_id = $1', [
          customer.orderId,
          proto,
        ]);
        expectRefusal(await grant(world.shop, customer, 'KUDOS:1'), 500, 2008, { detail: customer.orderId });
      },
    );

    it('finds no money that was refunded behind its back: 500 with 56', async () => {
      const { customer, coins } = await sell(world);
      await world.database.query(
        `insert into refunds (order_serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us)
         select order_serial, coin_pub, 1, 'KUDOS', 300000000, 'spoilt', 0 from deposits
         join orders on orders.serial = order_serial where order_id = $1`,
        [customer.orderId],
      );
      expect(coins).toHaveLength(1);
      expectRefusal(await grant(world.shop, customer, 'KUDOS:4'), 500, 56, { detail: 'refunds' });
      await world.database.query(
        'delete from refunds using orders where orders.serial = order_serial and order_id = $1',
        [customer.orderId],
      );
    });
  });
});

describe('the hard limits of an exchange on refunds', () => {
  let world: TestWorld;
  let strict: SandboxExchange;
  let down: SandboxExchange;

  beforeAll(async () => {
    [strict, down] = await Promise.all([
      startSandboxExchange({
        rsaBits: 1024,
        aggregationIntervalMs: 0,
        hardLimits: [
          { operation_type: 'REFUND', threshold: 'KUDOS:3' },
          { operation_type: 'CLOSE', threshold: 'KUDOS:1' },
        ],
      }),
      startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 }),
    ]);
    world = await startTestWorld({ moreExchanges: [strict, down] });
  });
  afterAll(async () => {
    await world?.close();
    await strict?.close();
  });

  it('bound the total of an order there: 451 with 2512, and nothing is granted', async () => {
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:9' });
    // One after the other: refunds begin with the coin that was deposited first.
    expect((await customer.spend(await withdrawCoins(strict, coinsOf(2, '2')))).status).toBe(400);
    expect((await customer.spend(await withdraw(world, '5'))).status).toBe(200);
    const refused = await grant(world.shop, customer, 'KUDOS:3.5');
    expectRefusal(refused, 451, 2512, { exchange_url: strict.baseUrl });
    expect((await grant(world.shop, customer, 'KUDOS:2.5')).status).toBe(200);
    expect((await grant(world.shop, customer, 'KUDOS:3')).status).toBe(200);
    const again = await grant(world.shop, customer, 'KUDOS:3.1');
    expectRefusal(again, 451, 2512, { exchange_url: strict.baseUrl });
    // What was paid comes before what is allowed.
    expectRefusal(await grant(world.shop, customer, 'KUDOS:10'), 409, 2530, { detail: customer.orderId });
    expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
      refund_amount: 'KUDOS:3',
    });
    expectAllConfirmed(customer, await collect(world.shop, customer));
    await expectBooksToAgree(world.database, [world.exchange, strict]);
  });

  it('are unknown while an exchange is down; the shop may promise all the same', async () => {
    const coins = await withdrawCoins(down, coinsOf(1, '5'));
    const customer = await Customer.order(world.shop);
    expect((await customer.spend(coins)).status).toBe(200);
    await down.close();
    expect((await grant(world.shop, customer, 'KUDOS:1')).status).toBe(200);
  });
});
