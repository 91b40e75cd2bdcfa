import { createShop, TestShop, TestWorld } from '../../support/app';
import { expectRefusal, uniqueId } from '../orders/helpers';
import { login, newInstance, operator, tokenOf, startStillWorld } from './helpers';

describe('changing the password of an instance', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());

  const WAYS = ['POST management/instances/$ID/auth', 'POST private/auth'] as const;
  type Way = (typeof WAYS)[number];

  function change(shop: TestShop, auth: unknown, way: Way) {
    if (way === 'POST private/auth') return shop.api.post('private/auth', auth, { token: shop.token });
    return world.server.api.post(`management/instances/${shop.id}/auth`, auth, operator);
  }
  const newShop = () => createShop(world.server, uniqueId('keeper'));
  const isOpen = async (shop: TestShop, token: string) =>
    (await shop.api.get('private', { token })).status === 200;

  describe.each(WAYS)('%s', (way) => {
    it('lets the new password in and the old one out', async () => {
      const shop = await newShop();
      expect(await change(shop, { method: 'token', password: 'new' }, way)).toMatchObject({
        status: 204,
        text: '',
      });
      expectRefusal(await login(world.server, shop.id, `password of ${shop.id}`), 401, 2015);
      expect((await login(world.server, shop.id, 'new')).status).toBe(200);
    });

    it('takes the old form, whose prefix is no part of the password', async () => {
      const shop = await newShop();
      expect((await change(shop, { method: 'token', token: 'secret-token:old' }, way)).status).toBe(204);
      expect((await login(world.server, shop.id, 'old')).status).toBe(200);
    });

    it('revokes every token of the instance but the one used, at once, and none of others', async () => {
      const shop = await newShop();
      const others = await Promise.all([
        tokenOf(world.server, shop),
        tokenOf(world.server, shop, 'readonly'),
      ]);
      for (const token of others) expect(await isOpen(shop, token)).toBe(true);
      await change(shop, { method: 'token', password: 'new' }, way);
      for (const token of others) expectRefusal(await shop.api.get('private', { token }), 401, 2015);
      expect(await isOpen(shop, shop.token)).toBe(way === 'POST private/auth');
      expect(await isOpen(world.shop, world.shop.token)).toBe(true);
    });

    it.each<[string, object, string]>([
      ['external', { method: 'external' }, 'auth'],
      ['an unknown method', { method: 'magic', password: 'p' }, 'method'],
      ['no secret', { method: 'token' }, 'auth'],
    ])('refuses %s: 400 with 2602', async (_name, auth, field) => {
      const shop = await newShop();
      const detail = expect.stringContaining(field) as string;
      expectRefusal(await change(shop, auth, way), 400, 2602, { field, detail });
      expect((await login(world.server, shop.id, `password of ${shop.id}`)).status).toBe(200);
      expect(await isOpen(shop, shop.token)).toBe(true);
    });

    it.each<[string, object]>([
      ['method', {}],
      ['password', { method: 'token', password: '' }],
      ['password', { method: 'token', password: 7 }],
      ['token', { method: 'token', token: 'without-prefix' }],
    ])('names a faulty %s: 400 with 26', async (field, auth) => {
      const refused = await change(await newShop(), auth, way);
      expectRefusal(refused, 400, 26, { field, detail: expect.stringContaining(field) as string });
    });

    it('is refused for a deleted instance: 404 with 2016', async () => {
      const shop = await newShop();
      await world.server.api.delete(`management/instances/${shop.id}`, operator);
      const refused = await change(shop, { method: 'token', password: 'new' }, way);
      expectRefusal(refused, 404, 2016, { detail: shop.id });
    });
  });

  it('is refused for an unknown instance: 404 with 2000', async () => {
    const auth = { method: 'token', password: 'new' };
    for (const path of ['management/instances/nobody/auth', 'instances/nobody/private/auth']) {
      expectRefusal(await world.server.api.post(path, auth, operator), 404, 2000, { detail: 'nobody' });
    }
  });

  it('lets the operator keep his token when he sets the password of the admin instance, and drops the others', async () => {
    await world.server.api.post('management/instances', newInstance('admin'), operator);
    const first = (await login(world.server, 'admin', 'password of admin')).body.access_token as string;
    const second = (await login(world.server, 'admin', 'password of admin')).body.access_token as string;
    const auth = { method: 'token', password: 'new' };
    const path = 'management/instances/admin/auth';
    expect((await world.server.api.post(path, auth, { token: first })).status).toBe(204);
    expect((await world.server.api.get('private', { token: first })).status).toBe(200);
    expectRefusal(await world.server.api.get('private', { token: second }), 401, 2015);
    expect((await world.server.api.get('private', operator)).status).toBe(200);
  });

  it('leaves one password when it is changed many times at once', async () => {
    const shop = await newShop();
    const passwords = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(8));
    const answers = await Promise.all(
      passwords.map((password) => change(shop, { method: 'token', password }, 'POST private/auth')),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    const logins = await Promise.all(passwords.map((password) => login(world.server, shop.id, password)));
    expect(logins.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  });
});
