import { createOrder, createShop, startTestWorld, type TestShop, type TestWorld } from '../../support/app';
import type { ApiAnswer } from '../../support/api';
import { expectRefusal, uniqueId } from '../orders/helpers';

jest.setTimeout(60_000);

describe('checking a password', () => {
  let world: TestWorld;
  let shop: TestShop;
  let addressCount = 0;

  beforeAll(async () => {
    world = await startTestWorld({ config: { trustProxy: true } });
    shop = world.shop;
  });
  afterAll(() => world?.close());

  /** From a new address each time: this is not about limits. */
  function login(
    { id, api }: TestShop,
    password: string,
    more: { user?: string; raw?: string | Buffer } = {},
  ): Promise<ApiAnswer> {
    const authorization = `Basic ${Buffer.from(`${more.user ?? id}:${password}`).toString('base64')}`;
    const number = ++addressCount;
    const headers = {
      authorization,
      'x-forwarded-for': `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
    };
    return api.call('POST', 'private/token', { raw: more.raw ?? '{"scope":"readonly"}', headers });
  }

  it('comes before the body is looked at: who does not know it learns nothing about the body', async () => {
    for (const raw of ['{ no json', '{}', '{"scope":"everything"}', Buffer.alloc(9 * 1024 * 1024)]) {
      expectRefusal(await login(shop, 'wrong', { raw }), 401, 2015);
    }
    const known = await login(shop, 'password of shop', { raw: '{ no json' });
    expect(known).toMatchObject({ status: 400, body: { code: 22 } });
    const large = await login(shop, 'password of shop', { raw: Buffer.alloc(9 * 1024 * 1024, 0x20) });
    expectRefusal(large, 413, 32);
    const squeezed = await shop.api.call('POST', 'private/token', {
      raw: 'not deflated',
      token: shop.token,
      headers: { 'content-encoding': 'deflate' },
    });
    expectRefusal(squeezed, 400, 28);
  });

  it('comes before the body with a token, too', async () => {
    const answer = await shop.api.call('POST', 'private/token', {
      raw: '{ no json',
      token: 'secret-token:unknown',
    });
    expectRefusal(answer, 401, 2015);
  });

  it('is refused by an instance without one as by any other, whatever is said', async () => {
    const bare = await withoutPassword();
    for (const password of ['', 'null', 'undefined', `password of ${bare.id}`]) {
      expectRefusal(await login(bare, password), 401, 2015);
    }
  });

  it('takes as long where there is none, and for another name: the time tells nothing', async () => {
    const bare = await withoutPassword();
    const cases = {
      wrong: () => login(shop, 'wrong'),
      none: () => login(bare, 'wrong'),
      name: () => login(shop, 'password of shop', { user: 'somebody' }),
    };
    const times: Record<string, number[]> = { wrong: [], none: [], name: [] };
    // In turns, so that what else the machine does hits all alike.
    for (let round = 0; round < 15; round++) {
      for (const [name, run] of Object.entries(cases)) {
        const startedMs = performance.now();
        expectRefusal(await run(), 401, 2015);
        times[name]?.push(performance.now() - startedMs);
      }
    }
    const [wrong, none, name] = ['wrong', 'none', 'name'].map((each) => median(times[each] ?? []));
    expect(wrong).toBeGreaterThan(15);
    for (const other of [none, name]) {
      expect((other ?? 0) / (wrong ?? 1)).toBeGreaterThan(0.6);
      expect((other ?? 0) / (wrong ?? 1)).toBeLessThan(1.7);
    }
  });

  it('in a flood of logins is refused beyond a queue, with 429 and Retry-After, and wallets hardly notice', async () => {
    const { orderId, token } = await createOrder(shop);
    const poll = async () => {
      const startedMs = performance.now();
      const answer = await shop.api.get(`orders/${orderId}?token=${token}`);
      expect(answer.status).toBe(402);
      return performance.now() - startedMs;
    };
    const calm: number[] = [];
    for (let count = 0; count < 30; count++) calm.push(await poll());

    let isOver = false;
    const flood = Promise.all(Array.from({ length: 400 }, () => login(shop, 'password of shop'))).finally(
      () => (isOver = true),
    );
    const busy: number[] = [];
    while (!isOver) busy.push(await poll());
    const answers = await flood;
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 429]);
    const refused = answers.filter(({ status }) => status === 429);
    for (const answer of refused) {
      expectRefusal(answer, 429, 2015, { detail: 'too many logins at this moment; try again in 5 s' });
      expect(answer.headers['retry-after']).toBe('5');
    }
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(200);
    expect(busy.length).toBeGreaterThan(20);
    // Two hashes at once at 20 to 60 ms each: a wallet that waited for one of them would need that long at the least.
    process.stdout.write(
      `a wallet's poll: ${median(calm).toFixed(1)} ms, in a flood ${median(busy).toFixed(1)} ms\n`,
    );
    expect(median(busy)).toBeLessThan(Math.max(40, 15 * median(calm)));
    // The refused ones were not counted as failures.
    expect((await login(shop, 'password of shop')).status).toBe(200);
  });

  async function withoutPassword(): Promise<TestShop> {
    const bare = await createShop(world.server, uniqueId('bare'));
    await world.database.query(
      'update instances set password_salt = null, password_hash = null where id = $1',
      [bare.id],
    );
    return bare;
  }
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
