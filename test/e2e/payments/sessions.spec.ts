import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../../src/taler/base32';
import { Api } from '../../support/api';
import { createOrder, createShop, startTestWorld, TestWorld } from '../../support/app';
import { LONG_MS, untilWaiters } from '../long-poll/waiting';
import { Customer } from './support/customer';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

describe('browser sessions', () => {
  let world: TestWorld;
  let coins: Coin[];

  beforeAll(async () => {
    world = await startTestWorld();
    coins = await withdrawCoins(world.exchange, coinsOf(10, '5'));
  });
  afterAll(() => world?.close());

  const takeCoin = () => {
    const coin = coins.pop();
    if (!coin) throw new Error('more coins are needed');
    return [coin];
  };
  const statusIn = async (customer: Customer, session: string, more = '') => {
    const { shop } = world;
    const path = `private/orders/${customer.orderId}?session_id=${session}${more}`;
    return (await shop.api.get(path, { token: shop.token })).body as { order_status: string };
  };

  it('own a payment that was made in them, and no other session does', async () => {
    const customer = await Customer.order(world.shop);
    expect((await customer.spend(takeCoin(), { session_id: 'tab-1' })).status).toBe(200);
    expect(await statusIn(customer, 'tab-1')).toMatchObject({ order_status: 'paid' });
    expect(await statusIn(customer, 'tab-2')).toMatchObject({ order_status: 'claimed' });
  });

  it('get a payment by a repeat of it, which takes it from the session before', async () => {
    const customer = await Customer.order(world.shop);
    const coin = takeCoin();
    const first = await customer.spend(coin, { session_id: 'before' });
    expect((await customer.spend(coin, { session_id: 'after' })).text).toBe(first.text);
    expect(await statusIn(customer, 'after')).toMatchObject({ order_status: 'paid' });
    expect(await statusIn(customer, 'before')).toMatchObject({ order_status: 'claimed' });
  });

  it('get a payment by its receipt, and whoever waits there is woken', async () => {
    const customer = await Customer.order(world.shop);
    const { sig } = (await customer.spend(takeCoin(), { session_id: 'phone' })).body as { sig: string };
    const waiting = statusIn(customer, 'laptop', `&timeout_ms=${LONG_MS}`);
    await untilWaiters(world.server, 1);
    expect(await customer.paid(sig, 'laptop')).toMatchObject({ status: 200, body: { refunded: false } });
    expect(await waiting).toMatchObject({ order_status: 'paid' });
    expect(await statusIn(customer, 'phone')).toMatchObject({ order_status: 'claimed' });
    // Back again: it is a single value, not a list.
    expect((await customer.paid(sig, 'phone')).status).toBe(200);
    expect(await statusIn(customer, 'phone')).toMatchObject({ order_status: 'paid' });
  });

  it('that are empty are no session, for pay and paid alike', async () => {
    const customer = await Customer.order(world.shop);
    const { sig } = (await customer.spend(takeCoin(), { session_id: '' })).body as { sig: string };
    expect(await statusIn(customer, '')).toMatchObject({ order_status: 'paid' });
    expect((await customer.paid(sig, 'tab')).status).toBe(200);
    expect((await customer.paid(sig, '')).status).toBe(200);
    expect(await statusIn(customer, 'tab')).toMatchObject({ order_status: 'claimed' });
  });

  it('find what they have bought before, by whichever way it came to them', async () => {
    const article = { fulfillment_url: 'https://shop.example/article-7' };
    const first = await Customer.order(world.shop, article);
    const second = await createOrder(world.shop, article);
    const bought = async (session: string, more = '') => {
      const { shop } = world;
      const forShop = `private/orders/${second.orderId}?session_id=${session}${more}`;
      const forWallet = `orders/${second.orderId}?token=${second.token}&session_id=${session}${more}`;
      const answers = await Promise.all([
        shop.api.get(forShop, { token: shop.token }),
        shop.api.get(forWallet),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 402]);
      return answers.map(({ body }) => body.already_paid_order_id as string | undefined);
    };
    const isBought = [first.orderId, first.orderId];
    const isNot = [undefined, undefined];
    const coin = takeCoin();
    const waiting = bought('one', `&timeout_ms=${LONG_MS}`);
    await untilWaiters(world.server, 2);
    const { sig } = (await first.spend(coin, { session_id: 'one' })).body as { sig: string };
    expect(await waiting).toEqual(isBought);
    // A repeat of the payment moves it, and so does the receipt.
    const waitingToo = bought('two', `&timeout_ms=${LONG_MS}`);
    await untilWaiters(world.server, 2);
    expect((await first.spend(coin, { session_id: 'two' })).status).toBe(200);
    expect(await waitingToo).toEqual(isBought);
    expect(await bought('one')).toEqual(isNot);
    expect((await first.paid(sig, 'one')).status).toBe(200);
    expect(await bought('one')).toEqual(isBought);
    expect(await bought('two')).toEqual(isNot);
  });

  it('lose a payment to a repeat that names none', async () => {
    const customer = await Customer.order(world.shop);
    const coin = takeCoin();
    expect((await customer.spend(coin, { session_id: 'tab' })).status).toBe(200);
    expect((await customer.spend(coin)).status).toBe(200);
    expect(await statusIn(customer, 'tab')).toMatchObject({ order_status: 'claimed' });
    expect((await customer.spend(coin, { session_id: 'tab' })).status).toBe(200);
    expect((await customer.spend(coin, { session_id: '' })).status).toBe(200);
    expect(await statusIn(customer, 'tab')).toMatchObject({ order_status: 'claimed' });
    expect(await statusIn(customer, '')).toMatchObject({ order_status: 'paid' });
  });

  describe('are refused a payment', () => {
    let customer: Customer;
    let sig: string;

    beforeAll(async () => {
      customer = await Customer.order(world.shop);
      sig = ((await customer.spend(takeCoin(), { session_id: 'mine' })).body as { sig: string }).sig;
    });
    afterEach(async () => {
      expect(await statusIn(customer, 'mine')).toMatchObject({ order_status: 'paid' });
    });

    it('by a false receipt', async () => {
      const answer = await customer.paid(encodeBase32(randomBytes(64)), 'theirs');
      expect(answer).toMatchObject({ status: 403, body: { code: 2201 } });
    });

    it('by a receipt for another contract than the one named', async () => {
      const answer = await customer.paid(sig, 'theirs', randomBytes(64));
      expect(answer).toMatchObject({ status: 403, body: { code: 2201 } });
    });

    it('by the receipt of another order', async () => {
      const other = await Customer.order(world.shop);
      const receipt = (await other.spend(takeCoin())).body as { sig: string };
      const body = { sig: receipt.sig, h_contract: encodeBase32(other.hContract), session_id: 'theirs' };
      const answer = await world.shop.api.post(`orders/${customer.orderId}/paid`, body);
      expect(answer).toMatchObject({ status: 400, body: { code: 2200 } });
    });

    it('for an order that is unknown or unclaimed, where the receipt is good', async () => {
      const body = { sig, h_contract: encodeBase32(customer.hContract), session_id: 'theirs' };
      const { orderId } = await createOrder(world.shop);
      for (const id of ['no-such-order', orderId]) {
        const answer = await world.shop.api.post(`orders/${id}/paid`, body);
        expect(answer).toMatchObject({ status: 404, body: { code: 2005 } });
      }
    });

    it('at an instance that did not sign the receipt', async () => {
      const other = await createShop(world.server, 'other');
      const body = { sig, h_contract: encodeBase32(customer.hContract), session_id: 'theirs' };
      const answer = await new Api(other.url).post(`orders/${customer.orderId}/paid`, body);
      expect(answer).toMatchObject({ status: 403, body: { code: 2201 } });
    });
  });
});
