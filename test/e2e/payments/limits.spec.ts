import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { startTestWorld, type TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

describe('an exchange with a hard limit', () => {
  let world: TestWorld;
  let limited: SandboxExchange;
  let coins: Coin[];

  beforeAll(async () => {
    limited = await startSandboxExchange({
      rsaBits: 1024,
      aggregationIntervalMs: 0,
      hardLimits: [
        { operation_type: 'TRANSACTION', threshold: 'KUDOS:5' },
        { operation_type: 'REFUND', threshold: 'KUDOS:1' },
        { operation_type: 'WITHDRAW', threshold: 'KUDOS:1000' },
      ],
    });
    world = await startTestWorld({ moreExchanges: [limited] });
    coins = await withdrawCoins(limited, coinsOf(9, '2'));
  });
  afterAll(async () => {
    await world?.close();
    await limited?.close();
  });
  afterEach(() => expectBooksToAgree(world.database, [world.exchange, limited]));

  const take = (count: number): Coin[] => coins.splice(0, count);
  const refusal = () => ({ status: 400, body: { code: 2184, exchange_url: limited.baseUrl } });

  it('takes no more in one payment, and none of the coins when they are more', async () => {
    const customer = await Customer.order(world.shop);
    expect(await customer.spend(take(3))).toMatchObject(refusal());
    expect(depositedFor(customer, limited)).toBe('KUDOS:0');
  });

  it('counts what earlier tries have brought', async () => {
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:6' });
    const [first, second, third] = take(3);
    if (!first || !second || !third) throw new Error('three coins were withdrawn');
    expect(await customer.spend([first, second])).toMatchObject({ status: 400, body: { code: 2156 } });
    expect(await customer.spend([third])).toMatchObject(refusal());
    expect(depositedFor(customer, limited)).toBe('KUDOS:4');
    // The rest comes from elsewhere.
    const others = await withdrawCoins(world.exchange, coinsOf(1, '2'));
    expect(customer.isReceipt(await customer.spend(others))).toBe(true);
  });

  it('takes exactly as much as its limit', async () => {
    const customer = await Customer.order(world.shop);
    const [a, b, c] = take(3);
    if (!a || !b || !c) throw new Error('three coins were withdrawn');
    const permissions = [...customer.permitAll([a, b]), customer.permit(c, 'KUDOS:1')];
    expect(customer.isReceipt(await customer.pay(permissions))).toBe(true);
    expect(depositedFor(customer, limited)).toBe('KUDOS:5');
  });
});
