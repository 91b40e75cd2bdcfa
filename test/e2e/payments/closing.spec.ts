import type { Server } from 'node:http';
import { AttemptsRepository } from '../../../src/payments/attempts.repository';
import type { ApiAnswer } from '../../support/api';
import {
  settingOf,
  startTestServer,
  startTestWorld,
  type TestServer,
  type TestWorld,
} from '../../support/app';
import { LONG_MS, untilAsleep } from '../long-poll/waiting';
import { Customer } from './support/customer';
import { whileDepositing } from './support/held-deposit';
import { countAttempts, depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';
import { until } from '../../support/until';

describe('a payment under way at a backend that closes', () => {
  let world: TestWorld;
  /** On the same database: the one that closes. */
  let leaving: TestServer;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());
  beforeEach(async () => {
    const { database, clock, exchange } = world;
    leaving = await startTestServer({ database, clock, exchanges: [settingOf(exchange)] });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  const withdraw = async (): Promise<[Coin, Coin]> => {
    const [a, b] = await withdrawCoins(world.exchange, coinsOf(2, '5'));
    if (!a || !b) throw new Error('two coins were withdrawn');
    return [a, b];
  };

  /** Pays at the leaving backend, which closes during the deposit; it takes no more requests by the time of `meanwhile`. */
  async function payAndLeave(
    customer: Customer,
    coin: Coin,
    meanwhile: () => Promise<void>,
  ): Promise<ApiAnswer> {
    let closing = Promise.resolve();
    const answer = await whileDepositing(
      leaving,
      () => customer.pay(customer.permitAll([coin]), {}, `${leaving.url}instances/shop/`),
      async () => {
        closing = leaving.close();
        const http = leaving.app.getHttpServer() as Server;
        await until(() => !http.listening, 'the server to take no more requests');
        await meanwhile();
      },
    );
    await closing;
    return answer;
  }

  it('wakes who waits for it elsewhere', async () => {
    const [coin] = await withdraw();
    const customer = await Customer.order(world.shop);
    const { shop } = world;
    const path = `private/orders/${customer.orderId}?timeout_ms=${LONG_MS}`;
    const waiting = shop.api.get(path, { token: shop.token });
    await untilAsleep(world.server, 1);
    expect(customer.isReceipt(await payAndLeave(customer, coin, () => Promise.resolve()))).toBe(true);
    expect(await waiting).toMatchObject({ status: 200, body: { order_status: 'paid' } });
  });

  it('keeps other coins of the order waiting', async () => {
    const [coin, other] = await withdraw();
    const customer = await Customer.order(world.shop);
    let late: Promise<ApiAnswer> | undefined;
    const paid = await payAndLeave(customer, coin, async () => {
      const acquire = jest.spyOn(world.server.app.get(AttemptsRepository), 'acquire');
      late = customer.spend([other]);
      // The second look finds it abandoned, if it seems to be.
      await until(() => acquire.mock.results.length > 1, 'the other payment to look twice');
      const looks: unknown[] = await Promise.all(acquire.mock.results.map(({ value }) => value as unknown));
      expect(new Set(looks)).toEqual(new Set(['busy']));
    });
    expect(customer.isReceipt(paid)).toBe(true);
    expect(await late).toMatchObject({ status: 409, body: { code: 2160, refunds: [] } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
    expect(await countAttempts(world.database)).toBe(0);
  });
});
