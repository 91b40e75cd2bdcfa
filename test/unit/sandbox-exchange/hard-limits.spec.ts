import { isJsonObject } from '../../../src/taler/json';
import { expectAsRecorded } from './fixture';
import { defined, Harness, makeMerchant, objects } from './harness';

let harness: Harness;
afterEach(() => harness.close());

const merchant = makeMerchant('LimitedShop');

async function limits(): Promise<unknown> {
  return (await harness.get('/keys')).body.hard_limits;
}

async function pay(value: string, owner = merchant): Promise<{ status: number; body: { code?: unknown } }> {
  const coin = await harness.coin(value);
  return harness.deposit(harness.build({ merchant: owner, parts: [{ coin, contribution: value }] }));
}

describe('hard limits', () => {
  it('are shown in /keys with the members of the recording', async () => {
    harness = await Harness.start({
      hardLimits: [
        { operation_type: 'TRANSACTION', threshold: 'KUDOS:5', timeframe: { d_us: 3_600_000_000 } },
        { operation_type: 'REFUND', threshold: 'KUDOS:2', rule_name: 'no large refunds', soft_limit: false },
      ],
    });
    expect(await limits()).toEqual([
      {
        operation_type: 'TRANSACTION',
        timeframe: { d_us: 3_600_000_000 },
        threshold: 'KUDOS:5',
        soft_limit: false,
      },
      {
        rule_name: 'no large refunds',
        operation_type: 'REFUND',
        timeframe: { d_us: 86_400_000_000 },
        threshold: 'KUDOS:2',
        soft_limit: false,
      },
    ]);
  });

  it('bound the deposits of a bank account in the time frame, and leave no trace when they refuse', async () => {
    harness = await Harness.start({ hardLimits: [{ operation_type: 'DEPOSIT', threshold: 'KUDOS:3' }] });
    expect((await pay('KUDOS:2')).status).toBe(200);
    const before = harness.exchange.books();
    const coin = await harness.coin('KUDOS:2');
    const built = harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:2' }] });
    const refused = await harness.deposit(built);
    expect([refused.status, refused.body.code, refused.body.requirement_row]).toEqual([451, 1028, 0]);
    expect(harness.exchange.books().totals.deposited).toBe(before.totals.deposited);
    expect((await pay('KUDOS:2', makeMerchant('OtherShop'))).status).toBe(200);
    harness.advance(86_401);
    expect((await harness.deposit(built)).status).toBe(200);
  });

  it('bound what one contract brings', async () => {
    harness = await Harness.start({ hardLimits: [{ operation_type: 'TRANSACTION', threshold: 'KUDOS:3' }] });
    const [one, two, three] = await harness.coins('KUDOS:2', 'KUDOS:1', 'KUDOS:1');
    const part = (coin: typeof one, contribution: string) => ({ coin: defined(coin), contribution });
    const first = harness.build({ merchant, parts: [part(one, 'KUDOS:2')] });
    const { hContract } = first;
    expect((await harness.deposit(first)).status).toBe(200);
    const second = harness.build({ merchant, hContract, parts: [part(two, 'KUDOS:1')] });
    expect((await harness.deposit(second)).status).toBe(200);
    const third = harness.build({ merchant, hContract, parts: [part(three, 'KUDOS:1')] });
    expect((await harness.deposit(third)).status).toBe(451);
    expect((await harness.deposit(first)).status).toBe(200);
  });

  it('can be replaced while it runs; copies of /keys are to be kept for two minutes only', async () => {
    harness = await Harness.start({ hardLimits: [] });
    const first = await harness.get('/keys');
    expect(first.body.hard_limits).toEqual([]);
    expect(Date.parse(String(first.headers.expires))).toBe(Number(harness.now / 1000n) + 120_000);
    const hard_limits = [{ operation_type: 'DEPOSIT', threshold: 'KUDOS:1' }];
    expect((await harness.post('/sandbox/limits', { hard_limits })).status).toBe(204);
    expect(await limits()).toMatchObject(hard_limits);
    expect((await harness.get('/keys')).headers.etag).not.toBe(first.headers.etag);
    expect((await pay('KUDOS:2')).status).toBe(451);
    harness.exchange.setHardLimits([]);
    expect((await pay('KUDOS:2')).status).toBe(200);
    for (const limit of [
      { operation_type: 'SMILE', threshold: 'KUDOS:1' },
      { operation_type: 'DEPOSIT', threshold: 'EUR:1' },
      { operation_type: 'DEPOSIT' },
      { operation_type: 'DEPOSIT', threshold: 'KUDOS:1', timeframe: 5 },
      { operation_type: 'DEPOSIT', threshold: 'KUDOS:1', rule_name: 5 },
      { operation_type: 'DEPOSIT', threshold: 'KUDOS:1', soft_limit: 'no' },
      5,
    ]) {
      const answer = await harness.post('/sandbox/limits', { hard_limits: [limit] });
      expect([answer.status, answer.body.code]).toEqual([400, 26]);
    }
    expect(await limits()).toEqual([]);
  });

  it('stand next to those that come with KYC, and a month is left to /keys without any', async () => {
    harness = await Harness.start();
    const { headers } = await harness.get('/keys');
    expect(Date.parse(String(headers.expires))).toBeGreaterThan(
      Number(harness.now / 1000n) + 30 * 86_400_000,
    );
    await harness.post('/sandbox/kyc', { enabled: true });
    harness.exchange.setHardLimits([{ operation_type: 'REFUND', threshold: 'KUDOS:1' }]);
    const shown = objects((await harness.get('/keys')).body.hard_limits).filter(isJsonObject);
    expect(shown.map((limit) => limit.operation_type)).toEqual(['BALANCE', 'WITHDRAW', 'REFUND']);
    expectAsRecorded(await harness.get('/config'), '200-kyc-config');
  });
});
