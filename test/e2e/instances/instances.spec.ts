import { createShop, OPERATOR_TOKEN, TestWorld } from '../../support/app';
import { serverBeside, startStillWorld } from './helpers';
import { expectRefusal } from '../orders/helpers';

const MINIMAL = {
  id: 'plain',
  name: 'Plain',
  auth: { method: 'token', password: 'p' },
  address: {},
  jurisdiction: {},
  use_stefan: true,
};
const DETAILED = {
  id: 'Detailed.1@shop-x_y',
  name: 'The Shop',
  email: 'shop@shop.example',
  phone_number: '+41 31 000 00 00',
  website: 'https://shop.example/',
  logo: 'data:image/png;base64,AAAA',
  auth: { method: 'token', password: 'p' },
  address: { country: 'CH', town: 'Bern', address_lines: ['one', 'two'] },
  jurisdiction: { country: 'CH' },
  use_stefan: false,
  default_pay_delay: { d_us: 60_000_000 },
  default_refund_delay: { d_us: 0 },
  default_wire_transfer_delay: { d_us: 'forever' },
  default_wire_transfer_rounding_interval: 'WEEK',
};

describe('instances', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());

  const operator = { token: OPERATOR_TOKEN };
  const create = (body: unknown) => world.server.api.post('management/instances', body, operator);
  const read = (id: string) => world.server.api.get(`management/instances/${id}`, operator);
  const count = async () => (await world.database.query('select 1 from instances')).length;

  describe('POST management/instances', () => {
    it('creates an instance with a key pair of its own and the defaults of the server', async () => {
      expect(await create(MINIMAL)).toMatchObject({ status: 204, text: '' });
      expect(await read('plain')).toMatchObject({ status: 200 });
      expect((await read('plain')).body).toEqual({
        name: 'Plain',
        merchant_pub: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{52}$/),
        address: {},
        jurisdiction: {},
        use_stefan: true,
        default_pay_delay: { d_us: 86_400_000_000 },
        default_refund_delay: { d_us: 15 * 86_400_000_000 },
        default_wire_transfer_delay: { d_us: 86_400_000_000 },
        default_wire_transfer_rounding_interval: 'NONE',
        auth: { method: 'token' },
      });
    });

    it('keeps all that it was told, secrets excepted', async () => {
      expect((await create(DETAILED)).status).toBe(204);
      const { id, auth, ...told } = DETAILED;
      expect((await read(id)).body).toEqual({
        ...told,
        email_validated: false,
        phone_validated: false,
        merchant_pub: expect.any(String),
        auth: { method: auth.method },
      });
    });

    it('answers an identical request alike and changes nothing, keys included', async () => {
      const body = { ...MINIMAL, id: 'repeated' };
      await create(body);
      const before = (await read('repeated')).text;
      expect((await create(body)).status).toBe(204);
      // Defaults that the server fills in take part in the comparison, the password does not.
      expect((await create({ ...body, default_pay_delay: { d_us: 86_400_000_000 } })).status).toBe(204);
      expect((await create({ ...body, auth: { method: 'token', password: 'other' } })).status).toBe(204);
      expect((await create({ ...body, email: null, logo: '' })).status).toBe(204);
      expect((await create({ ...body, id: 'RePeated' })).status).toBe(204);
      expect((await read('repeated')).text).toBe(before);
    });

    it('lets the first password stand when a repeat brings another', async () => {
      const body = { ...MINIMAL, id: 'first-password' };
      await create(body);
      await create({ ...body, auth: { method: 'token', password: 'other' } });
      const login = (password: string) =>
        world.server.api.post(
          'instances/first-password/private/token',
          { scope: 'readonly' },
          {
            headers: {
              authorization: `Basic ${Buffer.from(`first-password:${password}`).toString('base64')}`,
            },
          },
        );
      expect((await login('p')).status).toBe(200);
      expect((await login('other')).status).toBe(401);
    });

    it.each([
      ['name', { name: 'Other' }],
      ['email', { email: 'a@b.example' }],
      ['phone number', { phone_number: '+41310000001' }],
      ['website', { website: 'https://other.example/' }],
      ['logo', { logo: 'data:image/png;base64,AAAB' }],
      ['address', { address: { country: 'CH' } }],
      ['jurisdiction', { jurisdiction: { country: 'CH' } }],
      ['use_stefan', { use_stefan: false }],
      ['pay delay', { default_pay_delay: { d_us: 1 } }],
      ['rounding', { default_wire_transfer_rounding_interval: 'DAY' }],
      ['case of the id and name', { id: 'TAKEN', name: 'Other' }],
    ])('refuses the id with another %s: 409 with 2600', async (_name, change) => {
      await create({ ...MINIMAL, id: 'taken' });
      expectRefusal(await create({ ...MINIMAL, id: 'taken', ...change }), 409, 2600, { detail: 'taken' });
    });

    it('creates one instance when the request comes ten times at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => create({ ...MINIMAL, id: 'raced' })),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array<number>(10).fill(204));
      expect(await world.database.query(`select 1 from instances where id = 'raced'`)).toHaveLength(1);
    });

    it('makes the text behind secret-token: the password where the old form is used', async () => {
      const auth = { method: 'token', token: 'secret-token:old%20style' };
      expect((await create({ ...MINIMAL, id: 'old-style', auth })).status).toBe(204);
      const answer = await world.server.api.post(
        'instances/old-style/private/token',
        { scope: 'readonly' },
        {
          headers: { authorization: `Basic ${Buffer.from('old-style:old%20style').toString('base64')}` },
        },
      );
      expect(answer.status).toBe(200);
    });

    it.each<[string, object]>([
      ['external', { method: 'external' }],
      ['an unknown method', { method: 'magic', password: 'p' }],
      ['no secret', { method: 'token' }],
    ])('refuses auth by %s: 400 with 2601', async (_name, auth) => {
      const before = await count();
      const refused = await create({ ...MINIMAL, id: 'bad-auth', auth });
      expect(refused).toMatchObject({
        status: 400,
        body: { code: 2601, field: expect.stringMatching(/^auth/) },
      });
      expect(await count()).toBe(before);
    });

    it.each<[string, object]>([
      ['id', { id: undefined }],
      ['id', { id: 'x' }],
      ['id', { id: '.hidden' }],
      ['id', { id: 'a/b' }],
      ['id', { id: 'a b' }],
      ['id', { id: 'ä1' }],
      ['id', { id: 'x'.repeat(129) }],
      ['id', { id: 5 }],
      ['name', { name: '' }],
      ['name', { name: undefined }],
      ['name', { name: 'NUL \0' }],
      ['email', { email: 'nobody' }],
      ['website', { website: 'javascript:alert(1)' }],
      ['logo', { logo: 'https://shop.example/logo.png' }],
      ['logo', { logo: 'data:text/html;base64,AAAA' }],
      ['auth', { auth: 'token' }],
      ['auth.password', { auth: { method: 'token', password: '' } }],
      ['auth.token', { auth: { method: 'token', token: 'no-prefix' } }],
      ['address', { address: undefined }],
      ['address.country', { address: { country: 5 } }],
      ['jurisdiction', { jurisdiction: [] }],
      ['use_stefan', { use_stefan: 'yes' }],
      ['use_stefan', { use_stefan: undefined }],
      ['default_pay_delay', { default_pay_delay: { d_us: -1 } }],
      ['default_pay_delay', { default_pay_delay: { d_ms: 1 } }],
      ['default_wire_transfer_rounding_interval', { default_wire_transfer_rounding_interval: 'DECADE' }],
    ])('names a malformed %s of %j: 400 with 26', async (field, change) => {
      const before = await count();
      const refused = await create({ ...MINIMAL, id: 'malformed', ...change });
      expectRefusal(refused, 400, 26, { detail: expect.stringContaining(field), field });
      expect(await count()).toBe(before);
    });

    it('refuses the id of an instance that is deleted but not purged: 409 with 2603', async () => {
      await create({ ...MINIMAL, id: 'gone' });
      await world.database.query(`update instances set deleted_us = 1, private_key = null where id = 'gone'`);
      const server = await serverBeside(world);
      try {
        const refused = await server.api.post('management/instances', { ...MINIMAL, id: 'gone' }, operator);
        expectRefusal(refused, 409, 2603, { detail: 'gone' });
        // Private calls and claims find it deleted; public questions about old orders are answered.
        expectRefusal(await server.api.get('instances/gone/private', operator), 404, 2016, {
          detail: 'gone',
        });
        expectRefusal(await server.api.post('instances/gone/orders/o/claim', {}), 404, 2016, {
          detail: 'gone',
        });
        expectRefusal(await server.api.get('instances/gone/orders/o'), 404, 2005, { detail: 'o' });
        const list = await server.api.get('management/instances', operator);
        expect(list.body.instances).toContainEqual(expect.objectContaining({ id: 'gone', deleted: true }));
      } finally {
        await server.close();
      }
    });

    it('hands out a refreshable token of the back office when one is asked for', async () => {
      const body = { ...MINIMAL, id: 'tokened' };
      const ask = (validity: string) =>
        world.server.api.post(`management/instances?token_validity_ms=${validity}`, body, operator);
      const created = await ask('3600000');
      expect(created.status).toBe(200);
      expect(created.body).toEqual({
        token: created.body.access_token,
        access_token: expect.stringMatching(/^secret-token:/),
        scope: 'spa',
        expiration: { t_s: expect.any(Number) },
        refreshable: true,
      });
      // A repeat gets another one; without the wish it stays 204.
      const again = await ask('3600000');
      expect(again.status).toBe(200);
      expect(again.body.access_token).not.toBe(created.body.access_token);
      expect(await ask('0')).toMatchObject({ status: 204, text: '' });
      for (const answer of [created, again]) {
        const token = answer.body.access_token as string;
        expect((await world.server.api.get('instances/tokened/private', { token })).status).toBe(200);
      }
      expectRefusal(await ask('soon'), 400, 26, { detail: 'token_validity_ms' });
    });

    it('exists without the instance prefix only', async () => {
      const refused = await world.server.api.post('instances/shop/management/instances', MINIMAL, operator);
      expectRefusal(refused, 404, 21, { detail: '/instances/shop/management/instances' });
    });
  });

  describe('GET management/instances', () => {
    it('lists every instance with its payment targets, in order of creation', async () => {
      await createShop(world.server, 'listed', {
        payto: 'payto://iban/DE75512108001245126199?receiver-name=L',
      });
      const answer = await world.server.api.get('management/instances', operator);
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.body)).toEqual(['instances']);
      const list = answer.body.instances as { id: string }[];
      expect(list[0]).toEqual({
        id: 'shop',
        name: 'Shop shop',
        merchant_pub: expect.any(String),
        payment_targets: ['x-taler-bank'],
        deleted: false,
      });
      expect(list.find((entry) => entry.id === 'listed')).toMatchObject({ payment_targets: ['iban'] });
      expect(list.find((entry) => entry.id === 'plain')).toMatchObject({ payment_targets: [] });
      expect(list.find((entry) => entry.id === 'detailed.1@shop-x_y')).toMatchObject({
        website: DETAILED.website,
        logo: DETAILED.logo,
      });
    });
  });

  describe('an instance about itself', () => {
    it('reads the same as the admin reads it', async () => {
      const { shop } = world;
      const own = await shop.api.get('private', { token: shop.token });
      expect(own).toMatchObject({ status: 200, text: (await read('shop')).text });
    });

    it('is found under its id in any case, percent-encoded or not', async () => {
      const { shop, server } = world;
      for (const id of ['shop', 'SHOP', 'Shop', '%73hop']) {
        expect((await server.api.get(`instances/${id}/private`, { token: shop.token })).status).toBe(200);
      }
      expect((await read('SHOP')).status).toBe(200);
    });

    it.each(['nobody', 'a', 'x'.repeat(200), 'nul%00'])('does not exist as %s: 404 with 2000', async (id) => {
      const detail = decodeURIComponent(id);
      expectRefusal(await world.server.api.get(`instances/${id}/private`), 404, 2000, { detail });
      expectRefusal(await world.server.api.get(`instances/${id}/orders/o`), 404, 2000, { detail });
      expectRefusal(await read(id), 404, 2000, { detail });
    });
  });

  describe('the admin instance', () => {
    it('does not exist before it is created; its creation needs the token of the operator', async () => {
      expectRefusal(await world.server.api.get('private', operator), 404, 2000, { detail: 'admin' });
      expectRefusal(
        await world.server.api.post('management/instances', { ...MINIMAL, id: 'admin' }),
        401,
        2015,
      );
      expectRefusal(await world.server.api.get('management/instances'), 401, 2015);
    });

    it('is the one without prefix, under admin and under its old name default', async () => {
      // As a shop of the time before v21 sets it up.
      expect((await create({ ...MINIMAL, id: 'default', name: 'Admin' })).status).toBe(204);
      const own = await world.server.api.get('private', operator);
      expect(own).toMatchObject({ status: 200, body: { name: 'Admin' } });
      for (const id of ['admin', 'default', 'Default', 'ADMIN']) {
        expect(await world.server.api.get(`instances/${id}/private`, operator)).toMatchObject({
          status: 200,
          text: own.text,
        });
        expect(await read(id)).toMatchObject({ status: 200, text: own.text });
      }
      const list = await world.server.api.get('management/instances', operator);
      expect(list.body.instances.map((entry: { id: string }) => entry.id)).toContain('admin');
      expectRefusal(await create({ ...MINIMAL, id: 'admin', name: 'Other' }), 409, 2600, { detail: 'admin' });
      for (const name of ['admin', 'default']) {
        const credential = Buffer.from(`${name}:p`).toString('base64');
        const login = await world.server.api.post(
          'private/token',
          { scope: 'readonly' },
          {
            headers: { authorization: `Basic ${credential}` },
          },
        );
        expect(login.status).toBe(200);
      }
    });
  });
});
