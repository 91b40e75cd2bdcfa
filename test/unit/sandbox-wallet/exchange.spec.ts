import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import type { HttpRecord } from '../../../sandbox/wallet/http-client';
import { parseState } from '../../../sandbox/wallet/state';
import { Wallet } from '../../../sandbox/wallet/wallet';
import { formatAmount } from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { generateSeed } from '../../../src/taler/eddsa';
import type { JsonObject } from '../../../src/taler/json';
import { hashWire } from '../../../src/taler/payto';
import { merchantContract } from '../../../src/taler/signatures-merchant';
import { money } from './coin-mint';
import { FakeMerchant } from './fake-merchant';
import { issuerOf } from './issuer';

const PAYTO = 'payto://x-taler-bank/localhost/Merchant1?receiver-name=Merchant1';
const SALT = Buffer.alloc(16, 3);

let exchange: SandboxExchange;
let directory: string;
const wallets: Wallet[] = [];

beforeAll(async () => {
  exchange = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wallet-exchange-'));
});

afterEach(async () => {
  exchange.clearFaults();
  await Promise.all(wallets.splice(0).map((wallet) => wallet.close()));
  await rm(directory, { recursive: true, force: true });
});

afterAll(async () => {
  await exchange.close();
});

async function openWallet(stateFile?: string, onHttp?: (record: HttpRecord) => void): Promise<Wallet> {
  const wallet = await Wallet.open({
    stateFile,
    onHttp,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 5)),
  });
  wallets.push(wallet);
  return wallet;
}

function reserveOf(reservePub: string) {
  const found = exchange.books().reserves.find((reserve) => reserve.reserve_pub === reservePub);
  if (found === undefined) throw new Error('the exchange does not know the reserve');
  return found;
}

function units(text: string): bigint {
  return money(text).units;
}

describe('withdrawing from the sandbox exchange', () => {
  it('turns the amount into coins and fees, to the last unit', async () => {
    const wallet = await openWallet();
    const done = await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:23.57' });
    const reserve = reserveOf(done.reservePub);
    expect(reserve).toMatchObject({ credited: 'KUDOS:23.57', withdrawn: done.coinTotal });
    expect(units(reserve.withdrawn) + units(reserve.withdraw_fees) + units(reserve.balance)).toBe(
      units('KUDOS:23.57'),
    );
    expect(wallet.balance()).toMatchObject([
      {
        exchangeBaseUrl: exchange.baseUrl,
        available: money(done.coinTotal ?? ''),
        coinCount: done.coinCount,
      },
    ]);
    expect(wallet.balance()[0]?.pendingIncoming.units).toBe(0n);
  });

  it('draws more coins than fit into one request', async () => {
    const requests: HttpRecord[] = [];
    const wallet = await openWallet(undefined, (record) => requests.push(record));
    const { coinCount } = await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:1500' });
    expect(coinCount).toBeGreaterThan(64);
    const batches = requests.filter(({ url }) => url.endsWith('/batch-withdraw'));
    expect(batches).toHaveLength(Math.ceil(coinCount / 64));
  });

  it('refuses amounts that it cannot withdraw before any money moves', async () => {
    const wallet = await openWallet();
    const before = exchange.books().reserves.length;
    for (const amount of ['', '5', 'KUDOS:0', 'EUR:5']) {
      const withdrawal = wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount });
      await expect(withdrawal).rejects.toMatchObject({ kind: 'invalid-argument' });
    }
    const tiny = wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:0.000001' });
    await expect(tiny).rejects.toMatchObject({ kind: 'exchange-unusable' });
    expect(exchange.books().reserves).toHaveLength(before);
  });

  it('does not trust keys that the master key did not sign, nor another master key than before', async () => {
    const wallet = await openWallet();
    exchange.addFault({ action: 'wrong-keys', match: { path: '/keys' } });
    const options = { exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:1' };
    await expect(wallet.withdraw(options)).rejects.toMatchObject({ kind: 'exchange-unusable' });
    const stranger = { masterPub: encodeBase32(generateSeed()), currency: 'KUDOS' };
    await wallet.addCoins({ exchanges: { [exchange.baseUrl]: stranger }, coins: [] });
    await expect(wallet.withdraw(options)).rejects.toMatchObject({ kind: 'exchange-unusable' });
  });

  it.each([
    ['the connection breaks before the request is seen', { action: 'hang-up' } as const],
    ['the answer is lost', { action: 'hang-up', after: true } as const],
    ['the exchange answers 500', { action: 'fail', status: 500 } as const],
    [
      'the answer is 500 although the coins are signed',
      { action: 'fail', status: 500, after: true } as const,
    ],
  ])('asks again with the same planchets when %s', async (_, fault) => {
    const bodies: (string | undefined)[] = [];
    const wallet = await openWallet(undefined, ({ url, requestText }) => {
      if (url.endsWith('/batch-withdraw')) bodies.push(requestText);
    });
    exchange.addFault({ ...fault, match: { method: 'POST', path: '/reserves/' } });
    const done = await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:7' });
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
    expect(reserveOf(done.reservePub).withdrawn).toBe(done.coinTotal);
  });

  it('does not take bad signatures for coins, and gets the good ones later', async () => {
    const wallet = await openWallet();
    const body = {
      ev_sigs: Array.from({ length: 20 }, () => ({
        ev_sig: { cipher: 'RSA', blinded_rsa_signature: '00FF' },
      })),
    };
    exchange.addFault({
      action: 'fail',
      status: 200,
      body,
      after: true,
      match: { method: 'POST', path: '/reserves/' },
    });
    const withdrawal = wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:6' });
    await expect(withdrawal).rejects.toMatchObject({ kind: 'bad-signature' });
    expect(wallet.balance()).toMatchObject([{ coinCount: 0, pendingIncoming: money('KUDOS:6') }]);
    const [resumed] = await wallet.resumeWithdrawals();
    expect(resumed?.error).toBeUndefined();
    expect(reserveOf(resumed?.reservePub ?? '').withdrawn).toBe(resumed?.coinTotal);
    expect(await wallet.resumeWithdrawals()).toEqual([]);
  });

  it('is resumed when the bank could not be reached, and reports what it still waits for', async () => {
    const wallet = await openWallet();
    exchange.addFault({ action: 'fail', status: 503, match: { method: 'POST', path: '/bank/' } });
    const withdrawal = wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:6' });
    await expect(withdrawal).rejects.toMatchObject({ kind: 'server-failed' });
    expect(wallet.history()).toMatchObject([{ type: 'withdrawal', state: 'created', amount: 'KUDOS:6' }]);
    exchange.addFault({ action: 'fail', status: 503, match: { method: 'POST', path: '/bank/' } });
    expect(await wallet.resumeWithdrawals()).toMatchObject([{ error: { kind: 'server-failed' } }]);
    expect(await wallet.resumeWithdrawals()).toMatchObject([{ error: undefined }]);
    expect(wallet.history()).toMatchObject([{ state: 'done' }]);
  });

  it('survives being killed after any request: no coin is lost, none is drawn twice', async () => {
    let point = 1;
    for (; ; point++) {
      const file = join(directory, `wallet-${point}.json`);
      const killedFile = join(directory, `killed-${point}.json`);
      const killed = await killAfterRequest(file, point);
      await copyFile(file, killedFile);
      const wallet = await openWallet(killedFile);
      const outcomes = await wallet.resumeWithdrawals();
      expect(outcomes.map(({ error }) => error)).toEqual(outcomes.map(() => undefined));
      const withdrawals = Object.values(
        parseState(JSON.stringify(await stateOf(killedFile, wallet))).withdrawals,
      );
      if (killed && withdrawals.length === 0) continue; // before anything was written down, nothing was asked for
      const [record] = withdrawals;
      expect(record?.state).toBe('done');
      const reserve = reserveOf(record?.reservePub ?? '');
      expect(reserve.credited).toBe('KUDOS:8.5');
      expect(wallet.exportCoins().coins).toHaveLength(record?.coinCount ?? -1);
      expect(reserve.withdrawn).toBe(formatAmount(wallet.balance()[0]?.available ?? money('KUDOS:0')));
      if (!killed) break;
    }
    expect(point).toBeGreaterThan(5);
  });

  /** @returns false if the withdrawal came to its end before that many requests */
  async function killAfterRequest(file: string, point: number): Promise<boolean> {
    let count = 0;
    const wallet = await openWallet(file, () => {
      count += 1;
      // An error from outside passes through the wallet like the end of the process: nothing more is written.
      if (count === point) throw new Error('killed');
    });
    await wallet.addCoins({ exchanges: {}, coins: [] });
    try {
      await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:8.5' });
      return false;
    } catch (error) {
      expect(String(error)).toContain('killed');
      return true;
    }
  }

  async function stateOf(file: string, wallet: Wallet): Promise<JsonObject> {
    await wallet.addCoins({ exchanges: {}, coins: [] });
    return JSON.parse(await readFile(file, 'utf8')) as JsonObject;
  }
});

describe('coins of the sandbox exchange', () => {
  let merchant: FakeMerchant;

  beforeEach(async () => {
    merchant = new FakeMerchant([await issuerOf(exchange)]);
    await merchant.start();
  });

  afterEach(async () => {
    await merchant.stop();
  });

  const order = { h_wire: encodeBase32(hashWire(PAYTO, SALT)), amount: 'KUDOS:4.2' };

  /** What a merchant does with the coins of a pay request (exchange.md 3). */
  async function deposit(wallet: Wallet, key: string): Promise<{ status: number; body: JsonObject }> {
    const { contractTerms: terms, hContract } = wallet.order(key);
    const { coins } = JSON.parse(wallet.purchase(key).payment?.body ?? '{}') as { coins: JsonObject[] };
    const response = await fetch(`${exchange.baseUrl}batch-deposit`, {
      method: 'POST',
      body: JSON.stringify({
        merchant_payto_uri: PAYTO,
        wire_salt: encodeBase32(SALT),
        h_contract_terms: encodeBase32(hContract),
        merchant_pub: encodeBase32(merchant.signer.publicKey),
        merchant_sig: encodeBase32(merchantContract.sign(merchant.signer, { hContract })),
        timestamp: terms['timestamp'],
        refund_deadline: terms['refund_deadline'],
        wire_transfer_deadline: terms['wire_transfer_deadline'],
        coins: coins.map(({ coin_pub, coin_sig, ub_sig, h_denom, contribution }) => ({
          coin_pub,
          coin_sig,
          ub_sig,
          denom_pub_hash: h_denom,
          contribution,
        })),
      }),
    });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }

  it('are accepted by the exchange, and what is left of a coin pays another contract', async () => {
    const wallet = await openWallet();
    await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:10' });
    let paid = 0n;
    for (let i = 0; i < 2; i++) {
      const { payUri } = merchant.order(order);
      const outcome = await wallet.pay(payUri);
      if (outcome.kind !== 'paid') throw new Error(outcome.kind);
      expect(outcome.payment.total.units).toBe(units('KUDOS:4.2') + outcome.payment.fees.units);
      paid += outcome.payment.total.units;
      expect(await deposit(wallet, outcome.orderKey)).toMatchObject({ status: 200 });
    }
    const mine = new Set(wallet.exportCoins().coins.map(({ coinPub }) => coinPub));
    const books = exchange.books().coins.filter(({ coin_pub }) => mine.has(coin_pub));
    const deposited = books
      .flatMap(({ deposits }) => deposits)
      .reduce((sum, one) => sum + units(one.contribution), 0n);
    expect(deposited).toBe(paid);
    for (const coin of books) {
      const spends =
        wallet.exportCoins().coins.find(({ coinPub }) => coinPub === coin.coin_pub)?.spends ?? {};
      const spent = Object.values(spends).reduce((sum, contribution) => sum + units(contribution), 0n);
      expect(units(coin.balance)).toBe(units(coin.value) - spent);
    }
  });

  it('are refused by the exchange when a copy of the wallet has spent them first', async () => {
    const wallet = await openWallet();
    await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:6' });
    const copy = await openWallet();
    expect(await copy.addCoins(wallet.exportCoins())).toBe(wallet.exportCoins().coins.length);
    expect(await copy.addCoins(wallet.exportCoins())).toBe(0);
    const first = await wallet.pay(merchant.order(order).payUri);
    expect(await deposit(wallet, first.orderKey)).toMatchObject({ status: 200 });
    const second = await copy.pay(merchant.order(order).payUri);
    const answer = await deposit(copy, second.orderKey);
    expect(answer).toMatchObject({ status: 409, body: { code: 1012 } });
    const used = second.kind === 'paid' ? second.payment.coins.map(({ coinPub }) => coinPub) : [];
    expect(used).toContain(answer.body['coin_pub']);
  });

  it('are not taken from somebody who does not have their private keys', async () => {
    const wallet = await openWallet();
    await wallet.withdraw({ exchangeBaseUrl: exchange.baseUrl, amount: 'KUDOS:2' });
    const bundle = wallet.exportCoins();
    const forged = bundle.coins.map((coin) => ({ ...coin, coinPriv: encodeBase32(generateSeed()) }));
    const thief = await openWallet();
    await expect(thief.addCoins({ ...bundle, coins: forged })).rejects.toMatchObject({
      kind: 'invalid-argument',
    });
    expect(thief.exportCoins().coins).toEqual([]);
  });
});
