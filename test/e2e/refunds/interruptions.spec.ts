import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { Waypoints } from '../../../src/platform/waypoints';
import {
  createShop,
  settingOf,
  startTestWorld,
  type TestServer,
  type TestShop,
  type TestWorld,
} from '../../support/app';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { Customer } from '../payments/support/customer';
import { expectBooksToAgree, expectRefundTotalsToAgree, refundedFor } from '../payments/support/ledger';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import { ServerProcess } from '../payments/support/server-process';
import {
  abort,
  type CoinRefund,
  collect,
  expectAllConfirmed,
  grant,
  inSeconds,
  REFUND_CALL,
  sell,
  withdraw,
} from './support';
import { until } from '../../support/until';

/** Processes are started and killed, and the first start may have to build them: each may take as long as another test. */
jest.setTimeout(360_000);

/** Far longer than any test: what is frozen ends with the process that waits for it. */
const FROZEN_MS = 600_000;

describe('a request that breaks off at a waypoint', () => {
  let world: TestWorld;
  /** Every place that was passed. */
  const passed = new Set<string>();
  let trap: { readonly place: string; readonly nth: number } | undefined;
  let seen = 0;

  beforeAll(async () => {
    world = await startTestWorld();
    jest.spyOn(world.server.app.get(Waypoints), 'pass').mockImplementation((place) => {
      passed.add(place);
      if (place !== trap?.place || ++seen < trap.nth) return;
      trap = undefined;
      throw new Error(`broken off at "${place}"`);
    });
  });
  afterAll(() => world?.close());
  afterEach(async () => {
    trap = undefined;
    await expectBooksToAgree(world.database, [world.exchange]);
    await expectRefundTotalsToAgree(world.database);
  });

  function breakOffAt(place: string, nth: number): void {
    trap = { place, nth };
    seen = 0;
  }

  it('of a grant has granted, and the repeat grants nothing more', async () => {
    const { customer } = await sell(world);
    breakOffAt('refund: granted', 1);
    expect((await grant(world.shop, customer, 'KUDOS:2')).status).toBe(500);
    expect((await grant(world.shop, customer, 'KUDOS:2')).status).toBe(200);
    const collected = await collect(world.shop, customer);
    expect(collected.body).toMatchObject({ refund_amount: 'KUDOS:2' });
    expectAllConfirmed(customer, collected);
  });

  const places = ['before the exchange is asked', 'confirmed by exchange', 'confirmation recorded'];

  it.each(places.flatMap((place) => [1, 2, 3].map((nth) => [place, nth] as const)))(
    'of a collection, %s, coin %d: the repeat collects the rest',
    async (place, nth) => {
      const { customer } = await sell(world, ['1', '1', '1']);
      await grant(world.shop, customer, 'KUDOS:3');
      breakOffAt(`refund: ${place}`, nth);
      expect((await collect(world.shop, customer)).status).toBe(500);
      const collected = await collect(world.shop, customer);
      expect(collected.body.refunds).toHaveLength(3);
      expectAllConfirmed(customer, collected);
      expect(refundedFor(customer, world.exchange)).toBe('KUDOS:3');
    },
  );

  it('of a collection, after an earlier refusal: the repeat finds the refund also after the wire deadline', async () => {
    const { customer } = await sell(world, ['5'], {
      pay_deadline: inSeconds(world, 100),
      refund_deadline: inSeconds(world, 200),
      wire_transfer_deadline: inSeconds(world, 300),
    });
    await grant(world.shop, customer, 'KUDOS:1');
    const body = { code: 1501, hint: 'not now' };
    world.exchange.addFault({ match: REFUND_CALL, action: 'fail', status: 409, body });
    expect((await collect(world.shop, customer)).body.refunds).toMatchObject([{ exchange_status: 409 }]);
    breakOffAt('refund: confirmed by exchange', 1);
    expect((await collect(world.shop, customer)).status).toBe(500);
    world.clock.advanceSeconds(301);
    expectAllConfirmed(customer, await collect(world.shop, customer));
  });

  it.each([
    ['given back', 1] as const,
    ...places.flatMap((place) => [1, 2, 3].map((nth) => [place, nth] as const)),
  ])('of an abort, %s, coin %d: the repeat gives back the rest', async (place, nth) => {
    const coins = await withdraw(world, '1', '1', '1');
    const customer = await Customer.order(world.shop);
    expect((await customer.spend(coins)).status).toBe(400);
    breakOffAt(`abort: ${place}`, nth);
    expect((await abort(world.shop, customer, coins)).status).toBe(500);
    const answer = await abort(world.shop, customer, coins);
    expect((answer.body.refunds as CoinRefund[]).map(({ type }) => type)).toEqual(Array(3).fill('success'));
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:3');
  });

  it('has met every waypoint of refunds and aborts that there is', () => {
    const mine = [...passed].filter((place) => /^(refund|abort): /.test(place));
    expect(mine.sort()).toEqual([
      'abort: before the exchange is asked',
      'abort: confirmation recorded',
      'abort: confirmed by exchange',
      'abort: given back',
      'refund: before the exchange is asked',
      'refund: confirmation recorded',
      'refund: confirmed by exchange',
      'refund: granted',
    ]);
  });
});

describe('a server that is killed while an exchange makes a refund', () => {
  let database: TestDatabase;
  let exchange: SandboxExchange;
  let server: ServerProcess;
  let shop: TestShop;

  beforeAll(async () => {
    [database, exchange] = await Promise.all([
      createTestDatabase(),
      startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 }),
    ]);
    await start();
    const { url, api } = server;
    shop = await createShop({ url, api } as TestServer, 'shop');
  });
  afterAll(async () => {
    await server?.stop();
    await exchange?.close();
    await database?.drop();
  });
  afterEach(async () => {
    exchange.clearFaults();
    await expectBooksToAgree(database, [exchange]);
    await expectRefundTotalsToAgree(database);
  });

  /** The next process takes the port of the one before: contracts name it. */
  const start = async () => {
    const exchanges = [settingOf(exchange)];
    server = await ServerProcess.start({ database, exchanges, port: server?.port });
  };

  /** Sends a request, and kills the server when the exchange has made the refund of the second coin or is about to. */
  async function killWithin(
    send: () => Promise<unknown>,
    customer: Customer,
    isMade: boolean,
  ): Promise<void> {
    exchange.addFault({ match: REFUND_CALL, action: 'slow', ms: FROZEN_MS, after: isMade, nth: 2 });
    const lost = send().catch(() => undefined);
    await until(async () => {
      const [row] = await database.query<{ count: string }>(
        `select count(exchange_sig) from refunds join orders on orders.serial = order_serial where order_id = $1`,
        [customer.orderId],
      );
      return Number(row?.count) === 1 && refundedFor(customer, exchange) === (isMade ? 'KUDOS:2' : 'KUDOS:1');
    });
    await server.kill();
    await lost;
    exchange.clearFaults();
    await start();
  }

  it.each([
    ['has made', true],
    ['is about to make', false],
  ])('that it %s: the wallet collects it from the next process', async (_when, isMade) => {
    const coins = await withdrawCoins(exchange, coinsOf(2, '1'));
    const customer = await Customer.order(shop, { amount: 'KUDOS:2' });
    expect((await customer.spend(coins)).status).toBe(200);
    await grant(shop, customer, 'KUDOS:2');
    await killWithin(() => collect(shop, customer), customer, isMade);
    const collected = await collect(shop, customer);
    expect(collected.body.refunds).toHaveLength(2);
    expectAllConfirmed(customer, collected);
    expect(refundedFor(customer, exchange)).toBe('KUDOS:2');
  });

  it.each([
    ['has given back', true],
    ['is about to give back', false],
  ])('that it %s: the wallet gets it from the next process', async (_when, isMade) => {
    const coins = await withdrawCoins(exchange, coinsOf(2, '1'));
    const customer = await Customer.order(shop);
    expect((await customer.spend(coins)).status).toBe(400);
    await killWithin(() => abort(shop, customer, coins), customer, isMade);
    const answer = await abort(shop, customer, coins);
    expect((answer.body.refunds as CoinRefund[]).map(({ type }) => type)).toEqual(['success', 'success']);
    expect(refundedFor(customer, exchange)).toBe('KUDOS:2');
  });
});
