import type { ApiAnswer } from '../../support/api';
import { TestWorld } from '../../support/app';
import { login, operator, withServer } from '../instances/helpers';
import { expectRefusal, uniqueId } from '../orders/helpers';
import type { PostOffice } from './post-office';
import {
  challengesOf,
  idsOf,
  MfaWorld,
  only,
  ReachableShop,
  reachableShop,
  recover,
  solve,
  solved,
  startMfaWorld,
  validate,
} from './support';

const BASIC = (shop: ReachableShop) =>
  `Basic ${Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64')}`;

type Ids = readonly string[];
/** A protected operation of an instance. */
interface Operation {
  run(shop: ReachableShop, ids: Ids): Promise<ApiAnswer>;
  /** The same operation with another body or query. */
  runOther(shop: ReachableShop, ids: Ids): Promise<ApiAnswer>;
  /** Whether it has been done. */
  isDone(world: TestWorld, shop: ReachableShop): Promise<boolean>;
  readonly status: number;
}

const withToken = (shop: ReachableShop, ids: Ids) => ({ token: shop.token, ...solved(...ids) });
const payto = (shop: ReachableShop, name: string) =>
  `payto://x-taler-bank/localhost/${name}-${shop.id}?receiver-name=Shop`;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST private/token': {
    run: (shop, ids) => postToken(shop, { scope: 'all' }, ids),
    runOther: (shop, ids) => postToken(shop, { scope: 'readonly' }, ids),
    isDone: async (world, shop) => (await tokensOf(world, shop)) > 1,
    status: 200,
  },
  'POST private/auth': {
    run: (shop, ids) => shop.api.post('private/auth', auth('changed'), withToken(shop, ids)),
    runOther: (shop, ids) => shop.api.post('private/auth', auth('other'), withToken(shop, ids)),
    isDone: async (world, shop) => {
      const answer = await login(world.server, shop.id, `password of ${shop.id}`);
      return answer.status === 401;
    },
    status: 204,
  },
  'POST private/accounts': {
    run: (shop, ids) =>
      shop.api.post('private/accounts', { payto_uri: payto(shop, 'one') }, withToken(shop, ids)),
    runOther: (shop, ids) =>
      shop.api.post('private/accounts', { payto_uri: payto(shop, 'two') }, withToken(shop, ids)),
    isDone: async (_world, shop) => {
      const { body } = await shop.api.get('private/accounts', { token: shop.token });
      return (body.accounts as unknown[]).length > 1;
    },
    status: 200,
  },
  'DELETE private': {
    run: (shop, ids) => shop.api.delete('private', withToken(shop, ids)),
    runOther: (shop, ids) => shop.api.delete('private?purge=yes', withToken(shop, ids)),
    isDone: async (world, shop) => {
      const rows = await world.database.query('select from instances where id = $1 and deleted_us is null', [
        shop.id,
      ]);
      return rows.length === 0;
    },
    status: 204,
  },
};
const NAMES = Object.keys(OPERATIONS);
const operationOf = (name: string) => OPERATIONS[name] as Operation;

function auth(password: string): object {
  return { method: 'token', password };
}

function postToken(shop: ReachableShop, body: object, ids: Ids): Promise<ApiAnswer> {
  const headers = { authorization: BASIC(shop), ...solved(...ids).headers };
  return shop.api.post('private/token', body, { headers });
}

async function tokensOf(world: TestWorld, shop: ReachableShop): Promise<number> {
  const rows = await world.database.query(
    'select from login_tokens where instance_serial = (select serial from instances where id = $1)',
    [shop.id],
  );
  return rows.length;
}

describe('protected operations', () => {
  let world: MfaWorld;
  let office: PostOffice;
  beforeAll(async () => {
    world = await startMfaWorld();
    ({ office } = world);
  });
  afterAll(() => world?.close());

  /** A shop with a validated mail address. */
  async function guarded(): Promise<ReachableShop> {
    const shop = await reachableShop(world.server);
    await validate(shop, office, 'email');
    return shop;
  }

  describe.each(NAMES)('%s', (name) => {
    const operation = operationOf(name);

    it('asks nothing of an instance without a validated address', async () => {
      const shop = await reachableShop(world.server, ['email', 'sms']);
      const answer = await operation.run(shop, []);
      expect(answer.status).toBe(operation.status);
      expect(await operation.isDone(world, shop)).toBe(true);
    });

    it('asks for a code first: 202, and nothing is done', async () => {
      const shop = await guarded();
      const answer = await operation.run(shop, []);
      expect({ status: answer.status, body: answer.body as unknown }).toEqual({
        status: 202,
        body: {
          challenges: [
            {
              challenge_id: expect.stringMatching(/^\d+-[0-9A-Z]{52}$/) as string,
              tan_channel: 'email',
              tan_info: 'ow***@shop.example',
            },
          ],
          combi_and: false,
        },
      });
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(await operation.isDone(world, shop)).toBe(false);
    });

    it('is done when it is repeated with the solved challenge', async () => {
      const shop = await guarded();
      const id = only(await operation.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      expect((await operation.run(shop, [id])).status).toBe(operation.status);
      expect(await operation.isDone(world, shop)).toBe(true);
    });

    it('is not done for a challenge that is not solved, which stays the same', async () => {
      const shop = await guarded();
      const id = only(await operation.run(shop, []));
      expect(only(await operation.run(shop, [id]))).toBe(id);
      await shop.api.post(`challenge/${id}`, {});
      expect(only(await operation.run(shop, [id]))).toBe(id);
      expect(await operation.isDone(world, shop)).toBe(false);
    });

    it('is not done when the request differs from the challenged one', async () => {
      const shop = await guarded();
      const id = only(await operation.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      const other = only(await operation.runOther(shop, [id]));
      expect(other).not.toBe(id);
      expect(await operation.isDone(world, shop)).toBe(false);
      expect((await operation.run(shop, [other, id])).status).toBe(operation.status);
    });

    it('refuses challenges that are none: 404 with 2126', async () => {
      const shop = await guarded();
      const id = only(await operation.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      for (const wrong of ['nonsense', `1-${'0'.repeat(52)}`, `${id}0`]) {
        expectRefusal(await operation.run(shop, [wrong]), 404, 2126);
        expectRefusal(await operation.run(shop, [id, wrong]), 404, 2126);
      }
      expect(await operation.isDone(world, shop)).toBe(false);
    });

    it('refuses a challenge of another instance: 404 with 2126', async () => {
      const [shop, other] = [await guarded(), await guarded()];
      const id = only(await operation.run(other, []));
      await solve(other.api, office, id, other.email);
      expectRefusal(await operation.run(shop, [id]), 404, 2126);
      expect(await operation.isDone(world, shop)).toBe(false);
    });

    it('refuses too many challenges: 400 with 26', async () => {
      const shop = await guarded();
      const ids = Array.from({ length: 17 }, (_, index) => `${index + 1}-${'0'.repeat(52)}`);
      expectRefusal(await operation.run(shop, ids), 400, 26, { detail: 'Taler-Challenge-Ids' });
    });

    it('refuses a challenge that was solved a day ago: 404 with 2126', async () => {
      const shop = await guarded();
      const id = only(await operation.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      await world.database.query('update challenges set expires_us = 1 where serial = $1', [
        id.split('-')[0],
      ]);
      expectRefusal(await operation.run(shop, [id]), 404, 2126);
    });

    it('blocks an account after fifteen wrong codes for an hour: 403 with 2131', async () => {
      const shop = await guarded();
      const wrong = async () => {
        const id = only(await operation.run(shop, []));
        await shop.api.post(`challenge/${id}`, {});
        const tan = office.codeFor(shop.email) === '0000-0000' ? '1' : '00000000';
        for (let attempt = 0; attempt < 3; attempt++) {
          const answer = await shop.api.post(`challenge/${id}/confirm`, { tan });
          expect(answer.status).toBe(409);
        }
        return id;
      };
      let last = '';
      for (let round = 0; round < 5; round++) last = await wrong();
      const blocked = await operation.run(shop, []);
      const waits = { detail: expect.stringMatching(/; try again in \d+ s$/) as string };
      expectRefusal(blocked, 403, 2131, waits);
      expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(3_000);
      world.clock.advanceSeconds(61);
      expectRefusal(await shop.api.post(`challenge/${last}`, {}), 429, 2130, waits);
      const tried = await shop.api.post(`challenge/${last}/confirm`, { tan: '00000000' });
      expectRefusal(tried, 429, 2127, waits);
      // Other operations of the same account are not concerned.
      expect((await recover(shop)).status).toBe(202);
      world.clock.advanceSeconds(3_600);
      expect((await operation.run(shop, [])).status).toBe(202);
    });
  });

  describe('a solved challenge', () => {
    const tokens = operationOf('POST private/token');

    it('serves once: a repeat is asked for another code', async () => {
      const shop = await guarded();
      const id = only(await tokens.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      expect((await tokens.run(shop, [id])).status).toBe(200);
      expect(only(await tokens.run(shop, [id]))).not.toBe(id);
    });

    it('serves one of ten repeats at once', async () => {
      const shop = await guarded();
      const id = only(await tokens.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      const before = await tokensOf(world, shop);
      const answers = await Promise.all(Array.from({ length: 10 }, () => tokens.run(shop, [id])));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const { status } of answers) expect([200, 202, 404]).toContain(status);
      expect(await tokensOf(world, shop)).toBe(before + 1);
    });

    it('is not used up by an operation that fails', async () => {
      const shop = await guarded();
      const accounts = operationOf('POST private/accounts');
      const id = only(await accounts.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      await world.database.query(
        `alter table accounts add constraint accounts_full_check check (false) not valid`,
      );
      expect((await accounts.run(shop, [id])).status).toBe(500);
      await world.database.query('alter table accounts drop constraint accounts_full_check');
      expect((await accounts.run(shop, [id])).status).toBe(200);
    });

    it('counts for the same request however its JSON is written', async () => {
      const shop = await guarded();
      const send = (raw: string, ids: Ids) =>
        shop.api.call('POST', 'private/accounts', { raw, ...withToken(shop, ids) });
      const uri = payto(shop, 'written');
      const id = only(await send(`{"payto_uri":"${uri}","x":1}`, []));
      await solve(shop.api, office, id, shop.email);
      expect((await send(`{ "x": 1, "payto_uri": "${uri}" }`, [id])).status).toBe(200);
    });

    it('counts for a body without canonical form only byte by byte', async () => {
      const shop = await guarded();
      const send = (raw: string, ids: Ids) =>
        shop.api.call('POST', 'private/accounts', { raw, ...withToken(shop, ids) });
      const uri = payto(shop, 'fraction');
      const id = only(await send(`{"payto_uri":"${uri}","x":1.5}`, []));
      await solve(shop.api, office, id, shop.email);
      expect(only(await send(`{"payto_uri":"${uri}", "x":1.5}`, [id]))).not.toBe(id);
      expect((await send(`{"payto_uri":"${uri}","x":1.5}`, [id])).status).toBe(200);
    });

    it('counts no more when the address was changed', async () => {
      const shop = await guarded();
      const id = only(await tokens.run(shop, []));
      await solve(shop.api, office, id, shop.email);
      const email = `new-${shop.email}`;
      const patch = { name: 'x', address: {}, jurisdiction: {}, use_stefan: false, email };
      await shop.api.call('PATCH', 'private', { json: patch, token: shop.token });
      await validate({ ...shop, email }, office, 'email');
      expect(only(await tokens.run(shop, [id]))).not.toBe(id);
    });
  });

  it('asks for any one of two validated addresses, and one is enough', async () => {
    const shop = await reachableShop(world.server, ['email', 'sms']);
    await validate(shop, office, 'email', 'sms');
    const tokens = operationOf('POST private/token');
    const answer = await tokens.run(shop, []);
    const phoneInfo = `***${shop.phone.slice(-2)}`;
    expect(answer.body).toMatchObject({
      challenges: [
        { tan_channel: 'sms', tan_info: phoneInfo },
        { tan_channel: 'email', tan_info: 'ow***@shop.example' },
      ],
      combi_and: false,
    });
    const [sms = '', email = ''] = idsOf(answer);
    await solve(shop.api, office, sms, shop.phone);
    expect((await tokens.run(shop, [sms, email])).status).toBe(200);
  });

  it('asks for the validated address only', async () => {
    const shop = await reachableShop(world.server, ['email', 'sms']);
    await validate(shop, office, 'sms');
    const [challenge, ...more] = challengesOf(await operationOf('POST private/auth').run(shop, []));
    expect(more).toEqual([]);
    expect(challenge).toMatchObject({ tan_channel: 'sms' });
  });

  it('asks no more once the validated address was changed', async () => {
    const shop = await guarded();
    const patch = { name: 'x', address: {}, jurisdiction: {}, use_stefan: false };
    const changed = await shop.api.call('PATCH', 'private', { json: patch, token: shop.token });
    expect(changed.status).toBe(204);
    expect((await operationOf('POST private/token').run(shop, [])).status).toBe(200);
  });

  it('shows nobody which addresses there are before the password is right', async () => {
    const shop = await guarded();
    expectRefusal(await login(world.server, shop.id, 'wrong'), 401, 2015);
  });

  it('never asks a token that is refreshed', async () => {
    const shop = await guarded();
    const tokens = operationOf('POST private/token');
    const body = { scope: 'all:refreshable' };
    const id = only(await postToken(shop, body, []));
    await solve(shop.api, office, id, shop.email);
    const token = (await postToken(shop, body, [id])).body.access_token as string;
    expect((await shop.api.post('private/token', { scope: 'readonly' }, { token })).status).toBe(200);
    expect((await tokens.run(shop, [])).status).toBe(202);
  });

  it('looks at the request before it asks for a code: 400 with 26, 24 and 2602', async () => {
    const shop = await guarded();
    const token = { token: shop.token };
    expect((await postToken(shop, { scope: 'x' }, [])).body).toMatchObject({ code: 26 });
    expect((await postToken(shop, { scope: 'all', duration: { d_us: 0 } }, [])).body).toMatchObject({
      code: 26,
    });
    expect((await shop.api.post('private/auth', { method: 'external' }, token)).body).toMatchObject({
      code: 2602,
    });
    expect((await shop.api.post('private/accounts', { payto_uri: 'x' }, token)).body).toMatchObject({
      code: 24,
    });
    expect((await shop.api.delete('private?purge=x', token)).body).toMatchObject({ code: 26 });
  });

  it('never asks the operator', async () => {
    const shop = await guarded();
    const path = `management/instances/${shop.id}`;
    const { api } = world.server;
    expect((await api.post(`${path}/auth`, auth('by the operator'), operator)).status).toBe(204);
    expect((await api.delete(path, operator)).status).toBe(204);
    expect((await api.delete(`${path}?purge=yes`, operator)).status).toBe(204);
    const id = uniqueId('made');
    const made = { id, name: 'x', address: {}, jurisdiction: {}, use_stefan: false, auth: auth('x') };
    expect((await api.post('management/instances', made, operator)).status).toBe(204);
  });

  it('is impossible when the validated address cannot be reached any more: 403 with 2031', async () => {
    const shop = await guarded();
    await withServer(world, {}, async ({ api }) => {
      const path = `instances/${shop.id}/`;
      const basic = { headers: { authorization: BASIC(shop) } };
      const token = { token: shop.token };
      const refused = [
        await api.post(`${path}private/token`, { scope: 'all' }, basic),
        await api.post(`${path}private/auth`, auth('x'), token),
        await api.post(`${path}private/accounts`, { payto_uri: payto(shop, 'x') }, token),
        await api.delete(`${path}private`, token),
      ];
      for (const answer of refused) expectRefusal(answer, 403, 2031);
    });
  });

  it('makes thirty challenges an hour for one account and address, and no more: 429 with 2130', async () => {
    const shop = await guarded();
    const tokens = operationOf('POST private/token');
    world.clock.advanceSeconds(3_601);
    const answers: ApiAnswer[] = [];
    for (let count = 0; count < 31; count++) answers.push(await tokens.run(shop, []));
    expect(answers.slice(0, 30).map(({ status }) => status)).toEqual(Array<number>(30).fill(202));
    const last = answers[30] as ApiAnswer;
    const waits = { detail: expect.stringMatching(/^too many challenges; try again in \d+ s$/) as string };
    expectRefusal(last, 429, 2130, waits);
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    world.clock.advanceSeconds(3_601);
    expect((await tokens.run(shop, [])).status).toBe(202);
  });
});
