import { createShop } from '../../support/app';
import { login, newInstance, operator, tokenOf, withServer } from '../instances/helpers';
import { expectRefusal } from '../orders/helpers';
import type { PostOffice } from './post-office';
import {
  idsOf,
  MfaWorld,
  only,
  reachableShop,
  recover,
  solve,
  solved,
  startMfaWorld,
  validate,
} from './support';

describe('POST instances/$ID/forgot-password', () => {
  let world: MfaWorld;
  let office: PostOffice;
  beforeAll(async () => {
    world = await startMfaWorld();
    ({ office } = world);
  });
  afterAll(() => world?.close());

  it('asks without any credential for a code from any address of the instance: 202', async () => {
    const shop = await reachableShop(world.server, ['email', 'sms']);
    const answer = await recover(shop);
    expect({ status: answer.status, body: answer.body as unknown }).toEqual({
      status: 202,
      body: {
        challenges: [
          {
            challenge_id: expect.any(String) as string,
            tan_channel: 'sms',
            tan_info: `***${shop.phone.slice(-2)}`,
          },
          {
            challenge_id: expect.any(String) as string,
            tan_channel: 'email',
            tan_info: 'ow***@shop.example',
          },
        ],
        combi_and: false,
      },
    });
    expect((await login(world.server, shop.id, `password of ${shop.id}`)).status).toBe(200);
  });

  it.each(['email', 'sms'] as const)(
    'sets the password for a code that came back by %s: 204',
    async (channel) => {
      const shop = await reachableShop(world.server, [channel]);
      const other = await tokenOf(world.server, shop);
      const id = only(await recover(shop, 'remembered'));
      await solve(shop.api, office, id, channel === 'sms' ? shop.phone : shop.email);
      expect(await recover(shop, 'remembered', [id])).toMatchObject({ status: 204, text: '' });
      expectRefusal(await login(world.server, shop.id, `password of ${shop.id}`), 401, 2015);
      // The address is validated by now, so that the new password alone is not enough.
      expect((await login(world.server, shop.id, 'remembered')).status).toBe(202);
      for (const token of [shop.token, other]) {
        expectRefusal(await shop.api.get('private', { token }), 401, 2015);
      }
      const flags = await world.database.query(
        'select email_validated, phone_validated from instances where id = $1',
        [shop.id],
      );
      expect(flags).toEqual([{ email_validated: channel === 'email', phone_validated: channel === 'sms' }]);
    },
  );

  it('sets no other password than the one that the code was asked for', async () => {
    const shop = await reachableShop(world.server);
    const id = only(await recover(shop, 'mine'));
    await solve(shop.api, office, id, shop.email);
    expect(only(await recover(shop, 'of the thief', [id]))).not.toBe(id);
    expect((await recover(shop, 'mine', [id])).status).toBe(204);
    expect((await recover(shop, 'mine', [id])).status).toBe(202);
  });

  it('sets one password when it is repeated ten times at once', async () => {
    const shop = await reachableShop(world.server);
    const id = only(await recover(shop, 'mine'));
    await solve(shop.api, office, id, shop.email);
    const answers = await Promise.all(Array.from({ length: 10 }, () => recover(shop, 'mine', [id])));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    for (const { status } of answers) expect([202, 204, 404]).toContain(status);
  });

  it('trusts no other address while one is validated', async () => {
    const shop = await reachableShop(world.server, ['email', 'sms']);
    await validate(shop, office, 'email');
    expect((await recover(shop)).body.challenges).toMatchObject([{ tan_channel: 'email' }]);
  });

  it('takes no challenge of another operation of the instance', async () => {
    const shop = await reachableShop(world.server);
    await validate(shop, office, 'email');
    const body = { method: 'token', password: 'changed' };
    const id = only(await shop.api.post('private/auth', body, { token: shop.token }));
    await solve(shop.api, office, id, shop.email);
    expect(only(await recover(shop, 'changed', [id]))).not.toBe(id);
  });

  it('is impossible without an address: 403 with 2031', async () => {
    const shop = await createShop(world.server, 'unreachable');
    expectRefusal(await recover(shop), 403, 2031);
  });

  it('is impossible where codes cannot be sent: 403 with 2031', async () => {
    const shop = await reachableShop(world.server, ['email', 'sms']);
    await withServer(world, {}, async ({ api }) => {
      const body = { method: 'token', password: 'x' };
      expectRefusal(await api.post(`instances/${shop.id}/forgot-password`, body), 403, 2031);
    });
    await withServer(world, { smsCommand: office.config.smsCommand }, async ({ api }) => {
      const answer = await api.post(`instances/${shop.id}/forgot-password`, {
        method: 'token',
        password: 'x',
      });
      expect(answer.body.challenges).toMatchObject([{ tan_channel: 'sms' }]);
    });
  });

  it.each(['admin', 'Admin', 'default'])(
    'is not for the admin instance, as %s: 403 with 2031',
    async (id) => {
      const admin = newInstance('admin', { email: 'admin@shop.example' });
      await world.server.api.post('management/instances', admin, operator);
      const body = { method: 'token', password: 'of the thief' };
      const refused = await world.server.api.post(`instances/${id}/forgot-password`, body);
      expectRefusal(refused, 403, 2031, { detail: 'the operator sets it' });
    },
  );

  it('refuses for unknown and deleted instances: 404 with 2000 and 2016', async () => {
    const body = { method: 'token', password: 'x' };
    const unknown = await world.server.api.post('instances/nobody/forgot-password', body);
    expectRefusal(unknown, 404, 2000, { detail: 'nobody' });
    const shop = await reachableShop(world.server);
    await world.server.api.delete(`management/instances/${shop.id}`, operator);
    expectRefusal(await recover(shop), 404, 2016, { detail: shop.id });
  });

  it.each<[string, unknown, number, string]>([
    ['external', { method: 'external' }, 2602, 'auth'],
    ['an unknown method', { method: 'magic' }, 2602, 'method'],
    ['an empty password', { method: 'token', password: '' }, 26, 'password'],
    ['no method', {}, 26, 'method'],
  ])('refuses %s, and asks for no code: 400', async (_name, body, code, field) => {
    const shop = await reachableShop(world.server);
    const refused = await shop.api.post('forgot-password', body);
    expectRefusal(refused, 400, code, { field, detail: expect.stringContaining(field) as string });
  });

  it('refuses what is no JSON and what is too large: 400 with 22, 413 with 32', async () => {
    const shop = await reachableShop(world.server);
    const broken = await shop.api.call('POST', 'forgot-password', { raw: '{' });
    expect({ status: broken.status, code: broken.body.code as unknown }).toEqual({ status: 400, code: 22 });
    for (const path of ['forgot-password', 'challenge/1-0', 'challenge/1-0/confirm']) {
      const large = await shop.api.call('POST', path, { raw: Buffer.alloc(8 * 1024 * 1024 + 1, ' ') });
      expectRefusal(large, 413, 32);
    }
  });

  it('does not let a stranger lock the owner out: each operation is blocked by itself', async () => {
    const shop = await reachableShop(world.server);
    await validate(shop, office, 'email');
    for (let round = 0; round < 5; round++) {
      const id = only(await recover(shop, `guess ${round}`));
      world.clock.advanceSeconds(1);
      await shop.api.post(`challenge/${id}`, {});
      const tan = office.codeFor(shop.email) === '0000-0000' ? '1' : '00000000';
      for (let attempt = 0; attempt < 3; attempt++) await shop.api.post(`challenge/${id}/confirm`, { tan });
    }
    expect((await recover(shop)).body).toMatchObject({ code: 2131 });
    const answer = await login(world.server, shop.id, `password of ${shop.id}`);
    const id = only(answer);
    await solve(shop.api, office, id, shop.email);
    const basic = Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64');
    const headers = { authorization: `Basic ${basic}`, ...solved(id).headers };
    expect((await shop.api.post('private/token', { scope: 'all' }, { headers })).status).toBe(200);
  });

  it('makes thirty challenges an hour for one account and client, and no more: 429 with 2130', async () => {
    const shop = await reachableShop(world.server);
    world.clock.advanceSeconds(3_601);
    for (let count = 0; count < 30; count++) {
      expect((await recover(shop, `wish ${count}`)).status).toBe(202);
    }
    const waits = { detail: expect.stringMatching(/^too many challenges; try again in \d+ s$/) as string };
    const refused = await recover(shop, 'one wish more');
    expectRefusal(refused, 429, 2130, waits);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    world.clock.advanceSeconds(3_601);
    expect((await recover(shop, 'one wish more')).status).toBe(202);
  });

  it('sends ten codes an hour to one address, and no more: 429 with 2130', async () => {
    const shop = await reachableShop(world.server);
    world.clock.advanceSeconds(3_601);
    const ids: string[] = [];
    for (let count = 0; count < 11; count++) ids.push(...idsOf(await recover(shop, `wish ${count}`)));
    const answers = [];
    for (const id of ids) answers.push(await shop.api.post(`challenge/${id}`, {}));
    expect(answers.slice(0, 10).map(({ status }) => status)).toEqual(Array<number>(10).fill(200));
    const waits = { detail: expect.stringMatching(/^too many codes; try again in \d+ s$/) as string };
    const last = answers[10];
    if (!last) throw new Error('no answer');
    expectRefusal(last, 429, 2130, waits);
    world.clock.advanceSeconds(3_601);
    expect((await shop.api.post(`challenge/${ids[10]}`, {})).status).toBe(200);
  });
});
