import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { InstanceDirectory } from '../../../src/instances/instance-directory';
import { OrdersRepository } from '../../../src/orders/orders.repository';
import { RecoverDeposits } from '../../../src/payments/use-cases/recover-deposits';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { startTestWorld, type TestWorld } from '../../support/app';
import { abort } from '../refunds/support';
import { Customer } from './support/customer';
import { whileDepositing } from './support/held-deposit';
import { countAttempts, depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

const DEPOSIT = { method: 'POST', path: '/batch-deposit' };
const LOOKUP = { method: 'GET', path: '/deposits/' };
const CHOICES = [
  { amount: 'KUDOS:5', max_fee: 'KUDOS:1' },
  { amount: 'EUR:4', max_fee: 'EUR:1' },
];

describe('deposits whose fate is open', () => {
  let world: TestWorld;
  let euros: SandboxExchange;

  beforeAll(async () => {
    euros = await startSandboxExchange({ currency: 'EUR', rsaBits: 1024, aggregationIntervalMs: 0 });
    world = await startTestWorld({ moreExchanges: [euros] });
  });
  afterAll(async () => {
    await world?.close();
    await euros?.close();
  });
  afterEach(async () => {
    world.exchange.clearFaults();
    euros.clearFaults();
    await expectBooksToAgree(world.database, [world.exchange, euros]);
  });

  const withdraw = (count: number, value: string, from: SandboxExchange = world.exchange) =>
    withdrawCoins(from, coinsOf(count, value), world.clock.nowUs());
  const withdrawOne = async (value: string, from?: SandboxExchange): Promise<Coin> => {
    const [coin] = await withdraw(1, value, from);
    if (!coin) throw new Error('one coin was withdrawn');
    return coin;
  };
  const statusOf = async ({ orderId }: Customer, query = '') => {
    const { shop } = world;
    return (await shop.api.get(`private/orders/${orderId}${query}`, { token: shop.token })).body as object;
  };
  /** What abort and the job of every minute do before anything else. */
  const recover = async ({ orderId }: Customer) => {
    const { app } = world.server;
    const instance = await app.get(InstanceDirectory).get('shop');
    const order = await app.get(OrdersRepository).findWithContract(instance.serial, orderId);
    if (!order) throw new Error('the order exists');
    return app.get(RecoverDeposits).run(instance, order);
  };
  const runJobs = async () => {
    world.clock.advanceSeconds(10);
    await world.server.app.get(Jobs).runOnce();
  };

  it('are found again where the exchange has them, and never made where it has not', async () => {
    const [booked, lost] = await withdraw(2, '2');
    if (!booked || !lost) throw new Error('two coins were withdrawn');
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
    world.exchange.addFault({ match: DEPOSIT, action: 'hang-up', after: true });
    expect((await customer.spend([booked])).status).toBe(502);
    world.exchange.addFault({ match: DEPOSIT, action: 'hang-up' });
    expect((await customer.spend([lost])).status).toBe(502);
    expect(await countAttempts(world.database)).toBe(2);
    expect(await recover(customer)).toBe('known');
    expect(await countAttempts(world.database)).toBe(0);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
    expect(await statusOf(customer)).toMatchObject({ order_status: 'claimed' });
    expect(customer.isReceipt(await customer.spend([booked, lost]))).toBe(true);
  });

  it('complete the payment when they were all that was missing, in the session that it was for', async () => {
    const customer = await Customer.order(world.shop);
    world.exchange.addFault({ match: DEPOSIT, action: 'hang-up', after: true });
    expect((await customer.spend([await withdrawOne('5')], { session_id: 'tab' })).status).toBe(502);
    expect(await recover(customer)).toBe('known');
    expect(await statusOf(customer, '?session_id=tab')).toMatchObject({ order_status: 'paid' });
  });

  it('stay open while the exchange does not tell, and each of a hundred coins is not asked for', async () => {
    const coins = await withdraw(60, '0.1');
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:6', max_fee: 'KUDOS:1' });
    world.exchange.addFault({ match: DEPOSIT, action: 'hang-up', after: true });
    expect((await customer.spend(coins)).status).toBe(502);
    world.exchange.addFault({ match: LOOKUP, action: 'fail', status: 500, times: 60 });
    expect(await recover(customer)).toBe('uncertain');
    expect(await countAttempts(world.database)).toBe(1);
    expect((await customer.unclaim()).status).toBe(404);
    world.exchange.clearFaults();
    expect(await recover(customer)).toBe('known');
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:6');
    expect(await statusOf(customer)).toMatchObject({ order_status: 'paid' });
  });

  it('are left to the payment that has them in hand', async () => {
    const customer = await Customer.order(world.shop);
    const coins = await withdraw(1, '5');
    const paid = await whileDepositing(
      world.server,
      () => customer.spend(coins),
      async () => expect(await recover(customer)).toBe('busy'),
    );
    expect(customer.isReceipt(paid)).toBe(true);
  });

  it('are looked up when the payment cannot be finished any more', async () => {
    const order = { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES };
    const customer = await Customer.order(world.shop, order);
    const [kudo, euro] = [await withdrawOne('2'), await withdrawOne('2', euros)];
    world.exchange.addFault({ match: DEPOSIT, action: 'hang-up', after: true });
    expect((await customer.choose(0, [kudo])).status).toBe(502);
    // Meanwhile the wallet has begun to pay the other choice.
    expect(await customer.choose(1, [euro])).toMatchObject({ status: 400, body: { code: 2156 } });
    await runJobs();
    expect(await countAttempts(world.database)).toBe(0);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
    // Neither choice can be completed now; the way out gives every coin back.
    for (const [choice, coin] of [
      [0, await withdrawOne('5')],
      [1, await withdrawOne('2', euros)],
    ] as const) {
      expect(await customer.choose(choice, [coin])).toMatchObject({ status: 400, body: { code: 26 } });
    }
    expect(await abort(world.shop, customer, [kudo, euro])).toMatchObject({
      status: 200,
      body: { refunds: [{ type: 'success' }, { type: 'success' }] },
    });
  });

  it('are excess when another choice was paid meanwhile', async () => {
    const order = { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES };
    const customer = await Customer.order(world.shop, order);
    const kudo = await withdrawOne('5');
    const paying = await withdraw(2, '2', euros);
    world.exchange.addFault({ match: DEPOSIT, action: 'hang-up', after: true });
    expect((await customer.choose(0, [kudo])).status).toBe(502);
    const receipt = await customer.choose(1, paying);
    expect(customer.isReceipt(receipt)).toBe(true);
    await runJobs();
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
    // The earlier coin would cover the other choice by itself; it is no part of this payment all the same.
    const refused = await customer.choose(1, [kudo, await withdrawOne('2', euros)]);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 2160, refunds: [{ coin_pub: kudo.coinPub }] },
    });
    expect((await customer.choose(1, paying)).text).toBe(receipt.text);
    expect(await statusOf(customer)).toMatchObject({ order_status: 'paid', choice_index: 1 });
  });
});
