import { Jobs } from '../../../src/platform/jobs/jobs';
import { decodeBase32 } from '../../../src/taler/base32';
import { createShop, startTestServer } from '../../support/app';
import { createTestDatabase } from '../../support/database';
import { expectRefusal } from '../orders/helpers';
import { newInstance, withServer } from '../instances/helpers';
import type { PostOffice } from './post-office';
import {
  challenged,
  MfaWorld,
  only,
  otherThan,
  ReachableShop,
  recover,
  solve,
  startMfaWorld,
} from './support';
import { until } from '../../support/until';

const WAIT = { detail: expect.stringMatching(/; try again in \d+ s$/) as string };
const ASK_ANEW = { detail: 'ask for a new code' };
const MINUTE_S = 60;

describe('challenges', () => {
  let world: MfaWorld;
  let office: PostOffice;
  beforeAll(async () => {
    world = await startMfaWorld();
    ({ office } = world);
  });
  afterAll(() => world?.close());

  const send = (shop: ReachableShop, id: string) => shop.api.post(`challenge/${id}`, {});
  const confirm = (shop: ReachableShop, id: string, tan: string) =>
    shop.api.post(`challenge/${id}/confirm`, { tan });
  const nowS = () => Number(world.clock.nowUs() / 1_000_000n);

  describe('POST challenge/$ID', () => {
    it('sends a code and says until when it holds, and from when on another one is sent', async () => {
      const { shop, id } = await challenged(world.server);
      const answer = await send(shop, id);
      expect(answer.status).toBe(200);
      const body = answer.body as Record<string, { t_s: number }>;
      expect(Object.keys(body).sort()).toEqual(['earliest_retransmission', 'solve_expiration']);
      expect(body['solve_expiration']).toEqual({ t_s: nowS() + 600 });
      expect(body['earliest_retransmission']).toEqual({ t_s: nowS() + MINUTE_S });
      expect(office.codeFor(shop.email)).toMatch(/^\d{4}-\d{4}$/);
      expect(office.mails.filter(({ to }) => to.includes(shop.email))).toHaveLength(1);
    });

    it('takes any JSON object, and needs one', async () => {
      const { shop, id } = await challenged(world.server);
      const empty = await shop.api.call('POST', `challenge/${id}`);
      expectRefusal(empty, 400, 22, { detail: 'the body is empty' });
      expectRefusal(await shop.api.post(`challenge/${id}`, []), 400, 26, {
        field: '',
        detail: 'the body must be a JSON object',
      });
      const broken = await shop.api.call('POST', `challenge/${id}`, { raw: '{' });
      expect({ status: broken.status, code: broken.body.code as unknown }).toEqual({ status: 400, code: 22 });
      expect(office.lastMailTo(shop.email)).toBeUndefined();
      expect((await shop.api.post(`challenge/${id}`, { unknown: [1] })).status).toBe(200);
    });

    it('knows no challenge with another secret, serial, or shape: 404 with 2126', async () => {
      const { shop, id } = await challenged(world.server);
      const [serial = '', secret = ''] = id.split('-');
      const other = only(await recover(shop)).split('-')[1] ?? '';
      const wrong = [
        `${serial}-${other}`,
        `${BigInt(serial) + 1000n}-${secret}`,
        `0${id}`,
        `${id}-1`,
        serial,
        secret,
        'x',
        `99999999999999999999-${secret}`,
        `-${secret}`,
        '%00',
      ];
      for (const text of wrong) {
        expectRefusal(await send(shop, text), 404, 2126);
        expectRefusal(await confirm(shop, text, '12345678'), 404, 2126);
      }
      expect((await send(shop, id)).status).toBe(200);
    });

    it('is served below the base URL of its own instance only: 404 with 2126', async () => {
      const { shop, id } = await challenged(world.server);
      expectRefusal(await world.shop.api.post(`challenge/${id}`, {}), 404, 2126);
      expectRefusal(await world.shop.api.post(`challenge/${id}/confirm`, { tan: '1' }), 404, 2126);
      expectRefusal(await world.server.api.post(`challenge/${id}`, {}), 404, 2126);
      expect((await send(shop, id)).status).toBe(200);
    });

    it('refuses for an unknown and a deleted instance: 404 with 2000 and 2016', async () => {
      const { shop, id } = await challenged(world.server);
      const unknown = await world.server.api.post(`instances/nobody/challenge/${id}`, {});
      expectRefusal(unknown, 404, 2000, { detail: 'nobody' });
      const confirmed = await world.server.api.post(`instances/nobody/challenge/${id}/confirm`, { tan: '1' });
      expectRefusal(confirmed, 404, 2000, { detail: 'nobody' });
      await world.database.query('update instances set deleted_us = 1 where id = $1', [shop.id]);
      // Another server, which has not seen the instance before.
      await withServer(world, office.config, async ({ api }) => {
        for (const path of [`challenge/${id}`, `challenge/${id}/confirm`]) {
          const gone = await api.post(`instances/${shop.id}/${path}`, { tan: '1' });
          expectRefusal(gone, 404, 2016, { detail: shop.id });
        }
      });
    });

    it('sends no second code within a minute, and another one after it: 429 with 2130', async () => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const first = office.codeFor(shop.email);
      const early = await send(shop, id);
      expectRefusal(early, 429, 2130, WAIT);
      expect(Number(early.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(early.headers['retry-after'])).toBeLessThanOrEqual(MINUTE_S);
      world.clock.advanceSeconds(MINUTE_S);
      expect((await send(shop, id)).status).toBe(200);
      expect(office.codeFor(shop.email)).not.toBe(first);
      expectRefusal(await confirm(shop, id, first), 409, 2125, { retry_counter: 2 });
      expect((await confirm(shop, id, office.codeFor(shop.email))).status).toBe(204);
    });

    it('sends one code when ten ask at once', async () => {
      const { shop, id } = await challenged(world.server);
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(shop, id)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(429)]);
      expect(office.mails.filter(({ to }) => to.includes(shop.email))).toHaveLength(1);
      expect((await confirm(shop, id, office.codeFor(shop.email))).status).toBe(204);
    });

    it('sends none for a challenge that is solved: 410 with 2129', async () => {
      const { shop, id } = await challenged(world.server);
      await solve(shop.api, office, id, shop.email);
      expectRefusal(await send(shop, id), 410, 2129);
      world.clock.advanceSeconds(2 * MINUTE_S);
      expectRefusal(await send(shop, id), 410, 2129);
    });

    it('forgets a challenge after a day: 404 with 2126, and the job removes the row', async () => {
      const { shop, id } = await challenged(world.server);
      const other = await challenged(world.server);
      await send(shop, id);
      world.clock.advanceSeconds(86_399);
      expect((await send(other.shop, other.id)).status).toBe(200);
      world.clock.advanceSeconds(1);
      expectRefusal(await send(shop, id), 404, 2126);
      expectRefusal(await confirm(shop, id, office.codeFor(shop.email)), 404, 2126);
      await world.server.app.get(Jobs).runOnce();
      const serials = [id, other.id].map((text) => text.split('-')[0]);
      const rows = await world.database.query('select from challenges where serial = any($1::int8[])', [
        serials,
      ]);
      expect(rows).toHaveLength(0);
    });
  });

  describe('POST challenge/$ID/confirm', () => {
    it('refuses what is no JSON, and counts it as no try: 400 with 22', async () => {
      const { shop, id } = await challenged(world.server);
      expect((await send(shop, id)).status).toBe(200);
      for (let tries = 0; tries < 4; tries++) {
        const broken = await shop.api.call('POST', `challenge/${id}/confirm`, { raw: '{"tan":' });
        expect({ status: broken.status, code: broken.body.code as unknown }).toEqual({
          status: 400,
          code: 22,
        });
      }
      expect((await confirm(shop, id, office.codeFor(shop.email))).status).toBe(204);
    });

    it.each(['as it was sent', 'without the dash', 'with blanks'])('takes the code %s', async (form) => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const code = office.codeFor(shop.email);
      const tan = {
        'as it was sent': code,
        'without the dash': code.replace('-', ''),
        'with blanks': ` ${code} `,
      };
      expect(await confirm(shop, id, tan[form as keyof typeof tan])).toMatchObject({ status: 204, text: '' });
    });

    it('says 204 again, whatever the code, once it is solved', async () => {
      const { shop, id } = await challenged(world.server);
      await solve(shop.api, office, id, shop.email);
      expect((await confirm(shop, id, office.codeFor(shop.email))).status).toBe(204);
      expect((await confirm(shop, id, '00000000')).status).toBe(204);
    });

    it('allows three attempts for each code: 409 with 2125, then 429 with 2127 even for the right one', async () => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const right = office.codeFor(shop.email);
      for (const left of [2, 1, 0]) {
        expectRefusal(await confirm(shop, id, otherThan(right)), 409, 2125, { retry_counter: left });
      }
      expectRefusal(await confirm(shop, id, right), 429, 2127, ASK_ANEW);
      world.clock.advanceSeconds(MINUTE_S);
      expect((await send(shop, id)).status).toBe(200);
      expectRefusal(await confirm(shop, id, ''), 409, 2125, { retry_counter: 2 });
      expect((await confirm(shop, id, office.codeFor(shop.email))).status).toBe(204);
    });

    it('compares no more than three codes when fifty come at once', async () => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const wrong = otherThan(office.codeFor(shop.email));
      const answers = await Promise.all(Array.from({ length: 50 }, () => confirm(shop, id, wrong)));
      const compared = answers.filter(({ status }) => status === 409);
      expect(compared.map(({ body }) => body.retry_counter as number).sort()).toEqual([0, 1, 2]);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(47);
      expectRefusal(await confirm(shop, id, office.codeFor(shop.email)), 429, 2127, ASK_ANEW);
    });

    it('compares no more than three codes when they come to two servers at once', async () => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const tan = otherThan(office.codeFor(shop.email));
      await withServer(world, office.config, async ({ api }) => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            index % 2 === 0
              ? confirm(shop, id, tan)
              : api.post(`instances/${shop.id}/challenge/${id}/confirm`, { tan }),
          ),
        );
        expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
      });
    });

    it('is solved once when the right code comes twice at once', async () => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const code = office.codeFor(shop.email);
      const answers = await Promise.all([1, 2, 3, 4].map(() => confirm(shop, id, code)));
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    });

    it('takes no code before one was sent, and none after ten minutes: 429 with 2127', async () => {
      const { shop, id } = await challenged(world.server);
      expectRefusal(await confirm(shop, id, '12345678'), 429, 2127, ASK_ANEW);
      await send(shop, id);
      const code = office.codeFor(shop.email);
      world.clock.advanceSeconds(601);
      expectRefusal(await confirm(shop, id, code), 429, 2127, ASK_ANEW);
      await solve(shop.api, office, id, shop.email);
    });

    it.each<[string, unknown, string]>([
      ['no code', {}, 'tan: must be present and text of 0 to 64 characters'],
      ['a number', { tan: 12345678 }, 'tan: must be text of 0 to 64 characters'],
      ['a long text', { tan: '1'.repeat(65) }, 'tan: must be text of 0 to 64 characters'],
    ])('refuses %s: 400 with 26, and counts no attempt', async (_name, body, detail) => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const refused = await shop.api.post(`challenge/${id}/confirm`, body);
      expectRefusal(refused, 400, 26, { field: 'tan', detail });
      const wrong = otherThan(office.codeFor(shop.email));
      expectRefusal(await confirm(shop, id, wrong), 409, 2125, { retry_counter: 2 });
    });

    it('makes the address a validated one, which every server shows at once', async () => {
      const { shop, id } = await challenged(world.server);
      await withServer(world, office.config, async ({ api }) => {
        const flag = async () => {
          const answer = await api.get(`instances/${shop.id}/private`, { token: shop.token });
          return answer.body.email_validated as boolean;
        };
        expect(await flag()).toBe(false);
        await solve(shop.api, office, id, shop.email);
        expect((await shop.api.get('private', { token: shop.token })).body.email_validated).toBe(true);
        await until(flag, 'the other server knows');
      });
    });

    it('does not validate an address that was changed meanwhile', async () => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const patch = {
        name: 'x',
        address: {},
        jurisdiction: {},
        use_stefan: false,
        email: 'new@shop.example',
      };
      await shop.api.call('PATCH', 'private', { json: patch, token: shop.token });
      expect((await confirm(shop, id, office.codeFor(shop.email))).status).toBe(204);
      const shown = await shop.api.get('private', { token: shop.token });
      expect(shown.body).toMatchObject({ email: 'new@shop.example', email_validated: false });
    });
  });

  it('keeps neither codes nor what opens a challenge in the database', async () => {
    const { shop, id } = await challenged(world.server);
    await send(shop, id);
    const [row] = await world.database.query<{ text: string }>(
      'select to_jsonb(challenges)::text as text from challenges where serial = $1',
      [id.split('-')[0]],
    );
    const code = office.codeFor(shop.email);
    const secret = id.split('-')[1] ?? '';
    const hidden = [code, code.replace('-', ''), secret, decodeBase32(secret, 32)?.toString('hex') ?? '?'];
    for (const text of hidden) expect(row?.text).not.toContain(text);
  });

  it('are removed with their instance', async () => {
    const { shop, id } = await challenged(world.server);
    const path = `management/instances/${shop.id}?purge=yes`;
    await world.server.api.delete(path, { token: world.server.config.merchantToken });
    const rows = await world.database.query('select from challenges where serial = $1', [id.split('-')[0]]);
    expect(rows).toHaveLength(0);
  });
});

describe('challenges where there is no admin instance', () => {
  it('are unknown at the root, too: 404 with 2126', async () => {
    const database = await createTestDatabase();
    const server = await startTestServer({ database });
    const id = `1-${'0'.repeat(52)}`;
    expectRefusal(await server.api.post(`challenge/${id}`, {}), 404, 2126);
    expectRefusal(await server.api.post(`challenge/${id}/confirm`, { tan: '1' }), 404, 2126);
    await server.api.post('management/instances', newInstance('admin'), {
      token: server.config.merchantToken,
    });
    await createShop(server, 'other');
    expectRefusal(await server.api.post(`challenge/${id}`, {}), 404, 2126);
    await server.close();
    await database.drop();
  });
});
