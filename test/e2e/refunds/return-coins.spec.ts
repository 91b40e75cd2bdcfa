import type { FaultAction } from '../../../sandbox/exchange/faults';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { Metrics } from '../../../src/platform/observability/metrics';
import { ReturnCoinsJob } from '../../../src/refunds/return-coins.job';
import { ReturnCoins } from '../../../src/refunds/use-cases/return-coins';
import { DAY_US } from '../../../src/taler/timestamp';
import { settingOf, startTestServer, startTestWorld, type TestWorld } from '../../support/app';
import { bytes, Customer } from '../payments/support/customer';
import { expectBooksToAgree, refundedFor } from '../payments/support/ledger';
import type { Coin } from '../payments/support/purse';
import { abort, balanceOf, REFUND_CALL, withdraw } from './support';

const MINUTE_S = 60;
const DAY_S = 1440 * MINUTE_S;
const SILENCE: FaultAction = { action: 'hang-up' };

describe('coins given back whose wallet does not come again', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(async () => world?.close());
  afterEach(async () => {
    world.exchange.clearFaults();
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  /** A payment of half the price, aborted while the exchange does this; the wallet hears an error and goes. */
  async function abandon(fault: FaultAction): Promise<{ customer: Customer; coin: Coin }> {
    const [coin] = await withdraw(world, '2');
    if (!coin) throw new Error('a coin was withdrawn');
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
    expect((await customer.spend([coin])).status).toBe(400);
    world.exchange.addFault({ match: REFUND_CALL, ...fault });
    await abort(world.shop, customer, [coin]);
    return { customer, coin };
  }

  const run = () => world.server.app.get(ReturnCoinsJob).run();
  const refundOf = async ({ orderId }: Customer) => {
    const [row] = await world.database.query<{ asks: number; is_owed: boolean }>(
      `select asks, exchange_sig is null as is_owed from refunds join orders on orders.serial = order_serial
       where order_id = $1`,
      [orderId],
    );
    return row;
  };

  it('go back by the job of each minute', async () => {
    const { customer, coin } = await abandon(SILENCE);
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:0');
    world.clock.advanceSeconds(2 * MINUTE_S);
    await world.server.app.get(Jobs).runOnce();
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:2');
    expect(balanceOf(world, coin)).toBe('KUDOS:1.99');
    expect(await refundOf(customer)).toEqual({ asks: 2, is_owed: false });
    // The wallet that comes after all is told the same.
    expect((await abort(world.shop, customer, [coin])).body.refunds).toMatchObject([{ type: 'success' }]);
    expect(await refundOf(customer)).toEqual({ asks: 2, is_owed: false });
  });

  it('are recorded when the exchange had refunded them and only its answer was lost', async () => {
    const { customer, coin } = await abandon({ action: 'hang-up', after: true });
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:2');
    world.clock.advanceSeconds(2 * MINUTE_S);
    await run();
    expect(await refundOf(customer)).toEqual({ asks: 2, is_owed: false });
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:2');
    expect((await customer.unclaim()).status).toBe(204);
    expect(balanceOf(world, coin)).toBe('KUDOS:1.99');
  });

  it('are asked for after a pause that doubles from a minute to a day', async () => {
    const { customer } = await abandon(SILENCE);
    world.exchange.addFault({ match: REFUND_CALL, ...SILENCE, times: 0 });
    const minutes = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440];
    for (const [index, pause] of minutes.entries()) {
      // The wallet's own request was the first one. The clock of the test runs on meanwhile, hence the minute before.
      world.clock.advanceSeconds((pause - 1) * MINUTE_S);
      await run();
      expect(await refundOf(customer)).toEqual({ asks: index + 1, is_owed: true });
      world.clock.advanceSeconds(MINUTE_S);
      await run();
      expect(await refundOf(customer)).toEqual({ asks: index + 2, is_owed: true });
    }
    world.exchange.clearFaults();
    world.clock.advanceSeconds(DAY_S);
    await run();
    expect(await refundOf(customer)).toEqual({ asks: minutes.length + 2, is_owed: false });
  });

  it('are not asked for again once the exchange has refused', async () => {
    const owed = async () => (await world.server.app.get(Metrics).owedCoins.get()).values[0]?.value ?? 0;
    await run();
    const before = await owed();
    const body = { code: 1503, hint: 'wired' };
    const { customer } = await abandon({ action: 'fail', status: 410, body });
    world.clock.advanceSeconds(DAY_S);
    await run();
    expect(await refundOf(customer)).toEqual({ asks: 1, is_owed: true });
    // The operator sees it nevertheless.
    expect(await owed()).toBe(before + 1);
  });

  it('are given up after 90 days', async () => {
    const { customer } = await abandon(SILENCE);
    await world.database.query(
      'update refunds set granted_us = granted_us - $2 where order_serial = (select serial from orders where order_id = $1)',
      [customer.orderId, 90n * DAY_US],
    );
    world.clock.advanceSeconds(2 * MINUTE_S);
    await run();
    expect(await refundOf(customer)).toEqual({ asks: 1, is_owed: true });
  });

  it('go back also where the wallet was only given a permission', async () => {
    const [paying, excess] = await withdraw(world, '5', '5');
    if (!paying || !excess) throw new Error('two coins were withdrawn');
    const [stranger] = await withdraw(world, '5');
    const customer = await Customer.order(world.shop);
    world.exchange.addFault({ match: { method: 'POST', path: '/batch-deposit' }, ...SILENCE, after: true });
    expect((await customer.spend([excess])).status).toBe(502);
    expect((await customer.spend([paying])).status).toBe(200);
    world.clock.advanceSeconds(10);
    await world.server.app.get(Jobs).runOnce();
    const refused = await customer.spend(stranger ? [excess, stranger] : []);
    expect(refused).toMatchObject({ status: 409, body: { code: 2160, refunds: [{ rtransaction_id: 0 }] } });
    world.clock.advanceSeconds(MINUTE_S);
    await run();
    expect(refundedFor(customer, world.exchange)).toBe('KUDOS:5');
    expect(balanceOf(world, excess)).toBe('KUDOS:4.98');
    expect(await refundOf(customer)).toEqual({ asks: 1, is_owed: false });
  });

  it('go back once when two backends run the job at the same moment', async () => {
    const orders = await Promise.all(Array.from({ length: 8 }, () => abandon(SILENCE)));
    world.exchange.clearFaults();
    const { database, clock } = world;
    const other = await startTestServer({ database, clock, exchanges: [settingOf(world.exchange)] });
    try {
      world.clock.advanceSeconds(2 * MINUTE_S);
      await Promise.all([run(), other.app.get(ReturnCoinsJob).run()]);
    } finally {
      await other.close();
    }
    for (const { customer } of orders) expect(refundedFor(customer, world.exchange)).toBe('KUDOS:2');
  });

  it('of one order that cannot be settled do not keep the others waiting', async () => {
    const [broken, other] = [await abandon(SILENCE), await abandon(SILENCE)];
    const setCoin = (coinPub: Buffer) =>
      world.database.query(
        'update refunds set coin_pub = $2 where order_serial = (select serial from orders where order_id = $1)',
        [broken.customer.orderId, coinPub],
      );
    // Owed, and never deposited: no such row can come about.
    await setCoin(Buffer.alloc(32, 7));
    world.clock.advanceSeconds(2 * MINUTE_S);
    await run();
    expect(refundedFor(other.customer, world.exchange)).toBe('KUDOS:2');
    expect(refundedFor(broken.customer, world.exchange)).toBe('KUDOS:0');
    await setCoin(bytes(broken.coin.coinPub, 32));
  });

  it('leave the rest to the next run when a silent exchange has taken the time of this one', async () => {
    const orders = [await abandon(SILENCE), await abandon(SILENCE)];
    world.clock.advanceSeconds(2 * MINUTE_S);
    const ask = jest.spyOn(world.server.app.get(ReturnCoins), 'run');
    const now = performance.now.bind(performance);
    const time = jest.spyOn(performance, 'now');
    try {
      ask.mockImplementation(() => {
        time.mockImplementation(() => now() + 30_000);
        return Promise.resolve([]);
      });
      await run();
      expect(ask).toHaveBeenCalledTimes(1);
    } finally {
      time.mockRestore();
      ask.mockRestore();
    }
    await run();
    for (const { customer } of orders) expect(refundedFor(customer, world.exchange)).toBe('KUDOS:2');
  });
});
