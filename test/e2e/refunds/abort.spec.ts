import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import type { FaultAction } from '../../../sandbox/exchange/faults';
import { encodeBase32 } from '../../../src/taler/base32';
import { TurnTaker } from '../../../src/payments/turn-taker';
import type { ApiAnswer } from '../../support/api';
import { createOrder, settingOf, startTestServer, startTestWorld, type TestWorld } from '../../support/app';
import { createPaid, expectRefusal, privateStatus } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { whileDepositing } from '../payments/support/held-deposit';
import {
  countAttempts,
  depositedFor,
  expectBooksToAgree,
  expectRefundTotalsToAgree,
  refundedFor,
} from '../payments/support/ledger';
import { type Coin, coinsOf, withdrawCoins } from '../payments/support/purse';
import {
  abort,
  balanceOf,
  collect,
  grant,
  inSeconds,
  isConfirmed,
  NEVER_MADE,
  REFUND_CALL,
  sell,
  withdraw,
} from './support';
import { until } from '../../support/until';

const DEPOSIT_CALL = { method: 'POST', path: '/batch-deposit' };
const TRACK_CALL = { method: 'GET', path: '/deposits/' };
const NOT_DEPOSITED = { type: 'failure', exchange_status: 404, exchange_code: 1502 };

interface Aborted {
  readonly type: string;
  readonly exchange_sig: string;
  readonly exchange_pub: string;
}

describe('POST orders/$ID/abort', () => {
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

  /** An order of which these coins, whole, are deposited, and one unit is missing. */
  async function payPartly(...values: readonly string[]): Promise<{ customer: Customer; coins: Coin[] }> {
    const coins = await withdraw(world, ...values);
    const sum = values.reduce((total, value) => total + Number(value) * 100, 0);
    const customer = await Customer.order(world.shop, { amount: `KUDOS:${(sum + 100) / 100}` });
    expect(await customer.spend(coins)).toMatchObject({ status: 400, body: { code: 2156 } });
    return { customer, coins };
  }

  function expectGivenBack(customer: Customer, coin: Coin | undefined, aborted: unknown): void {
    expect(aborted).toMatchObject({ type: 'success', exchange_status: 200 });
    const refund = { coinPub: coin?.coinPub ?? '', rtransactionId: 0, amount: coin?.value ?? '' };
    expect(isConfirmed(customer, aborted as Aborted, refund)).toBe(true);
  }

  it('gives back what was deposited, coin by coin, in the order of the request', async () => {
    const { customer, coins } = await payPartly('5', '2');
    const [never] = await withdraw(world, '1');
    const [five, two] = coins;
    if (!never || !five || !two) throw new Error('three coins were withdrawn');
    const answer = await abort(world.shop, customer, [two, never, five]);
    expect(answer.status).toBe(200);
    const refunds = answer.body.refunds as Aborted[];
    expect(refunds).toHaveLength(3);
    expectGivenBack(customer, two, refunds[0]);
    expect(refunds[1]).toEqual(NOT_DEPOSITED);
    expectGivenBack(customer, five, refunds[2]);
    expect(Object.keys(refunds[0] ?? {}).sort()).toEqual([
      'exchange_pub',
      'exchange_sig',
      'exchange_status',
      'type',
    ]);
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:7');
    expect([five, two].map((coin) => balanceOf(world, coin))).toEqual(['KUDOS:4.98', 'KUDOS:1.99']);
  });

  it('leaves the order claimed, to be paid with other coins but not with these', async () => {
    const { customer, coins } = await payPartly('2');
    await abort(world.shop, customer, coins);
    expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
      order_status: 'claimed',
    });
    expect(await customer.spend(coins)).toMatchObject({ status: 402, body: { code: 2167 } });
    expect(await grant(world.shop, customer, 'KUDOS:1')).toMatchObject({ status: 409, body: { code: 2531 } });
    expect((await collect(world.shop, customer)).status).toBe(204);
    const fresh = await withdraw(world, '2', '1');
    expect(customer.isReceipt(await customer.spend(fresh))).toBe(true);
    expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
      order_status: 'paid',
      refunded: false,
      refund_amount: 'KUDOS:0',
    });
    // What was given back before the payment can be refunded no second time.
    expect(await grant(world.shop, customer, 'KUDOS:3.1')).toMatchObject({
      status: 409,
      body: { code: 2530 },
    });
    expect((await grant(world.shop, customer, 'KUDOS:3')).status).toBe(200);
    expect((await collect(world.shop, customer)).body.refunds).toHaveLength(2);
    expect(balanceOf(world, coins[0] as Coin)).toBe('KUDOS:1.99');
  });

  it('gives back only the coins that are named', async () => {
    const { customer, coins } = await payPartly('2', '1');
    expect((await abort(world.shop, customer, coins.slice(0, 1))).status).toBe(200);
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:2');
    const missing = await withdraw(world, '2', '1');
    expect(customer.isReceipt(await customer.spend(missing))).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:6');
  });

  it('answers a repeat by the same bytes without asking the exchange again', async () => {
    const { customer, coins } = await payPartly('2', '1');
    const first = await abort(world.shop, customer, coins);
    world.exchange.addFault({ match: REFUND_CALL, action: 'fail', status: 500, times: 0 });
    expect((await abort(world.shop, customer, coins)).text).toBe(first.text);
    const [some] = coins;
    expect((await abort(world.shop, customer, some ? [some, some] : [])).body.refunds).toEqual([
      first.body.refunds[0],
      first.body.refunds[0],
    ]);
  });

  it('serves many at the same time and gives each coin back once', async () => {
    const { customer, coins } = await payPartly('2', '1');
    const answers = await Promise.all(Array.from({ length: 5 }, () => abort(world.shop, customer, coins)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:3');
  });

  it('ignores what older wallets say besides', async () => {
    const { customer, coins } = await payPartly('1');
    const answer = await world.shop.api.post(`orders/${customer.orderId}/abort`, {
      h_contract: encodeBase32(customer.hContract),
      coins: coins.map((coin) => ({
        coin_pub: coin.coinPub,
        contribution: 'none of your business',
        exchange_url: 'http://elsewhere.example',
      })),
    });
    expectGivenBack(customer, coins[0], answer.body.refunds[0]);
  });

  it('has nothing to give back where nothing was deposited', async () => {
    const coins = await withdraw(world, '1', '1');
    const customer = await Customer.order(world.shop);
    expect((await abort(world.shop, customer, coins)).body).toEqual({
      refunds: [NOT_DEPOSITED, NOT_DEPOSITED],
    });
    // It was no payment, so the coins are as good as before.
    const more = await withdraw(world, '2', '1');
    expect(customer.isReceipt(await customer.spend([...coins, ...more]))).toBe(true);
  });

  it('works after the pay deadline', async () => {
    const coins = await withdraw(world, '2');
    const customer = await Customer.order(world.shop, { pay_deadline: inSeconds(world, 100) });
    expect((await customer.spend(coins)).status).toBe(400);
    world.clock.advanceSeconds(101);
    const answer = await abort(world.shop, customer, coins);
    expectGivenBack(customer, coins[0], answer.body.refunds[0]);
  });

  it('gives back coins of several exchanges', async () => {
    const coins = [...(await withdraw(world, '2')), ...(await withdrawCoins(second, coinsOf(1, '2')))];
    const customer = await Customer.order(world.shop);
    expect((await customer.spend(coins)).status).toBe(400);
    const answer = await abort(world.shop, customer, coins);
    coins.forEach((coin, index) => expectGivenBack(customer, coin, answer.body.refunds[index]));
  });

  describe('when the exchange', () => {
    const troubles: [string, FaultAction, number, number][] = [
      ['hangs up', { action: 'hang-up' }, 502, 2012],
      ['hangs up after the refund', { action: 'hang-up', after: true }, 502, 2012],
      ['breaks', { action: 'fail', status: 500, body: { code: 51, hint: 'x' } }, 502, 2014],
      ['answers no JSON', { action: 'garbage', after: true }, 502, 2013],
      ['signs falsely', { action: 'wrong-signature' }, 502, 2013],
      ['signs with an unknown key', { action: 'foreign-signature' }, 502, 2029],
      // Far beyond the patience of the backend, 15 s.
      ['is silent', { action: 'slow', ms: 300_000, after: true }, 504, 2011],
    ];

    it.each(troubles)(
      '%s, says so, keeps the other coins, and the repeat finishes',
      async (_name, fault, status, code) => {
        const { customer, coins } = await payPartly('1', '2', '1');
        world.exchange.addFault({ match: REFUND_CALL, nth: 2, ...fault });
        const failed = await abort(world.shop, customer, coins);
        expect(failed).toMatchObject({
          status,
          body: { code, exchange_url: world.exchange.baseUrl },
        });
        const [row] = await world.database.query<{ open: string; done: string }>(
          `select count(*) filter (where exchange_sig is null) as open,
           count(exchange_sig) as done from refunds join orders on orders.serial = order_serial
         where order_id = $1`,
          [customer.orderId],
        );
        expect(row).toEqual({ open: '1', done: '2' });
        // Whatever becomes of it, no payment counts on the coin any more.
        expect(await customer.spend(coins)).toMatchObject({ status: 402, body: { code: 2167 } });
        const answer = await abort(world.shop, customer, coins);
        coins.forEach((coin, index) => expectGivenBack(customer, coin, answer.body.refunds[index]));
      },
    );

    it('refuses, tells its words for the coin and asks again the next time', async () => {
      const { customer, coins } = await payPartly('1');
      const body = { code: 1503, hint: 'wired' };
      world.exchange.addFault({ match: REFUND_CALL, action: 'fail', status: 410, body });
      const refused = await abort(world.shop, customer, coins);
      expect(refused.status).toBe(200);
      expect(refused.body).toEqual({
        refunds: [{ type: 'failure', exchange_status: 410, exchange_code: 1503, exchange_reply: body }],
      });
      const answer = await abort(world.shop, customer, coins);
      expectGivenBack(customer, coins[0], answer.body.refunds[0]);
    });

    it('would keep more than the coin is worth, is not asked', async () => {
      const { customer, coins } = await payPartly('1');
      const where = 'order_serial = (select serial from orders where order_id = $1)';
      const setFee = (units: number) =>
        world.database.query(`update deposits set refund_fee = ${units} where ${where}`, [customer.orderId]);
      await setFee(100_000_001);
      expect((await abort(world.shop, customer, coins)).body).toEqual({
        refunds: [{ type: 'failure', exchange_status: 400, exchange_code: 1505 }],
      });
      await setFee(1_000_000);
      const answer = await abort(world.shop, customer, coins);
      expectGivenBack(customer, coins[0], answer.body.refunds[0]);
    });

    it('is not configured any more: 500 with 2252', async () => {
      const { customer, coins } = await payPartly('1');
      const { database, clock } = world;
      const server = await startTestServer({ database, clock, exchanges: [settingOf(second)] });
      try {
        const answer = await server.api.post(`instances/shop/orders/${customer.orderId}/abort`, {
          h_contract: encodeBase32(customer.hContract),
          coins: coins.map((coin) => ({ coin_pub: coin.coinPub, exchange_url: coin.exchangeBaseUrl })),
        });
        expectRefusal(answer, 500, 2252, { detail: world.exchange.baseUrl });
      } finally {
        await server.close();
      }
      expect((await abort(world.shop, customer, coins)).status).toBe(200);
    });

    it('cannot be asked for its keys: 502 with 2010', async () => {
      const third = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
      const other = await startTestWorld({ moreExchanges: [third] });
      try {
        const coins = await withdrawCoins(third, coinsOf(1, '2'));
        const customer = await Customer.order(other.shop);
        expect((await customer.spend(coins)).status).toBe(400);
        await third.close();
        other.clock.advanceSeconds(400 * 86_400);
        await other.database.query('delete from exchange_keys');
        const answer = await abort(other.shop, customer, coins);
        expect(answer).toMatchObject({ status: 502, body: { code: 2010, exchange_url: third.baseUrl } });
      } finally {
        await other.close();
      }
    });
  });

  describe('of a payment that was interrupted', () => {
    it('finds the coin that the exchange took without a word, and gives it back', async () => {
      const coins = await withdraw(world, '5');
      const customer = await Customer.order(world.shop, { amount: 'KUDOS:6' });
      world.exchange.addFault({ match: DEPOSIT_CALL, action: 'hang-up', after: true });
      expect((await customer.spend(coins)).status).toBe(502);
      expect(await countAttempts(world.database)).toBe(1);
      const answer = await abort(world.shop, customer, coins);
      expectGivenBack(customer, coins[0], answer.body.refunds[0]);
    });

    it('finds that the exchange has none of the coins', async () => {
      const coins = await withdraw(world, '5');
      const customer = await Customer.order(world.shop);
      world.exchange.addFault({ match: DEPOSIT_CALL, action: 'hang-up' });
      expect((await customer.spend(coins)).status).toBe(502);
      expect((await abort(world.shop, customer, coins)).body).toEqual({ refunds: [NOT_DEPOSITED] });
      expect(await countAttempts(world.database)).toBe(0);
    });

    it('aborts nothing while the exchange does not tell: 504 with 2011', async () => {
      const coins = await withdraw(world, '5');
      const customer = await Customer.order(world.shop, { amount: 'KUDOS:6' });
      world.exchange.addFault({ match: DEPOSIT_CALL, action: 'hang-up', after: true });
      expect((await customer.spend(coins)).status).toBe(502);
      world.exchange.addFault({ match: TRACK_CALL, action: 'fail', status: 500 });
      expect(await abort(world.shop, customer, coins)).toMatchObject({ status: 504, body: { code: 2011 } });
      expect(
        await world.database.query('select from refunds where rtransaction_id = 0 and exchange_sig is null'),
      ).toEqual([]);
      const answer = await abort(world.shop, customer, coins);
      expectGivenBack(customer, coins[0], answer.body.refunds[0]);
    });

    it('is too late where the coin turns out to have paid: 412 with 2254', async () => {
      const coins = await withdraw(world, '5');
      const customer = await Customer.order(world.shop);
      world.exchange.addFault({ match: DEPOSIT_CALL, action: 'hang-up', after: true });
      expect((await customer.spend(coins)).status).toBe(502);
      expectRefusal(await abort(world.shop, customer, coins), 412, 2254, { detail: customer.orderId });
      expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    });
  });

  describe('that races with a payment', () => {
    it('waits for its end: 412 with 2254', async () => {
      const coins = await withdraw(world, '5');
      const customer = await Customer.order(world.shop);
      let aborting: Promise<ApiAnswer> | undefined;
      const paid = await whileDepositing(
        world.server,
        () => customer.spend(coins),
        async () => {
          const turns = jest.spyOn(world.server.app.get(TurnTaker), 'take');
          aborting = abort(world.shop, customer, coins);
          await until(() => turns.mock.calls.length > 0);
          turns.mockRestore();
        },
      );
      expect(customer.isReceipt(paid)).toBe(true);
      expectRefusal((await aborting) as ApiAnswer, 412, 2254, { detail: customer.orderId });
    });

    it('leaves either a paid order or coins that came back, never both nor neither', async () => {
      const outcomes = new Set<string>();
      for (let round = 0; round < 48; round++) {
        const coins = await withdraw(world, '2', '1');
        const customer = await Customer.order(world.shop, { amount: 'KUDOS:3' });
        if (round % 3 > 0) expect((await customer.spend(coins.slice(0, 1))).status).toBe(400);
        const pay = () => customer.spend(coins);
        const giveUp = () => abort(world.shop, customer, coins);
        const [paid, aborted] = await inTurn(round % 8, pay, giveUp);
        outcomes.add(`${paid.status} ${aborted.status}`);
        const { order_status: status } = (await privateStatus(world.shop, customer.orderId)).body as {
          order_status: string;
        };
        expect(status === 'paid').toBe(paid.status === 200);
        if (paid.status === 200) {
          expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0');
          continue;
        }
        expect(aborted.status).toBe(200);
        expect([400, 402]).toContain(paid.status);
        // What the payment deposited after the abort is given back by the next one.
        expect((await abort(world.shop, customer, coins)).status).toBe(200);
        expect(refundedFor(customer, world.exchange)).toBe(depositedFor(customer, world.exchange));
      }
      expect([...outcomes].sort()).toEqual(expect.arrayContaining(['200 412', '402 200']));
    });
  });

  describe('and unclaim', () => {
    it('lets the order go once every coin is back, and the same coins pay for the next contract', async () => {
      const { customer, coins } = await payPartly('2', '1');
      expect((await customer.unclaim()).status).toBe(404);
      world.exchange.addFault({ match: REFUND_CALL, nth: 2, action: 'hang-up', after: true });
      expect((await abort(world.shop, customer, coins)).status).toBe(502);
      expect((await customer.unclaim()).status).toBe(404);
      expect((await abort(world.shop, customer, coins)).status).toBe(200);
      expect((await customer.unclaim()).status).toBe(204);
      await expectBooksToAgree(world.database, [world.exchange, second]);

      const [row] = await world.database.query<{ claim_token: Buffer }>(
        'select claim_token from orders where order_id = $1',
        [customer.orderId],
      );
      const token = row && encodeBase32(row.claim_token);
      const next = await Customer.claim(world.shop, customer.orderId, token);
      const [two, one] = coins;
      if (!two || !one) throw new Error('two coins were withdrawn');
      const fresh = await withdraw(world, '2');
      const permissions = [
        next.permit(two, 'KUDOS:1.5'),
        next.permit(one, 'KUDOS:0.5'),
        ...next.permitAll(fresh),
      ];
      expect(next.isReceipt(await next.pay(permissions))).toBe(true);
      expect(depositedFor(next, world.exchange)).toBe('KUDOS:4');
      expect((await grant(world.shop, next, 'KUDOS:4')).status).toBe(200);
      expect((await collect(world.shop, next)).body).toMatchObject({ refund_amount: 'KUDOS:4' });
      expect(refundedFor(next, world.exchange)).toBe('KUDOS:4');
    });

    it('does not help a wallet that gave back one coin of two', async () => {
      const { customer, coins } = await payPartly('2', '1');
      expect((await abort(world.shop, customer, coins.slice(0, 1))).status).toBe(200);
      expect((await customer.unclaim()).status).toBe(404);
    });
  });

  describe('refusals', () => {
    it('wants to see that the wallet knows the contract: 403 with 2255', async () => {
      const { customer, coins } = await payPartly('1');
      const answer = await world.shop.api.post(`orders/${customer.orderId}/abort`, {
        h_contract: NEVER_MADE,
        coins: coins.map((coin) => ({ coin_pub: coin.coinPub, exchange_url: coin.exchangeBaseUrl })),
      });
      expectRefusal(answer, 403, 2255);
      expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0');
    });

    it('wants at least one coin: 400 with 2256', async () => {
      const customer = await Customer.order(world.shop);
      expectRefusal(await abort(world.shop, customer, []), 400, 2256);
    });

    it('does not give back what paid for an order: 412 with 2254', async () => {
      const { customer, coins } = await sell(world);
      expectRefusal(await abort(world.shop, customer, coins), 412, 2254, { detail: customer.orderId });
      await grant(world.shop, customer, 'KUDOS:5');
      expectRefusal(await abort(world.shop, customer, coins), 412, 2254, { detail: customer.orderId });
      expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0');
      const free = await createPaid(world.shop);
      const body = { h_contract: free.hContractText, coins: [aCoin()] };
      expect((await world.shop.api.post(`orders/${free.orderId}/abort`, body)).status).toBe(412);
    });

    const aCoin = () => ({
      coin_pub: encodeBase32(Buffer.alloc(32, 9)),
      exchange_url: world.exchange.baseUrl,
    });

    it('does not know an order of nobody: 404 with 2005', async () => {
      const answer = await world.shop.api.post('orders/nobody/abort', {
        h_contract: NEVER_MADE,
        coins: [aCoin()],
      });
      expectRefusal(answer, 404, 2005, { detail: 'nobody' });
    });

    it('has no contract of an unclaimed order: 404 with 2253', async () => {
      const { orderId } = await createOrder(world.shop);
      const answer = await world.shop.api.post(`orders/${orderId}/abort`, {
        h_contract: NEVER_MADE,
        coins: [aCoin()],
      });
      expectRefusal(answer, 404, 2253, { detail: orderId });
    });

    it('does not know an instance of nobody: 404 with 2000', async () => {
      const answer = await world.server.api.post('instances/nobody/orders/x/abort', {
        h_contract: NEVER_MADE,
        coins: [aCoin()],
      });
      expect(answer).toMatchObject({ status: 404, body: { code: 2000 } });
    });

    it.each([
      ['h_contract', { coins: [] }],
      ['h_contract', { h_contract: 'ABC', coins: [] }],
      ['coins', { h_contract: NEVER_MADE }],
      ['coins', { h_contract: NEVER_MADE, coins: {} }],
      ['coins[0].coin_pub', { h_contract: NEVER_MADE, coins: [{ exchange_url: 'http://x/' }] }],
      ['coins[0].exchange_url', { h_contract: NEVER_MADE, coins: [{ coin_pub: '0'.repeat(52) }] }],
    ])('names a faulty %s: 400 with 26', async (field, body) => {
      const answer = await world.shop.api.post('orders/x/abort', body);
      expect(answer).toMatchObject({ status: 400, body: { code: 26, field } });
    });

    it('refuses text that is not JSON: 400 with 22', async () => {
      const answer = await world.shop.api.call('POST', 'orders/x/abort', { raw: '[' });
      expect(answer).toMatchObject({ status: 400, body: { code: 22 } });
    });

    it('refuses bodies beyond the limit: 413 with 32', async () => {
      const raw = JSON.stringify({ h_contract: NEVER_MADE, coins: [], more: 'x'.repeat(9 * 1024 * 1024) });
      const answer = await world.shop.api.call('POST', 'orders/x/abort', { raw });
      expect(answer).toMatchObject({ status: 413, body: { code: 32 } });
    });

    it('says that it cannot sign any more: 500 with 2251; the repeat finishes', async () => {
      const { customer, coins } = await payPartly('1');
      const [row] = await world.database.query<{ private_key: Buffer }>(
        "select private_key from instances where id = 'shop'",
      );
      await world.database.query("update instances set private_key = null where id = 'shop'");
      const { database, clock, exchange } = world;
      const server = await startTestServer({ database, clock, exchanges: [exchange, second].map(settingOf) });
      try {
        const answer = await server.api.post(`instances/shop/orders/${customer.orderId}/abort`, {
          h_contract: encodeBase32(customer.hContract),
          coins: coins.map((coin) => ({ coin_pub: coin.coinPub, exchange_url: coin.exchangeBaseUrl })),
        });
        expectRefusal(answer, 500, 2251);
      } finally {
        await server.close();
        await database.query("update instances set private_key = $1 where id = 'shop'", [row?.private_key]);
      }
      const answer = await abort(world.shop, customer, coins);
      expectGivenBack(customer, coins[0], answer.body.refunds[0]);
    });
  });
});

/** From one after the other, over all that lies between, to the other after the one. @param lead 0 to 7 */
async function inTurn<A, B>(lead: number, one: () => Promise<A>, other: () => Promise<B>): Promise<[A, B]> {
  if (lead === 0) return [await one(), await other()];
  if (lead === 7) {
    const second = await other();
    return [await one(), second];
  }
  const after = (steps: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, steps) * 4));
  return Promise.all([after(lead - 4).then(one), after(4 - lead).then(other)]);
}
