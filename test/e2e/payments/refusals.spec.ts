import { randomBytes } from 'node:crypto';
import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { encodeBase32 } from '../../../src/taler/base32';
import { createOrder, startTestServer, startTestWorld, settingOf, TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { startCallLog } from './support/proxy';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

describe('a payment is refused before any deposit', () => {
  let world: TestWorld;
  let coin: Coin;
  let customer: Customer;

  beforeAll(async () => {
    world = await startTestWorld();
    const [first] = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    if (!first) throw new Error('one coin was withdrawn');
    coin = first;
    customer = await Customer.order(world.shop);
  });
  afterAll(() => world?.close());
  afterEach(async () => {
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  const permission = () => customer.permit(coin, coin.value);
  const payWith = (changes: Record<string, unknown>) =>
    customer.pay([{ ...permission(), ...changes } as ReturnType<typeof permission>]);

  it('for an order that is unknown', async () => {
    const answer = await world.shop.api.post('orders/no-such-order/pay', { coins: [permission()] });
    expect(answer).toMatchObject({ status: 404, body: { code: 2005, detail: 'no-such-order' } });
  });

  it('for an order that nobody has claimed', async () => {
    const { orderId } = await createOrder(world.shop);
    const answer = await world.shop.api.post(`orders/${orderId}/pay`, { coins: [permission()] });
    expect(answer).toMatchObject({ status: 404, body: { code: 2005 } });
  });

  it('when the coins sign another contract', async () => {
    const other = await Customer.order(world.shop);
    const answer = await customer.pay([other.permit(coin, coin.value)]);
    expect(answer).toMatchObject({ status: 403, body: { code: 2157, detail: 'coins[0]' } });
  });

  it('when the contract was released and claimed by somebody else', async () => {
    const { orderId, token } = await createOrder(world.shop, { max_fee: 'KUDOS:1' });
    const before = await Customer.claim(world.shop, orderId, token);
    expect((await before.unclaim()).status).toBe(204);
    await Customer.claim(world.shop, orderId, token);
    expect(await before.spend([coin])).toMatchObject({ status: 403, body: { code: 2157 } });
    expect(depositedFor(before, world.exchange)).toBe('KUDOS:0');
  });

  it('when one bit of the coin signature is wrong', async () => {
    const signature = Buffer.from(randomBytes(64));
    expect(await payWith({ coin_sig: encodeBase32(signature) })).toMatchObject({
      status: 403,
      body: { code: 2157 },
    });
  });

  it('when the contribution is not the signed one', async () => {
    expect(await payWith({ contribution: 'KUDOS:4.99' })).toMatchObject({
      status: 403,
      body: { code: 2157 },
    });
  });

  it('when only the last of many coins is bad, and then takes none of them', async () => {
    const others = await withdrawCoins(world.exchange, coinsOf(3, '2'));
    const bad = { ...permission(), coin_sig: encodeBase32(randomBytes(64)) };
    const answer = await customer.pay([...customer.permitAll(others), bad]);
    expect(answer).toMatchObject({ status: 403, body: { code: 2157, detail: 'coins[3]' } });
  });

  it('when wallet_data was added to what the coins have signed', async () => {
    const answer = await customer.pay([permission()], { wallet_data: { choice_index: 0 } });
    expect(answer).toMatchObject({ status: 403, body: { code: 2157 } });
  });

  it('when the denomination is unknown', async () => {
    const answer = await payWith({ h_denom: encodeBase32(randomBytes(64)) });
    expect(answer).toMatchObject({ status: 400, body: { code: 2151, detail: 'coins[0]' } });
  });

  it('when the contribution is above the value of the coin', async () => {
    const answer = await customer.pay([customer.permit(coin, 'KUDOS:5.01')]);
    expect(answer).toMatchObject({ status: 400, body: { code: 2184 } });
  });

  it('when the contribution does not even cover the fee of the coin', async () => {
    const answer = await customer.pay([customer.permit(coin, 'KUDOS:0.01')]);
    expect(answer).toMatchObject({ status: 400, body: { code: 2154 } });
  });

  it('when the contribution is in another currency', async () => {
    expect(await payWith({ contribution: 'EUR:5' })).toMatchObject({ status: 400, body: { code: 26 } });
  });

  it('when the exchange is not one of those that the shop trusts', async () => {
    const answer = await payWith({ exchange_url: 'http://exchange.example/' });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 2025, exchange_url: 'http://exchange.example/' },
    });
  });

  it('when a coin comes twice, which the exchange would confirm at double value', async () => {
    const answer = await customer.pay([permission(), permission()]);
    expect(answer).toMatchObject({ status: 400, body: { code: 26, field: 'coins[1].coin_pub' } });
  });

  it('without coins for a price that is not zero', async () => {
    expect(await customer.pay([])).toMatchObject({ status: 400, body: { code: 2156 } });
  });

  it('when the exchange has no wire fee for the time of the contract', async () => {
    const old = await Customer.order(world.shop, { timestamp: { t_s: 1_262_304_000 } });
    const answer = await old.spend([coin]);
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 2175, detail: 'x-taler-bank', exchange_url: world.exchange.baseUrl },
    });
  });

  it('when the order belongs to another instance', async () => {
    const answer = await world.server.api.post(`orders/${customer.orderId}/pay`, { coins: [permission()] });
    expect(answer.status).toBe(404);
  });
});

describe('a denomination that the backend has not heard of', () => {
  const MATCH_KEYS = 'GET /keys';

  /** An exchange behind a call log, and one of the same master key that takes its place with other denominations. */
  async function startWorld() {
    const log = await startCallLog();
    const masterSeed = randomBytes(32);
    const options = { rsaBits: 1024, aggregationIntervalMs: 0, masterSeed, baseUrl: log.baseUrl };
    const before = await startSandboxExchange(options);
    log.forwardTo(before.port);
    const world = await startTestWorld({ moreExchanges: [before] });
    const after = await startSandboxExchange(options);
    const close = async () => {
      await world.close();
      await log.close();
      await Promise.all([before.close(), after.close()]);
    };
    return { world, log, after, close };
  }

  it('is accepted after one refresh of the keys, and refused without a second one when it is still unknown', async () => {
    const { world, log, after, close } = await startWorld();
    // A refresh is not repeated for 5 s, which must not pass by themselves.
    world.clock.stop();
    try {
      const customer = await Customer.order(world.shop);
      log.forwardTo(after.port);
      const coins = await withdrawCoins(after, coinsOf(1, '5'));
      world.clock.advanceSeconds(6);
      const asked = () => log.calls.filter((call) => call === MATCH_KEYS).length;
      const before = asked();
      expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
      expect(asked()).toBe(before + 1);

      const unknown = await Customer.order(world.shop);
      const [coin] = await withdrawCoins(after, coinsOf(1, '5'));
      const askedByWallet = asked();
      const permission = coin && {
        ...unknown.permit(coin, coin.value),
        h_denom: encodeBase32(randomBytes(64)),
      };
      for (let round = 0; round < 3; round++) {
        const answer = await unknown.pay(permission ? [permission] : []);
        expect(answer).toMatchObject({ status: 400, body: { code: 2151 } });
      }
      expect(asked()).toBe(askedByWallet);
      await expectBooksToAgree(world.database, [world.exchange, after]);
    } finally {
      await close();
    }
  });
});

describe('an exchange that is unknown to the contract but trusted', () => {
  let world: TestWorld;
  let second: SandboxExchange;

  beforeAll(async () => {
    second = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
    world = await startTestWorld();
  });
  afterAll(async () => {
    await world?.close();
    await second?.close();
  });

  it('may be paid with after a restart that added it', async () => {
    const customer = await Customer.order(world.shop);
    const exchanges = [settingOf(world.exchange), settingOf(second)];
    const more = await startTestServer({ database: world.database, exchanges, clock: world.clock });
    try {
      const coins = await withdrawCoins(second, coinsOf(1, '5'));
      const answer = await customer.pay(customer.permitAll(coins), {}, `${more.url}instances/shop/`);
      expect(customer.isReceipt(answer)).toBe(true);
      await expectBooksToAgree(world.database, [world.exchange, second]);
    } finally {
      await more.close();
    }
  });
});
