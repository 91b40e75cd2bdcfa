import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { parseCoin, parseState, remainingOf, type WalletCoin } from '../../../sandbox/wallet/state';
import { Wallet } from '../../../sandbox/wallet/wallet';
import { formatAmount } from '../../../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../../../src/taler/base32';
import { createSigner, generateSeed } from '../../../src/taler/eddsa';
import type { JsonObject, JsonValue } from '../../../src/taler/json';
import { confirmRefund } from '../../../src/taler/signatures-exchange';
import { formatRefundUri } from '../../../src/taler/taler-uri';
import { money } from './coin-mint';
import { DepositingMerchant } from './depositing-merchant';
import { issuerOf } from './issuer';

let exchange: SandboxExchange;
let merchant: DepositingMerchant;
let wallet: Wallet;

beforeAll(async () => {
  exchange = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
});

beforeEach(async () => {
  merchant = new DepositingMerchant([await issuerOf(exchange)]);
  await merchant.start();
  wallet = await Wallet.open({ sleep: () => Promise.resolve() });
  await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:20' });
});

afterEach(async () => {
  exchange.clearFaults();
  await wallet.close();
  await merchant.stop();
});

afterAll(() => exchange.close());

function order(members: JsonObject = {}): { payUri: string; orderId: string; key: string } {
  return merchant.order({ amount: 'KUDOS:4.2', ...members });
}

async function paidOrder(members: JsonObject = {}, choice?: number) {
  const made = order(members);
  const outcome = await wallet.pay(made.payUri, { choice });
  if (outcome.kind !== 'paid') throw new Error(outcome.kind);
  return { ...made, coins: outcome.payment.coins };
}

/** What the exchange would still take of our coins: the truth that the wallet's own sums are compared with. */
function spendableAtExchange(): bigint {
  const books = new Map(exchange.books().coins.map((coin) => [coin.coin_pub, money(coin.balance).units]));
  return wallet
    .exportCoins()
    .coins.reduce((sum, { coinPub, value }) => sum + (books.get(coinPub) ?? money(value).units), 0n);
}

/** Refund fees of the sandbox: two hundredths from 5 on, one below. */
function lessFee(coinPub: string | undefined, amount: string) {
  const coin = wallet.exportCoins().coins.find((one) => one.coinPub === coinPub);
  const fee = money(coin?.value ?? '').units >= money('KUDOS:5').units ? 'KUDOS:0.02' : 'KUDOS:0.01';
  return { currency: 'KUDOS', units: money(amount).units - money(fee).units };
}

function available(): bigint {
  return wallet.balance()[0]?.available.units ?? 0n;
}

describe('collecting refunds', () => {
  it('brings money back to the coins, as much as the exchange will take of them again', async () => {
    const { orderId, key, coins } = await paidOrder();
    expect(available()).toBe(spendableAtExchange());
    const [first] = coins;
    if (first === undefined) throw new Error('paid without coins');
    expect(await wallet.collectRefunds(key)).toEqual({
      orderKey: key,
      granted: undefined,
      gained: undefined,
      missing: [],
    });
    const before = available();
    merchant.grant(orderId, { coinPub: first.coinPub, id: 1, amount: 'KUDOS:0.5' });
    const collected = await wallet.collectRefunds(key);
    expect(collected).toMatchObject({ granted: money('KUDOS:0.5'), missing: [] });
    expect(collected.gained).toEqual(lessFee(first.coinPub, 'KUDOS:0.5'));
    expect(available()).toBe(before + (collected.gained?.units ?? 0n));
    expect(available()).toBe(spendableAtExchange());
    expect((await wallet.collectRefunds(key)).gained).toEqual(money('KUDOS:0'));
    expect(available()).toBe(spendableAtExchange());
  });

  it('counts the deposit fee as given back when nothing is left for the merchant', async () => {
    const { orderId, key, coins } = await paidOrder({ amount: 'KUDOS:5' });
    for (const { coinPub, contribution } of coins) {
      merchant.grant(orderId, { coinPub, id: 1, amount: formatAmount(contribution) });
    }
    await wallet.collectRefunds(key);
    expect(available()).toBe(spendableAtExchange());
    expect(wallet.purchase(key).refunds).toHaveLength(coins.length);
    expect(wallet.history().at(-1)).toMatchObject({
      state: 'paid',
      refunded: expect.stringMatching(/^KUDOS:/) as unknown,
    });
    const everything = formatAmount({ currency: 'KUDOS', units: available() - money('KUDOS:0.5').units });
    await paidOrder({ amount: everything });
    expect(available()).toBe(spendableAtExchange());
  });

  it('keeps what the exchange confirms, reports what it refuses, and asks again', async () => {
    const { orderId, key, coins } = await paidOrder({ amount: 'KUDOS:12' });
    for (const { coinPub } of coins.slice(0, 2)) {
      merchant.grant(orderId, { coinPub, id: 1, amount: 'KUDOS:0.5' });
    }
    exchange.addFault({ action: 'fail', status: 503, match: { path: `/coins/${coins[1]?.coinPub ?? ''}` } });
    const partly = await wallet.collectRefunds(key);
    expect(partly.gained).toEqual(lessFee(coins[0]?.coinPub, 'KUDOS:0.5'));
    expect(partly.missing).toEqual([
      { coinPub: coins[1]?.coinPub, amount: money('KUDOS:0.5'), status: 503, code: 0 },
    ]);
    const rest = await wallet.collectRefunds(key);
    expect([rest.gained, rest.missing]).toEqual([lessFee(coins[1]?.coinPub, 'KUDOS:0.5'), []]);
    expect(available()).toBe(spendableAtExchange());
  });

  it('finds the order by its refund URI', async () => {
    const { orderId, key } = await paidOrder();
    expect(Wallet.keyOf(formatRefundUri({ baseUrl: merchant.baseUrl, orderId }))).toBe(key);
    expect(() => Wallet.keyOf('taler://withdraw/x/y')).toThrow(/not a taler:\/\/pay/);
  });

  const flip = (text: JsonValue | undefined): string => {
    const bytes = decodeBase32(String(text), 64) ?? Buffer.alloc(64);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    return encodeBase32(bytes);
  };
  const inEntry = (change: (entry: JsonObject) => JsonObject) => (body: JsonObject) => ({
    ...body,
    refunds: (body['refunds'] as JsonObject[]).map(change),
  });
  const lies: [string, string, (body: JsonObject) => JsonObject][] = [
    [
      'a flipped bit in the signature',
      'bad-signature',
      inEntry((entry) => ({ ...entry, exchange_sig: flip(entry['exchange_sig']) })),
    ],
    ['a larger amount', 'bad-signature', inEntry((entry) => ({ ...entry, refund_amount: 'KUDOS:0.6' }))],
    ['another number', 'bad-signature', inEntry((entry) => ({ ...entry, rtransaction_id: 2 }))],
    ['no number', 'bad-answer', inEntry(({ rtransaction_id: _, ...entry }) => entry)],
    ['no time', 'bad-answer', inEntry(({ execution_time: _, ...entry }) => entry)],
    [
      'a coin of somebody else',
      'bad-answer',
      inEntry((entry) => ({ ...entry, coin_pub: encodeBase32(Buffer.alloc(32, 9)) })),
    ],
    ['another currency', 'bad-answer', inEntry((entry) => ({ ...entry, refund_amount: 'EUR:0.5' }))],
    [
      'another merchant',
      'bad-answer',
      (body) => ({ ...body, merchant_pub: encodeBase32(Buffer.alloc(32, 9)) }),
    ],
    ['no list', 'bad-answer', ({ refunds: _, ...body }) => body],
  ];
  it.each(lies)('believes no answer with %s', async (_, kind, lie) => {
    const { orderId, key, coins } = await paidOrder();
    merchant.grant(orderId, { coinPub: coins[0]?.coinPub ?? '', id: 1, amount: 'KUDOS:0.5' });
    merchant.refundLie = lie;
    const before = available();
    await expect(wallet.collectRefunds(key)).rejects.toMatchObject({ kind });
    expect(available()).toBe(before);
    merchant.refundLie = undefined;
    expect((await wallet.collectRefunds(key)).gained).toEqual(lessFee(coins[0]?.coinPub, 'KUDOS:0.5'));
  });

  it('believes no key that the master key does not vouch for, even if it signs well', async () => {
    const { orderId, key, coins } = await paidOrder();
    const coinPub = coins[0]?.coinPub ?? '';
    merchant.grant(orderId, { coinPub, id: 1, amount: 'KUDOS:0.5' });
    const foreign = createSigner(generateSeed());
    const { hContract } = wallet.order(key);
    const signature = confirmRefund.sign(foreign, {
      hContract,
      coinPub: decodeBase32(coinPub, 32) ?? Buffer.alloc(32),
      merchantPub: merchant.signer.publicKey,
      rtransactionId: 1n,
      refundAmount: money('KUDOS:0.5'),
    });
    merchant.refundLie = inEntry((entry) => ({
      ...entry,
      exchange_pub: encodeBase32(foreign.publicKey),
      exchange_sig: encodeBase32(signature),
    }));
    await expect(wallet.collectRefunds(key)).rejects.toMatchObject({ kind: 'bad-signature' });
  });

  it('needs a contract, and passes on what the merchant refuses', async () => {
    await expect(wallet.collectRefunds('http://x/orders/1')).rejects.toMatchObject({ kind: 'unknown-order' });
    const { key } = await paidOrder();
    merchant.script['refund'] = [{ status: 410, body: { code: 2169 } }];
    await expect(wallet.collectRefunds(key)).rejects.toMatchObject({ kind: 'refused', code: 2169 });
  });
});

describe('aborting a payment', () => {
  const wide = { amount: 'KUDOS:12' };

  async function halfPaid() {
    const made = order(wide);
    merchant.depositsBeforeFailure = 1;
    await expect(wallet.pay(made.payUri)).rejects.toMatchObject({ kind: 'server-failed', code: 2170 });
    merchant.depositsBeforeFailure = undefined;
    return made;
  }

  it('takes deposited coins back by refund and frees the others; all of them pay again', async () => {
    const before = available();
    const { payUri, key } = await halfPaid();
    const aborted = await wallet.abort(key);
    expect(aborted.coins.map(({ outcome }) => outcome)).toEqual([
      'refunded',
      ...aborted.coins.slice(1).map(() => 'undeposited'),
    ]);
    const fee = money('KUDOS:0.5').units - lessFee(aborted.coins[0]?.coinPub, 'KUDOS:0.5').units;
    expect([aborted.isComplete, aborted.fees?.units]).toEqual([true, fee]);
    expect(fee).toBeGreaterThan(0n);
    expect(available()).toBe(before - fee);
    expect(available()).toBe(spendableAtExchange());
    expect(wallet.purchase(key)).not.toHaveProperty('payment');
    const back = aborted.coins[0]?.coinPub ?? '';
    await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:10' });
    const again = await wallet.pay(payUri);
    if (again.kind !== 'paid') throw new Error(again.kind);
    expect(again.payment.coins.map(({ coinPub }) => coinPub)).not.toContain(back);
    expect(available()).toBe(spendableAtExchange());
    await paidOrder({ amount: 'KUDOS:2' });
    expect(available()).toBe(spendableAtExchange());
  });

  it('may be repeated when a coin stays behind, and nothing is paid meanwhile', async () => {
    const { payUri, key } = await halfPaid();
    exchange.addFault({ action: 'fail', status: 500, body: { code: 53 }, match: { path: '/coins/' } });
    const partly = await wallet.abort(key);
    expect(partly.isComplete).toBe(false);
    expect(partly.coins[0]).toMatchObject({ outcome: 'failed', status: 500, code: 53 });
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'payment-started' });
    await expect(wallet.unclaim(payUri)).rejects.toMatchObject({ kind: 'payment-started' });
    const rest = await wallet.abort(key);
    expect([rest.isComplete, rest.coins.map(({ outcome }) => outcome)]).toEqual([true, ['refunded']]);
    expect(available()).toBe(spendableAtExchange());
  });

  it('costs nothing when nothing was sent', async () => {
    const { payUri, key } = order(wide);
    const before = available();
    await wallet.claim(payUri);
    await wallet.preparePay(key);
    const aborted = await wallet.abort(key);
    expect([aborted.isComplete, aborted.fees]).toEqual([true, undefined]);
    expect(merchant.requests('abort')).toEqual([]);
    expect(available()).toBe(before);
  });

  it('is refused once the order is paid, here or at the merchant', async () => {
    const { key } = await paidOrder();
    await expect(wallet.abort(key)).rejects.toMatchObject({ kind: 'payment-started' });
    const half = await halfPaid();
    merchant.script['abort'] = [{ status: 412, body: { code: 2254 } }];
    await expect(wallet.abort(half.key)).rejects.toMatchObject({ kind: 'refused', status: 412 });
    expect(wallet.purchase(half.key).state).toBe('paying');
    expect((await wallet.pay(half.payUri)).kind).toBe('paid');
    expect(available()).toBe(spendableAtExchange());
  });

  it('believes neither a wrong signature nor a list of another length', async () => {
    const { key } = await halfPaid();
    const before = available();
    merchant.refundLie = () => ({ refunds: [] });
    await expect(wallet.abort(key)).rejects.toMatchObject({ kind: 'bad-answer' });
    merchant.refundLie = (body) => ({
      refunds: (body['refunds'] as JsonObject[]).map((entry) => ({
        ...entry,
        exchange_sig: encodeBase32(Buffer.alloc(64)),
      })),
    });
    await expect(wallet.abort(key)).rejects.toMatchObject({ kind: 'bad-signature' });
    expect(available()).toBe(before);
    merchant.refundLie = undefined;
    expect((await wallet.abort(key)).isComplete).toBe(true);
    expect(available()).toBe(spendableAtExchange());
  });
});

describe('a contract with choices', () => {
  it('is paid by the choice that was named, bound by the signatures of the coins', async () => {
    const choices = [
      { amount: 'KUDOS:9', max_fee: 'KUDOS:0', inputs: [], outputs: [] },
      { amount: 'KUDOS:2', max_fee: 'KUDOS:0', inputs: [], outputs: [] },
    ];
    const members = { version: 1, choices, token_families: {} };
    const { key } = await paidOrder(members, 1);
    const body = JSON.parse(merchant.requests('pay').at(-1)?.text ?? '{}') as JsonObject;
    expect(body['wallet_data']).toEqual({ choice_index: 1, tokens_evs: [] });
    expect(wallet.purchase(key).payment?.choice).toBe(1);
    expect(available()).toBe(spendableAtExchange());
    await expect(wallet.pay(order(members).payUri)).rejects.toMatchObject({ kind: 'choice-needed' });
    await expect(wallet.pay(order(members).payUri, { choice: 2 })).rejects.toMatchObject({
      kind: 'invalid-argument',
    });
  });
});

describe('a coin in a file', () => {
  const coin = (members: Partial<WalletCoin>): WalletCoin => {
    const [template] = wallet.exportCoins().coins;
    if (template === undefined) throw new Error('no coin');
    return { ...template, value: 'KUDOS:5', feeDeposit: 'KUDOS:0.01', ...members };
  };
  const read = (members: Partial<WalletCoin>) => parseCoin(coin(members) as unknown as JsonValue);

  it('holds its value less what was spent and lost, and with what came back', () => {
    const used = coin({
      spends: { a: 'KUDOS:4', b: 'KUDOS:0.5' },
      returned: { a: 'KUDOS:1' },
      lost: 'KUDOS:0.01',
    });
    expect(formatAmount(remainingOf(used))).toBe('KUDOS:1.49');
    expect(read(used)).toEqual(used);
  });

  it('is refused when its sums cannot be', () => {
    expect(read({ spends: { a: 'KUDOS:1' }, returned: { a: 'KUDOS:2' } })).toBeUndefined();
    expect(read({ spends: { a: 'KUDOS:5' }, lost: 'KUDOS:0.01' })).toBeUndefined();
    expect(read({ spends: { a: 'KUDOS:1' }, returned: { a: 'EUR:1' } })).toBeUndefined();
    expect(read({ spends: {}, lost: 'much' })).toBeUndefined();
    const state = {
      version: 1,
      exchanges: {},
      withdrawals: {},
      purchases: {},
      coins: { x: coin({ lost: 'much' }) },
    };
    expect(() => parseState(JSON.stringify(state))).toThrow(/damaged: coin x/);
  });
});
