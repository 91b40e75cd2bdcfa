import { createOrder, createShop, TestShop, TestWorld } from '../../support/app';
import { expectRefusal, privateStatus, uniqueId } from '../orders/helpers';
import { CONFIGURATION, newInstance, operator, untilBlocked, withServer, startStillWorld } from './helpers';

const FULL = {
  name: 'The Shop',
  email: 'shop@shop.example',
  phone_number: '+41 31 000 00 00',
  website: 'https://shop.example/',
  logo: 'data:image/png;base64,AAAA',
  address: { country: 'CH', town: 'Bern' },
  jurisdiction: { country: 'CH' },
  use_stefan: false,
  default_pay_delay: { d_us: 60_000_000 },
  default_refund_delay: { d_us: 3_600_000_000 },
  default_wire_transfer_delay: { d_us: 7_200_000_000 },
  default_wire_transfer_rounding_interval: 'DAY',
};

describe('changing an instance', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());

  /** The two ways to one instance: the admin's and its own. */
  const WAYS = ['PATCH management/instances/$ID', 'PATCH private'] as const;
  type Way = (typeof WAYS)[number];

  function patch(shop: TestShop, json: unknown, way: Way = 'PATCH private') {
    if (way === 'PATCH private') return shop.api.call('PATCH', 'private', { json, token: shop.token });
    return world.server.api.call('PATCH', `management/instances/${shop.id}`, { json, ...operator });
  }
  const read = async (shop: TestShop) =>
    (await shop.api.get('private', { token: shop.token })).body as object;
  const newShop = (instance: object = {}) => createShop(world.server, uniqueId('patched'), { instance });
  const validate = (shop: TestShop) =>
    world.database.query(
      'update instances set email_validated = true, phone_validated = true where id = $1',
      [shop.id],
    );

  describe.each(WAYS)('%s', (way) => {
    it('replaces everything that it names, at once, and the key pair stays', async () => {
      const shop = await newShop();
      const before = (await read(shop)) as { merchant_pub: string };
      expect(await patch(shop, FULL, way)).toMatchObject({ status: 204, text: '' });
      expect(await read(shop)).toEqual({
        ...FULL,
        email_validated: false,
        phone_validated: false,
        merchant_pub: before.merchant_pub,
        auth: { method: 'token' },
      });
    });

    it('takes away what it does not name, but keeps the delays', async () => {
      const shop = await newShop(FULL);
      expect((await patch(shop, CONFIGURATION, way)).status).toBe(204);
      const { merchant_pub: _key, ...left } = (await read(shop)) as Record<string, unknown>;
      expect(left).toEqual({
        ...CONFIGURATION,
        default_pay_delay: FULL.default_pay_delay,
        default_refund_delay: FULL.default_refund_delay,
        default_wire_transfer_delay: FULL.default_wire_transfer_delay,
        default_wire_transfer_rounding_interval: 'DAY',
        auth: { method: 'token' },
      });
    });

    it('refuses what is faulty by name and changes nothing: 400 with 26', async () => {
      const shop = await newShop();
      const before = await read(shop);
      for (const [field, change] of [
        ['name', { name: undefined }],
        ['name', { name: '' }],
        ['address', { address: undefined }],
        ['jurisdiction', { jurisdiction: 'CH' }],
        ['use_stefan', { use_stefan: 'no' }],
        ['email', { email: 'nobody' }],
        ['phone_number', { phone_number: 'call me' }],
        ['website', { website: 'javascript:alert(1)' }],
        ['logo', { logo: 'https://shop.example/logo.png' }],
        ['default_pay_delay', { default_pay_delay: 5 }],
        ['default_wire_transfer_rounding_interval', { default_wire_transfer_rounding_interval: 'FORTNIGHT' }],
      ] as const) {
        const refused = await patch(shop, { ...FULL, ...change }, way);
        expectRefusal(refused, 400, 26, { field, detail: expect.stringContaining(field) as string });
      }
      expect(await read(shop)).toEqual(before);
    });

    it('of a deleted instance is refused', async () => {
      const shop = await newShop();
      await world.server.api.delete(`management/instances/${shop.id}`, operator);
      const refused = await patch(shop, FULL, way);
      if (way === 'PATCH private') expectRefusal(refused, 404, 2016, { detail: shop.id });
      else expectRefusal(refused, 409, 2625, { detail: shop.id });
    });
  });

  it('of an unknown instance is 404 with 2000', async () => {
    const json = FULL;
    const refused = await world.server.api.call('PATCH', 'management/instances/nobody', {
      json,
      ...operator,
    });
    expectRefusal(refused, 404, 2000, { detail: 'nobody' });
    const own = await world.server.api.call('PATCH', 'instances/nobody/private', { json, ...operator });
    expectRefusal(own, 404, 2000, { detail: 'nobody' });
  });

  it('finds out when the instance is deleted at the same moment: 409 with 2625', async () => {
    const shop = await newShop();
    const { database } = world;
    await database.query('begin');
    await database.query('update instances set deleted_us = 1, private_key = null where id = $1', [shop.id]);
    const answers = WAYS.map((way) => patch(shop, FULL, way));
    await untilBlocked(database, WAYS.length);
    await database.query('commit');
    for (const answer of answers) expectRefusal(await answer, 409, 2625, { detail: shop.id });
  });

  it('finds the instance in any case of its id', async () => {
    const shop = await newShop();
    const path = `management/instances/${shop.id.toUpperCase()}`;
    expect((await world.server.api.call('PATCH', path, { json: FULL, ...operator })).status).toBe(204);
    expect(await read(shop)).toMatchObject({ name: FULL.name });
  });

  it('makes a changed address one that is not validated, and lets the other stand', async () => {
    const shop = await newShop(FULL);
    await validate(shop);
    expect((await patch(shop, FULL)).status).toBe(204);
    expect(await read(shop)).toMatchObject({ email_validated: true, phone_validated: true });
    await patch(shop, { ...FULL, email: 'new@shop.example' });
    expect(await read(shop)).toMatchObject({ email_validated: false, phone_validated: true });
    await patch(shop, { ...FULL, phone_number: null });
    expect(await read(shop)).not.toHaveProperty('phone_validated');
    // What was taken away and comes back has to be validated anew.
    await patch(shop, FULL);
    expect(await read(shop)).toMatchObject({ phone_validated: false });
  });

  it('holds for the orders that come after it', async () => {
    const shop = await newShop();
    await patch(shop, { ...FULL, default_pay_delay: { d_us: 120_000_000 } });
    const { orderId } = await createOrder(shop, {}, { create_token: false });
    const { body } = await privateStatus(shop, orderId);
    const terms = body.proto_contract_terms as Record<string, { t_s: number } & Record<string, unknown>>;
    expect(terms['merchant']).toMatchObject({ name: FULL.name, address: FULL.address });
    expect((terms['pay_deadline']?.t_s ?? 0) - (terms['timestamp']?.t_s ?? 0)).toBe(120);
    // Rounded up to the day.
    expect((terms['wire_transfer_deadline']?.t_s ?? 1) % 86_400).toBe(0);
  });

  it('is whole: of two changes at once one wins in every member', async () => {
    const shop = await newShop();
    const rivals = ['one', 'two'].map((name) => ({
      ...FULL,
      name,
      email: `${name}@shop.example`,
      website: `https://${name}.example/`,
      address: { town: name },
    }));
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all([...rivals, ...rivals].map((rival) => patch(shop, rival)));
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
      const { name } = (await read(shop)) as { name: string };
      expect(await read(shop)).toMatchObject(rivals.find((rival) => rival.name === name) as object);
    }
  });

  it('lets only phone numbers pass that /config allows', async () => {
    const phoneRegex = { text: '^[+]41', regExp: /^[+]41/ };
    await withServer(world, { phoneRegex }, async (server) => {
      const call = (method: string, path: string, phone: string, more: object = {}) =>
        server.api.call(method, path, { json: { ...FULL, ...more, phone_number: phone }, ...operator });
      const wrong = { field: 'phone_number', detail: 'phone_number: must be one that matches ^[+]41' };
      const fresh = newInstance('swiss');
      expectRefusal(await call('POST', 'management/instances', '+49 30 1', fresh), 400, 26, wrong);
      expect((await call('POST', 'management/instances', '+41 31 1', fresh)).status).toBe(204);
      expectRefusal(await call('PATCH', 'management/instances/swiss', '+49 30 1'), 400, 26, wrong);
      expect((await call('PATCH', 'management/instances/swiss', '+41 31 2')).status).toBe(204);
    });
  });

  it('leaves the delays that an instance has not set to the settings of the server', async () => {
    const shop = await newShop();
    const config = { defaultPayDelay: 5_000_000n, defaultWireTransferRoundingInterval: 'MONTH' } as const;
    await withServer(world, config, async (server) => {
      const other = await server.api.get(`instances/${shop.id}/private`, { token: shop.token });
      expect(other.body).toMatchObject({
        default_pay_delay: { d_us: 5_000_000 },
        default_wire_transfer_rounding_interval: 'MONTH',
      });
      const { body } = await server.api.get('config');
      expect(body).toMatchObject({
        default_pay_delay: { d_us: 5_000_000 },
        default_wire_transfer_rounding_interval: 'MONTH',
      });
    });
  });
});
