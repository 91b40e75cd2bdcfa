import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import type { FaultAction } from '../../../sandbox/exchange/faults';
import { Wallet } from '../../../sandbox/wallet/wallet';
import { Jobs } from '../../../src/platform/jobs/jobs';
import type { ApiAnswer } from '../../support/api';
import { createOrder, startTestWorld, TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { countAttempts, depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';
import { request } from 'undici';

const DEPOSIT = { method: 'POST', path: '/batch-deposit' };

const smallExchange = () => startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });

describe('trouble with an exchange', () => {
  let world: TestWorld;
  let second: SandboxExchange;

  beforeAll(async () => {
    second = await smallExchange();
    world = await startTestWorld({ moreExchanges: [second] });
  });
  afterAll(async () => {
    await world?.close();
    await second?.close();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    world.exchange.clearFaults();
    second.clearFaults();
    await expectBooksToAgree(world.database, [world.exchange, second]);
  });

  const withdraw = (count: number, value: string, from: SandboxExchange = world.exchange) =>
    withdrawCoins(from, coinsOf(count, value), world.clock.nowUs());

  describe('double spending', () => {
    it('is answered by the words of the exchange, which name the coin', async () => {
      const [spent, good] = await withdraw(2, '5');
      if (!spent || !good) throw new Error('two coins were withdrawn');
      expect((await (await Customer.order(world.shop)).spend([spent])).status).toBe(200);
      const customer = await Customer.order(world.shop, { amount: 'KUDOS:10' });
      const answer = await customer.spend([good, spent]);
      expect(answer).toMatchObject({
        status: 409,
        body: {
          code: 2150,
          exchange_url: world.exchange.baseUrl,
          exchange_http_status: 409,
          exchange_code: 1012,
        },
      });
      expect(answer.body.exchange_reply).toEqual({
        code: 1012,
        hint: expect.any(String) as string,
        coin_pub: spent.coinPub,
        h_denom_pub: spent.hDenom,
      });
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
      // The attempt has left nothing behind that would hold the order.
      expect((await customer.unclaim()).status).toBe(204);
    });

    it('keeps what another exchange accepted in the same request', async () => {
      const [spent] = await withdraw(1, '5');
      const [kept] = await withdraw(1, '5', second);
      const [fresh] = await withdraw(1, '5');
      if (!spent || !kept || !fresh) throw new Error('three coins were withdrawn');
      expect((await (await Customer.order(world.shop)).spend([spent])).status).toBe(200);
      const customer = await Customer.order(world.shop, { amount: 'KUDOS:10' });
      expect(await customer.spend([spent, kept])).toMatchObject({ status: 409, body: { code: 2150 } });
      expect(depositedFor(customer, second)).toBe('KUDOS:5');
      expect((await customer.unclaim()).status).toBe(404);
      expect(customer.isReceipt(await customer.spend([kept, fresh]))).toBe(true);
    });

    it('is overcome by a wallet that has other coins', async () => {
      const [honest, copy] = [await Wallet.open({}), await Wallet.open({})];
      try {
        await honest.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:11' });
        await copy.addCoins(honest.exportCoins());
        await copy.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:25' });
        expect(await honest.pay((await createOrder(world.shop, { amount: 'KUDOS:9' })).payUri)).toMatchObject(
          {
            kind: 'paid',
          },
        );
        const outcome = await copy.pay((await createOrder(world.shop, { amount: 'KUDOS:24' })).payUri);
        expect(outcome.kind).toBe('paid');
      } finally {
        await Promise.all([honest.close(), copy.close()]);
      }
    });
  });

  describe('that may or may not have taken the coins', () => {
    const members = (status: number) => ({
      exchange_url: world.exchange.baseUrl,
      exchange_http_status: status,
    });
    const cases: [string, FaultAction, () => { status: number; body: object }][] = [
      [
        'hangs up before it has read the deposit',
        { action: 'hang-up' },
        () => ({ status: 502, body: { code: 2170, ...members(0) } }),
      ],
      [
        'hangs up after it has booked the deposit',
        { action: 'hang-up', after: true },
        () => ({ status: 502, body: { code: 2170, ...members(0) } }),
      ],
      [
        'fails',
        { action: 'fail', status: 500, body: { code: 52, hint: 'disk full' } },
        () => ({
          status: 502,
          body: {
            code: 2170,
            ...members(500),
            exchange_code: 52,
            exchange_reply: { code: 52, hint: 'disk full' },
          },
        }),
      ],
      [
        'fails after it has booked the deposit',
        { action: 'fail', status: 503, after: true },
        () => ({ status: 502, body: { code: 2170, ...members(503) } }),
      ],
      [
        'answers something that is not JSON',
        { action: 'garbage', after: true },
        () => ({ status: 502, body: { code: 2013, ...members(200) } }),
      ],
      [
        'answers JSON of another kind',
        { action: 'garbage', garbage: 'json' },
        () => ({ status: 502, body: { code: 2013, ...members(200) } }),
      ],
      [
        'lies in its signature',
        { action: 'wrong-signature' },
        () => ({ status: 502, body: { code: 2013, detail: '$.exchange_sig', ...members(200) } }),
      ],
      [
        'signs with a key that it does not list',
        { action: 'foreign-signature' },
        () => ({ status: 502, body: { code: 2029, detail: 'exchange_pub', ...members(200) } }),
      ],
      [
        'answers a status that makes no sense',
        { action: 'fail', status: 302, after: true },
        () => ({ status: 502, body: { code: 2014, ...members(302) } }),
      ],
    ];

    it.each(cases)('because it %s: the repeat gets the receipt', async (_name, fault, expected) => {
      const coins = await withdraw(1, '5');
      const customer = await Customer.order(world.shop);
      world.exchange.addFault({ match: DEPOSIT, ...fault });
      expect(await customer.spend(coins)).toMatchObject(expected());
      expect(await countAttempts(world.database)).toBe(1);
      expect((await customer.unclaim()).status).toBe(404);
      expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
    });

    it.each(cases)('because it %s: without a repeat the job finishes the payment', async (_name, fault) => {
      const coins = await withdraw(1, '5');
      const customer = await Customer.order(world.shop);
      world.exchange.addFault({ match: DEPOSIT, ...fault });
      expect((await customer.spend(coins)).status).toBe(502);
      world.clock.advanceSeconds(5);
      await world.server.app.get(Jobs).runOnce();
      const { shop } = world;
      const status = await shop.api.get(`private/orders/${customer.orderId}`, { token: shop.token });
      expect(status.body).toMatchObject({ order_status: 'paid' });
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
      expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    });

    it('is looked into again after pauses that grow, and not before', async () => {
      const coins = await withdraw(1, '5');
      const customer = await Customer.order(world.shop);
      world.exchange.addFault({ match: DEPOSIT, action: 'hang-up', times: 3 });
      world.clock.stop();
      expect((await customer.spend(coins)).status).toBe(502);
      const jobs = world.server.app.get(Jobs);
      const retries = async () => {
        const [row] = await world.database.query<{ retries: number }>('select retries from payment_attempts');
        return row?.retries;
      };
      expect(await retries()).toBe(1);
      await jobs.runOnce();
      expect(await retries()).toBe(1);
      world.clock.advanceSeconds(1);
      await jobs.runOnce();
      expect(await retries()).toBe(2);
      world.clock.advanceSeconds(1);
      await jobs.runOnce();
      expect(await retries()).toBe(2);
      world.clock.advanceSeconds(1);
      await jobs.runOnce();
      expect(await retries()).toBe(3);
      world.clock.advanceSeconds(3);
      await jobs.runOnce();
      expect(await retries()).toBe(3);
      world.clock.advanceSeconds(1);
      await jobs.runOnce();
      expect(await retries()).toBeUndefined();
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
    });
  });

  it('is kept apart per exchange: what one accepted stands while the other is down', async () => {
    const [mine] = await withdraw(1, '2');
    const [theirs] = await withdraw(1, '2', second);
    if (!mine || !theirs) throw new Error('two coins were withdrawn');
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
    second.addFault({ match: DEPOSIT, action: 'hang-up' });
    const answer = await customer.spend([mine, theirs]);
    expect(answer).toMatchObject({ status: 502, body: { code: 2170, exchange_url: second.baseUrl } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
    expect(customer.isReceipt(await customer.spend([mine, theirs]))).toBe(true);
  });

  it('is told as the words of the exchange where it refuses for reasons that are not the wallet’s', async () => {
    const coins = await withdraw(1, '5');
    const customer = await Customer.order(world.shop);
    const [permission] = customer.permitAll(coins);
    const [other] = await withdraw(1, '5');
    const answer = await customer.pay([{ ...permission, ub_sig: { ...other?.ubSig } }]);
    expect(answer).toMatchObject({
      status: 502,
      body: { code: 2014, exchange_http_status: 403, exchange_code: 1006 },
    });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
    expect((await customer.unclaim()).status).toBe(204);
  });
});

describe('an exchange that refuses for legal reasons', () => {
  let world: TestWorld;
  let second: SandboxExchange;
  let third: SandboxExchange;

  beforeAll(async () => {
    [second, third] = await Promise.all([smallExchange(), smallExchange()]);
    world = await startTestWorld({ moreExchanges: [second, third] });
    await Promise.all([second, third].map(({ baseUrl }) => askForKyc(baseUrl)));
  });
  afterAll(async () => {
    await world?.close();
    await Promise.all([second?.close(), third?.close()]);
  });
  afterEach(() => expectBooksToAgree(world.database, [world.exchange, second, third]));

  async function askForKyc(baseUrl: string): Promise<void> {
    const answer = await request(`${baseUrl}sandbox/kyc`, {
      method: 'POST',
      body: JSON.stringify({ enabled: true }),
    });
    expect(answer.statusCode).toBe(204);
  }

  it('is named, and takes no coin', async () => {
    const coins = await withdrawCoins(second, coinsOf(1, '5'));
    const customer = await Customer.order(world.shop);
    const answer = await customer.spend(coins);
    expect(answer).toMatchObject({
      status: 451,
      body: { code: 2186, exchange_base_urls: [second.baseUrl] },
    });
    expect(depositedFor(customer, second)).toBe('KUDOS:0');
  });

  it('is named together with every other one that refuses', async () => {
    const coins = [
      ...(await withdrawCoins(second, coinsOf(1, '2'))),
      ...(await withdrawCoins(third, coinsOf(1, '2'))),
    ];
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
    const answer = await customer.spend(coins);
    expect(answer.status).toBe(451);
    const urls = answer.body.exchange_base_urls as string[];
    expect([...urls].sort()).toEqual([second.baseUrl, third.baseUrl].sort());
  });

  it('is avoided by a wallet that has coins of another one', async () => {
    const wallet = await Wallet.open({});
    try {
      await wallet.withdraw({ exchangeBaseUrl: second.baseUrl, amount: 'KUDOS:20.5' });
      await wallet.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:6' });
      const paid = await wallet.pay((await createOrder(world.shop)).payUri);
      expect(paid.kind).toBe('paid');
    } finally {
      await wallet.close();
    }
  });
});

describe('an exchange that does not answer', () => {
  let world: TestWorld;
  let slow: SandboxExchange;
  let silent: SandboxExchange;
  let down: SandboxExchange;
  let coins: { slow: Coin[]; silent: Coin[]; down: Coin[] };

  beforeAll(async () => {
    [slow, silent, down] = await Promise.all([smallExchange(), smallExchange(), smallExchange()]);
    const withdraw = (from: SandboxExchange) => withdrawCoins(from, coinsOf(1, '5'));
    coins = { slow: await withdraw(slow), silent: await withdraw(silent), down: await withdraw(down) };
    await down.close();
    silent.addFault({ match: { method: 'GET', path: '/keys' }, action: 'slow', ms: 120_000, times: 0 });
    slow.addFault({ match: DEPOSIT, action: 'slow', ms: 120_000, after: true });
    world = await startTestWorld({ moreExchanges: [slow, silent, down] });
  });
  afterAll(async () => {
    silent?.clearFaults();
    await world?.close();
    await Promise.all([slow?.close(), silent?.close()]);
  });

  // The backend loses patience after 10 s for keys and 15 s for a deposit.
  it('is 502 or 504 according to whether it is gone or silent, and what it took is found by the repeat', async () => {
    const [slowOne, silentOne, downOne] = [
      await Customer.order(world.shop),
      await Customer.order(world.shop),
      await Customer.order(world.shop),
    ];
    const answers: ApiAnswer[] = await Promise.all([
      slowOne.spend(coins.slow),
      silentOne.spend(coins.silent),
      downOne.spend(coins.down),
    ]);
    expect(answers[0]).toMatchObject({
      status: 504,
      body: { code: 2011, exchange_url: slow.baseUrl, exchange_http_status: 0 },
    });
    expect(answers[1]).toMatchObject({ status: 504, body: { code: 2011, exchange_url: silent.baseUrl } });
    expect(answers[2]).toMatchObject({ status: 502, body: { code: 2010, exchange_url: down.baseUrl } });
    expect(slowOne.isReceipt(await slowOne.spend(coins.slow))).toBe(true);
    await expectBooksToAgree(world.database, [world.exchange, slow, silent]);
  });

  it('is left alone after its keys were known and it went down', async () => {
    const fourth = await smallExchange();
    const other = await startTestWorld({ moreExchanges: [fourth] });
    try {
      const customer = await Customer.order(other.shop);
      const taken = await withdrawCoins(fourth, coinsOf(1, '5'));
      await fourth.close();
      const answer = await customer.spend(taken);
      expect(answer).toMatchObject({
        status: 502,
        body: { code: 2170, exchange_url: fourth.baseUrl, exchange_http_status: 0, exchange_code: 0 },
      });
      // The customer has other coins; those of the exchange that is down stay an open question.
      const spare = await withdrawCoins(other.exchange, coinsOf(1, '5'));
      expect(customer.isReceipt(await customer.spend(spare))).toBe(true);
      expect(await countAttempts(other.database)).toBe(1);
    } finally {
      await other.close();
    }
  });
});
