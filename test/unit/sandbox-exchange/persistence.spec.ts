import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { encodeBase32 } from '../../../src/taler/base32';
import * as rsa from '../../../src/taler/rsa';
import { SECOND_US } from '../../../src/taler/timestamp';
import { defined, Harness, LONG_MS, makeMerchant, makePlanchet } from './harness';

let dataDirectory: string;
beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'sandbox-exchange-'));
});
afterEach(() => rmSync(dataDirectory, { recursive: true }));

const merchant = makeMerchant();

describe('a restart', () => {
  it('forgets nothing: keys, reserves, coins, refunds, transfers, bank rows, KYC and clock', async () => {
    const first = await Harness.start({ dataDirectory });
    const reserve = await first.fund('KUDOS:20');
    const pub = encodeBase32(reserve.publicKey);
    const planchet = makePlanchet(reserve, { denomination: first.denomination('KUDOS:1') });
    const withdrawal = await first.post(`/reserves/${pub}/batch-withdraw`, { planchets: [planchet.json] });
    const [one, two, three] = await first.coins('KUDOS:2', 'KUDOS:5', 'KUDOS:1');
    const spend = (coin: typeof one, contribution: string, wireDeadline?: bigint) =>
      first.deposited({
        merchant,
        parts: [{ coin: defined(coin), contribution }],
        refundDeadline: null,
        wireDeadline,
      });
    const partial = await spend(one, 'KUDOS:0.5');
    const wired = await spend(two, 'KUDOS:5', first.now);
    const refund = { merchant, coin: defined(one), hContract: partial.hContract, id: 1, value: 'KUDOS:0.2' };
    const granted = await first.refund(refund);
    const [wtid] = await first.exchange.wireNow();
    const transfer = await first.get(`/transfers/${wtid}`);
    await first.post('/sandbox/kyc', { enabled: true, deposit_limit: 'KUDOS:7', aggregate_limit: null });
    first.exchange.setHardLimits([{ operation_type: 'REFUND', threshold: 'KUDOS:9' }]);
    await first.exchange.moveTime(3600);
    const config = await first.get('/config');
    const books = first.exchange.books();
    const history = await first.get('/bank/accounts/Merchant1/taler-revenue/history');
    await first.close();

    const second = await Harness.start({ dataDirectory, port: first.exchange.port });
    try {
      expect(second.exchange.masterPubText).toBe(first.exchange.masterPubText);
      expect(second.keys.denominations).toEqual(first.keys.denominations);
      expect(second.exchange.books()).toEqual(books);
      expect(second.keys.hard_limits).toContainEqual(
        expect.objectContaining({ operation_type: 'REFUND', threshold: 'KUDOS:9' }),
      );
      expect((await second.get('/config')).body).toEqual(config.body);
      expect((await second.get('/config')).headers.date).toBe(config.headers.date);
      expect((await second.get(`/transfers/${wtid}`)).body).toEqual(transfer.body);
      expect((await second.get('/bank/accounts/Merchant1/taler-revenue/history')).body).toEqual(history.body);
      await second.post('/sandbox/kyc', { enabled: false });
      const repeated = await second.deposit(wired);
      expect(second.confirms(wired, repeated)).toBe(true);
      expect((await second.refund(refund)).body).toEqual(granted.body);
      const spent = await second.deposit(
        second.build({ merchant, parts: [{ coin: defined(two), contribution: 'KUDOS:1' }] }),
      );
      expect(spent.body.code).toBe(1012);
      const again = await second.post(`/reserves/${pub}/batch-withdraw`, { planchets: [planchet.json] });
      expect(again.body).toEqual(withdrawal.body);
      await second.deposited({ merchant, parts: [{ coin: defined(three), contribution: 'KUDOS:1' }] });
    } finally {
      await second.close();
    }
  });

  it('loses no answered deposit when the process is not asked to close', async () => {
    const first = await Harness.start({ dataDirectory });
    const coins = await first.coins('KUDOS:1', 'KUDOS:1', 'KUDOS:1');
    await Promise.all(
      coins.map((coin) => first.deposited({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }] })),
    );
    // What stands in the file at this moment is what a killed process leaves behind.
    const left = readFileSync(join(dataDirectory, 'journal.jsonl'), 'utf8');
    await first.close();
    for (const coin of coins) expect(left).toContain(coin.pub);
    expect(left.endsWith('\n')).toBe(true);
  });

  it('cuts off half a line, and goes on after it', async () => {
    const first = await Harness.start({ dataDirectory });
    const reserve = await first.fund('KUDOS:3');
    await first.close();
    appendFileSync(join(dataDirectory, 'journal.jsonl'), '{"event":"reserve-cre');
    const second = await Harness.start({ dataDirectory });
    await second.fund('KUDOS:4');
    await second.close();
    const third = await Harness.start({ dataDirectory });
    expect(third.exchange.books().totals.credited).toBe('KUDOS:7');
    expect((await third.get(`/reserves/${encodeBase32(reserve.publicKey)}`)).body.balance).toBe('KUDOS:3');
    await third.close();
  });

  it('is refused on a damaged journal, another currency or another master key', async () => {
    await (await startSandboxExchange({ dataDirectory, rsaBits: 1024 })).close();
    await expect(startSandboxExchange({ dataDirectory, currency: 'EUR' })).rejects.toThrow('KUDOS');
    await expect(startSandboxExchange({ dataDirectory, masterSeed: Buffer.alloc(32, 1) })).rejects.toThrow(
      'master',
    );
    writeFileSync(join(dataDirectory, 'journal.jsonl'), 'no json\n{}\n');
    await expect(startSandboxExchange({ dataDirectory })).rejects.toThrow();
  });

  it('takes well below half a second with keys on disk', async () => {
    // All that takes its time is to make keys: none is made anew.
    const made = jest.spyOn(rsa, 'generateRsaKeyAsync');
    await (await startSandboxExchange({ dataDirectory, rsaBits: 1024 })).close();
    expect(made).toHaveBeenCalled();
    made.mockClear();
    await (await startSandboxExchange({ dataDirectory, rsaBits: 1024 })).close();
    expect(made).not.toHaveBeenCalled();
    made.mockRestore();
  });
});

describe('closing', () => {
  it('answers those who wait, at once', async () => {
    const own = await Harness.start();
    const path = `/reserves/${encodeBase32(Buffer.alloc(32, 7))}?timeout_ms=${LONG_MS}`;
    const waiting = await own.longPoll(path);
    await own.close();
    expect((await waiting.answer).status).toBe(404);
  });
});

describe('the clock', () => {
  it('can be moved, and brings new keys where the old ones end', async () => {
    const own = await Harness.start();
    const before = own.keys;
    const moved = await own.post('/sandbox/time', { offset_s: 100 * 86_400 });
    expect(moved.body).toEqual({ now: { t_s: Number(own.now / SECOND_US) + 100 * 86_400 } });
    const after = (await own.get('/keys')).body;
    expect(after.exchange_pub).not.toBe(before.exchange_pub);
    expect(after.list_issue_date).not.toEqual(before.list_issue_date);
    expect((await own.post('/sandbox/time', { offset_s: 'soon' })).body).toMatchObject({
      detail: 'offset_s',
    });
    await own.close();
  });
});
