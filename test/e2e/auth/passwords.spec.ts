import { createHook } from 'node:async_hooks';
import { Database } from '../../../src/platform/database/database';
import { createOrder, createShop, type TestShop, type TestWorld } from '../../support/app';
import { startStillWorld } from '../instances/helpers';
import type { ApiAnswer } from '../../support/api';
import { expectRefusal, uniqueId } from '../orders/helpers';
import { until } from '../../support/until';

jest.setTimeout(300_000);

/** How Node names a run of scrypt among its asynchronous resources. */
const SCRYPT = 'SCRYPTREQUEST';
/** Those who are being checked, and those who wait for it (password-check.ts). */
const LET_IN_MAX = 2 + 200;

describe('checking a password', () => {
  let world: TestWorld;
  let shop: TestShop;
  let addressCount = 0;

  beforeAll(async () => {
    world = await startStillWorld({ trustProxy: true });
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
    const wrong = await workOf(() => login(shop, 'wrong'));
    // The same work, which is what takes the time: one expensive hash between the same questions to the database.
    expect(wrong.filter((step) => step === SCRYPT)).toHaveLength(1);
    expect(wrong.length).toBeGreaterThan(4);
    expect(await workOf(() => login(bare, 'wrong'))).toEqual(wrong);
    expect(await workOf(() => login(shop, 'password of shop', { user: 'somebody' }))).toEqual(wrong);
  });

  it('in a flood of logins is refused beyond a queue, with 429 and Retry-After, and wallets hardly notice', async () => {
    const { orderId, token } = await createOrder(shop);
    const { database } = world;
    const floodCount = 400;
    let answers: Promise<ApiAnswer[]>;
    let refusedCount = 0;
    // Reads go on, but no attempt to log in is counted before the end of this: whoever is let in stays in.
    await database.query('begin');
    await database.query('lock table rate_limits in share mode');
    try {
      answers = Promise.all(
        Array.from({ length: floodCount }, async () => {
          const answer = await login(shop, 'password of shop');
          if (answer.status === 429) refusedCount++;
          return answer;
        }),
      );
      await until(() => refusedCount === floodCount - LET_IN_MAX, 'the refusals of those beyond the queue');
      // A wallet does not stand in the queue: it is answered while nobody in it moves.
      expect((await shop.api.get(`orders/${orderId}?token=${token}`)).status).toBe(402);
      expect(refusedCount).toBe(floodCount - LET_IN_MAX);
    } finally {
      await database.query('commit');
    }
    const refused = (await answers).filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(floodCount - LET_IN_MAX);
    for (const answer of refused) {
      expectRefusal(answer, 429, 2015, { detail: 'too many logins at this moment; try again in 5 s' });
      expect(answer.headers['retry-after']).toBe('5');
    }
    // The refused ones were not counted as failures.
    expect((await login(shop, 'password of shop')).status).toBe(200);
  });

  /** What the server does for a refused login, in order: its questions to the database, and expensive hashes. */
  async function workOf(refused: () => Promise<ApiAnswer>): Promise<string[]> {
    const steps: string[] = [];
    const database = world.server.app.get(Database);
    const asked = jest.spyOn(database, 'query');
    asked.mockImplementation((statement, values) => {
      // Now and then the server sends a message to itself.
      if (statement.name !== 'notify') steps.push(statement.name);
      return Database.prototype.query.call(database, statement, values) as never;
    });
    const hashes = createHook({ init: (_id, type) => void (type === SCRYPT && steps.push(type)) }).enable();
    try {
      expectRefusal(await refused(), 401, 2015);
    } finally {
      hashes.disable();
      asked.mockRestore();
    }
    return steps;
  }

  async function withoutPassword(): Promise<TestShop> {
    const bare = await createShop(world.server, uniqueId('bare'));
    await world.database.query(
      'update instances set password_salt = null, password_hash = null where id = $1',
      [bare.id],
    );
    return bare;
  }
});
