import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { encodeBase32 } from '../../../src/taler/base32';
import type { JsonObject } from '../../../src/taler/json';
import { startTestWorld, type TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

const CHOICES = [
  { amount: 'KUDOS:5', max_fee: 'KUDOS:1', description: 'the paper' },
  { amount: 'KUDOS:2', max_fee: 'KUDOS:0', description: 'the file' },
  { amount: 'EUR:2', max_fee: 'EUR:1' },
  { amount: 'KUDOS:0', max_fee: 'KUDOS:0', description: 'a look at it' },
];

describe('a contract with choices', () => {
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
    await expectBooksToAgree(world.database, [world.exchange, euros]);
  });

  const offer = () =>
    Customer.order(world.shop, { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES });
  const withdraw = (count: number, value: string, from: SandboxExchange = world.exchange) =>
    withdrawCoins(from, coinsOf(count, value));
  const withdrawOne = async (value: string, from?: SandboxExchange): Promise<Coin> => {
    const [coin] = await withdraw(1, value, from);
    if (!coin) throw new Error('one coin was withdrawn');
    return coin;
  };
  const statusOf = async ({ orderId }: Customer) => {
    const { shop } = world;
    return (await shop.api.get(`private/orders/${orderId}`, { token: shop.token })).body as JsonObject;
  };
  const rowOf = async ({ orderId }: Customer) => {
    const [row] = await world.database.query<object>(
      'select currency, amount, choice_index, paid_us is not null as paid from orders where order_id = $1',
      [orderId],
    );
    return row;
  };

  it.each([
    [0, 'KUDOS', '500000000'],
    [1, 'KUDOS', '200000000'],
  ])('is paid by choice %d, and the order has its price from then on', async (choice, currency, amount) => {
    const customer = await offer();
    const coins = await withdraw(1, '5');
    expect(customer.isReceipt(await customer.choose(choice, coins))).toBe(true);
    expect(await rowOf(customer)).toEqual({ currency, amount, choice_index: choice, paid: true });
    expect(await statusOf(customer)).toMatchObject({ order_status: 'paid', choice_index: choice });
  });

  it('is paid in the currency of the choice', async () => {
    const customer = await offer();
    const coins = await withdraw(1, '2', euros);
    expect(customer.isReceipt(await customer.choose(2, coins))).toBe(true);
    expect(await rowOf(customer)).toEqual({
      currency: 'EUR',
      amount: '200000000',
      choice_index: 2,
      paid: true,
    });
  });

  it('is paid in several tries of the same choice', async () => {
    const customer = await offer();
    const [first, ...others] = await withdraw(3, '2');
    if (!first) throw new Error('three coins were withdrawn');
    expect(await customer.choose(0, [first])).toMatchObject({ status: 400, body: { code: 2156 } });
    expect(await rowOf(customer)).toMatchObject({ choice_index: null, paid: false });
    expect(customer.isReceipt(await customer.choose(0, [first, ...others]))).toBe(true);
    expect(await rowOf(customer)).toMatchObject({ amount: '500000000', choice_index: 0, paid: true });
  });

  it('costs nothing where the choice costs nothing', async () => {
    const customer = await offer();
    const first = await customer.choose(3, []);
    expect(customer.isReceipt(first)).toBe(true);
    expect(await rowOf(customer)).toEqual({ currency: 'KUDOS', amount: '0', choice_index: 3, paid: true });
    // Whatever the repeat says of the choice: nothing is left to choose.
    expect((await customer.pay([])).text).toBe(first.text);
  });

  it('judges the fees by the choice', async () => {
    const customer = await offer();
    const coin = await withdrawOne('2');
    // The first choice takes a fee of 0.02 upon itself, the second takes none.
    expect(await customer.choose(1, [coin])).toMatchObject({ status: 400, body: { code: 2155 } });
    const more = await withdrawOne('0.1');
    expect(customer.isReceipt(await customer.choose(1, [coin, more]))).toBe(true);
  });

  it('gets the same receipt for the same coins, whatever a repeat says of the choice', async () => {
    const customer = await offer();
    const coins = await withdraw(1, '5');
    const first = await customer.choose(0, coins);
    expect(customer.isReceipt(first)).toBe(true);
    const repeats = [
      await customer.choose(0, coins),
      await customer.choose(1, coins),
      await customer.choose(99, coins),
      await customer.spend(coins),
      await customer.spend(coins, { wallet_data: { choice_index: 'none' } }),
    ];
    expect(repeats.map(({ text }) => text)).toEqual(repeats.map(() => first.text));
    expect(await rowOf(customer)).toMatchObject({ choice_index: 0 });
  });

  describe('is not paid, and nothing is deposited,', () => {
    let customer: Customer;
    let coin: Coin;

    beforeAll(async () => {
      customer = await offer();
      coin = await withdrawOne('5');
    });
    afterEach(async () => {
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
      expect(await statusOf(customer)).toMatchObject({ order_status: 'claimed' });
    });

    const payWith = (walletData: JsonObject | undefined, extra: object = {}) =>
      customer.pay(customer.permitAll([coin], walletData), { wallet_data: walletData, ...extra });

    it.each([
      ['without wallet_data', undefined],
      ['without choice_index', {}],
      ['with an empty choice_index', { choice_index: null }],
    ])('%s', async (_name, walletData) => {
      expect(await payWith(walletData)).toMatchObject({ status: 400, body: { code: 2176 } });
    });

    it.each([4, -1, 2 ** 40])('for choice %d, which there is not', async (choice) => {
      expect(await payWith({ choice_index: choice })).toMatchObject({
        status: 400,
        body: { code: 2177, field: 'wallet_data.choice_index' },
      });
    });

    it.each(['0', true, [0], { index: 0 }])('for a choice_index that is no integer: %j', async (choice) => {
      expect(await payWith({ choice_index: choice })).toMatchObject({
        status: 400,
        body: { code: 26, field: 'wallet_data.choice_index' },
      });
    });

    it('for a fraction of a choice', async () => {
      const answer = await customer.pay(customer.permitAll([coin]), { wallet_data: { choice_index: 0.5 } });
      expect(answer).toMatchObject({ status: 400, body: { code: 26, field: 'wallet_data.choice_index' } });
    });

    it('when the coins have signed another choice', async () => {
      const coins = customer.permitAll([coin], { choice_index: 0 });
      const answer = await customer.pay(coins, { wallet_data: { choice_index: 1 } });
      expect(answer).toMatchObject({ status: 403, body: { code: 2157, detail: 'coins[0]' } });
    });

    it('when they have signed more than wallet_data says', async () => {
      const coins = customer.permitAll([coin], { choice_index: 0, note: 'x' });
      const answer = await customer.pay(coins, { wallet_data: { choice_index: 0 } });
      expect(answer).toMatchObject({ status: 403, body: { code: 2157 } });
    });

    it('with tokens that the choice does not take', async () => {
      const token = {
        token_sig: encodeBase32(Buffer.alloc(64)),
        token_pub: encodeBase32(Buffer.alloc(32)),
        ub_sig: { cipher: 'RSA', rsa_signature: '00' },
        h_issue: encodeBase32(Buffer.alloc(64)),
      };
      const answer = await payWith({ choice_index: 0 }, { tokens: [token] });
      expect(answer).toMatchObject({ status: 400, body: { code: 2181 } });
    });

    it('with envelopes for tokens that it does not give', async () => {
      const answer = await payWith({ choice_index: 0, tokens_evs: [{ cipher: 'RSA' }] });
      expect(answer).toMatchObject({ status: 400, body: { code: 2182 } });
    });

    it('with envelopes that are no list', async () => {
      expect(await payWith({ choice_index: 0, tokens_evs: 'none' })).toMatchObject({
        status: 400,
        body: { code: 26, field: 'wallet_data.tokens_evs' },
      });
    });

    it('with a wish for a donation receipt, since there is no donation authority', async () => {
      const donau = { url: 'https://donau.example/', year: 2026, budikeypairs: [] };
      expect(await payWith({ choice_index: 0, donau })).toMatchObject({ status: 501, body: { code: 2028 } });
    });

    it('with coins of another currency than the choice', async () => {
      const euro = await withdrawOne('5', euros);
      expect(await customer.choose(0, [euro])).toMatchObject({
        status: 400,
        body: { code: 26, field: 'coins[0].contribution' },
      });
      expect(depositedFor(customer, euros)).toBe('KUDOS:0');
    });
  });

  it('is paid with empty lists of tokens and envelopes as without', async () => {
    const customer = await offer();
    const walletData = { choice_index: 1, tokens_evs: [], donau: null };
    const coins = customer.permitAll([await withdrawOne('5')], walletData);
    const answer = await customer.pay(coins, { wallet_data: walletData, tokens: [] });
    expect(customer.isReceipt(answer)).toBe(true);
  });

  it('keeps to the choice that the first coins were deposited for', async () => {
    const customer = await offer();
    const [first, second] = await withdraw(2, '2');
    const euro = await withdrawOne('5', euros);
    if (!first || !second) throw new Error('two coins were withdrawn');
    expect(await customer.choose(0, [first])).toMatchObject({ status: 400, body: { code: 2156 } });
    // Neither with other coins, nor with those that lie there already, nor at another exchange, nor for nothing.
    const changes = [
      await customer.choose(1, [second]),
      await customer.choose(1, [first]),
      await customer.choose(2, [euro]),
      await customer.choose(3, []),
    ];
    for (const answer of changes) {
      expect(answer).toMatchObject({ status: 400, body: { code: 26, field: 'wallet_data' } });
    }
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
    expect(customer.isReceipt(await customer.choose(0, await withdraw(2, '2')))).toBe(true);
  });

  it('is finished with the choice of the request whose answer was lost', async () => {
    const customer = await offer();
    const coins = await withdraw(1, '5');
    world.exchange.addFault({ match: { path: '/batch-deposit' }, action: 'hang-up', after: true });
    expect(await customer.choose(1, coins)).toMatchObject({ status: 502, body: { code: 2170 } });
    expect(customer.isReceipt(await customer.choose(1, coins))).toBe(true);
    expect(await rowOf(customer)).toMatchObject({ amount: '200000000', choice_index: 1, paid: true });
  });

  it('has to be chosen from before anything else is said about it', async () => {
    const deadlineS = Number(world.clock.nowUs() / 1_000_000n) + 60;
    const order = { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES };
    const customer = await Customer.order(world.shop, { ...order, pay_deadline: { t_s: deadlineS } });
    const coins = await withdraw(1, '5');
    world.clock.advanceSeconds(61);
    expect(await customer.spend(coins)).toMatchObject({ status: 400, body: { code: 2176 } });
    expect(await customer.choose(9, coins)).toMatchObject({ status: 400, body: { code: 2177 } });
    expect(await customer.choose(0, coins)).toMatchObject({ status: 410, body: { code: 2161 } });
  });
});

describe('a contract with one price', () => {
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
  afterEach(() => expectBooksToAgree(world.database, [world.exchange, euros]));

  it.each<JsonObject>([{ choice_index: 7 }, { choice_index: 'none', tokens_evs: 3, donau: {} }])(
    'does not look into wallet_data, which the coins have signed all the same: %j',
    async (walletData) => {
      const customer = await Customer.order(world.shop);
      const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'));
      const permissions = customer.permitAll(coins, walletData);
      expect(await customer.pay(permissions)).toMatchObject({ status: 403, body: { code: 2157 } });
      expect(customer.isReceipt(await customer.pay(permissions, { wallet_data: walletData }))).toBe(true);
      const [row] = await world.database.query<object>(
        'select choice_index from orders where order_id = $1',
        [customer.orderId],
      );
      expect(row).toEqual({ choice_index: null });
    },
  );

  it('is not paid with coins of another currency', async () => {
    const customer = await Customer.order(world.shop);
    const coins = await withdrawCoins(euros, coinsOf(1, '5'));
    expect(await customer.spend(coins)).toMatchObject({
      status: 400,
      body: { code: 26, field: 'coins[0].contribution' },
    });
  });
});
