import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { encodeBase32 } from '../../../src/taler/base32';
import type { ApiAnswer } from '../../support/api';
import { Api } from '../../support/api';
import { createShop, settingOf, startTestServer, type TestServer, type TestShop } from '../../support/app';
import { TestClock } from '../../support/clock';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { Customer } from './support/customer';
import { countAttempts, depositedFor, expectBooksToAgree, linesOfBackend } from './support/ledger';
import { coinsOf, type Coin, post, withdrawCoins } from './support/purse';
import { callRecovery, ServerProcess } from './support/server-process';
import { until } from '../../support/until';

/** Processes are started and killed, and the first start may have to build them: each may take as long as another test. */
jest.setTimeout(360_000);

const DEPOSIT = { method: 'POST', path: '/batch-deposit' };
/** Far longer than any test: what is frozen ends with the process that waits for it. */
const FROZEN_MS = 600_000;
/** Longer than any test. */
const DEADLINE_S = 3_600;

const smallExchange = () => startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });

describe('a server that is killed in the middle of a payment', () => {
  let database: TestDatabase;
  let exchange: SandboxExchange;
  let second: SandboxExchange;
  let server: ServerProcess;
  let shop: TestShop;

  beforeAll(async () => {
    [database, exchange, second] = await Promise.all([
      createTestDatabase(),
      smallExchange(),
      smallExchange(),
    ]);
    await start();
    shop = await createShop(asTestServer(server), 'shop');
  });
  afterAll(async () => {
    await server?.stop();
    await Promise.all([exchange?.close(), second?.close()]);
    await database?.drop();
  });
  afterEach(async () => {
    exchange.clearFaults();
    second.clearFaults();
    await expectBooksToAgree(database, [exchange, second]);
  });

  const exchanges = () => [exchange, second].map(settingOf);
  /** The next process takes the port of the one before: contracts name it. */
  const start = async () => {
    server = await ServerProcess.start({ database, exchanges: exchanges(), port: server?.port });
  };
  const withdraw = (count: number, value: string, from = exchange) =>
    withdrawCoins(from, coinsOf(count, value));
  const statusOf = async ({ orderId }: Customer) =>
    (await shop.api.get(`private/orders/${orderId}`, { token: shop.token })).body as { order_status: string };

  /** Sends a payment whose answer is lost with the server. */
  function lose(payment: Promise<ApiAnswer>): Promise<ApiAnswer | undefined> {
    return payment.catch(() => undefined);
  }

  /** Pays, and kills the server once the exchange has booked the coins and before it has answered. */
  async function killAfterDeposit(customer: Customer, coins: readonly Coin[], amount: string): Promise<void> {
    exchange.addFault({ match: DEPOSIT, action: 'slow', ms: FROZEN_MS, after: true });
    const lost = lose(customer.spend(coins));
    await until(() => depositedFor(customer, exchange) === amount);
    await server.kill();
    expect(await lost).toBeUndefined();
    expect(
      (await linesOfBackend(database)).some((line) => line.includes(encodeBase32(customer.hContract))),
    ).toBe(false);
  }

  /** Runs the jobs of a server that comes after the killed one. @param clock of that server */
  async function recover(clock?: TestClock): Promise<void> {
    const jobs: TestServer = await startTestServer({ database, exchanges: exchanges(), clock });
    try {
      await until(async () => {
        await jobs.app.get(Jobs).runOnce();
        return (await countAttempts(database)) === 0;
      });
    } finally {
      await jobs.close();
    }
  }

  it('gives the receipt to the wallet that repeats its request to the next process', async () => {
    const coins = await withdraw(2, '5');
    const customer = await Customer.order(shop, { amount: 'KUDOS:10' });
    await killAfterDeposit(customer, coins, 'KUDOS:10');
    await start();
    expect(await statusOf(customer)).toMatchObject({ order_status: 'claimed' });
    const answer = await customer.spend(coins);
    expect(customer.isReceipt(answer)).toBe(true);
    expect(depositedFor(customer, exchange)).toBe('KUDOS:10');
  });

  it('does so also when it died before the exchange saw the coins', async () => {
    const coins = await withdraw(1, '5');
    const customer = await Customer.order(shop);
    exchange.addFault({ match: DEPOSIT, action: 'slow', ms: FROZEN_MS });
    const lost = lose(customer.spend(coins));
    await until(async () => (await countAttempts(database)) === 1);
    await server.kill();
    await lost;
    // The attempt is written before the call: the fault may still wait for it.
    exchange.clearFaults();
    await start();
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
  });

  it('records nothing twice when some of its batches were recorded already', async () => {
    const coins = await withdraw(130, '0.1');
    const customer = await Customer.order(shop, { amount: 'KUDOS:13', max_fee: 'KUDOS:2' });
    exchange.addFault({ match: DEPOSIT, action: 'slow', ms: FROZEN_MS, after: true, nth: 3 });
    const lost = lose(customer.spend(coins));
    const recorded = async () =>
      (await linesOfBackend(database)).filter((line) => line.includes(encodeBase32(customer.hContract)))
        .length;
    await until(async () => depositedFor(customer, exchange) === 'KUDOS:13' && (await recorded()) >= 66);
    await server.kill();
    await lost;
    expect(await recorded()).toBeLessThan(130);
    await start();
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    expect(await recorded()).toBe(130);
  });

  it('refuses to release the order meanwhile, since its money would be stranded', async () => {
    const coins = await withdraw(1, '5');
    const customer = await Customer.order(shop);
    await killAfterDeposit(customer, coins, 'KUDOS:5');
    await start();
    expect(await customer.unclaim()).toMatchObject({ status: 404, body: { code: 2300 } });
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
  });

  it('finishes the payment by itself when the wallet never comes back, in the session it was for', async () => {
    const coins = await withdraw(1, '5');
    const customer = await Customer.order(shop);
    exchange.addFault({ match: DEPOSIT, action: 'slow', ms: FROZEN_MS, after: true });
    const lost = lose(customer.spend(coins, { session_id: 'tab' }));
    await until(() => depositedFor(customer, exchange) === 'KUDOS:5');
    await server.kill();
    await lost;
    await recover();
    await start();
    const path = `private/orders/${customer.orderId}?session_id=tab`;
    expect((await shop.api.get(path, { token: shop.token })).body).toMatchObject({ order_status: 'paid' });
  });

  it('finishes it although the time to pay is over by then, since the request came in time', async () => {
    const coins = await withdraw(1, '5');
    const deadlineS = Math.floor(Date.now() / 1000) + DEADLINE_S;
    const customer = await Customer.order(shop, { pay_deadline: { t_s: deadlineS } });
    await killAfterDeposit(customer, coins, 'KUDOS:5');
    const later = new TestClock();
    later.advanceSeconds(DEADLINE_S + 1);
    await recover(later);
    await start();
    expect(await statusOf(customer)).toMatchObject({ order_status: 'paid' });
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
  });

  it('does it with the jobs that run in production, too', async () => {
    const coins = await withdraw(1, '5');
    const customer = await Customer.order(shop);
    await killAfterDeposit(customer, coins, 'KUDOS:5');
    const workers = await ServerProcess.start({
      database,
      exchanges: exchanges(),
      environment: { TALER_RUN_JOBS: '1' },
    });
    await until(async () => {
      const known = await database.query<{ identifier: string }>(
        'select identifier from graphile_worker._private_known_crontabs',
      );
      return known.some(({ identifier }) => identifier === 'recover-payments');
    });
    await until(async () => {
      await callRecovery(database);
      return (await countAttempts(database)) === 0;
    });
    expect((await workers.stop()).code).toBe(0);
    await start();
    expect(await statusOf(customer)).toMatchObject({ order_status: 'paid' });
  });

  it('finds a coin again that was booked while other coins paid, and deposits nothing that was not', async () => {
    const [booked] = await withdraw(1, '2');
    const [never] = await withdraw(1, '2', second);
    const [paying] = await withdraw(1, '5');
    if (!booked || !never || !paying) throw new Error('three coins were withdrawn');
    const customer = await Customer.order(shop, { amount: 'KUDOS:4' });
    second.addFault({ match: DEPOSIT, action: 'hang-up' });
    await killAfterDeposit(customer, [booked, never], 'KUDOS:2');
    await start();
    expect(customer.isReceipt(await customer.spend([paying]))).toBe(true);
    expect(await countAttempts(database)).toBe(1);

    await recover();
    expect(depositedFor(customer, exchange)).toBe('KUDOS:7');
    expect(depositedFor(customer, second)).toBe('KUDOS:0');
    const refused = await customer.spend([booked, never]);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 2160, refunds: [{ coin_pub: booked.coinPub }] },
    });
    const [permission] = refused.body.refunds as { merchant_sig: string }[];
    await post(`${exchange.baseUrl}coins/${booked.coinPub}/refund`, {
      refund_amount: 'KUDOS:2',
      h_contract_terms: encodeBase32(customer.hContract),
      rtransaction_id: 0,
      merchant_pub: encodeBase32(customer.contract.merchantPub),
      merchant_sig: permission?.merchant_sig,
    });
    expect(customer.isReceipt(await customer.spend([paying]))).toBe(true);
  });

  it('forgets nothing whenever it is killed', async () => {
    const coins = await withdraw(6, '5');
    for (const [round, coin] of coins.entries()) {
      const customer = await Customer.order(shop);
      const lost = lose(customer.spend([coin]));
      await new Promise((resolve) => setTimeout(resolve, round * 6));
      await server.kill();
      await lost;
      await start();
      expect(customer.isReceipt(await customer.spend([coin]))).toBe(true);
      expect(depositedFor(customer, exchange)).toBe('KUDOS:5');
    }
  });

  it('shares its orders with another one that is not, and 20 equal payments over both deposit once', async () => {
    const other = await ServerProcess.start({ database, exchanges: exchanges() });
    try {
      const coins = await withdraw(1, '5');
      const customer = await Customer.order(shop);
      exchange.addFault({ match: DEPOSIT, action: 'fail', status: 500, nth: 2, times: 0 });
      const urls = [shop.url, `${other.url}instances/shop/`];
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => customer.pay(customer.permitAll(coins), {}, urls[i % 2])),
      );
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(answers[0] && customer.isReceipt(answers[0])).toBe(true);
    } finally {
      await other.stop();
    }
  });

  it('hands a payment over to another one that lives, as soon as it is dead', async () => {
    const other = await ServerProcess.start({ database, exchanges: exchanges() });
    try {
      const coins = await withdraw(1, '5');
      const customer = await Customer.order(shop);
      exchange.addFault({ match: DEPOSIT, action: 'slow', ms: FROZEN_MS, after: true });
      const lost = lose(customer.spend(coins));
      await until(() => depositedFor(customer, exchange) === 'KUDOS:5');
      // The wallet has given up on the first one and waits at the other.
      const waiting = customer.pay(customer.permitAll(coins), {}, `${other.url}instances/shop/`);
      await server.kill();
      await lost;
      expect(customer.isReceipt(await waiting)).toBe(true);
      await start();
    } finally {
      await other.stop();
    }
  });
});

/** What createShop needs to know of a server. */
function asTestServer({ url }: ServerProcess): Pick<TestServer, 'url' | 'api'> & TestServer {
  return { url, api: new Api(url) } as TestServer;
}
