import {
  LIMIT_PER_ACCOUNT,
  LIMIT_PER_ACCOUNT_AND_ADDRESS,
  LIMIT_PER_ADDRESS,
  OWN_ADDRESS_US,
} from '../../../src/auth/login-limits';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { Api, type ApiAnswer } from '../../support/api';
import { createShop, type TestServer, type TestShop, type TestWorld } from '../../support/app';
import { newInstance, serverBeside, startStillWorld } from '../instances/helpers';
import { expectRefusal, uniqueId } from '../orders/helpers';

/** A hundred passwords are checked in one test, each at the price that makes guessing expensive. */
jest.setTimeout(300_000);

const PAIR_MAX = LIMIT_PER_ACCOUNT_AND_ADDRESS.attemptsMax;
const ADDRESS_MAX = LIMIT_PER_ADDRESS.attemptsMax;
const ACCOUNT_MAX = LIMIT_PER_ACCOUNT.attemptsMax;
const secondsOf = (us: bigint) => Number(us / 1_000_000n);

describe('guessing passwords', () => {
  let world: TestWorld;
  /** The same database and clock behind a proxy that tells the addresses of clients. */
  let server: TestServer;
  let shop: TestShop;
  let addressCount = 0;

  beforeAll(async () => {
    world = await startStillWorld({ trustProxy: true, selfProvisioning: true });
    server = world.server;
  });
  afterAll(() => world?.close());
  beforeEach(async () => {
    shop = await createShop(server, uniqueId('guessed'));
    await world.database.query('delete from rate_limits');
  });

  const newAddress = () => `198.51.${Math.floor(++addressCount / 250)}.${(addressCount % 250) + 1}`;
  const right = () => `password of ${shop.id}`;
  function login(
    password: string,
    address: string,
    at: TestServer = server,
    id = shop.id,
  ): Promise<ApiAnswer> {
    const authorization = `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;
    const headers = { authorization, 'x-forwarded-for': address };
    return new Api(at.url).post(`instances/${id}/private/token`, { scope: 'readonly' }, { headers });
  }
  async function fail(count: number, address: string): Promise<void> {
    for (let made = 0; made < count; made++) expectRefusal(await login('wrong', address), 401, 2015);
  }
  function expectTooMany(answer: ApiAnswer, limitUs: bigint): number {
    expectRefusal(answer, 429, 2015, {
      detail: expect.stringMatching(/^too many failed logins; try again in \d+ s$/),
    });
    const waitS = Number(answer.headers['retry-after']);
    expect(waitS).toBeGreaterThan(0);
    expect(waitS).toBeLessThanOrEqual(secondsOf(limitUs));
    return waitS;
  }

  it('is over for a while after ten wrong ones: 429 with Retry-After, also with the right one', async () => {
    const address = newAddress();
    await fail(PAIR_MAX, address);
    expectTooMany(await login('wrong', address), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
    const waitS = expectTooMany(await login(right(), address), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
    expect(waitS).toBe(secondsOf(LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs));
    world.clock.advanceSeconds(waitS - 1);
    expectTooMany(await login(right(), address), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
    world.clock.advanceSeconds(1);
    expect((await login(right(), address)).status).toBe(200);
  });

  it('begins anew after the right one: who mistypes now and then is never shut out', async () => {
    const address = newAddress();
    for (let round = 0; round < 3; round++) {
      await fail(PAIR_MAX - 1, address);
      expect((await login(right(), address)).status).toBe(200);
    }
  });

  it('does not count right ones, however many', async () => {
    const address = newAddress();
    for (let made = 0; made < ADDRESS_MAX + 5; made++)
      expect((await login(right(), address)).status).toBe(200);
  });

  it('does not count right ones, however many come at the same moment', async () => {
    const address = newAddress();
    const answers = await Promise.all(Array.from({ length: 40 }, () => login(right(), address)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  it('of one account is no matter of others, nor of other addresses', async () => {
    const address = newAddress();
    const other = await createShop(server, uniqueId('other'));
    await fail(PAIR_MAX, address);
    expectTooMany(await login(right(), address), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
    expect((await login(right(), newAddress())).status).toBe(200);
    expect((await login(`password of ${other.id}`, address, server, other.id)).status).toBe(200);
  });

  it('of many accounts from one address is over, too', async () => {
    const address = newAddress();
    const shops = await Promise.all(
      Array.from({ length: ADDRESS_MAX / PAIR_MAX + 1 }, () => createShop(server, uniqueId('many'))),
    );
    await world.database.query('delete from rate_limits');
    for (const { id } of shops.slice(0, -1)) {
      for (let made = 0; made < PAIR_MAX; made++)
        expectRefusal(await login('wrong', address, server, id), 401, 2015);
    }
    const untouched = shops.at(-1)?.id ?? '';
    expectTooMany(
      await login(`password of ${untouched}`, address, server, untouched),
      LIMIT_PER_ADDRESS.windowUs,
    );
    expect((await login(`password of ${untouched}`, newAddress(), server, untouched)).status).toBe(200);
  });

  it('from many addresses is over for strangers, and the owner comes in from where he was before', async () => {
    const home = newAddress();
    expect((await login(right(), home)).status).toBe(200);
    for (let made = 0; made < ACCOUNT_MAX; made += PAIR_MAX) await fail(PAIR_MAX, newAddress());
    expectTooMany(await login('wrong', newAddress()), LIMIT_PER_ACCOUNT.windowUs);
    expectTooMany(await login(right(), newAddress()), LIMIT_PER_ACCOUNT.windowUs);
    expect((await login(right(), home)).status).toBe(200);
    // Even from there guesses are counted.
    await fail(PAIR_MAX, home);
    expectTooMany(await login(right(), home), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
    // No lock is longer than its window.
    world.clock.advanceSeconds(secondsOf(LIMIT_PER_ACCOUNT.windowUs) + 1);
    expect((await login(right(), newAddress())).status).toBe(200);
  });

  it('of an account that an attacker has run into the limit for his address costs the account no more', async () => {
    const attacker = newAddress();
    await fail(PAIR_MAX, attacker);
    for (let made = 0; made < ACCOUNT_MAX; made++) expect((await login('wrong', attacker)).status).toBe(429);
    expect((await login(right(), newAddress())).status).toBe(200);
  });

  it('at once is no way around it: of fifty at the same moment ten are looked at', async () => {
    const address = newAddress();
    const answers = await Promise.all(Array.from({ length: 50 }, () => login('wrong', address)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(PAIR_MAX);
    expect(statuses.filter((status) => status === 429)).toHaveLength(50 - PAIR_MAX);
  });

  it('is counted by all processes together', async () => {
    const second = await serverBeside(world, { trustProxy: true });
    try {
      const address = newAddress();
      await fail(PAIR_MAX - 1, address);
      expectRefusal(await login('wrong', address, second), 401, 2015);
      expectTooMany(await login(right(), address, second), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
      expectTooMany(await login(right(), address), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
    } finally {
      await second.close();
    }
  });

  describe('whose address', () => {
    it('is the last one that the proxy wrote: what a client claims before it changes nothing', async () => {
      const address = newAddress();
      for (let made = 0; made < PAIR_MAX; made++) {
        expectRefusal(await login('wrong', `${newAddress()}, ${address}`), 401, 2015);
      }
      expectTooMany(await login(right(), `203.0.113.7, ${address}`), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
      expect((await login(right(), `${address}, ${newAddress()}`)).status).toBe(200);
    });

    it('is IPv6 counts for its whole network: 2^64 addresses belong to one customer', async () => {
      for (let made = 0; made < PAIR_MAX; made++) await fail(1, `2001:db8:5:7::${made.toString(16)}`);
      expectTooMany(await login(right(), '2001:DB8:5:7:ffff::1'), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
      expect((await login(right(), '2001:db8:5:8::1')).status).toBe(200);
    });

    it('is told by a header that nobody vouches for is that of the connection', async () => {
      const direct = await serverBeside(world);
      try {
        for (let made = 0; made < PAIR_MAX; made++) {
          expectRefusal(await login('wrong', newAddress(), direct), 401, 2015);
        }
        expectTooMany(await login(right(), newAddress(), direct), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
      } finally {
        await direct.close();
      }
    });

    it.each(['', 'unknown', '300.1.1.1', '_hidden', '198.51.100.1:1234'])(
      'is none that we know (%j) is that of the connection',
      async (header) => {
        for (let made = 0; made < PAIR_MAX; made++) await fail(1, header);
        expectTooMany(await login(right(), header), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
        expect((await login(right(), newAddress())).status).toBe(200);
      },
    );
  });

  it('by asking for an instance that is there already is counted like a login', async () => {
    const address = newAddress();
    const ask = (password: string) =>
      server.api.post(
        'instances',
        newInstance(shop.id, {
          name: `Shop ${shop.id}`,
          use_stefan: false,
          auth: { method: 'token', password },
        }),
        { headers: { 'x-forwarded-for': address } },
      );
    for (let made = 0; made < PAIR_MAX; made++)
      expectRefusal(await ask('wrong'), 409, 2600, { detail: shop.id });
    expectTooMany(await ask(right()), LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs);
    world.clock.advanceSeconds(secondsOf(LIMIT_PER_ACCOUNT_AND_ADDRESS.windowUs) + 1);
    expect((await ask(right())).status).toBe(204);
  });

  it('limits nothing else: tokens, orders and wallets go on from an address that is shut out', async () => {
    const address = newAddress();
    await fail(PAIR_MAX, address);
    const headers = { 'x-forwarded-for': address };
    for (let made = 0; made < 2 * ADDRESS_MAX; made++) {
      expectRefusal(await shop.api.get('private', { headers, token: 'secret-token:wrong' }), 401, 2015);
    }
    expect((await shop.api.get('private', { headers, token: shop.token })).status).toBe(200);
    expect(
      (await shop.api.post('private/token', { scope: 'readonly' }, { headers, token: shop.token })).status,
    ).toBe(403);
    expect((await shop.api.get('config', { headers })).status).toBe(200);
  });

  it('that is no guess is not counted: what is no name and password says so without a count', async () => {
    const address = newAddress();
    for (let made = 0; made < 2 * PAIR_MAX; made++) {
      const headers = { authorization: 'Basic bm9jb2xvbg==', 'x-forwarded-for': address };
      expectRefusal(await shop.api.post('private/token', { scope: 'all' }, { headers }), 401, 2015);
    }
    expect((await login(right(), address)).status).toBe(200);
  });

  it('leaves no address in the database, and after its time no row', async () => {
    const address = newAddress();
    await fail(2, address);
    expect((await login(right(), newAddress())).status).toBe(200);
    const rows = () =>
      world.database.query<{ text: string }>('select row_to_json(r)::text as text from rate_limits r');
    const before = await rows();
    expect(before.length).toBeGreaterThan(2);
    for (const { text } of before) expect(text).not.toContain('198.51');
    world.clock.advanceSeconds(secondsOf(OWN_ADDRESS_US) + 1);
    await server.app.get(Jobs).runOnce();
    expect(await rows()).toEqual([]);
  });
});
