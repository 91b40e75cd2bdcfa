import type { Application } from 'express';
import type { ApiAnswer } from '../../support/api';
import { createShop, startTestServer, TestServer } from '../../support/app';
import { createTestDatabase } from '../../support/database';
import { login, newInstance, operator, serverBeside, tokenOf, withServer } from '../instances/helpers';
import { expectRefusal, uniqueId } from '../orders/helpers';
import type { PostOffice } from './post-office';
import {
  challengesOf,
  idsOf,
  MfaWorld,
  ReachableShop,
  reachableShop,
  solve,
  solved,
  startMfaWorld,
} from './support';

const UNVALIDATED = { detail: 'the mandatory addresses are not validated yet: log in again' };

describe('mandatory channels', () => {
  let world: MfaWorld;
  let office: PostOffice;
  /** Without mandatory channels `world.server`, with both of them this one. */
  let server: TestServer;
  beforeAll(async () => {
    world = await startMfaWorld();
    ({ office } = world);
    const mandatoryTanChannels = ['sms', 'email'] as const;
    server = await serverBeside(world, { ...office.config, mandatoryTanChannels, selfProvisioning: true });
  });
  afterAll(async () => {
    await server?.close();
    await world?.close();
  });

  let count = 0;
  /** Somebody who wants to become a merchant. */
  function applicant(more: object = {}) {
    const id = uniqueId('applicant');
    const email = `${id}@shop.example`;
    const phone = `+4930${Date.now()}${++count}`;
    const body = newInstance(id, { email, phone_number: phone, ...more });
    const post = (ids: readonly string[] = [], query = '') =>
      server.api.post(`instances${query}`, body, ids.length === 0 ? {} : solved(...ids));
    const solveAll = async (answer: ApiAnswer) => {
      for (const { challenge_id: challenge, tan_channel: channel } of challengesOf(answer)) {
        await solve(server.api, office, challenge, channel === 'sms' ? phone : email);
      }
      return idsOf(answer);
    };
    return { id, email, phone, body, post, solveAll };
  }
  const exists = async (id: string) =>
    (await world.database.query('select from instances where id = $1', [id])).length === 1;

  describe('POST instances', () => {
    it('asks for a code from every mandatory address before anything is created: 202', async () => {
      const { id, phone, post } = applicant();
      const answer = await post();
      expect({ status: answer.status, body: answer.body as unknown }).toEqual({
        status: 202,
        body: {
          challenges: [
            {
              challenge_id: expect.any(String) as string,
              tan_channel: 'sms',
              tan_info: `***${phone.slice(-2)}`,
            },
            {
              challenge_id: expect.any(String) as string,
              tan_channel: 'email',
              tan_info: 'ap***@shop.example',
            },
          ],
          combi_and: true,
        },
      });
      expect(await exists(id)).toBe(false);
    });

    it('creates the instance with validated addresses when both codes came back', async () => {
      const { id, post, solveAll } = applicant();
      const ids = await solveAll(await post([], '?token_validity_ms=60000'));
      const answer = await post(ids, '?token_validity_ms=60000');
      expect(answer.status).toBe(200);
      const token = answer.body.access_token as string;
      expect((await server.api.get(`instances/${id}/private`, { token })).body).toMatchObject({
        email_validated: true,
        phone_validated: true,
      });
      expect((await server.api.get(`instances/${id}/private/orders`, { token })).status).toBe(200);
    });

    it('wants all of them: one code is not enough, and what is solved stays so', async () => {
      const { id, email, post } = applicant();
      const [sms = '', mail = ''] = idsOf(await post());
      await solve(server.api, office, mail, email);
      const again = await post([mail]);
      expect(idsOf(again)[1]).toBe(mail);
      expect(idsOf(again)[0]).not.toBe(sms);
      expect(idsOf(await post([sms, mail]))).toEqual([sms, mail]);
      expect(await exists(id)).toBe(false);
      const phone = (challenge: string) => server.api.post(`challenge/${challenge}`, {});
      expect((await phone(mail)).body).toMatchObject({ code: 2129 });
    });

    it('answers a repeat without asking anew', async () => {
      const { post, solveAll } = applicant();
      const ids = await solveAll(await post());
      expect((await post(ids)).status).toBe(204);
      expect((await post()).status).toBe(204);
      expect((await post(ids)).status).toBe(204);
    });

    it('creates one instance of ten repeats at once', async () => {
      const { id, post, solveAll } = applicant();
      const ids = await solveAll(await post());
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(ids)));
      for (const { status } of answers) expect([204, 202, 404]).toContain(status);
      expect(answers.filter(({ status }) => status === 204).length).toBeGreaterThan(0);
      expect(await exists(id)).toBe(true);
      const flags = await world.database.query(
        'select email_validated, phone_validated from instances where id = $1',
        [id],
      );
      expect(flags).toEqual([{ email_validated: true, phone_validated: true }]);
    });

    it('takes no challenge of another applicant, and none of an instance', async () => {
      const [one, other] = [applicant(), applicant()];
      const ids = await other.solveAll(await other.post());
      expect(idsOf(await one.post(ids))).not.toEqual(ids);
      const shop = await reachableShop(world.server, ['email', 'sms']);
      const [own = ''] = idsOf(await shop.api.post('forgot-password', { method: 'token', password: 'x' }));
      expectRefusal(await one.post([own]), 404, 2126);
      expect(await exists(one.id)).toBe(false);
    });

    it('refuses an address to which nothing can be sent: 403 with 2031', async () => {
      for (const more of [{ email: 'a,b@c.example' }, { phone_number: '((()))' }]) {
        const { id, post } = applicant(more);
        expectRefusal(await post(), 403, 2031);
        expect(await exists(id)).toBe(false);
      }
    });

    it('says that the id is taken before it asks for codes: 409 with 2600', async () => {
      const shop = await reachableShop(world.server, ['email', 'sms']);
      const { body } = applicant();
      const answer = await server.api.post('instances', { ...body, id: shop.id });
      expectRefusal(answer, 409, 2600, { detail: shop.id });
    });

    it('limits the wrong codes for one address: 403 with 2131', async () => {
      const { phone, post } = applicant();
      for (let round = 0; round < 5; round++) {
        const [sms = ''] = idsOf(await post());
        await server.api.post(`challenge/${sms}`, {});
        const tan = office.codeFor(phone) === '0000-0000' ? '1' : '00000000';
        for (let attempt = 0; attempt < 3; attempt++) {
          await server.api.post(`challenge/${sms}/confirm`, { tan });
        }
      }
      const waits = { detail: expect.stringMatching(/^too many wrong codes; try again in \d+ s$/) as string };
      expectRefusal(await post(), 403, 2131, waits);
    });

    it('works before there is an admin instance', async () => {
      const database = await createTestDatabase();
      const config = { ...server.config, databaseUrl: database.url };
      const alone = await startTestServer({ database, config });
      try {
        const { id, email, phone, body } = applicant();
        const asked = await alone.api.post('instances', body);
        const [sms = '', mail = ''] = idsOf(asked);
        await solve(alone.api, office, sms, phone);
        await solve(alone.api, office, mail, email);
        expect((await alone.api.post('instances', body, solved(sms, mail))).status).toBe(204);
        expect(await database.query('select id from instances')).toEqual([{ id }]);
      } finally {
        await alone.close();
        await database.drop();
      }
    });
  });

  describe('an instance whose addresses are not validated', () => {
    const below = (shop: ReachableShop) => `instances/${shop.id}/`;

    it('has all private endpoints shut but those that lead to validation: 403 with 2031', async () => {
      const shop = await reachableShop(world.server, ['email', 'sms']);
      const application = server.app.getHttpAdapter().getInstance() as Application;
      const stack = application.router.stack as { route?: { path: string; methods: object } }[];
      const open = new Set<string>();
      let shut = 0;
      for (const { route } of stack) {
        if (!route?.path.startsWith('/instances/:instance/private')) continue;
        const path = route.path.slice(1).replace(':instance', shop.id).replace(/:\w+/g, 'some');
        for (const method of Object.keys(route.methods).map((name) => name.toUpperCase())) {
          const token = path.endsWith('private/token') ? await tokenOf(world.server, shop) : shop.token;
          const answer = await server.api.call(method, path, { token });
          if (answer.body?.code === 2031) {
            expectRefusal(answer, 403, 2031, UNVALIDATED);
            shut++;
          } else open.add(`${method} ${route.path.replace('/instances/:instance/', '')}`);
          if (method === 'DELETE' && path.endsWith('private')) expect(answer.status).toBe(202);
        }
      }
      expect([...open].sort()).toEqual([
        'DELETE private',
        'DELETE private/token',
        'GET private',
        'PATCH private',
        'POST private/accounts',
        'POST private/auth',
        'POST private/token',
      ]);
      expect(shut).toBeGreaterThan(10);
    });

    it('refuses those without a token, or with a too small one, before: 401 and 403 with 16', async () => {
      const shop = await reachableShop(world.server, ['email', 'sms']);
      expectRefusal(await server.api.get(`${below(shop)}private/orders`), 401, 2015);
      const { body } = await login(world.server, shop.id, `password of ${shop.id}`, 'order-simple');
      const token = body.access_token as string;
      const refused = await server.api.get(`${below(shop)}private/accounts`, { token });
      expectRefusal(refused, 403, 16, { detail: 'accounts-read' });
      expectRefusal(await server.api.get(`${below(shop)}private/orders`, { token }), 403, 2031, UNVALIDATED);
    });

    it('is opened by logging in with a code from every mandatory address', async () => {
      const shop = await reachableShop(world.server, ['email', 'sms']);
      const asked = await login(server, shop.id, `password of ${shop.id}`);
      expect(asked.body).toMatchObject({ combi_and: true });
      const [sms = '', mail = ''] = idsOf(asked);
      await solve(serverApi(shop), office, sms, shop.phone);
      await solve(serverApi(shop), office, mail, shop.email);
      const basic = Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64');
      const headers = { authorization: `Basic ${basic}`, ...solved(sms, mail).headers };
      const granted = await server.api.post(`${below(shop)}private/token`, { scope: 'all' }, { headers });
      expect(granted.status).toBe(200);
      const token = granted.body.access_token as string;
      for (const each of [token, shop.token]) {
        expect((await server.api.get(`${below(shop)}private/orders`, { token: each })).status).toBe(200);
      }
    });

    it('can correct a mistyped address, which shuts the doors until it is validated, too', async () => {
      const shop = await reachableShop(world.server, ['email', 'sms']);
      await world.database.query(
        'update instances set email_validated = true, phone_validated = true where id = $1',
        [shop.id],
      );
      await withServer(world, { ...server.config, databaseUrl: world.database.url }, async ({ api }) => {
        const orders = () => api.get(`${below(shop)}private/orders`, { token: shop.token });
        expect((await orders()).status).toBe(200);
        const { email, phone } = shop;
        const json = { name: 'x', address: {}, jurisdiction: {}, use_stefan: false, phone_number: phone };
        const patch = (more: object) =>
          api.call('PATCH', `${below(shop)}private`, { json: { ...json, ...more }, token: shop.token });
        expect((await patch({ email: `mistyped-${email}` })).status).toBe(204);
        expectRefusal(await orders(), 403, 2031, UNVALIDATED);
        expect((await patch({ email })).status).toBe(204);
        expectRefusal(await orders(), 403, 2031, UNVALIDATED);
      });
    });

    it('cannot do anything protected without the addresses: 403 with 2031', async () => {
      const shop = await reachableShop(world.server, ['email']);
      const refused = [
        await login(server, shop.id, `password of ${shop.id}`),
        await server.api.post(`${below(shop)}forgot-password`, { method: 'token', password: 'x' }),
        await server.api.post(
          `${below(shop)}private/auth`,
          { method: 'token', password: 'x' },
          { token: shop.token },
        ),
      ];
      for (const answer of refused) expectRefusal(answer, 403, 2031);
    });

    it('is opened by the operator, who is never asked', async () => {
      const { id, body } = applicant();
      expect((await server.api.post('management/instances', body, operator)).status).toBe(204);
      expect((await server.api.get(`management/instances/${id}`, operator)).body).toMatchObject({
        email_validated: false,
        phone_validated: false,
      });
      await createShop(world.server, 'admin');
      expect((await server.api.get('private/orders', operator)).status).toBe(200);
      const account = { payto_uri: 'payto://x-taler-bank/localhost/of-the-operator?receiver-name=Admin' };
      expect((await server.api.post('private/accounts', account, operator)).status).toBe(200);
      const password = { method: 'token', password: 'by the operator' };
      expect((await server.api.post('private/auth', password, operator)).status).toBe(204);
      expectRefusal(await login(server, 'admin', 'by the operator'), 403, 2031);
      expect((await server.api.delete(`management/instances/${id}?purge=yes`, operator)).status).toBe(204);
    });
  });

  /** The shop below the server with mandatory channels. */
  function serverApi(shop: ReachableShop) {
    const { api } = server;
    return Object.assign(Object.create(api) as typeof api, { baseUrl: `${server.url}instances/${shop.id}/` });
  }
});
