import { createHash } from 'node:crypto';
import { createOrder, createShop, OPERATOR_TOKEN, TestShop, TestWorld } from '../../support/app';
import type { ApiAnswer } from '../../support/api';
import { serverBeside, startStillWorld } from '../instances/helpers';
import { expectRefusal } from '../orders/helpers';
import { until } from '../../support/until';

const DAY_S = 86_400;

function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

describe('login tokens', () => {
  let world: TestWorld;
  let shop: TestShop;
  let password: string;
  beforeAll(async () => {
    world = await startStillWorld();
    shop = world.shop;
    password = `password of ${shop.id}`;
  });
  afterAll(() => world?.close());
  // Wrong passwords are counted (limits.spec.ts); here there are many.
  beforeEach(() => world.database.query('delete from rate_limits'));

  const login = (body: object, headers: Record<string, string> = basic(shop.id, password)) =>
    shop.api.post('private/token', body, { headers });
  const refresh = (token: string, body: object) => shop.api.post('private/token', body, { token });
  const revoke = (token: string) => shop.api.delete('private/token', { token });
  /** What a token opens: the instance about itself. */
  const tryOut = (token: string) => shop.api.get('private', { token });
  const nowS = () => Number(world.clock.nowUs() / 1_000_000n);
  async function issue(scope: string, more: object = {}): Promise<string> {
    const answer = await login({ scope, ...more });
    expect(answer.status).toBe(200);
    return answer.body.access_token as string;
  }

  describe('by password', () => {
    it('are issued for a day with the scope that was asked for', async () => {
      const answer = await login({ scope: 'readonly', description: 'till 3' });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        token: answer.body.access_token,
        access_token: expect.stringMatching(/^secret-token:[0-9A-HJKMNP-TV-Z]{52}$/),
        scope: 'readonly',
        expiration: { t_s: nowS() + DAY_S },
        refreshable: false,
      });
      expect((await tryOut(answer.body.access_token)).status).toBe(200);
    });

    it.each([
      [
        { scope: 'write', duration: { d_us: 'forever' } },
        { scope: 'write', refreshable: false, expiration: { t_s: 'never' } },
      ],
      [{ scope: 'write:refreshable' }, { scope: 'write', refreshable: true }],
      [
        { scope: 'order-pos', refreshable: true },
        { scope: 'order-pos', refreshable: true },
      ],
      [
        { scope: 'spa', duration: null, description: null, refreshable: null },
        { scope: 'spa', refreshable: false },
      ],
    ])('answer %j with %j', async (body, expected) => {
      expect(await login(body)).toMatchObject({ status: 200, body: expected });
    });

    it('take the instance id in any case', async () => {
      expect((await login({ scope: 'readonly' }, basic('SHOP', password))).status).toBe(200);
    });

    it('take a password with a colon and letters beyond ASCII', async () => {
      const strange = 'pass:wörd:ク';
      const created = await world.server.api.post(
        'management/instances',
        {
          id: 'strange',
          name: 'S',
          auth: { method: 'token', password: strange },
          address: {},
          jurisdiction: {},
          use_stefan: false,
        },
        { token: OPERATOR_TOKEN },
      );
      expect(created.status).toBe(204);
      const answer = await world.server.api.post(
        'instances/strange/private/token',
        { scope: 'readonly' },
        {
          headers: basic('strange', strange),
        },
      );
      expect(answer.status).toBe(200);
    });

    it.each<[string, Record<string, string>]>([
      ['no credential', {}],
      ['a wrong password', basic('shop', 'password of nobody')],
      ['an empty password', basic('shop', '')],
      ['the name of another instance', basic('admin', 'password of shop')],
      ['no name', basic('', 'password of shop')],
      ['no colon', { authorization: `Basic ${Buffer.from('shop').toString('base64')}` }],
      ['no base64', { authorization: 'Basic !!!' }],
      ['nothing behind Basic', { authorization: 'Basic' }],
      ['the password as bearer', { authorization: 'Bearer password of shop' }],
      [
        'another scheme',
        { authorization: `Digest ${Buffer.from('shop:password of shop').toString('base64')}` },
      ],
    ])('are refused to %s: 401 with 2015', async (_name, headers) => {
      expectRefusal(await login({ scope: 'readonly' }, headers), 401, 2015);
    });

    it('are refused to the password of another instance', async () => {
      const other = await createShop(world.server, 'pw-other');
      expectRefusal(await login({ scope: 'readonly' }, basic('pw-other', 'password of pw-other')), 401, 2015);
      expect(
        (
          await other.api.post(
            'private/token',
            { scope: 'readonly' },
            { headers: basic('pw-other', 'password of pw-other') },
          )
        ).status,
      ).toBe(200);
    });

    it.each<[string, object]>([
      ['scope', {}],
      ['scope', { scope: 'everything' }],
      ['scope', { scope: 'readonly:renewable' }],
      ['scope', { scope: 5 }],
      ['duration', { scope: 'readonly', duration: { d_us: 0 } }],
      ['duration', { scope: 'readonly', duration: { d_us: -1 } }],
      ['duration', { scope: 'readonly', duration: 3600 }],
      ['description', { scope: 'readonly', description: 7 }],
      ['refreshable', { scope: 'readonly', refreshable: 'yes' }],
    ])('name a malformed %s of %j: 400 with 26', async (field, body) => {
      expectRefusal(await login(body), 400, 26, { detail: expect.stringContaining(field), field });
    });
  });

  describe('at the private endpoints', () => {
    it.each<[string, (token: string) => string | undefined]>([
      ['no header', () => undefined],
      ['an empty header', () => ''],
      ['the prefix alone', () => 'Bearer secret-token:'],
      ['a token without the prefix', (token) => `Bearer ${token.replace('secret-token:', '')}`],
      ['another scheme', (token) => `Basic ${token}`],
      ['no scheme', (token) => token],
      ['one letter less', (token) => `Bearer ${token.slice(0, -1)}`],
      ['one letter more', (token) => `Bearer ${token}0`],
      ['an unknown token', () => `Bearer secret-token:${'0'.repeat(52)}`],
      ['name and password', () => basic('shop', 'password of shop')['authorization']],
    ])('%s opens nothing: 401 with 2015', async (_name, write) => {
      const authorization = write(shop.token);
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      expectRefusal(await shop.api.get('private', { headers }), 401, 2015);
    });

    it('take the scheme in any case', async () => {
      for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
        expect(
          (await shop.api.get('private', { headers: { authorization: `${scheme} ${shop.token}` } })).status,
        ).toBe(200);
      }
    });

    it('open one instance only, the admin instance being no exception', async () => {
      const other = await createShop(world.server, 'bound');
      const admin = await createShop(world.server, 'admin');
      for (const [holder, door] of [
        [shop, other],
        [other, shop],
        [admin, shop],
        [shop, admin],
      ] as const) {
        expectRefusal(await door.api.get('private', { token: holder.token }), 401, 2015);
        expectRefusal(await door.api.post('private/orders', {}, { token: holder.token }), 401, 2015);
        expectRefusal(
          await door.api.post('private/token', { scope: 'readonly' }, { token: holder.token }),
          401,
          2015,
        );
        expectRefusal(await door.api.delete('private/token', { token: holder.token }), 401, 2015);
      }
      expectRefusal(await world.server.api.get('management/instances', { token: shop.token }), 401, 2015);
      expect((await world.server.api.get('management/instances', { token: admin.token })).status).toBe(200);
    });

    it('are judged before the body is looked at', async () => {
      const answer = await shop.api.call('POST', 'private/orders', { raw: '{ no json' });
      expectRefusal(answer, 401, 2015);
    });

    it('expire by the clock, also when they were used a moment ago', async () => {
      const token = await issue('readonly', { duration: { d_us: 60_000_000 } });
      const unused = await issue('readonly', { duration: { d_us: 60_000_000 } });
      world.clock.advanceSeconds(59);
      expect((await tryOut(token)).status).toBe(200);
      world.clock.advanceSeconds(1);
      expectRefusal(await tryOut(token), 401, 2015);
      expectRefusal(await tryOut(unused), 401, 2015);
      expectRefusal(await refresh(token, { scope: 'readonly' }), 401, 2015);
    });
  });

  describe('by a refreshable token', () => {
    it('are issued anew, and the old one stays as it is', async () => {
      const old = await issue('readonly:refreshable');
      const answer = await refresh(old, { scope: 'readonly:refreshable', duration: { d_us: 3_600_000_000 } });
      expect(answer).toMatchObject({ status: 200, body: { scope: 'readonly', refreshable: true } });
      expect(answer.body.access_token).not.toBe(old);
      expect((await tryOut(old)).status).toBe(200);
      expect((await tryOut(answer.body.access_token)).status).toBe(200);
      expect((await refresh(answer.body.access_token, { scope: 'readonly' })).status).toBe(200);
    });

    it('never widen: 403 with 16', async () => {
      const held = await issue('order-simple:refreshable');
      for (const scope of ['readonly', 'write', 'all', 'spa', 'order-pos', 'order-mgmt', 'order-full']) {
        expectRefusal(await refresh(held, { scope }), 403, 16, { detail: 'token-refresh' });
      }
      expect((await refresh(held, { scope: 'order-simple' })).status).toBe(200);
    });

    it('may be narrower', async () => {
      const held = await issue('write:refreshable');
      expect(await refresh(held, { scope: 'order-simple' })).toMatchObject({
        status: 200,
        body: { scope: 'order-simple', refreshable: false },
      });
    });

    it.each(['readonly', 'write', 'all'])(
      'are refused to a token of %s that is not refreshable: 403 with 16',
      async (scope) => {
        expectRefusal(await refresh(await issue(scope), { scope: 'readonly' }), 403, 16, {
          detail: 'token-refresh',
        });
      },
    );
  });

  describe('revoked', () => {
    it('open nothing any more, at once', async () => {
      const token = await issue('readonly');
      expect((await tryOut(token)).status).toBe(200);
      expect(await revoke(token)).toMatchObject({ status: 204, text: '' });
      expectRefusal(await tryOut(token), 401, 2015);
      expectRefusal(await revoke(token), 401, 2015);
      expect((await tryOut(shop.token)).status).toBe(200);
    });

    it('need no permission but themselves', async () => {
      expect((await revoke(await issue('order-simple'))).status).toBe(204);
    });

    it('are no matter of passwords, nor of the operator: 401 with 2015', async () => {
      expectRefusal(await shop.api.delete('private/token', { headers: basic('shop', password) }), 401, 2015);
      expectRefusal(await shop.api.delete('private/token', { token: OPERATOR_TOKEN }), 401, 2015);
      expectRefusal(await shop.api.delete('private/token'), 401, 2015);
    });

    it('open nothing in another process either, which had seen them', async () => {
      const server = await serverBeside(world);
      try {
        const token = await issue('readonly');
        const there = () => server.api.get('instances/shop/private', { token });
        expect((await there()).status).toBe(200);
        await revoke(token);
        // The clock stands still: the ten seconds for which a token is remembered do not end it.
        await until(async () => (await there()).status === 401, 'the revocation');
      } finally {
        await server.close();
      }
    });
  });

  describe('in the table', () => {
    it('are kept as a hash and nothing but a hash', async () => {
      const token = await issue('readonly', { description: 'the till' });
      const rows = await world.database.query<Record<string, unknown>>(
        'select * from login_tokens order by serial',
      );
      const hash = createHash('sha256').update(token).digest();
      const [row] = rows.filter((candidate) => (candidate['token_hash'] as Buffer).equals(hash));
      expect(row).toMatchObject({ scope: 'readonly', refreshable: false, description: 'the till' });
      const secret = token.slice('secret-token:'.length);
      const dump = await world.database.query<{ text: string }>(
        'select row_to_json(t)::text as text from login_tokens t union all select row_to_json(i)::text from instances i',
      );
      for (const { text } of dump) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(token).toString('hex'));
        expect(text).not.toContain(password);
        expect(text).not.toContain(Buffer.from(password).toString('hex'));
      }
      expect(dump.length).toBeGreaterThan(1);
    });
  });

  describe('the token of the operator', () => {
    it('opens the management endpoints and the admin instance', async () => {
      expect((await world.server.api.get('management/instances', { token: OPERATOR_TOKEN })).status).toBe(
        200,
      );
      expect((await world.server.api.get('private', { token: OPERATOR_TOKEN })).status).toBe(200);
      const answer: ApiAnswer = await world.server.api.post(
        'private/token',
        { scope: 'readonly' },
        { token: OPERATOR_TOKEN },
      );
      expect(answer).toMatchObject({ status: 200, body: { scope: 'readonly' } });
    });

    it('opens no other instance: 401 with 2015', async () => {
      const { orderId } = await createOrder(shop);
      expectRefusal(await shop.api.get(`private/orders/${orderId}`, { token: OPERATOR_TOKEN }), 401, 2015);
      expectRefusal(
        await shop.api.post('private/token', { scope: 'readonly' }, { token: OPERATOR_TOKEN }),
        401,
        2015,
      );
    });

    it('is nothing where none is configured', async () => {
      const server = await serverBeside(world, { merchantToken: undefined });
      try {
        expectRefusal(await server.api.get('management/instances', { token: OPERATOR_TOKEN }), 401, 2015);
        expectRefusal(
          await server.api.get('management/instances', { token: 'secret-token:undefined' }),
          401,
          2015,
        );
      } finally {
        await server.close();
      }
    });
  });
});
