import { startTestWorld, type TestWorld } from '../../support/app';
import { collect, grant } from '../refunds/support';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

describe('a payment that was refunded', () => {
  let world: TestWorld;
  let coins: Coin[];

  beforeAll(async () => {
    world = await startTestWorld();
    coins = await withdrawCoins(world.exchange, coinsOf(8, '5'));
  });
  afterAll(() => world?.close());
  afterEach(() => expectBooksToAgree(world.database, [world.exchange]));

  const take = (count: number): Coin[] => coins.splice(0, count);
  const isBoundTo = async ({ orderId }: Customer, session: string) => {
    const { shop } = world;
    const path = `private/orders/${orderId}?session_id=${session}`;
    return (await shop.api.get(path, { token: shop.token })).body.order_status === 'paid';
  };

  it('gets no second receipt, before and after the wallet has collected the refund', async () => {
    const customer = await Customer.order(world.shop);
    const paying = take(1);
    expect(customer.isReceipt(await customer.spend(paying, { session_id: 'before' }))).toBe(true);
    expect((await grant(world.shop, customer, 'KUDOS:0.5')).status).toBe(200);
    const refusal = { status: 402, body: { code: 2167, detail: customer.orderId } };
    expect(await customer.spend(paying, { session_id: 'after' })).toMatchObject(refusal);
    expect((await collect(world.shop, customer)).status).toBe(200);
    expect(await customer.spend(paying, { session_id: 'after' })).toMatchObject(refusal);
    expect(await isBoundTo(customer, 'before')).toBe(true);
    // Other coins do not pay it again.
    expect(await customer.spend(take(1))).toMatchObject({ status: 409, body: { code: 2160, refunds: [] } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
  });

  it('still proves the payment for a session, and says that there was a refund', async () => {
    const customer = await Customer.order(world.shop);
    const { sig } = (await customer.spend(take(1))).body as { sig: string };
    expect(await customer.paid(sig, 'tab')).toMatchObject({ status: 200, body: { refunded: false } });
    expect((await grant(world.shop, customer, 'KUDOS:5')).status).toBe(200);
    expect(await customer.paid(sig, 'tab')).toMatchObject({ status: 200, body: { refunded: true } });
    expect(await isBoundTo(customer, 'tab')).toBe(true);
  });

  it('of a choice is judged by the price of that choice', async () => {
    const choices = [
      { amount: 'KUDOS:5', max_fee: 'KUDOS:1' },
      { amount: 'KUDOS:3', max_fee: 'KUDOS:1' },
    ];
    const order = { version: 1, amount: undefined, max_fee: undefined, choices };
    const customer = await Customer.order(world.shop, order);
    const paying = take(1);
    const receipt = await customer.choose(1, paying);
    // A surplus of 2: giving that back leaves the price paid.
    expect((await grant(world.shop, customer, 'KUDOS:2')).status).toBe(200);
    expect((await customer.choose(1, paying)).text).toBe(receipt.text);
    expect((await grant(world.shop, customer, 'KUDOS:2.01')).status).toBe(200);
    expect(await customer.choose(1, paying)).toMatchObject({ status: 402, body: { code: 2167 } });
  });

  it('cannot be shown by somebody without any of its coins', async () => {
    const customer = await Customer.order(world.shop);
    const paying = take(1);
    expect((await customer.spend(paying, { session_id: 'mine' })).status).toBe(200);
    expect(await customer.spend([], { session_id: 'theirs' })).toMatchObject({
      status: 400,
      body: { code: 2156, detail: 'coins' },
    });
    expect(await isBoundTo(customer, 'mine')).toBe(true);
  });
});
