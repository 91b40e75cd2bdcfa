import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import type { FaultAction } from '../../../sandbox/exchange/faults';
import { encodeBase32 } from '../../../src/taler/base32';
import { createOrder, settingOf, startTestServer, startTestWorld, type TestWorld } from '../../support/app';
import { createPaid, expectRefusal, privateStatus, publicStatus } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import {
  expectBooksToAgree,
  expectRefundTotalsToAgree,
  refundedFor,
  refundsOfBackend,
} from '../payments/support/ledger';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import {
  balanceOf,
  type CoinRefund,
  collect,
  expectAllConfirmed,
  grant,
  inSeconds,
  NEVER_MADE,
  REFUND_CALL,
  sell,
  slicesOf,
  withdraw,
} from './support';

/** Far beyond the patience of the backend. */
const SILENT_MS = 300_000;

describe('POST orders/$ID/refund', () => {
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
    world.exchange.clearFaults();
    second.clearFaults();
    await expectBooksToAgree(world.database, [world.exchange, second]);
    await expectRefundTotalsToAgree(world.database);
  });

  it('gives the wallet the exchange’s word for each coin, which has its money back', async () => {
    const { customer, coins } = await sell(world, ['5', '2']);
    const before = Number(world.clock.nowUs() / 1_000_000n);
    await grant(world.shop, customer, 'KUDOS:6');
    const answer = await collect(world.shop, customer);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      refund_amount: 'KUDOS:6',
      merchant_pub: encodeBase32(customer.contract.merchantPub),
      refunds: [
        [0, 'KUDOS:5'],
        [1, 'KUDOS:1'],
      ].map(([index, amount]) => ({
        type: 'success',
        exchange_status: 200,
        exchange_sig: expect.any(String) as string,
        exchange_pub: expect.any(String) as string,
        rtransaction_id: 1,
        coin_pub: coins[Number(index)]?.coinPub,
        refund_amount: amount,
        execution_time: { t_s: expect.any(Number) as number },
      })),
    });
    expectAllConfirmed(customer, answer);
    const times = (answer.body.refunds as CoinRefund[]).map((refund) => refund.execution_time.t_s);
    expect(times[0]).toBe(times[1]);
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:6');
    // 5 less the fee of the refund; of the other one its deposit fee is not given back.
    expect(coins.map((coin) => balanceOf(world, coin))).toEqual(['KUDOS:4.98', 'KUDOS:0.99']);
  });

  it('shows the refund as taken', async () => {
    const { customer } = await sell(world);
    await grant(world.shop, customer, 'KUDOS:1.5');
    await collect(world.shop, customer);
    const credential = { h_contract: encodeBase32(customer.hContract) };
    expect((await publicStatus(world.shop, customer.orderId, credential)).body).toMatchObject({
      refunded: true,
      refund_pending: false,
      refund_amount: 'KUDOS:1.5',
      refund_taken: 'KUDOS:1.5',
    });
    expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({ refund_pending: false });
  });

  it('answers a repeat by the same bytes without asking the exchange again', async () => {
    const { customer } = await sell(world);
    await grant(world.shop, customer, 'KUDOS:1');
    const first = await collect(world.shop, customer);
    world.exchange.addFault({ match: REFUND_CALL, action: 'fail', status: 500, times: 0 });
    expect((await collect(world.shop, customer)).text).toBe(first.text);
  });

  it('collects what was granted since, and tells all', async () => {
    const { customer, coins } = await sell(world, ['2']);
    await grant(world.shop, customer, 'KUDOS:0.5');
    await collect(world.shop, customer);
    world.clock.advanceSeconds(60);
    await grant(world.shop, customer, 'KUDOS:2');
    const answer = await collect(world.shop, customer);
    expect(slicesOf(answer, coins)).toEqual([
      [0, 1, 'KUDOS:0.5'],
      [0, 2, 'KUDOS:1.5'],
    ]);
    expectAllConfirmed(customer, answer);
    const [early, later] = answer.body.refunds as CoinRefund[];
    expect(Number(later?.execution_time.t_s) - Number(early?.execution_time.t_s)).toBeGreaterThanOrEqual(60);
  });

  it('says that there is nothing: 204', async () => {
    const { customer } = await sell(world);
    const unpaid = await Customer.order(world.shop);
    for (const order of [customer, unpaid]) {
      const answer = await collect(world.shop, order);
      expect([answer.status, answer.text]).toEqual([204, '']);
    }
    const free = await createPaid(world.shop);
    const body = { h_contract: free.hContractText };
    expect((await world.shop.api.post(`orders/${free.orderId}/refund`, body)).status).toBe(204);
  });

  it('serves any number of requests at the same time and books each refund once', async () => {
    const { customer } = await sell(world, ['1', '1', '2']);
    await grant(world.shop, customer, 'KUDOS:4');
    const answers = await Promise.all(Array.from({ length: 6 }, () => collect(world.shop, customer)));
    for (const answer of answers) expectAllConfirmed(customer, answer);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:4');
  });

  it('stays consistent while the shop grants more at the same time', async () => {
    const { customer } = await sell(world, ['1', '1', '1', '1']);
    await grant(world.shop, customer, 'KUDOS:0.5');
    const totals = ['1', '1.5', '2', '2.5', '3', '3.5', '4'];
    const answers = await Promise.all(
      totals.flatMap((total) => [
        grant(world.shop, customer, `KUDOS:${total}`).then(() => undefined),
        collect(world.shop, customer),
      ]),
    );
    for (const answer of answers) {
      if (!answer) continue;
      expect(answer.status).toBe(200);
      expectAllConfirmed(customer, answer);
    }
    expectAllConfirmed(customer, await collect(world.shop, customer));
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:4');
  });

  it('collects a refund of many coins', async () => {
    const { customer } = await sell(world, Array<string>(30).fill('0.1'), { max_fee: 'KUDOS:1' });
    await grant(world.shop, customer, 'KUDOS:3');
    const answer = await collect(world.shop, customer);
    expect(answer.body.refunds).toHaveLength(30);
    expectAllConfirmed(customer, answer);
  });

  describe('with a coin that fails', () => {
    const anAnswer = { code: 1503, hint: 'wired', more: { untouched: [1, 'two', null, true] } };
    const failures: [string, FaultAction, Partial<CoinRefund>][] = [
      [
        'because the exchange refuses',
        { action: 'fail', status: 410, body: anAnswer },
        { exchange_status: 410, exchange_code: 1503, exchange_reply: anAnswer },
      ],
      [
        'because the exchange breaks',
        { action: 'fail', status: 500, body: { code: 51, hint: 'down' } },
        { exchange_status: 500, exchange_code: 51, exchange_reply: { code: 51, hint: 'down' } },
      ],
      [
        'because the exchange breaks without a reason',
        { action: 'fail', status: 503 },
        { exchange_status: 503, exchange_code: 0 },
      ],
      ['because the exchange hangs up', { action: 'hang-up' }, { exchange_status: 502, exchange_code: 2012 }],
      [
        'because the exchange hangs up after the refund',
        { action: 'hang-up', after: true },
        { exchange_status: 502, exchange_code: 2012 },
      ],
      [
        'because the answer is not JSON',
        { action: 'garbage', after: true },
        { exchange_status: 502, exchange_code: 2013 },
      ],
      [
        'because the signature is false',
        { action: 'wrong-signature' },
        { exchange_status: 502, exchange_code: 2013 },
      ],
      [
        'because the signing key is unknown',
        { action: 'foreign-signature' },
        { exchange_status: 502, exchange_code: 2029 },
      ],
    ];

    it.each(failures)(
      '%s, tells so, keeps the others and succeeds in the end',
      async (_why, fault, expected) => {
        const { customer } = await sell(world, ['1', '2', '1']);
        await grant(world.shop, customer, 'KUDOS:4');
        world.exchange.addFault({ match: REFUND_CALL, nth: 2, ...fault });
        const partly = await collect(world.shop, customer);
        expect(partly.status).toBe(200);
        const refunds = partly.body.refunds as CoinRefund[];
        const [failed, ...more] = refunds.filter((refund) => refund.type === 'failure');
        expect(more).toEqual([]);
        expect(failed).toMatchObject({ ...expected, rtransaction_id: 1 });
        expect(failed).not.toHaveProperty('exchange_sig');
        const { open } = await refundsOfBackend(world.database);
        expect(open.filter((line) => line.includes(failed?.coin_pub ?? '-'))).toHaveLength(1);
        expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
          refund_pending: true,
        });

        const whole = await collect(world.shop, customer);
        expectAllConfirmed(customer, whole);
        expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
          refund_pending: false,
        });
        // Those that had succeeded are told again as they were.
        const kept = refunds.filter((refund) => refund.type === 'success');
        expect(whole.body.refunds).toEqual(expect.arrayContaining(kept));
      },
    );

    it('for the same reason as long as it lasts', async () => {
      const { customer } = await sell(world);
      await grant(world.shop, customer, 'KUDOS:1');
      world.exchange.addFault({
        match: REFUND_CALL,
        action: 'fail',
        status: 409,
        body: { code: 1501, hint: 'x' },
        times: 2,
      });
      for (let round = 0; round < 2; round++) {
        const answer = await collect(world.shop, customer);
        expect(answer.body.refunds).toMatchObject([
          { type: 'failure', exchange_status: 409, exchange_code: 1501 },
        ]);
      }
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });

    it('because the refund is below its fee: the exchange is not even asked', async () => {
      const { customer } = await sell(world);
      await grant(world.shop, customer, 'KUDOS:0.01');
      const answer = await collect(world.shop, customer);
      expect(answer.body.refunds).toMatchObject([
        { type: 'failure', exchange_status: 400, exchange_code: 1505, refund_amount: 'KUDOS:0.01' },
      ]);
      expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0');
    });

    it('at one exchange of two: the other one’s is collected', async () => {
      const coins = [...(await withdraw(world, '2')), ...(await withdrawCoins(second, coinsOf(1, '2')))];
      const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
      expect((await customer.spend(coins)).status).toBe(200);
      await grant(world.shop, customer, 'KUDOS:4');
      second.addFault({ match: REFUND_CALL, action: 'fail', status: 500, body: { code: 51, hint: 'x' } });
      const partly = await collect(world.shop, customer);
      expect((partly.body.refunds as CoinRefund[]).map(({ type }) => type).sort()).toEqual([
        'failure',
        'success',
      ]);
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });

    it('because the exchange is silent: the wallet waits for one coin’s time, not for that of each', async () => {
      const { customer } = await sell(world, Array<string>(12).fill('0.1'), { max_fee: 'KUDOS:1' });
      await grant(world.shop, customer, 'KUDOS:1.2');
      world.exchange.addFault({ match: REFUND_CALL, action: 'slow', ms: SILENT_MS, after: true, times: 0 });
      const answer = await collect(world.shop, customer);
      // Four are asked for at the same time; after their 15 s nobody asks for the others.
      expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0.4');
      expect(answer.body.refunds).toHaveLength(12);
      for (const refund of answer.body.refunds as CoinRefund[]) {
        expect(refund).toMatchObject({ type: 'failure', exchange_status: 504, exchange_code: 2011 });
      }
      world.exchange.clearFaults();
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });

    it('because its deposit was wired behind our back', async () => {
      const { customer } = await sell(world, ['5'], {
        pay_deadline: inSeconds(world, 100),
        refund_deadline: inSeconds(world, 200),
        wire_transfer_deadline: inSeconds(world, 300),
      });
      await grant(world.shop, customer, 'KUDOS:1');
      await world.exchange.moveTime(301);
      expect(await world.exchange.wireNow()).toHaveLength(1);
      await world.exchange.moveTime(0);
      const answer = await collect(world.shop, customer);
      expect(answer.body.refunds).toMatchObject([
        { type: 'failure', exchange_status: 410, exchange_code: 1503, exchange_reply: { code: 1503 } },
      ]);
    });
  });

  describe('where the law stands before every coin', () => {
    const legal = { action: 'fail', status: 451, body: { code: 1028, hint: 'KYC' } } as const;

    it('says so, and collects when it no longer does: 451 with 2512', async () => {
      const { customer } = await sell(world, ['2', '1']);
      await grant(world.shop, customer, 'KUDOS:3');
      world.exchange.addFault({ match: REFUND_CALL, ...legal, times: 2 });
      expectRefusal(await collect(world.shop, customer), 451, 2512, {
        exchange_http_status: 451,
        exchange_code: 1028,
        exchange_reply: { code: 1028, hint: 'KYC' },
      });
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });

    it('tells of each coin where it stands before some only', async () => {
      const { customer } = await sell(world, ['2', '1']);
      await grant(world.shop, customer, 'KUDOS:3');
      world.exchange.addFault({ match: REFUND_CALL, ...legal });
      const answer = await collect(world.shop, customer);
      expect(answer.status).toBe(200);
      const failed = (answer.body.refunds as CoinRefund[]).filter(({ type }) => type === 'failure');
      expect(failed).toMatchObject([{ exchange_status: 451, exchange_code: 1028 }]);
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });
  });

  describe('after the wire deadline', () => {
    const short = () => ({
      pay_deadline: inSeconds(world, 100),
      refund_deadline: inSeconds(world, 200),
      wire_transfer_deadline: inSeconds(world, 300),
    });

    it('collects nothing any more: 410 with 2169', async () => {
      const { customer } = await sell(world, ['5'], short());
      await grant(world.shop, customer, 'KUDOS:1');
      world.clock.advanceSeconds(301);
      expectRefusal(await collect(world.shop, customer), 410, 2169, { detail: customer.orderId });
      expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0');
    });

    it('still shows what was collected in time', async () => {
      const { customer } = await sell(world, ['5'], short());
      await grant(world.shop, customer, 'KUDOS:1');
      const first = await collect(world.shop, customer);
      world.clock.advanceSeconds(301);
      expect((await collect(world.shop, customer)).text).toBe(first.text);
    });

    it('finds what the exchange had made in time, though its answer was lost', async () => {
      const { customer } = await sell(world, ['5'], short());
      await grant(world.shop, customer, 'KUDOS:1');
      world.exchange.addFault({ match: REFUND_CALL, action: 'hang-up', after: true });
      expect((await collect(world.shop, customer)).body.refunds).toMatchObject([{ type: 'failure' }]);
      world.clock.advanceSeconds(301);
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });
  });

  describe('refusals', () => {
    it('wants to see that the wallet knows the contract: 403 with 2009', async () => {
      const { customer } = await sell(world);
      await grant(world.shop, customer, 'KUDOS:1');
      const path = `orders/${customer.orderId}/refund`;
      expectRefusal(await world.shop.api.post(path, { h_contract: NEVER_MADE }), 403, 2009);
      expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0');
    });

    it.each(['unknown', 'unclaimed'])('does not know an %s order: 404 with 2005', async (state) => {
      const { orderId } = state === 'unknown' ? { orderId: 'nobody' } : await createOrder(world.shop);
      const answer = await world.shop.api.post(`orders/${orderId}/refund`, { h_contract: NEVER_MADE });
      expectRefusal(answer, 404, 2005, { detail: orderId });
    });

    it('does not know an instance of nobody: 404 with 2000', async () => {
      const path = 'instances/nobody/orders/x/refund';
      const answer = await world.server.api.post(path, { h_contract: NEVER_MADE });
      expect(answer).toMatchObject({ status: 404, body: { code: 2000 } });
    });

    it.each([{}, { h_contract: null }, { h_contract: 'ABC' }, { h_contract: 5 }])(
      'names a faulty hash in %j: 400 with 26',
      async (body) => {
        const answer = await world.shop.api.post('orders/x/refund', body);
        expect(answer).toMatchObject({ status: 400, body: { code: 26, field: 'h_contract' } });
      },
    );

    it('refuses text that is not JSON: 400 with 22', async () => {
      const answer = await world.shop.api.call('POST', 'orders/x/refund', { raw: 'null and void' });
      expect(answer).toMatchObject({ status: 400, body: { code: 22 } });
    });

    it('refuses bodies beyond the limit: 413 with 32', async () => {
      const raw = JSON.stringify({ h_contract: NEVER_MADE, more: 'x'.repeat(9 * 1024 * 1024) });
      const answer = await world.shop.api.call('POST', 'orders/x/refund', { raw });
      expect(answer).toMatchObject({ status: 413, body: { code: 32 } });
    });

    it('finds a refund of a coin that was never deposited in a spoilt database: 500 with 56', async () => {
      const { customer } = await sell(world);
      await grant(world.shop, customer, 'KUDOS:1');
      const where = 'order_serial = (select serial from orders where order_id = $1)';
      await world.database.query(`update refunds set coin_pub = $2 where ${where}`, [
        customer.orderId,
        Buffer.alloc(32, 1),
      ]);
      expectRefusal(await collect(world.shop, customer), 500, 56, { detail: customer.orderId });
      await world.database.query(
        `update refunds set coin_pub = (select coin_pub from deposits where ${where}) where ${where}`,
        [customer.orderId],
      );
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });
  });

  describe('on a server that', () => {
    it('cannot sign any more says so and asks nobody: 500 with 2350', async () => {
      const { customer } = await sell(world);
      await grant(world.shop, customer, 'KUDOS:1');
      const [row] = await world.database.query<{ private_key: Buffer }>(
        "select private_key from instances where id = 'shop'",
      );
      await world.database.query("update instances set private_key = null where id = 'shop'");
      const { database, clock, exchange } = world;
      // A server that has not seen the key yet.
      const server = await startTestServer({ database, clock, exchanges: [exchange, second].map(settingOf) });
      try {
        const body = { h_contract: encodeBase32(customer.hContract) };
        const answer = await server.api.post(`instances/shop/orders/${customer.orderId}/refund`, body);
        expectRefusal(answer, 500, 2350);
        expect(refundedFor(customer, exchange)).toBe('KUDOS:0');
      } finally {
        await server.close();
        await database.query("update instances set private_key = $1 where id = 'shop'", [row?.private_key]);
      }
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });

    it('does not do business with the exchange any more keeps the failure until it does again', async () => {
      const { customer } = await sell(world);
      await grant(world.shop, customer, 'KUDOS:1');
      const { database, clock } = world;
      const server = await startTestServer({ database, clock, exchanges: [settingOf(second)] });
      try {
        const body = { h_contract: encodeBase32(customer.hContract) };
        const answer = await server.api.post(`instances/shop/orders/${customer.orderId}/refund`, body);
        expect(answer.body.refunds).toMatchObject([
          { type: 'failure', exchange_status: 502, exchange_code: 2025 },
        ]);
      } finally {
        await server.close();
      }
      expectAllConfirmed(customer, await collect(world.shop, customer));
    });
  });
});
