import { Logger } from '@nestjs/common';
import {
  FAILURE_PAUSE_US,
  FORCED_REFRESH_INTERVAL_US,
  KEYS_GRACE_US,
  USABLE_NOW_WAIT_MS,
} from '../../../src/exchange/exchange-keys.cache';
import { expirationOf, KEYS_LIFETIME_MAX_US } from '../../../src/exchange/exchange-keys.source';
import { JsonObject } from '../../../src/taler/json';
import { DAY_US, HOUR_US, MINUTE_US } from '../../../src/taler/timestamp';
import {
  answerJson,
  MemoryKeysStore,
  RECORDED_MASTER_PUB,
  RECORDED_NOW_US,
  recordedKeys,
  ScriptedServer,
  Stack,
  TestClock,
} from './support';

/** Time-outs are moved by hand where they are to pass; requests to the scripted server take their time. */
const ALL_BUT_TIME_OUTS: FakeableAPI[] = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
];

describe('the cache of exchange keys', () => {
  let server: ScriptedServer;
  let clock: TestClock;
  let stack: Stack;
  const stacks: Stack[] = [];
  let logged: jest.SpyInstance;

  beforeEach(async () => {
    logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    server = await ScriptedServer.start();
    serveKeys();
    clock = new TestClock(RECORDED_NOW_US);
    stack = newStack();
  });

  afterEach(async () => {
    await Promise.all(stacks.splice(0).map((each) => each.close()));
    await server.close();
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  const exchange = () => ({ baseUrl: server.baseUrl, masterPub: RECORDED_MASTER_PUB, currency: 'KUDOS' });

  function newStack(store = new MemoryKeysStore(), exchanges = [exchange()]): Stack {
    const made = new Stack(exchanges, clock, store);
    stacks.push(made);
    return made;
  }

  function serveKeys(change: (keys: JsonObject) => void = () => undefined, lifetimeUs = DAY_US): void {
    server.handler = (_request, response) => {
      const keys = recordedKeys(server.baseUrl);
      change(keys);
      const expires = new Date(Number((clock.us + lifetimeUs) / 1000n)).toUTCString();
      answerJson(response, 200, keys, { expires });
    };
  }

  function fail(status = 503, body: JsonObject = { code: 1007 }): void {
    server.handler = (_request, response) => answerJson(response, status, body);
  }

  async function settled(downloads: number): Promise<void> {
    const deadlineMs = performance.now() + 60_000;
    while (server.count('/keys') < downloads && performance.now() < deadlineMs) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.count('/keys')).toBe(downloads);
  }

  it('asks the exchange once, however many callers want its keys', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => stack.cache.get(exchange())));
    expect(new Set(all).size).toBe(1);
    await stack.cache.get(exchange());
    expect(server.count('/keys')).toBe(1);
  });

  it('shows at once what it has, and nothing before', async () => {
    expect(stack.cache.peek(exchange())).toBeUndefined();
    const keys = await stack.cache.get(exchange());
    expect(stack.cache.peek(exchange())).toBe(keys);
    expect(server.count('/keys')).toBe(1);
  });

  it('starts from the database while the exchange is down', async () => {
    await stack.cache.get(exchange());
    fail();
    const keys = await newStack(stack.store).cache.get(exchange());
    expect(keys.denominations.size).toBe(16);
    expect(server.count('/keys')).toBe(1);
  });

  it('does not believe the database blindly', async () => {
    await stack.cache.get(exchange());
    const stored = stack.store.rows.get(server.baseUrl);
    if (stored === undefined) throw new Error('nothing stored');
    stack.store.rows.set(server.baseUrl, {
      ...stored,
      body: stored.body.replace('KUDOS:0.03', 'KUDOS:0.01'),
    });
    await newStack(stack.store).cache.get(exchange());
    expect(server.count('/keys')).toBe(2);
    stack.store.rows.set(server.baseUrl, { ...stored, body: 'not JSON' });
    await newStack(stack.store).cache.get(exchange());
    expect(server.count('/keys')).toBe(3);
  });

  it('works without its database', async () => {
    stack.store.broken = true;
    expect((await stack.cache.get(exchange())).currency).toBe('KUDOS');
  });

  it('gives out expired keys during the grace period and renews them behind the back of the caller', async () => {
    const old = await stack.cache.get(exchange());
    clock.us = old.expiresUs;
    expect(await stack.cache.get(exchange())).toBe(old);
    await settled(2);
    // The answer has arrived at the latest when the update it belongs to is over.
    const renewed = await stack.cache.refresh(exchange());
    expect(renewed.expiresUs).toBeGreaterThan(old.expiresUs);
    expect(server.count('/keys')).toBe(2);
  });

  it('refuses to use keys beyond the grace period, even if the exchange is down', async () => {
    const old = await stack.cache.get(exchange());
    fail();
    clock.us = old.expiresUs + KEYS_GRACE_US - 1n;
    expect(await stack.cache.get(exchange())).toBe(old);
    clock.us = old.expiresUs + KEYS_GRACE_US;
    expect(stack.cache.peek(exchange())).toBeUndefined();
    await expect(stack.cache.get(exchange())).rejects.toMatchObject({ code: 2010, status: 502 });
  });

  it('uses newer keys that another process has stored instead of asking the exchange', async () => {
    const old = await stack.cache.get(exchange());
    clock.us = old.expiresUs + KEYS_GRACE_US;
    await newStack(stack.store).cache.get(exchange());
    expect(server.count('/keys')).toBe(2);
    expect((await stack.cache.get(exchange())).fetchedUs).toBe(clock.us);
    expect(server.count('/keys')).toBe(2);
  });

  it('refreshes when asked to, but only once in five seconds', async () => {
    const old = await stack.cache.get(exchange());
    expect(await stack.cache.refresh(exchange())).toBe(old);
    clock.us += FORCED_REFRESH_INTERVAL_US - 1n;
    expect(await stack.cache.refresh(exchange())).toBe(old);
    expect(server.count('/keys')).toBe(1);
    clock.us += 1n;
    const fresh = await Promise.all([stack.cache.refresh(exchange()), stack.cache.refresh(exchange())]);
    expect(fresh[0]).not.toBe(old);
    expect(fresh[1]).toBe(fresh[0]);
    expect(server.count('/keys')).toBe(2);
  });

  it('does not pass off old keys as refreshed when the refresh failed', async () => {
    const old = await stack.cache.get(exchange());
    fail();
    clock.us += FORCED_REFRESH_INTERVAL_US;
    await expect(stack.cache.refresh(exchange())).rejects.toMatchObject({ code: 2010 });
    await expect(stack.cache.refresh(exchange())).rejects.toMatchObject({ code: 2010 });
    expect(server.count('/keys')).toBe(2);
    expect(await stack.cache.get(exchange())).toBe(old);
  });

  it('leaves a failing exchange alone for a second, then tries again', async () => {
    fail();
    await expect(stack.cache.get(exchange())).rejects.toMatchObject({ code: 2010 });
    await expect(stack.cache.get(exchange())).rejects.toMatchObject({ code: 2010 });
    expect(server.count('/keys')).toBe(1);
    serveKeys();
    clock.us += FAILURE_PAUSE_US;
    expect((await stack.cache.get(exchange())).currency).toBe('KUDOS');
  });

  it('says what the exchange answered when it gives no keys', async () => {
    fail();
    await expect(stack.cache.get(exchange())).rejects.toMatchObject({
      code: 2010,
      status: 502,
      extra: { exchange_url: server.baseUrl, exchange_http_status: 503 },
    });
  });

  it.each([
    ['is not JSON', 200, () => (server.handler = (_request, response) => response.end('<html>'))],
    ['is signed wrongly', 200, () => serveKeys((keys) => (keys.list_issue_date = { t_s: 1 }))],
    [
      'belongs to another exchange',
      200,
      () => serveKeys((keys) => (keys.base_url = 'http://localhost:18081/')),
    ],
    [
      'redirects',
      302,
      () => (server.handler = (_request, response) => response.writeHead(302, { location: '/' }).end()),
    ],
    ['breaks off', 0, () => (server.handler = (_request, response) => response.socket?.destroy())],
  ])('answers 2010 and logs when the reply %s', async (_what, status, arrange) => {
    arrange();
    await expect(stack.cache.get(exchange())).rejects.toMatchObject({
      code: 2010,
      status: 502,
      extra: { exchange_url: server.baseUrl, exchange_http_status: status },
    });
    expect(logged).toHaveBeenCalledTimes(1);
    expect(stack.store.rows.size).toBe(0);
  });

  it('never uses an exchange with another master key than configured, and says so loudly', async () => {
    const other = { ...exchange(), masterPub: Buffer.alloc(32, 0x42) };
    const { cache, store } = newStack(new MemoryKeysStore(), [other]);
    await expect(cache.get(other)).rejects.toMatchObject({
      code: 2010,
      detail: expect.stringContaining('2002'),
    });
    expect(logged).toHaveBeenCalledWith(expect.stringContaining('master key is not the one configured'));
    expect(store.rows.size).toBe(0);
  });

  it('answers 2011 when the exchange is silent, and still takes the keys when they come', async () => {
    let answer: () => void = () => undefined;
    server.handler = (_request, response) => {
      answer = () => answerJson(response, 200, recordedKeys(server.baseUrl));
    };
    await expect(stack.cache.get(exchange(), { waitMs: 100 })).rejects.toMatchObject({
      code: 2011,
      status: 504,
      extra: { exchange_url: server.baseUrl, exchange_http_status: 0 },
    });
    const waiting = stack.cache.get(exchange());
    await settled(1);
    answer();
    expect((await waiting).currency).toBe('KUDOS');
    expect(server.count('/keys')).toBe(1);
  });

  it('answers 2025 for an exchange that is not configured', async () => {
    const foreign = { ...exchange(), baseUrl: 'http://foreign.example/' };
    await expect(stack.cache.get(foreign)).rejects.toMatchObject({ code: 2025, status: 400 });
    expect(stack.cache.peek(foreign)).toBeUndefined();
  });

  it('does not let the creation of an order wait for an exchange that is silent', async () => {
    const silent = await ScriptedServer.start();
    silent.handler = () => undefined;
    const dead = { ...exchange(), baseUrl: silent.baseUrl };
    const foreign = { ...exchange(), baseUrl: 'http://euro.example/', currency: 'EUR' };
    const { cache } = newStack(new MemoryKeysStore(), [dead, exchange(), foreign]);
    await cache.get(exchange());
    // Whoever waited longer would wait for ever: time is moved by hand.
    jest.useFakeTimers({ doNotFake: ALL_BUT_TIME_OUTS });
    const creation = cache.usableNow('KUDOS');
    await jest.advanceTimersByTimeAsync(USABLE_NOW_WAIT_MS);
    const { usable, rejected } = await creation;
    jest.useRealTimers();
    expect(usable.map((keys) => keys.exchange.baseUrl)).toEqual([server.baseUrl]);
    expect(rejected).toMatchObject([{ exchange: dead, error: { code: 2011 } }]);
    expect(await cache.usableNow('CHF')).toEqual({ usable: [], rejected: [] });
    await silent.close();
  });

  it('fetches all keys when the application starts, without holding it up', async () => {
    server.handler = () => undefined;
    expect(stack.cache.onApplicationBootstrap()).toBeUndefined();
    await settled(1);
  });
});

describe('the expiration of keys', () => {
  const now = RECORDED_NOW_US;
  const header = (us: bigint) => new Date(Number(us / 1000n)).toUTCString();

  it.each([
    ['the header says', header(now + DAY_US), now + DAY_US],
    ['an hour, without a header', undefined, now + HOUR_US],
    ['an hour, when the header makes no sense', 'tomorrow', now + HOUR_US],
    ['an hour, when the header is past', header(now - DAY_US), now + HOUR_US],
    ['two minutes at least', header(now + MINUTE_US), now + 2n * MINUTE_US],
    ['a year at most', header(now + 4_000n * DAY_US), now + KEYS_LIFETIME_MAX_US],
  ])('is %s', (_what, text, expected) => {
    expect(expirationOf(text, now)).toBe(expected);
  });
});
