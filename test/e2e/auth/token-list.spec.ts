import { TOKENS_PER_SCOPE_MAX } from '../../../src/auth/token-mint';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { createShop, OPERATOR_TOKEN, type TestShop, type TestWorld } from '../../support/app';
import { serverBeside, tokenOf, startStillWorld } from '../instances/helpers';
import { expectRefusal, uniqueId } from '../orders/helpers';
import { until } from '../../support/until';

interface Listed {
  readonly serial: number;
  readonly scope: string;
  readonly description?: string;
}

describe('the tokens of an instance', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());
  beforeEach(async () => {
    shop = await createShop(world.server, uniqueId('holder'));
  });

  const list = async (query = '', of = shop) => {
    const answer = await of.api.get(`private/tokens${query}`, { token: of.token });
    expect(answer.status).toBe(200);
    return (answer.body as { tokens: Listed[] }).tokens;
  };
  const mint = async (body: object, of = shop): Promise<string> => {
    const credential = Buffer.from(`${of.id}:password of ${of.id}`).toString('base64');
    const headers = { authorization: `Basic ${credential}` };
    const answer = await of.api.post('private/token', body, { headers });
    expect(answer.status).toBe(200);
    return answer.body.access_token as string;
  };
  const revoke = (serial: number | bigint | string, token = shop.token) =>
    shop.api.delete(`private/tokens/${serial}`, { token });
  const tryOut = (token: string) => shop.api.get('private', { token });

  describe('GET private/tokens', () => {
    it('tells everything but the token, newest first', async () => {
      const nowS = Number(world.clock.nowUs() / 1_000_000n);
      const secret = await mint({
        scope: 'order-pos:refreshable',
        duration: { d_us: 3_600_000_000 },
        description: 'till 3',
      });
      const answer = await shop.api.get('private/tokens', { token: shop.token });
      expect(answer).toMatchObject({
        status: 200,
        body: {
          tokens: [
            {
              creation_time: { t_s: expect.any(Number) },
              expiration: { t_s: expect.any(Number) },
              scope: 'order-pos',
              refreshable: true,
              description: 'till 3',
              serial: expect.any(Number),
            },
            { expiration: { t_s: 'never' }, scope: 'all', refreshable: false },
          ],
        },
      });
      const [{ creation_time, expiration }, first] = answer.body.tokens as [
        { creation_time: { t_s: number }; expiration: { t_s: number } },
        object,
      ];
      expect(creation_time.t_s).toBe(nowS);
      expect(expiration.t_s).toBe(creation_time.t_s + 3600);
      expect(first).not.toHaveProperty('description');
      expect(answer.text).not.toContain(secret.slice('secret-token:'.length));
    });

    it('shows those of this instance that are valid, also by day after tomorrow', async () => {
      await mint({ scope: 'readonly', duration: { d_us: 60_000_000 } });
      await createShop(world.server, uniqueId('neighbour'));
      expect((await list()).map(({ scope }) => scope)).toEqual(['readonly', 'all']);
      world.clock.advanceSeconds(61);
      expect((await list()).map(({ scope }) => scope)).toEqual(['all']);
    });

    it('pages both ways by serial', async () => {
      for (const name of ['a', 'b', 'c']) await mint({ scope: 'readonly', description: name });
      const all = await list();
      expect(all.map(({ description }) => description)).toEqual(['c', 'b', 'a', undefined]);
      const names = async (query: string) => (await list(query)).map(({ description }) => description);
      expect(await names('?limit=-2')).toEqual(['c', 'b']);
      expect(await names(`?limit=-2&offset=${all[1]?.serial}`)).toEqual(['a', undefined]);
      expect(await names('?limit=2')).toEqual([undefined, 'a']);
      expect(await names(`?limit=9223372036854775807&offset=${all[2]?.serial}`)).toEqual(['b', 'c']);
    });

    it('has 20 on a page unless told otherwise, and never more than 1024', async () => {
      const [row] = await world.database.query<{ serial: string }>(
        'select serial from instances where id = $1',
        [shop.id],
      );
      await world.database.query(
        `insert into login_tokens (instance_serial, token_hash, scope, refreshable, created_us, expires_us)
         select $1, sha256(('many ' || $2 || n)::bytea), 'readonly', false, 0, 9223372036854775807
         from generate_series(1, 1100) n`,
        [row?.serial, shop.id],
      );
      expect(await list()).toHaveLength(20);
      expect(await list('?limit=-5000')).toHaveLength(1024);
      expect(await list('?limit=5000')).toHaveLength(1024);
    });

    it('is 204 where there is none (on this page)', async () => {
      const serials = (await list()).map(({ serial }) => serial);
      const beyond = await shop.api.get(`private/tokens?limit=5&offset=${serials[0]}`, { token: shop.token });
      expect(beyond).toMatchObject({ status: 204, text: '' });
      const admin = await createShop(world.server, 'admin');
      await world.database.query(
        `delete from login_tokens where instance_serial = (select serial from instances where id = 'admin')`,
      );
      expect(await admin.api.get('private/tokens', { token: OPERATOR_TOKEN })).toMatchObject({
        status: 204,
        text: '',
      });
    });

    it.each([
      ['limit', '?limit=0'],
      ['limit', '?limit=ten'],
      ['limit', '?limit=9223372036854775808'],
      ['offset', '?offset=-1'],
      ['offset', '?offset=1.5'],
      ['offset', '?offset='],
    ])('names a malformed %s: 400 with 26 (%s)', async (name, query) => {
      const answer = await shop.api.get(`private/tokens${query}`, { token: shop.token });
      expectRefusal(answer, 400, 26, { detail: name });
    });

    it('needs tokens-read: 401 with 2015 without a token, 403 with 16 for a till, 404 with 2000 for no instance', async () => {
      expectRefusal(await shop.api.get('private/tokens'), 401, 2015);
      const till = await mint({ scope: 'order-pos' });
      expectRefusal(await shop.api.get('private/tokens', { token: till }), 403, 16, {
        detail: 'tokens-read',
      });
      const reader = await mint({ scope: 'readonly' });
      expect((await shop.api.get('private/tokens', { token: reader })).status).toBe(200);
      const nobody = await world.server.api.get('instances/nobody/private/tokens', { token: shop.token });
      expectRefusal(nobody, 404, 2000, { detail: 'nobody' });
    });
  });

  describe('DELETE private/tokens/$SERIAL', () => {
    it('ends this token and no other, at once', async () => {
      const [kept, doomed] = [
        await mint({ scope: 'readonly' }),
        await mint({ scope: 'readonly', description: 'doomed' }),
      ];
      expect((await tryOut(doomed)).status).toBe(200);
      const serial = (await list()).find(({ description }) => description === 'doomed')?.serial ?? 0;
      expect(await revoke(serial)).toMatchObject({ status: 204, text: '' });
      expectRefusal(await tryOut(doomed), 401, 2015);
      expect((await tryOut(kept)).status).toBe(200);
      expect((await list()).map((token) => token.serial)).not.toContain(serial);
      expectRefusal(await revoke(serial), 404, 2042, { detail: String(serial) });
    });

    it('ends it in the other processes, too, which had seen it', async () => {
      const beside = await serverBeside(world);
      try {
        const doomed = await mint({ scope: 'readonly', description: 'seen' });
        const there = () => beside.api.get(`instances/${shop.id}/private`, { token: doomed });
        expect((await there()).status).toBe(200);
        const serial = (await list()).find(({ description }) => description === 'seen')?.serial ?? 0;
        expect((await revoke(serial)).status).toBe(204);
        // The clock stands still: what ends it is the message, not the ten seconds for which it would be remembered.
        await until(async () => (await there()).status === 401, 'the revocation');
      } finally {
        await beside.close();
      }
    });

    it('ends the token with which it is asked', async () => {
      const own = await tokenOf(world.server, shop);
      const serial = (await list())[0]?.serial ?? 0;
      expect((await revoke(serial, own)).status).toBe(204);
      expectRefusal(await tryOut(own), 401, 2015);
    });

    it('ends no token of another instance: 404 with 2042, and it goes on', async () => {
      const neighbour = await createShop(world.server, uniqueId('neighbour'));
      const serial = (await list('', neighbour))[0]?.serial ?? 0;
      expectRefusal(await revoke(serial), 404, 2042, { detail: String(serial) });
      expect((await neighbour.api.get('private', { token: neighbour.token })).status).toBe(200);
    });

    it('ends a token once when it is asked many times at once', async () => {
      await mint({ scope: 'readonly' });
      const serial = (await list())[0]?.serial ?? 0;
      const answers = await Promise.all(Array.from({ length: 6 }, () => revoke(serial)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404, 404]);
    });

    it.each(['x', '1x', '-1', '1.0', '9223372036854775808', '%20'])(
      'names a serial that is none: 400 with 26 (%s)',
      async (serial) => {
        expectRefusal(await revoke(serial), 400, 26, { detail: 'serial' });
      },
    );

    it('knows no token of a serial that nobody has: 404 with 2042', async () => {
      for (const serial of ['0', '9223372036854775807'])
        expectRefusal(await revoke(serial), 404, 2042, { detail: serial });
    });

    it('needs tokens-write: 401 with 2015 without a token, 403 with 16 for a reader, 404 with 2000 for no instance', async () => {
      expectRefusal(await shop.api.delete('private/tokens/1'), 401, 2015);
      const reader = await mint({ scope: 'readonly' });
      expectRefusal(await revoke(1, reader), 403, 16, { detail: 'tokens-write' });
      const nobody = await world.server.api.delete('instances/nobody/private/tokens/1', {
        token: shop.token,
      });
      expectRefusal(nobody, 404, 2000, { detail: 'nobody' });
    });
  });

  it('are removed from the table when they have expired', async () => {
    await mint({ scope: 'readonly', duration: { d_us: 1_000_000 } });
    const count = async () =>
      (
        await world.database.query(
          'select from login_tokens where instance_serial = (select serial from instances where id = $1)',
          [shop.id],
        )
      ).length;
    expect(await count()).toBe(2);
    world.clock.advanceSeconds(2);
    await world.server.app.get(Jobs).runOnce();
    expect(await count()).toBe(1);
    expect((await tryOut(shop.token)).status).toBe(200);
  });

  it('of one scope are a thousand at most: those that expire first make room, and none of another scope', async () => {
    const short = await mint({ scope: 'order-simple', duration: { d_us: 3_600_000_000 } });
    const long = await mint({ scope: 'order-simple', duration: { d_us: 'forever' } });
    expect((await tryOut(short)).status).toBe(403);
    await world.database.query(
      `insert into login_tokens (instance_serial, token_hash, scope, refreshable, created_us, expires_us)
       select serial, sha256(('crowd ' || $1 || n)::bytea), 'order-simple', false, 0, 9223372036854775807
       from instances, generate_series(1, $2::int) n where id = $1`,
      [shop.id, TOKENS_PER_SCOPE_MAX - 2],
    );
    const fresh = await mint({ scope: 'order-simple', duration: { d_us: 60_000_000 } });
    // 403: it is a token of the instance. 401: it is none any more.
    expectRefusal(await tryOut(short), 401, 2015);
    for (const token of [long, fresh]) expect((await tryOut(token)).status).toBe(403);
    expect((await tryOut(shop.token)).status).toBe(200);
    const rows = await world.database.query(
      `select from login_tokens where scope = 'order-simple'
       and instance_serial = (select serial from instances where id = $1)`,
      [shop.id],
    );
    expect(rows).toHaveLength(TOKENS_PER_SCOPE_MAX);
  });
});
