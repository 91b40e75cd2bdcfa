import { runDemo } from '../../../sandbox/demo/demo';
import { type SandboxExchange, startSandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { Wallet } from '../../../sandbox/wallet/wallet';
import { formatAmount } from '../../../src/taler/amount';
import { createOrder, startTestWorld, type TestWorld } from '../../support/app';
import { expectBooksToAgree } from '../payments/support/ledger';
import { money } from '../payments/support/purse';

let world: TestWorld;
let second: SandboxExchange;
let wallet: Wallet;

beforeAll(async () => {
  second = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
  world = await startTestWorld({ moreExchanges: [second] });
});

beforeEach(async () => {
  wallet = await Wallet.open({ sleep: () => Promise.resolve() });
});

afterEach(async () => {
  second.clearFaults();
  await wallet.close();
  await expectBooksToAgree(world.database, [world.exchange, second]);
});

afterAll(async () => {
  await world.close();
  await second.close();
});

function withdraw(amount: string, exchange = world.exchange): Promise<unknown> {
  return wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount });
}

function available(): bigint {
  return wallet.balance().reduce((sum, { available: one }) => sum + one.units, 0n);
}

/** What the exchanges would still take of the wallet's coins. */
function spendable(): bigint {
  return wallet.exportCoins().coins.reduce((sum, { coinPub, value }) => {
    const book = world.exchange.bookOfCoin(coinPub) ?? second.bookOfCoin(coinPub);
    return sum + money(book?.balance ?? value).units;
  }, 0n);
}

async function privateStatus(orderId: string, query = ''): Promise<Record<string, unknown>> {
  const { shop } = world;
  return (await shop.api.get(`private/orders/${orderId}${query}`, { token: shop.token })).body;
}

describe('the sandbox wallet with this backend', () => {
  it('collects refunds bit by bit, and its coins are worth what the exchange will take of them', async () => {
    await withdraw('KUDOS:20');
    const { orderId, payUri } = await createOrder(world.shop, { amount: 'KUDOS:12' });
    const { orderKey } = await wallet.pay(payUri);
    for (const refund of ['KUDOS:1', 'KUDOS:4.5', 'KUDOS:12']) {
      const { shop } = world;
      const path = `private/orders/${orderId}/refund`;
      const granted = await shop.api.post(path, { refund, reason: 'test' }, { token: shop.token });
      expect(granted.status).toBe(200);
      expect(Wallet.keyOf(granted.body.taler_refund_uri as string)).toBe(orderKey);
      const before = available();
      const collected = await wallet.collectRefunds(orderKey);
      expect([collected.granted, collected.missing]).toEqual([money(refund), []]);
      expect(available()).toBe(before + (collected.gained?.units ?? 0n));
      expect(available()).toBe(spendable());
    }
    expect(await privateStatus(orderId)).toMatchObject({ refunded: true, refund_pending: false });
    expect((await wallet.status(orderKey)).kind).toBe('paid');
  });

  it('takes back what one exchange accepted when the other does not, and pays with other coins', async () => {
    await withdraw('KUDOS:5');
    await withdraw('KUDOS:5', second);
    const { payUri } = await createOrder(world.shop, { amount: 'KUDOS:8' });
    second.addFault({ action: 'fail', status: 503, times: 0, match: { path: '/batch-deposit' } });
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'server-failed' });
    second.clearFaults();
    const key = Wallet.keyOf(payUri);
    const aborted = await wallet.abort(key);
    expect(aborted.isComplete).toBe(true);
    const outcomes = aborted.coins.map(({ outcome }) => outcome);
    expect(outcomes).toContain('refunded');
    expect(outcomes).toContain('undeposited');
    expect(available()).toBe(spendable());
    await withdraw('KUDOS:10');
    const outcome = await wallet.pay(payUri);
    if (outcome.kind !== 'paid') throw new Error(outcome.kind);
    const gone = aborted.coins
      .filter(({ outcome: fate }) => fate === 'refunded')
      .map(({ coinPub }) => coinPub);
    expect(outcome.payment.coins.map(({ coinPub }) => coinPub)).not.toEqual(expect.arrayContaining(gone));
    expect(available()).toBe(spendable());
  });

  it('pays the choice that was named', async () => {
    await withdraw('KUDOS:10');
    const choices = [{ amount: 'KUDOS:8' }, { amount: 'KUDOS:3', description: 'the small one' }];
    const { orderId, payUri } = await createOrder(world.shop, { amount: undefined, version: 1, choices });
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'choice-needed' });
    const outcome = await wallet.pay(payUri, { choice: 1 });
    if (outcome.kind !== 'paid') throw new Error(outcome.kind);
    expect(
      formatAmount({
        ...outcome.payment.total,
        units: outcome.payment.total.units - outcome.payment.fees.units,
      }),
    ).toBe('KUDOS:3');
    expect(await privateStatus(orderId)).toMatchObject({ order_status: 'paid', choice_index: 1 });
    expect(available()).toBe(spendable());
  });

  it('buys nothing twice: another order for the same thing is answered with the first receipt', async () => {
    await withdraw('KUDOS:10');
    const article = { amount: 'KUDOS:2', fulfillment_url: 'https://shop.example/article' };
    const first = await createOrder(world.shop, article);
    await wallet.pay(first.payUri, { sessionId: 'tab-1' });
    const again = await createOrder(world.shop, article);
    const before = available();
    const outcome = await wallet.pay(again.payUri, { sessionId: 'tab-2' });
    expect(outcome).toMatchObject({ kind: 'bought-before', earlierOrderKey: Wallet.keyOf(first.payUri) });
    expect(available()).toBe(before);
    expect(await privateStatus(again.orderId, '?session_id=tab-2')).toMatchObject({
      order_status: 'unpaid',
      already_paid_order_id: first.orderId,
    });
    expect(await privateStatus(first.orderId, '?session_id=tab-2')).toMatchObject({ order_status: 'paid' });
  });

  it('tells the whole story of a sale, with its refund', async () => {
    let text = '';
    const isGood = await runDemo({
      merchantUrl: world.shop.url,
      token: world.shop.token,
      exchangeUrl: world.exchange.baseUrl,
      output: { colours: false, write: (part) => (text += part) },
    });
    expect(text).toContain('All 14 steps came out as they should.');
    expect(isGood).toBe(true);
  });
});
