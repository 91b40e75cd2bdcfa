import { connect } from 'node:net';
import { request } from 'undici';
import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { createOrder, createShop, settingOf, type TestServer, type TestShop } from '../../support/app';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { Customer } from './support/customer';
import { startCallLog } from './support/proxy';
import { coinsOf, withdrawCoins } from './support/purse';
import { runProgram, ServerProcess } from './support/server-process';
import { until } from '../../support/until';

/** Processes are started, and the first start may have to build them: each may take as long as another test. */
jest.setTimeout(240_000);

/** Who is answered earlier was woken, since no test takes so long on a machine that works. */
const POLL_MS = 300_000;
/** After 4.5 s by its own clock it would say so, cut off what is left, and end with 1 (a worker, where there are any). */
const WELL_ENDED = {
  code: 0,
  signal: null,
  output: expect.not.stringContaining('did not finish in time') as string,
};

describe('the server program', () => {
  let database: TestDatabase;
  let exchange: SandboxExchange;

  beforeAll(async () => {
    [database, exchange] = await Promise.all([
      createTestDatabase(),
      startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 }),
    ]);
  });
  afterAll(async () => {
    await exchange?.close();
    await database?.drop();
  });

  const start = (environment: Record<string, string> = {}) =>
    ServerProcess.start({ database, exchanges: [settingOf(exchange)], environment });
  const poll = (shop: TestShop, orderId: string) =>
    request(`${shop.url}private/orders/${orderId}?timeout_ms=${POLL_MS}`, {
      headers: { authorization: `Bearer ${shop.token}` },
      // One connection each, so that the kernel hands them to all workers.
      reset: true,
    });

  describe('with a faulty configuration', () => {
    it('says everything that is wrong in one message, ends with 1 and never shows the values', async () => {
      const { code, output } = await runProgram('src/main.js', {
        DATABASE_URL: 'mysql://secret@localhost/',
        PORT: '70000',
        WORKERS: 'many',
        LOG_LEVEL: 'loud',
        TALER_CURRENCY: 'kudos',
        TALER_BASE_URL: 'https://shop.example/no-slash',
        TALER_TRUST_PROXY: 'yes',
        TALER_MERCHANT_TOKEN: 'hunter2',
        TALER_KEY_ENCRYPTION_KEY: 'c2hvcnQ=',
        TALER_EXCHANGES: '[{"base_url":"https://exchange.example","master_pub":"ABC","currency":"KUDOS"}]',
      });
      expect(code).toBe(1);
      const names = [
        'DATABASE_URL',
        'PORT',
        'WORKERS',
        'LOG_LEVEL',
        'TALER_CURRENCY',
        'TALER_BASE_URL',
        'TALER_TRUST_PROXY',
        'TALER_MERCHANT_TOKEN',
        'TALER_KEY_ENCRYPTION_KEY',
        'TALER_EXCHANGES[0].base_url',
        'TALER_EXCHANGES[0].master_pub',
      ];
      const lines = output.trim().split('\n');
      for (const name of names) expect(lines.filter((line) => line.includes(name))).toHaveLength(1);
      expect(lines).toHaveLength(names.length + 1);
      expect(output).not.toMatch(/hunter2|secret@|c2hvcnQ/);
    });

    it('invents nothing in production', async () => {
      const { code, output } = await runProgram('src/main.js', { NODE_ENV: 'production' });
      expect(code).toBe(1);
      for (const name of ['DATABASE_URL', 'TALER_EXCHANGES', 'TALER_MERCHANT_TOKEN']) {
        expect(output).toContain(`${name} is missing`);
      }
    });

    it('ends with 1 where the database is not to be had', async () => {
      const { code, output } = await runProgram('src/main.js', {
        DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
        LOG_LEVEL: 'silent',
      });
      expect(code).toBe(1);
      expect(output).toContain('cannot start');
    });

    it('ends with 1 where its port is taken', async () => {
      const server = await start();
      try {
        const { code, output } = await runProgram('src/main.js', {
          DATABASE_URL: database.url,
          PORT: String(server.port),
          LOG_LEVEL: 'silent',
        });
        expect(code).toBe(1);
        expect(output).toContain('EADDRINUSE');
      } finally {
        await server.stop();
      }
    });
  });

  it.each([1, 2])('answers its long polls on SIGTERM and ends within 5 s (%d workers)', async (workers) => {
    const server = await start({ WORKERS: String(workers) });
    const shop = await createShop(asTestServer(server), `stopped-${workers}`);
    const { orderId } = await createOrder(shop);
    const polls = Array.from({ length: 10 }, () => poll(shop, orderId));
    // A connection without a request must not hold it up either.
    const idle = connect(server.port, '127.0.0.1').on('error', () => undefined);
    await until(async () => (await waiters(server, workers)) === 10);
    expect(await server.stop()).toEqual(WELL_ENDED);
    for (const answer of await Promise.all(polls)) {
      expect(answer.statusCode).toBe(200);
      expect(await answer.body.json()).toMatchObject({ order_status: 'unpaid' });
    }
    idle.destroy();
  });

  it('lets a payment finish before it ends', async () => {
    const gate = await startCallLog();
    const behind = await startSandboxExchange({
      rsaBits: 1024,
      aggregationIntervalMs: 0,
      baseUrl: gate.baseUrl,
    });
    gate.forwardTo(behind.port);
    try {
      const server = await ServerProcess.start({ database, exchanges: [settingOf(behind)] });
      const shop = await createShop(asTestServer(server), 'finishing');
      const coins = await withdrawCoins(behind, coinsOf(1, '5'));
      const customer = await Customer.order(shop);
      const deposit = gate.hold('POST /batch-deposit');
      const paying = customer.spend(coins);
      await deposit.begun;
      const exit = server.stop();
      await until(async () => !(await isListening(server)));
      deposit.letGo();
      expect(customer.isReceipt(await paying)).toBe(true);
      expect(await exit).toEqual(WELL_ENDED);
    } finally {
      await gate.close();
      await behind.close();
    }
  });

  it('serves with two workers, and a payment at one wakes the long polls of both', async () => {
    const server = await start({ WORKERS: '2' });
    try {
      const shop = await createShop(asTestServer(server), 'two-workers');
      const coins = await withdrawCoins(exchange, coinsOf(1, '5'));
      const customer = await Customer.order(shop);
      const polls: ReturnType<typeof poll>[] = [];
      // Which worker gets a connection is not for us to say: polls are added until both have some.
      await until(async () => {
        polls.push(...Array.from({ length: 8 }, () => poll(shop, customer.orderId)));
        await until(async () => (await waiters(server, 2)) === polls.length);
        return (await waitersPerWorker(server, 2)).every((count) => count > 0);
      });
      expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
      for (const answer of await Promise.all(polls)) {
        expect(await answer.body.json()).toMatchObject({ order_status: 'paid' });
      }
    } finally {
      await server.stop();
    }
  });
});

/** Requests that wait, in all workers. */
async function waiters(server: ServerProcess, workers: number): Promise<number> {
  return (await waitersPerWorker(server, workers)).reduce((sum, count) => sum + count, 0);
}

/** Each worker has metrics of its own, told apart by the beginning of its request ids; asked until all have answered. */
async function waitersPerWorker(server: ServerProcess, workers: number): Promise<number[]> {
  const counts = new Map<string, number>();
  await until(async () => {
    const answer = await request(`${server.url}metrics`, { reset: true });
    const text = await answer.body.text();
    const [worker = ''] = String(answer.headers['x-request-id']).split('-');
    counts.set(worker, Number(/^taler_merchant_long_poll_waiters (\d+)/m.exec(text)?.[1] ?? 0));
    return counts.size >= workers;
  });
  return [...counts.values()];
}

function isListening({ port }: ServerProcess): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false)).once('connect', () => resolve(true));
    socket.once('connect', () => socket.destroy());
  });
}

/** What createShop needs to know of a server. */
function asTestServer({ url, api }: ServerProcess): TestServer {
  return { url, api } as TestServer;
}
