import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { startTestWorld, type TestWorld } from '../../support/app';
import { expectRefusal, privateStatus } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { expectBooksToAgree, expectRefundTotalsToAgree } from '../payments/support/ledger';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import { abort, collect, expectAllConfirmed, grant, slicesOf, withdraw } from './support';

const CHOICES = [
  { amount: 'KUDOS:5', max_fee: 'KUDOS:1' },
  { amount: 'KUDOS:2', max_fee: 'KUDOS:1' },
  { amount: 'EUR:2', max_fee: 'EUR:1' },
];

describe('a refund of a contract with choices', () => {
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
    await expectBooksToAgree(world.database, [world.exchange, euros]);
    await expectRefundTotalsToAgree(world.database);
  });

  const offer = () =>
    Customer.order(world.shop, { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES });
  const euroCoins = (count: number) => withdrawCoins(euros, coinsOf(count, '2'), world.clock.nowUs());

  it('goes up to what was paid for the choice', async () => {
    const customer = await offer();
    expect(customer.isReceipt(await customer.choose(1, await withdraw(world, '2')))).toBe(true);
    expectRefusal(await grant(world.shop, customer, 'KUDOS:2.1'), 409, 2530, { detail: customer.orderId });
    expect((await grant(world.shop, customer, 'KUDOS:2')).status).toBe(200);
    expectAllConfirmed(customer, await collect(world.shop, customer));
    expect((await privateStatus(world.shop, customer.orderId)).body).toMatchObject({
      order_status: 'paid',
      choice_index: 1,
      refunded: true,
      refund_amount: 'KUDOS:2',
    });
  });

  it('is in the currency of the choice', async () => {
    const customer = await offer();
    const coins = await euroCoins(1);
    expect(customer.isReceipt(await customer.choose(2, coins))).toBe(true);
    expectRefusal(await grant(world.shop, customer, 'KUDOS:1'), 409, 2024, { detail: 'EUR' });
    expect((await grant(world.shop, customer, 'EUR:1')).status).toBe(200);
    const collected = await collect(world.shop, customer);
    expect(collected.body).toMatchObject({ refund_amount: 'EUR:1' });
    expect(slicesOf(collected, coins)).toEqual([[0, 1, 'EUR:1']]);
    expectAllConfirmed(customer, collected);
  });

  it('is not needed by a wallet that has not paid yet: the abort gives back coins of any currency', async () => {
    const customer = await offer();
    const kudos = await withdraw(world, '2');
    expect(await customer.choose(0, kudos)).toMatchObject({ status: 400, body: { code: 2156 } });
    expect((await abort(world.shop, customer, kudos)).body.refunds).toMatchObject([{ type: 'success' }]);
    const coins = await euroCoins(1);
    expect(customer.isReceipt(await customer.choose(2, coins))).toBe(true);
    expectRefusal(await grant(world.shop, customer, 'EUR:2.1'), 409, 2530, { detail: customer.orderId });
    expect((await grant(world.shop, customer, 'EUR:2')).status).toBe(200);
    expectAllConfirmed(customer, await collect(world.shop, customer));
  });
});
