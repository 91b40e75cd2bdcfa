import { hashDenominationSignatures, keySet } from '../../../src/taler/signatures-exchange';
import { signingKeyValidity } from '../../../src/taler/signatures-master';
import { parseTimestamp } from '../../../src/taler/timestamp';
import { send } from './http-client';
import {
  type BuiltDeposit,
  bytes,
  defined,
  eventually,
  Harness,
  LONG_MS,
  makeMerchant,
  objects,
} from './harness';

let harness: Harness;
const merchant = makeMerchant();
beforeAll(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.exchange.clearFaults());
afterAll(() => harness.close());

const order = (fault: object) => harness.post('/sandbox/faults', fault);
const onDeposit = { match: { method: 'POST', path: '/batch-deposit' } };

async function goodDeposit(): Promise<BuiltDeposit> {
  const coin = await harness.coin('KUDOS:1');
  return harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }] });
}

const isKnown = (built: BuiltDeposit): boolean =>
  harness.exchange.books().coins.some((coin) => coin.coin_pub === built.plan.parts[0]?.coin.pub);

describe('a fault', () => {
  it('hits the n-th matching call, so often, and no other', async () => {
    await order({
      match: { path: '/config' },
      nth: 2,
      times: 2,
      action: 'fail',
      status: 503,
      body: { code: 1007 },
    });
    const statuses: number[] = [];
    for (let call = 0; call < 5; call += 1) {
      expect((await harness.get('/keys')).status).toBe(200);
      statuses.push((await harness.get('/config')).status);
    }
    expect(statuses).toEqual([200, 503, 503, 200, 200]);
  });

  it('stays until cleared with times 0', async () => {
    await order({ match: { path: '/config' }, times: 0, action: 'fail', status: 500 });
    for (let call = 0; call < 3; call += 1) expect((await harness.get('/config')).status).toBe(500);
    expect((await send(harness.exchange.baseUrl, { method: 'DELETE', path: '/sandbox/faults' })).status).toBe(
      204,
    );
    expect((await harness.get('/config')).status).toBe(200);
  });

  it('is refused if it makes no sense', async () => {
    for (const [fault, detail] of [
      [{ action: 'explode' }, 'action'],
      [{ action: 'slow' }, 'ms'],
      [{ action: 'fail', status: 99 }, 'status'],
      [{ action: 'hang-up', nth: 0 }, 'nth'],
      [{ action: 'hang-up', match: 'x' }, 'match'],
    ] as const) {
      const answer = await order(fault);
      expect([answer.status, answer.body.detail]).toEqual([400, detail]);
    }
  });
});

describe('slow', () => {
  it('delays the answer, before or after the call is processed', async () => {
    for (const after of [false, true]) {
      const built = await goodDeposit();
      await order({ ...onDeposit, action: 'slow', ms: 150, after });
      const started = performance.now();
      expect((await harness.deposit(built)).status).toBe(200);
      // Timers count in whole milliseconds.
      expect(performance.now() - started).toBeGreaterThanOrEqual(149);
    }
  });

  it('after the call lets its effect be seen before the answer', async () => {
    const own = await Harness.start();
    const coin = await own.coin('KUDOS:1');
    const built = own.build({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }] });
    own.exchange.addFault({ ...onDeposit, action: 'slow', ms: LONG_MS, after: true });
    const unanswered = expect(own.deposit(built)).rejects.toThrow();
    await eventually(() => own.exchange.bookOfCoin(coin.pub) !== undefined);
    await own.close();
    await unanswered;
  });
});

describe('hang-up', () => {
  it('before processing loses the call, after it only the answer', async () => {
    const before = await goodDeposit();
    await order({ ...onDeposit, action: 'hang-up' });
    await expect(harness.deposit(before)).rejects.toThrow();
    expect(isKnown(before)).toBe(false);
    await order({ ...onDeposit, action: 'hang-up', after: true });
    await expect(harness.deposit(before)).rejects.toThrow();
    expect(isKnown(before)).toBe(true);
    expect((await harness.deposit(before)).status).toBe(200);
  });
});

describe('garbage', () => {
  it('is a 200 with HTML or with the wrong JSON', async () => {
    await order({ match: { path: '/keys' }, action: 'garbage' });
    const html = await harness.get('/keys');
    expect([html.status, html.text]).toEqual([200, expect.stringContaining('<html>')]);
    const built = await goodDeposit();
    await order({ ...onDeposit, action: 'garbage', garbage: 'json', after: true });
    const json = await harness.deposit(built);
    expect([json.status, Object.keys(json.body)]).toEqual([200, ['surprise']]);
    expect(isKnown(built)).toBe(true);
  });
});

describe('signatures', () => {
  it('are wrong by a bit, though the deposit is in the books', async () => {
    const built = await goodDeposit();
    await order({ ...onDeposit, action: 'wrong-signature' });
    const answer = await harness.deposit(built);
    expect([answer.status, harness.confirms(built, answer), isKnown(built)]).toEqual([200, false, true]);
    expect(harness.confirms(built, await harness.deposit(built))).toBe(true);
  });

  it('are good, but by a key that /keys does not list', async () => {
    const built = await goodDeposit();
    await order({ ...onDeposit, action: 'foreign-signature' });
    const answer = await harness.deposit(built);
    expect(objects(harness.keys.signkeys).map(({ key }) => key)).not.toContain(answer.body.exchange_pub);
    const listed = { ...harness, exchangePub: () => bytes(answer.body.exchange_pub, 32) };
    expect(Harness.prototype.confirms.call(listed, built, answer)).toBe(true);
  });

  it('of the master key in /keys are wrong, without entity tag, once', async () => {
    await order({ match: { path: '/keys' }, action: 'wrong-keys' });
    const spoiled = await harness.get('/keys');
    expect(spoiled.headers.etag).toBeUndefined();
    const isCertified = (key: (typeof spoiled.body)[string]): boolean => {
      const [entry] = objects([key]);
      const input = {
        start: defined(parseTimestamp(entry?.stamp_start)),
        expire: defined(parseTimestamp(entry?.stamp_expire)),
        end: defined(parseTimestamp(entry?.stamp_end)),
        key: bytes(entry?.key, 32),
      };
      return signingKeyValidity.verify(harness.exchange.masterPublicKey, input, bytes(entry?.master_sig, 64));
    };
    expect(objects(spoiled.body.signkeys).map(isCertified)).toEqual([false, false]);
    const sound = await harness.get('/keys');
    expect(objects(sound.body.signkeys).map(isCertified)).toEqual([true, true]);
    const masterSigs = objects(sound.body.denominations).flatMap((group) =>
      objects(group.denoms).map((denom) => bytes(denom.master_sig, 64)),
    );
    const set = {
      listIssueDate: defined(parseTimestamp(sound.body.list_issue_date)),
      hDenominationSignatures: hashDenominationSignatures(masterSigs),
    };
    expect(keySet.verify(bytes(sound.body.exchange_pub, 32), set, bytes(sound.body.exchange_sig, 64))).toBe(
      true,
    );
  });
});
