import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { main } from '../../../sandbox/wallet/main';
import { Wallet } from '../../../sandbox/wallet/wallet';
import type { JsonObject } from '../../../src/taler/json';
import { formatRefundUri } from '../../../src/taler/taler-uri';
import { DepositingMerchant } from './depositing-merchant';
import { FakeMerchant } from './fake-merchant';
import { issuerOf } from './issuer';

let exchange: SandboxExchange;
let merchant: FakeMerchant;
let directory: string;

beforeAll(async () => {
  exchange = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
  merchant = new FakeMerchant([await issuerOf(exchange)]);
  await merchant.start();
});

afterAll(async () => {
  await merchant.stop();
  await exchange.close();
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wallet-command-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Runs the command as `npm run wallet -- ARGV` in an environment of its own. */
async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { TALER_DATA_DIR: directory, TALER_WALLET_EXCHANGE: exchange.baseUrl };
  return runWith(env, ...argv);
}

async function runWith(
  env: NodeJS.ProcessEnv,
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main(argv, env, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

async function runJson(...argv: string[]): Promise<JsonObject> {
  const { out } = await run(...argv, '--json');
  return JSON.parse(out) as JsonObject;
}

describe('the wallet command', () => {
  it('withdraws, shows the balance, pays, proves and remembers', async () => {
    const withdrawn = await run('withdraw', 'KUDOS:12');
    expect(withdrawn).toMatchObject({ code: 0, err: '' });
    expect(withdrawn.out).toMatch(/^Withdrew KUDOS:12 from http:.*: \d+ coins? worth KUDOS:[\d.]+\.\n$/);
    expect((await run('balance')).out).toMatch(/^KUDOS:1[12][\d.]* {2}\(\d+ coins?; exchange http:/);

    const { payUri, orderId } = merchant.order({ fulfillment_url: `https://shop.example/done` });
    const paid = await run('pay', payUri, '--session', 'tab-1');
    expect(paid).toMatchObject({ code: 0, err: '' });
    expect(paid.out).toMatch(/^Paid "apples" at Fake shop: KUDOS:5[\d.]* with \d+ coins?/);
    expect(paid.out).toContain('Next: https://shop.example/done');
    expect(merchant.sessionOf(orderId)).toBe('tab-1');

    expect((await run('paid', orderId, '--session', 'tab-2')).code).toBe(0);
    expect(merchant.sessionOf(orderId)).toBe('tab-2');
    expect((await run('paid', payUri, '--session', 'tab-3')).code).toBe(0);
    expect((await run('pay', payUri, '--session', 'tab-4')).out).toContain('was paid before');
    expect(merchant.sessionOf(orderId)).toBe('tab-4');

    const history = (await run('history')).out.trim().split('\n');
    expect(history).toHaveLength(2);
    expect(history[0]).toMatch(/withdrawal {2}done/);
    expect(history[1]).toMatch(/purchase {4}paid .*KUDOS:5 apples/);
  });

  it('speaks JSON for scripts', async () => {
    expect(await runJson('withdraw', 'KUDOS:6')).toMatchObject({
      amount: 'KUDOS:6',
      coins: expect.any(Number) as unknown,
    });
    expect(await runJson('balance')).toMatchObject({
      balances: [{ exchange: exchange.baseUrl, pending_incoming: 'KUDOS:0' }],
    });
    const { payUri, key } = merchant.order({});
    expect(await runJson('pay', payUri)).toMatchObject({ outcome: 'paid', order: key, summary: 'apples' });
    expect(await runJson('history')).toMatchObject({
      history: [{ type: 'withdrawal' }, { type: 'purchase', state: 'paid' }],
    });
    expect(await runJson('unclaim', payUri)).toMatchObject({ error: { kind: 'payment-started' } });
    const stranger = await Wallet.open();
    const claimed = merchant.order({});
    await stranger.claim(claimed.payUri);
    await stranger.close();
    expect(await runJson('pay', claimed.payUri)).toMatchObject({
      error: { kind: 'refused', status: 409, body: { code: 2301 } },
    });
  });

  it('tells what to do when the wallet is empty, and unclaims', async () => {
    expect((await run('balance')).out).toContain('npm run wallet -- withdraw');
    const { payUri } = merchant.order({ amount: 'KUDOS:30' });
    const empty = await run('pay', payUri);
    expect(empty).toMatchObject({ code: 1, out: '' });
    expect(empty.err).toContain('npm run wallet -- withdraw KUDOS:32');
    expect(await run('unclaim', payUri)).toMatchObject({
      code: 0,
      out: 'The order is free for other wallets again.\n',
    });
    expect((await run('unclaim', payUri)).out).toContain('not ours any more');
  });

  it('collects refunds and aborts payments', async () => {
    const depositing = new DepositingMerchant([await issuerOf(exchange)]);
    await depositing.start();
    try {
      await run('withdraw', 'KUDOS:20');
      const bought = depositing.order({ amount: 'KUDOS:3' });
      await run('pay', bought.payUri);
      const refundUri = formatRefundUri({ baseUrl: depositing.baseUrl, orderId: bought.orderId });
      expect(await run('refund', refundUri)).toMatchObject({ code: 0, out: 'Nothing is refunded.\n' });
      const { coins } = JSON.parse(depositing.requests('pay')[0]?.text ?? '{}') as { coins: JsonObject[] };
      depositing.grant(bought.orderId, { coinPub: String(coins[0]?.['coin_pub']), id: 1, amount: 'KUDOS:1' });
      expect((await run('refund', bought.orderId)).out).toMatch(
        /^KUDOS:1 is refunded; KUDOS:0\.9[89] came back to the wallet just now\.\n$/,
      );
      expect(await runJson('refund', refundUri)).toMatchObject({ granted: 'KUDOS:1', gained: 'KUDOS:0' });
      expect((await run('history')).out).toContain('came back');

      const half = depositing.order({ amount: 'KUDOS:12' });
      depositing.script['pay'] = Array.from({ length: 5 }, () => ({
        status: 502,
        body: { code: 2170 },
      }));
      expect((await run('pay', half.payUri)).code).toBe(1);
      expect((await run('abort', half.payUri)).out).toMatch(
        /^The payment is given up: 0 coins refunded, \d never spent/,
      );
      expect(await runJson('abort', half.orderId)).toMatchObject({ complete: true, coins: [] });
    } finally {
      await depositing.stop();
    }
  });

  it('finds the exchange that npm start wrote down, and says how to get one', async () => {
    const env = { TALER_DATA_DIR: directory };
    const missing = await runWith(env, 'withdraw', 'KUDOS:1');
    expect(missing.code).toBe(2);
    expect(missing.err).toContain('npm start');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'sandbox-exchange.json'), JSON.stringify({ base_url: exchange.baseUrl }));
    expect((await runWith(env, 'withdraw')).out).toContain('Withdrew KUDOS:20');
  });

  it('exits with 2 and the usage when it is called wrongly, with 1 when something fails', async () => {
    for (const argv of [
      ['fly'],
      ['abort'],
      ['refund'],
      ['pay'],
      ['pay', 'a', 'b'],
      ['paid', 'x'],
      ['balance', '--what'],
      ['pay', 'x', '--choice', 'y'],
    ]) {
      const { code, err, out } = await run(...argv);
      expect({ argv, code, out }).toEqual({ argv, code: 2, out: '' });
      expect(err).toContain('Usage:');
    }
    expect((await run('pay', 'no-uri')).code).toBe(2);
    expect((await run('paid', 'unknown-order', '--session', 's')).code).toBe(1);
    expect(await run('help')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('Usage:') as unknown,
    });
    expect((await run()).code).toBe(0);
    const unreachable = await run('withdraw', 'KUDOS:1', '--exchange', 'http://127.0.0.1:1/');
    expect(unreachable.code).toBe(1);
    expect(unreachable.err).toContain('127.0.0.1');
  });
});
