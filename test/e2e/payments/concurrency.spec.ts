import { makeNonce } from '../../../sandbox/wallet/claim';
import { encodeBase32 } from '../../../src/taler/base32';
import { Metrics } from '../../../src/platform/observability/metrics';
import { Api } from '../../support/api';
import {
  createOrder,
  settingOf,
  startTestServer,
  startTestWorld,
  type TestServer,
  type TestWorld,
} from '../../support/app';
import { Customer } from './support/customer';
import { whileDepositing } from './support/held-deposit';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

const DEPOSIT = { method: 'POST', path: '/batch-deposit' };
const RACES = 25;

describe('requests for one order that come at the same moment', () => {
  let world: TestWorld;
  /** A second backend on the same database. */
  let other: TestServer;

  beforeAll(async () => {
    world = await startTestWorld();
    const exchanges = [settingOf(world.exchange)];
    other = await startTestServer({ database: world.database, exchanges, clock: world.clock });
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });
  afterEach(async () => {
    world.exchange.clearFaults();
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  const shopUrls = () => [world.shop.url, `${other.url}instances/shop/`];
  const urlFor = (index: number) => shopUrls()[index % 2] ?? world.shop.url;
  const withdraw = (count: number, value: string) => withdrawCoins(world.exchange, coinsOf(count, value));
  const pair = async (value: string): Promise<[Coin, Coin]> => {
    const [a, b] = await withdraw(2, value);
    if (!a || !b) throw new Error('two coins were withdrawn');
    return [a, b];
  };
  const statusOf = async (orderId: string) => {
    const { shop } = world;
    return (await shop.api.get(`private/orders/${orderId}`, { token: shop.token })).body as {
      order_status: string;
      contract_terms?: { nonce: string };
    };
  };

  it('let exactly one of 50 wallets claim it, on either backend', async () => {
    const { orderId, token } = await createOrder(world.shop);
    const nonces = Array.from({ length: 50 }, () => encodeBase32(makeNonce().noncePub));
    const answers = await Promise.all(
      nonces.map((nonce, index) => new Api(urlFor(index)).post(`orders/${orderId}/claim`, { nonce, token })),
    );
    const winners = answers.filter(({ status }) => status === 200);
    const losers = answers.filter(({ status }) => status !== 200);
    expect(winners).toHaveLength(1);
    expect(new Set(losers.map(({ status, body }) => `${status} ${body.code as number}`))).toEqual(
      new Set(['409 2301']),
    );
    const { contract_terms } = await statusOf(orderId);
    expect(nonces[answers.findIndex(({ status }) => status === 200)]).toBe(contract_terms?.nonce);
  });

  it('claim it for one wallet that sends its claim 20 times, and answer all of them alike', async () => {
    const { orderId, token } = await createOrder(world.shop);
    const nonce = encodeBase32(makeNonce().noncePub);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        new Api(urlFor(index)).post(`orders/${orderId}/claim`, { nonce, token }),
      ),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
  });

  it('deposit once when 20 equal payments come, spread over two backends', async () => {
    const coins = await withdraw(3, '2');
    const customer = await Customer.order(world.shop);
    // A second deposit would not go unnoticed: it fails.
    world.exchange.addFault({ match: DEPOSIT, action: 'fail', status: 500, nth: 2, times: 0 });
    const before = await depositsSent();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => customer.pay(customer.permitAll(coins), {}, urlFor(index))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0] && customer.isReceipt(answers[0])).toBe(true);
    expect((await depositsSent()) - before).toBe(1);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:6');
  });

  async function depositsSent(): Promise<number> {
    const metrics = [world.server, other].map(({ app }) => app.get(Metrics).deposits.get());
    return (await Promise.all(metrics))
      .flatMap(({ values }) => values)
      .reduce((sum, { value }) => sum + value, 0);
  }

  it('deposit the coins of one of two sets, and leave the other set untouched', async () => {
    for (let round = 0; round < RACES; round++) {
      const [a, b] = await pair('5');
      const customer = await Customer.order(world.shop);
      const answers = await Promise.all([
        customer.pay(customer.permitAll([a]), {}, urlFor(round)),
        customer.pay(customer.permitAll([b]), {}, urlFor(round + 1)),
      ]);
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, 409]);
      expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 2160, refunds: [] });
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
    }
  });

  it('add up when each of them brings a part of the price', async () => {
    for (let round = 0; round < RACES; round++) {
      const [a, b] = await pair('2');
      const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
      const answers = await Promise.all([
        customer.pay(customer.permitAll([a]), {}, urlFor(round)),
        customer.pay(customer.permitAll([b]), {}, urlFor(round + 1)),
      ]);
      // Who comes first has not paid enough, who comes second completes the price.
      const [paid, part] = answers.sort((one, two) => one.status - two.status);
      expect(paid && customer.isReceipt(paid)).toBe(true);
      expect(part).toMatchObject({ status: 400, body: { code: 2156 } });
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:4');
      expect(await statusOf(customer.orderId)).toMatchObject({ order_status: 'paid' });
    }
  });

  it('let a claim that races with an unclaim either win or lose, and nothing in between', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < RACES; round++) {
      const { orderId, token } = await createOrder(world.shop);
      const first = await Customer.claim(world.shop, orderId, token);
      const nonce = encodeBase32(makeNonce().noncePub);
      const claim = () => new Api(urlFor(round)).post(`orders/${orderId}/claim`, { nonce, token });
      const [released, claimed] = await Promise.all(
        round % 2 === 0 ? [first.unclaim(), claim()] : swap([claim(), first.unclaim()]),
      );
      expect(released.status).toBe(204);
      outcomes.add(String(claimed.status));
      const { order_status, contract_terms } = await statusOf(orderId);
      if (claimed.status === 200) {
        expect(contract_terms?.nonce).toBe(nonce);
      } else {
        expect(claimed).toMatchObject({ status: 409, body: { code: 2301 } });
        expect(order_status).toBe('unpaid');
        expect((await claim()).status).toBe(200);
      }
    }
    expect([...outcomes].every((outcome) => ['200', '409'].includes(outcome))).toBe(true);
  });

  it('never strand the money of a payment that races with an unclaim', async () => {
    const coins = await withdraw(RACES, '5');
    for (const [round, coin] of coins.entries()) {
      const customer = await Customer.order(world.shop);
      const pay = () => customer.pay(customer.permitAll([coin]), {}, urlFor(round));
      const [released, paid] = await Promise.all(
        round % 2 === 0 ? [customer.unclaim(), pay()] : swap([pay(), customer.unclaim()]),
      );
      if (released.status === 204) {
        expect(paid).toMatchObject({ status: 404, body: { code: 2005 } });
        expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
        expect(await statusOf(customer.orderId)).toMatchObject({ order_status: 'unpaid' });
      } else {
        expect(released).toMatchObject({ status: 404, body: { code: 2300 } });
        expect(customer.isReceipt(paid)).toBe(true);
        expect(await statusOf(customer.orderId)).toMatchObject({ order_status: 'paid' });
      }
    }
  });

  it('refuse an unclaim while a deposit is under way', async () => {
    const coins = await withdraw(1, '5');
    const customer = await Customer.order(world.shop);
    const paid = await whileDepositing(
      world.server,
      () => customer.spend(coins),
      async () => expect(await customer.unclaim()).toMatchObject({ status: 404, body: { code: 2300 } }),
    );
    expect(customer.isReceipt(paid)).toBe(true);
  });

  it('do not let one coin pay for two orders', async () => {
    for (let round = 0; round < 5; round++) {
      const coins = await withdraw(1, '5');
      const customers = [await Customer.order(world.shop), await Customer.order(world.shop)];
      const answers = await Promise.all(customers.map((customer) => customer.spend(coins)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 2150 });
    }
  });
});

/** Keeps the order of the results while the requests start in the other order. */
function swap<A, B>([a, b]: [Promise<A>, Promise<B>]): [Promise<B>, Promise<A>] {
  return [b, a];
}
