import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeBase32, encodeBase32 } from '../../../src/taler/base32';
import { createSigner, generateSeed } from '../../../src/taler/eddsa';
import type { JsonObject, JsonValue } from '../../../src/taler/json';
import { orderUnclaim } from '../../../src/taler/signatures-wallet';
import { hashContract } from '../../../src/taler/contract-terms';
import { merchantContract, merchantPaymentOk } from '../../../src/taler/signatures-merchant';
import { formatAmount } from '../../../src/taler/amount';
import { Wallet } from '../../../sandbox/wallet/wallet';
import type { CoinBundle } from '../../../sandbox/wallet/coin-bundle';
import { CoinMint } from './coin-mint';
import { FakeMerchant } from './fake-merchant';

const mint = new CoinMint('http://exchange-a.example/');
const otherMint = new CoinMint('http://exchange-b.example/');

let merchant: FakeMerchant;
const wallets: Wallet[] = [];

beforeEach(async () => {
  merchant = new FakeMerchant([mint, otherMint]);
  await merchant.start();
});

afterEach(async () => {
  await Promise.all(wallets.splice(0).map((wallet) => wallet.close()));
  await merchant.stop();
});

async function openWallet(...bundles: CoinBundle[]): Promise<Wallet> {
  const wallet = await Wallet.open({ sleep: () => Promise.resolve() });
  wallets.push(wallet);
  for (const bundle of bundles) {
    await wallet.addCoins(bundle);
    for (const { coinPub, feeDeposit } of bundle.coins) merchant.fees.set(coinPub, feeDeposit);
  }
  return wallet;
}

const TEN = { value: 'KUDOS:10', fee: 'KUDOS:0.01' };

function available(wallet: Wallet): string[] {
  return wallet.balance().map(({ available }) => formatAmount(available));
}

describe('claim', () => {
  it('gives a verified contract with our nonce', async () => {
    const wallet = await openWallet();
    const { payUri, orderId, key } = merchant.order({ summary: 'pears' });
    const { contract, contractTerms, hContract, orderKey } = await wallet.claim(payUri);
    expect(orderKey).toBe(key);
    expect(contract).toMatchObject({
      orderId,
      summary: 'pears',
      merchantBaseUrl: merchant.baseUrl,
      version: 0,
    });
    expect(hContract).toEqual(hashContract(contractTerms));
    expect(encodeBase32(contract.nonce)).toBe(wallet.purchase(key).noncePub);
  });

  it('is answered from memory the second time, and the other wallet is refused with 409', async () => {
    const [wallet, stranger] = [await openWallet(), await openWallet()];
    const { payUri } = merchant.order({});
    const first = await wallet.claim(payUri);
    expect(await wallet.claim(payUri)).toEqual(first);
    expect(merchant.requests('claim')).toHaveLength(1);
    await expect(stranger.claim(payUri)).rejects.toMatchObject({ kind: 'refused', status: 409, code: 2301 });
    expect(stranger.history()).toMatchObject([{ type: 'purchase', state: 'released' }]);
  });

  it('repeats a claim whose answer was lost with the same nonce', async () => {
    const wallet = await openWallet();
    const { payUri } = merchant.order({});
    merchant.script['claim'] = [
      { status: 200, after: true, hangUp: true },
      { status: 500, body: { code: 54 } },
    ];
    await wallet.claim(payUri);
    const bodies = merchant.requests('claim').map(({ text }) => text);
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
  });

  it('gives up after a bounded number of 5xx answers and can be repeated later', async () => {
    const wallet = await openWallet();
    const { payUri } = merchant.order({});
    merchant.script['claim'] = Array.from({ length: 5 }, () => ({ status: 503, body: { code: 50 } }));
    await expect(wallet.claim(payUri)).rejects.toMatchObject({
      kind: 'server-failed',
      status: 503,
      code: 50,
    });
    expect(merchant.requests('claim')).toHaveLength(5);
    await wallet.claim(payUri);
    expect(new Set(merchant.requests('claim').map(({ text }) => text)).size).toBe(1);
  });

  it('reports an order that does not exist or a wrong claim token as refused', async () => {
    const wallet = await openWallet();
    const { payUri } = merchant.order({});
    const wrong = payUri.replace(/c=.*/, 'c=00000000000000000000000000');
    await expect(wallet.claim(wrong)).rejects.toMatchObject({ kind: 'refused', status: 404, code: 2300 });
  });

  it('does not accept what is not a pay URI', async () => {
    const wallet = await openWallet();
    for (const uri of ['', 'http://x/', 'taler://refund/x/y/', 'taler://pay/x']) {
      await expect(wallet.claim(uri)).rejects.toMatchObject({ kind: 'invalid-argument' });
    }
  });

  const foreign = createSigner(generateSeed());
  const flip = (text: JsonValue | undefined): string => {
    const bytes = decodeBase32(String(text), 64) ?? Buffer.alloc(64);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    return encodeBase32(bytes);
  };
  const changed = (member: string, value: JsonValue) => (terms: JsonObject) => ({
    ...terms,
    [member]: value,
  });
  const answers: [string, string, (body: JsonObject) => JsonObject][] = [
    ['a flipped bit in the signature', 'bad-signature', (body) => ({ ...body, sig: flip(body['sig']) })],
    [
      'the signature of another key',
      'bad-signature',
      (body) => ({
        ...body,
        sig: encodeBase32(
          merchantContract.sign(foreign, { hContract: hashContract(body['contract_terms'] as JsonObject) }),
        ),
      }),
    ],
    [
      'the payment receipt in place of the contract signature',
      'bad-signature',
      (body) => ({
        ...body,
        sig: encodeBase32(
          merchantPaymentOk.sign(merchant.signer, {
            hContract: hashContract(body['contract_terms'] as JsonObject),
          }),
        ),
      }),
    ],
    [
      'a price changed after signing',
      'bad-signature',
      (body) => ({
        ...body,
        contract_terms: { ...(body['contract_terms'] as JsonObject), amount: 'KUDOS:6' },
      }),
    ],
    ['no signature', 'bad-answer', (body) => ({ contract_terms: body['contract_terms'] ?? null })],
    ['no contract', 'bad-answer', (body) => ({ sig: body['sig'] ?? null })],
    ['a number with a fraction', 'bad-answer', (body) => ({ ...body, extra: 1.5 })],
  ];
  it.each(answers)('refuses an answer with %s', async (_, kind, claim) => {
    merchant.lies = { claim };
    const wallet = await openWallet();
    const { payUri, key } = merchant.order({});
    await expect(wallet.claim(payUri)).rejects.toMatchObject({ kind });
    expect(() => wallet.order(key)).toThrow(/has not been claimed/);
  });

  const lies: [string, string, (terms: JsonObject) => JsonObject][] = [
    [
      'for another base URL',
      'wrong-contract',
      changed('merchant_base_url', 'http://127.0.0.1:1/instances/shop/'),
    ],
    [
      'with the base URL lacking its slash',
      'wrong-contract',
      (terms) => ({
        ...terms,
        merchant_base_url: String(terms['merchant_base_url']).replace(/\/$/, ''),
      }),
    ],
    ['for another order', 'wrong-contract', changed('order_id', 'other')],
    ['with the nonce of somebody else', 'wrong-contract', changed('nonce', encodeBase32(foreign.publicKey))],
    ['without h_wire', 'bad-answer', changed('h_wire', null)],
    ['with a malformed amount', 'bad-answer', changed('amount', '5 KUDOS')],
    ['with a malformed time', 'bad-answer', changed('timestamp', 12)],
    ['of a version from the future', 'unsupported', changed('version', 2)],
  ];
  it.each(lies)('refuses a well-signed contract %s', async (_, kind, terms) => {
    merchant.lies = { terms };
    const wallet = await openWallet();
    await expect(wallet.claim(merchant.order({}).payUri)).rejects.toMatchObject({ kind });
  });
});

describe('unclaim', () => {
  it('frees the order for another wallet, and a new claim has a new nonce', async () => {
    const [wallet, stranger] = [await openWallet(), await openWallet()];
    const { payUri, key } = merchant.order({});
    const { hContract } = await wallet.claim(payUri);
    expect(await wallet.unclaim(payUri)).toBe('released');
    const [request] = merchant.requests('unclaim');
    const body = JSON.parse(request?.text ?? '{}') as Record<string, string>;
    const nonce = decodeBase32(body['nonce'] ?? '', 32) ?? Buffer.alloc(32);
    const sig = decodeBase32(body['unclaim_sig'] ?? '', 64) ?? Buffer.alloc(64);
    expect(orderUnclaim.verify(nonce, { hContract }, sig)).toBe(true);
    expect(() => wallet.order(key)).toThrow(/has not been claimed/);
    await stranger.claim(payUri);
    await stranger.unclaim(payUri);
    const again = await wallet.claim(payUri);
    expect(again.hContract).not.toEqual(hContract);
  });

  it('counts as done when the order was released already', async () => {
    const wallet = await openWallet();
    const { payUri } = merchant.order({});
    await wallet.claim(payUri);
    merchant.script['unclaim'] = [{ status: 204, after: true, hangUp: true }];
    expect(await wallet.unclaim(payUri)).toBe('was-released');
    expect(await wallet.unclaim(payUri)).toBe('was-released');
    expect(merchant.requests('unclaim')).toHaveLength(2);
  });

  it('gives the coins of a prepared payment back', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({});
    await wallet.claim(payUri);
    await wallet.preparePay(key);
    expect(available(wallet)).toEqual(['KUDOS:4.99']);
    await wallet.unclaim(payUri);
    expect(available(wallet)).toEqual(['KUDOS:10']);
  });

  it('is not done while a payment may have reached the merchant, unless forced', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri } = merchant.order({});
    merchant.script['pay'] = Array.from({ length: 5 }, () => ({ status: 502, body: { code: 2170 } }));
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'server-failed', code: 2170 });
    await expect(wallet.unclaim(payUri)).rejects.toMatchObject({ kind: 'payment-started' });
    expect(await wallet.unclaim(payUri, { force: true })).toBe('released');
    expect(available(wallet)).toEqual(['KUDOS:10']);
  });

  it('needs a claimed order and not a paid one', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri } = merchant.order({});
    await expect(wallet.unclaim(payUri)).rejects.toMatchObject({ kind: 'unknown-order' });
    await wallet.pay(payUri);
    await expect(wallet.unclaim(payUri)).rejects.toMatchObject({ kind: 'payment-started' });
  });
});

describe('pay', () => {
  it('pays what the contract asks and keeps the rest of the coin', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, orderId, key } = merchant.order({}, { sessionId: 'from-uri' });
    const outcome = await wallet.pay(payUri);
    if (outcome.kind !== 'paid') throw new Error(outcome.kind);
    expect(formatAmount(outcome.payment.total)).toBe('KUDOS:5.01');
    expect(formatAmount(outcome.payment.fees)).toBe('KUDOS:0.01');
    expect(merchant.sessionOf(orderId)).toBe('from-uri');
    expect(available(wallet)).toEqual(['KUDOS:4.99']);
    expect(wallet.balance()[0]?.pendingOutgoing.units).toBe(0n);
    expect(wallet.purchase(key).state).toBe('paid');
    await wallet.pay(merchant.order({ amount: 'KUDOS:4.98' }).payUri);
    expect(available(wallet)).toEqual(['KUDOS:0']);
  });

  it('repeats exactly the same bytes after 5xx and lost answers', async () => {
    const wallet = await openWallet(mint.coins(TEN, TEN));
    const { payUri } = merchant.order({ amount: 'KUDOS:15' });
    merchant.script['pay'] = [
      { status: 502, body: { code: 2170 } },
      { status: 200, after: true, hangUp: true },
      { status: 504, body: { code: 2011 } },
    ];
    await wallet.pay(payUri, { sessionId: 's' });
    const bodies = merchant.requests('pay').map(({ text }) => text);
    expect(bodies).toHaveLength(4);
    expect(new Set(bodies).size).toBe(1);
    expect(available(wallet)).toEqual(['KUDOS:4.98']);
  });

  it('goes on with the same coins when it is asked again later, and with the same coins for another session', async () => {
    const wallet = await openWallet(mint.coins(TEN, TEN));
    const { payUri, orderId } = merchant.order({});
    merchant.script['pay'] = Array.from({ length: 5 }, () => ({ status: 500, body: { code: 52 } }));
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'server-failed' });
    expect(wallet.balance()[0]).toMatchObject({ pendingOutgoing: { units: 501_000_000n } });
    await wallet.pay(payUri, { sessionId: 'later' });
    const bodies = merchant.requests('pay').map(({ text }) => JSON.parse(text) as JsonObject);
    expect(bodies[5]?.['coins']).toEqual(bodies[0]?.['coins']);
    expect(merchant.sessionOf(orderId)).toBe('later');
    expect(available(wallet)).toEqual(['KUDOS:14.99']);
  });

  it('does not send anything that the stored body is not equal to', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({});
    await wallet.claim(payUri);
    const prepared = await wallet.preparePay(key, { sessionId: 's' });
    expect(wallet.purchase(key).payment?.body).toBe(prepared.body);
    expect((await wallet.preparePay(key, { sessionId: 's' })).body).toBe(prepared.body);
    await wallet.pay(payUri, { sessionId: 's' });
    expect(merchant.requests('pay').map(({ text }) => text)).toEqual([prepared.body]);
  });

  it('replaces a coin that was spent elsewhere and keeps the others as they are', async () => {
    const wallet = await openWallet(mint.coins(TEN, TEN, TEN));
    const { payUri } = merchant.order({ amount: 'KUDOS:15' });
    const coins = wallet.exportCoins().coins.map(({ coinPub }) => coinPub);
    const key = Wallet.keyOf(payUri);
    await wallet.claim(payUri);
    const prepared = await wallet.preparePay(key);
    const bad = prepared.coins[0]?.coinPub ?? '';
    const reply = { code: 1012, coin_pub: bad.toLowerCase() };
    merchant.script['pay'] = [{ status: 409, body: { code: 2150, hint: 'x', exchange_reply: reply } }];
    const outcome = await wallet.pay(payUri);
    expect(outcome.kind).toBe('paid');
    const [first, second] = merchant
      .requests('pay')
      .map(({ text }) => (JSON.parse(text) as JsonObject)['coins']);
    const [before, after] = [first, second].map((list) =>
      (list as JsonObject[]).map((coin) => coin['coin_pub']),
    );
    expect(before).toContain(bad);
    expect(after).not.toContain(bad);
    const kept = (first as JsonObject[]).find((coin) => coin['coin_pub'] !== bad);
    expect(second).toContainEqual(kept);
    expect(coins).toEqual(expect.arrayContaining(after ?? []));
    expect(available(wallet)).toEqual(['KUDOS:4.98']);
    expect(wallet.exportCoins().coins.find(({ coinPub }) => coinPub === bad)?.doubleSpent).toBe(true);
  });

  it('says so when the other coins do not suffice, and pays when more coins have come', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({});
    await wallet.claim(payUri);
    const { coins } = await wallet.preparePay(key);
    const reply = { code: 1012, coin_pub: coins[0]?.coinPub ?? '' };
    merchant.script['pay'] = [{ status: 409, body: { code: 2150, hint: 'x', exchange_reply: reply } }];
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'insufficient-balance' });
    const more = mint.coins(TEN);
    for (const { coinPub, feeDeposit } of more.coins) merchant.fees.set(coinPub, feeDeposit);
    await wallet.addCoins(more);
    expect((await wallet.pay(payUri)).kind).toBe('paid');
  });

  it('does not believe a double spend of a coin that is not in the payment', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const reply = { code: 1012, coin_pub: encodeBase32(generateSeed()) };
    merchant.script['pay'] = [{ status: 409, body: { code: 2150, hint: 'x', exchange_reply: reply } }];
    await expect(wallet.pay(merchant.order({}).payUri)).rejects.toMatchObject({
      kind: 'refused',
      code: 2150,
    });
  });

  it('turns to another exchange when one is refused for legal reasons, whose coins stay good', async () => {
    const wallet = await openWallet(
      mint.coins({ value: 'KUDOS:6', fee: 'KUDOS:0.01' }),
      otherMint.coins(TEN),
    );
    merchant.script['pay'] = [
      { status: 451, body: { code: 2186, hint: 'x', exchange_base_urls: [mint.baseUrl] } },
    ];
    const outcome = await wallet.pay(merchant.order({}).payUri);
    if (outcome.kind !== 'paid') throw new Error(outcome.kind);
    expect(outcome.payment.coins.map(({ exchangeBaseUrl }) => exchangeBaseUrl)).toEqual([otherMint.baseUrl]);
    expect(available(wallet)).toEqual(['KUDOS:6', 'KUDOS:4.99']);
  });

  it('gives the coins back when the merchant refuses before any deposit', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri } = merchant.order({});
    merchant.script['pay'] = [{ status: 410, body: { code: 2161, hint: 'expired' } }];
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'refused', status: 410, code: 2161 });
    expect(available(wallet)).toEqual(['KUDOS:10']);
    expect(wallet.history()).toMatchObject([
      { state: 'claimed', failure: expect.stringContaining('410') as unknown },
    ]);
  });

  it('keeps the coins aside when some may have been deposited, until the payment is abandoned', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({});
    merchant.script['pay'] = [
      { status: 500, body: { code: 52 } },
      { status: 410, body: { code: 2161 } },
    ];
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ status: 410 });
    expect(available(wallet)).toEqual(['KUDOS:4.99']);
    await wallet.abandonPayment(key);
    expect(available(wallet)).toEqual(['KUDOS:10']);
  });

  it('does not accept a receipt that the merchant did not sign', async () => {
    const foreign = createSigner(generateSeed());
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({});
    for (const pay of [
      () => ({
        sig: encodeBase32(merchantPaymentOk.sign(foreign, { hContract: wallet.order(key).hContract })),
      }),
      () => ({
        sig: encodeBase32(merchantContract.sign(merchant.signer, { hContract: wallet.order(key).hContract })),
      }),
      () => ({ sig: encodeBase32(merchantPaymentOk.sign(merchant.signer, { hContract: Buffer.alloc(64) })) }),
      () => ({ sig: 'ABC' }),
    ]) {
      merchant.lies = { pay };
      await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'bad-signature' });
    }
    merchant.lies = { pay: () => ({}) };
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'bad-answer' });
    expect(wallet.purchase(key).receipt).toBeUndefined();
    merchant.lies = {};
    expect((await wallet.pay(payUri)).kind).toBe('paid');
    expect(available(wallet)).toEqual(['KUDOS:4.99']);
  });

  it('says when there is not enough money, and sets nothing aside', async () => {
    const wallet = await openWallet(mint.coins({ value: 'KUDOS:2', fee: 'KUDOS:0' }));
    const { payUri } = merchant.order({});
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'insufficient-balance' });
    expect(available(wallet)).toEqual(['KUDOS:2']);
    expect(merchant.requests('pay')).toEqual([]);
  });

  it('does not use coins of exchanges that the contract does not name, or names with another master key', async () => {
    const imposter = new CoinMint(mint.baseUrl);
    const unknown = new CoinMint('http://exchange-c.example/');
    const wallet = await openWallet(imposter.coins(TEN), unknown.coins(TEN));
    await expect(wallet.pay(merchant.order({}).payUri)).rejects.toMatchObject({
      kind: 'insufficient-balance',
    });
  });

  it('pays with coins of two exchanges when one may not take all of it', async () => {
    const wallet = await openWallet(
      mint.coins(TEN),
      otherMint.coins({ value: 'KUDOS:4', fee: 'KUDOS:0.01' }),
    );
    const exchanges = [mint, otherMint].map(({ baseUrl, masterPub }) => ({
      url: baseUrl,
      priority: 1024,
      master_pub: encodeBase32(masterPub),
      ...(baseUrl === mint.baseUrl ? { max_contribution: 'KUDOS:2' } : {}),
    }));
    const outcome = await wallet.pay(merchant.order({ exchanges }).payUri);
    if (outcome.kind !== 'paid') throw new Error(outcome.kind);
    expect(outcome.payment.coins).toHaveLength(2);
    expect(formatAmount(outcome.payment.total)).toBe('KUDOS:5.02');
    const limited = outcome.payment.coins.find(({ exchangeBaseUrl }) => exchangeBaseUrl === mint.baseUrl);
    expect(limited?.contribution.units).toBeLessThanOrEqual(200_000_000n);
  });

  it('does not use coins that can no longer be deposited', async () => {
    const wallet = await openWallet(mint.coins({ ...TEN, depositUntil: 1_700_000_000 }));
    await expect(wallet.pay(merchant.order({}).payUri)).rejects.toMatchObject({
      kind: 'insufficient-balance',
    });
    expect(available(wallet)).toEqual(['KUDOS:0']);
  });

  it('does not pay after the pay deadline', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({ pay_deadline: { t_s: 1_700_000_000 } });
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'offer-expired' });
    expect((await wallet.preparePay(key, { ignoreDeadline: true })).coins).toHaveLength(1);
  });

  it('pays a free order without coins', async () => {
    const wallet = await openWallet();
    const outcome = await wallet.pay(merchant.order({ amount: 'KUDOS:0' }).payUri);
    expect(outcome).toMatchObject({ kind: 'paid', payment: { coins: [], body: '{"coins":[]}' } });
  });

  it('never uses the same money twice when it pays several orders at once', async () => {
    const wallet = await openWallet(
      mint.coins(...Array.from({ length: 6 }, () => ({ value: 'KUDOS:2', fee: 'KUDOS:0' }))),
    );
    const orders = Array.from({ length: 5 }, () => merchant.order({ amount: 'KUDOS:3' }));
    const outcomes = await Promise.allSettled(orders.map(({ payUri }) => wallet.pay(payUri)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect(available(wallet)).toEqual(['KUDOS:0']);
  });
});

describe('a wallet that is killed while it pays', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wallet-pay-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it.each(['claim', 'pay'])(
    'goes on with the same bytes when the answer to %s was lost with it',
    async (action) => {
      const stateFile = join(directory, 'wallet.json');
      const coins = mint.coins(TEN, TEN);
      for (const { coinPub, feeDeposit } of coins.coins) merchant.fees.set(coinPub, feeDeposit);
      const { payUri } = merchant.order({});
      const killed = await Wallet.open({
        stateFile,
        onHttp: ({ url }) => {
          // An error from outside passes through the wallet like the end of the process: nothing more is written.
          if (url.endsWith(`/${action}`)) throw new Error('killed');
        },
      });
      await killed.addCoins(coins);
      await expect(killed.pay(payUri)).rejects.toThrow('killed');
      await killed.close();

      const wallet = await Wallet.open({ stateFile });
      wallets.push(wallet);
      expect((await wallet.pay(payUri)).kind).toBe('paid');
      const bodies = merchant.requests(action).map(({ text }) => text);
      expect(bodies).toHaveLength(2);
      expect(bodies[1]).toBe(bodies[0]);
      expect(available(wallet)).toEqual(['KUDOS:14.99']);
    },
  );
});

describe('contracts with choices', () => {
  const choices: JsonValue[] = [
    { amount: 'KUDOS:7', max_fee: 'KUDOS:1', inputs: [], outputs: [], description: 'full' },
    { amount: 'KUDOS:3', max_fee: 'KUDOS:1', inputs: [], outputs: [] },
    {
      amount: 'KUDOS:1',
      max_fee: 'KUDOS:1',
      inputs: [{ type: 'token', token_family_slug: 'x' }],
      outputs: [],
    },
  ];

  it('are paid with the choice bound into the coin signatures', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri } = merchant.order({ version: 1, choices, token_families: {} });
    await expect(wallet.pay(payUri)).rejects.toMatchObject({ kind: 'choice-needed' });
    await expect(wallet.pay(payUri, { choice: 9 })).rejects.toMatchObject({ kind: 'invalid-argument' });
    await expect(wallet.pay(payUri, { choice: 2 })).rejects.toMatchObject({ kind: 'unsupported' });
    const outcome = await wallet.pay(payUri, { choice: 1 });
    if (outcome.kind !== 'paid') throw new Error(outcome.kind);
    expect(JSON.parse(outcome.payment.body)).toMatchObject({
      wallet_data: { choice_index: 1, tokens_evs: [] },
    });
    expect(available(wallet)).toEqual(['KUDOS:7']);
  });

  it('need no choice if there is only one, and may change it before the payment is sent', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({ version: 1, choices, token_families: {} });
    await wallet.claim(payUri);
    await wallet.preparePay(key, { choice: 0 });
    expect(available(wallet)).toEqual(['KUDOS:3']);
    await wallet.preparePay(key, { choice: 1 });
    expect(available(wallet)).toEqual(['KUDOS:7']);
    merchant.script['pay'] = [
      { status: 500, body: { code: 52 } },
      { status: 403, body: { code: 2157 } },
    ];
    await expect(wallet.pay(payUri, { choice: 1 })).rejects.toMatchObject({ status: 403 });
    await expect(wallet.pay(payUri, { choice: 0 })).rejects.toMatchObject({ kind: 'payment-started' });
    await wallet.pay(payUri);
    const single = merchant.order({ version: 1, choices: choices.slice(1, 2), token_families: {} });
    expect((await wallet.pay(single.payUri)).kind).toBe('paid');
  });
});

describe('an order that is paid already', () => {
  it('is proven for the new session instead of paid again', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, orderId } = merchant.order({});
    await wallet.pay(payUri, { sessionId: 'one' });
    expect(await wallet.pay(payUri, { sessionId: 'two' })).toMatchObject({
      kind: 'was-paid',
      refunded: false,
    });
    expect(merchant.sessionOf(orderId)).toBe('two');
    expect(merchant.requests('pay')).toHaveLength(1);
    expect(available(wallet)).toEqual(['KUDOS:4.99']);
  });

  it('can be proven with provePaid, but not before it is paid', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, orderId, key } = merchant.order({});
    await wallet.claim(payUri);
    await expect(wallet.provePaid(key, 's')).rejects.toMatchObject({ kind: 'not-paid' });
    await wallet.pay(payUri);
    merchant.refund(orderId);
    expect(await wallet.provePaid(key, 's3')).toEqual({ refunded: true, posConfirmation: undefined });
    expect(merchant.sessionOf(orderId)).toBe('s3');
    merchant.script['paid'] = [{ status: 403, body: { code: 2201 } }];
    await expect(wallet.provePaid(key, 's')).rejects.toMatchObject({
      kind: 'refused',
      status: 403,
      code: 2201,
    });
  });

  it('serves for another order with the same fulfillment URL, unless it was refunded', async () => {
    const wallet = await openWallet(mint.coins(TEN, TEN));
    const article = { fulfillment_url: 'https://shop.example/article' };
    const first = merchant.order(article);
    await wallet.pay(first.payUri, { sessionId: 'one' });
    const second = merchant.order(article);
    expect(await wallet.pay(second.payUri, { sessionId: 'two' })).toMatchObject({
      kind: 'bought-before',
      earlierOrderKey: first.key,
    });
    expect(merchant.sessionOf(first.orderId)).toBe('two');
    expect(merchant.requests('pay')).toHaveLength(1);
    merchant.refund(first.orderId);
    expect((await wallet.pay(second.payUri, { sessionId: 'two' })).kind).toBe('paid');
  });
});

describe('status', () => {
  it('reads unpaid and paid, with the contract hash as credential', async () => {
    const wallet = await openWallet(mint.coins(TEN));
    const { payUri, key } = merchant.order({});
    await wallet.claim(payUri);
    expect(await wallet.status(key, { timeoutMs: 5, sessionId: 'x y' })).toMatchObject({ kind: 'unpaid' });
    const asked = merchant.received.at(-1)?.path ?? '';
    expect(asked).toContain(`h_contract=${wallet.purchase(key).hContract ?? '?'}`);
    expect(asked).toContain('timeout_ms=5');
    await wallet.pay(payUri);
    expect(await wallet.status(key)).toMatchObject({ kind: 'paid', refunded: false });
    merchant.script['status'] = [{ status: 202, body: { public_reorder_url: 'https://shop.example/' } }];
    expect(await wallet.status(key)).toMatchObject({
      kind: 'reorder',
      publicReorderUrl: 'https://shop.example/',
    });
    merchant.script['status'] = [{ status: 403, body: { code: 2009 } }];
    await expect(wallet.status(key)).rejects.toMatchObject({ kind: 'refused', status: 403, code: 2009 });
  });
});
