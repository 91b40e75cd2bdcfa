import { createOrder, createShop, TestServer, TestShop, TestWorld } from '../../support/app';
import { uniqueId } from '../orders/helpers';
import { CONFIGURATION, newInstance, operator, serverBeside, startStillWorld } from './helpers';
import { until } from '../../support/until';

describe('changes of an instance in one of two processes', () => {
  let world: TestWorld;
  let other: TestServer;
  beforeAll(async () => {
    world = await startStillWorld();
    other = await serverBeside(world);
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });

  const there = (shop: TestShop, path = 'private') =>
    other.api.get(`instances/${shop.id}/${path}`, { token: shop.token });
  /** A shop that the other process knows by heart. */
  async function knownShop(): Promise<TestShop> {
    const shop = await createShop(world.server, uniqueId('known'));
    expect((await there(shop)).status).toBe(200);
    return shop;
  }

  it('reach the other: the configuration', async () => {
    const shop = await knownShop();
    const json = { ...CONFIGURATION, name: 'Changed' };
    expect((await shop.api.call('PATCH', 'private', { json, token: shop.token })).status).toBe(204);
    await until(async () => (await there(shop)).body.name === 'Changed', 'the new name');
  });

  it('reach the other: bank accounts that come and go', async () => {
    const shop = await knownShop();
    const activeOnes = async () =>
      ((await there(shop, 'private/accounts')).body.accounts as { active: boolean }[]).map(
        ({ active }) => active,
      );
    const payto_uri = 'payto://iban/DE75512108001245126199?receiver-name=Shop';
    const added = await shop.api.post('private/accounts', { payto_uri }, { token: shop.token });
    await until(async () => (await activeOnes()).length === 2, 'the new account');
    await shop.api.delete(`private/accounts/${added.body.h_wire as string}`, { token: shop.token });
    await until(async () => (await activeOnes())[1] === false, 'the account gone');
  });

  it('reach the other: a password that closes the doors to old tokens', async () => {
    const shop = await knownShop();
    const auth = { method: 'token', password: 'new' };
    await world.server.api.post(`management/instances/${shop.id}/auth`, auth, operator);
    await until(async () => (await there(shop)).status === 401, 'the revocation');
  });

  it('reach the other: the end of the instance, and its new beginning', async () => {
    const shop = await knownShop();
    const { orderId, token } = await createOrder(shop);
    expect((await other.api.get(`instances/${shop.id}/orders/${orderId}?token=${token ?? ''}`)).status).toBe(
      402,
    );
    await world.server.api.delete(`management/instances/${shop.id}`, operator);
    await until(async () => (await there(shop)).body.code === 2016, 'the deletion');
    await world.server.api.delete(`management/instances/${shop.id}?purge=yes`, operator);
    await until(async () => (await there(shop)).body.code === 2000, 'the purge');
    // The new instance of that name has a key pair of its own, there too.
    const remade = await createShop(world.server, shop.id);
    await until(async () => (await there(remade)).status === 200, 'the new instance');
    const order = await createOrder(remade);
    const nonce = 'SFYHYSTYNDKHNKC3HYAAX3RRRZ0N8AYQSWBH3SY5FHKY8Q3QG9FG';
    const claim = { nonce, token: order.token };
    const claimed = await other.api.post(`instances/${shop.id}/orders/${order.orderId}/claim`, claim);
    const { body } = await there(remade);
    expect(claimed.body.contract_terms.merchant_pub).toBe(body.merchant_pub);
    expect((await there(shop)).status).toBe(401);
  });

  it('reach the other: an instance that both were asked to make', async () => {
    const id = uniqueId('both');
    const make = (server: TestServer) => server.api.post('management/instances', newInstance(id), operator);
    const answers = await Promise.all([make(world.server), make(other), make(world.server), make(other)]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    const keys = await Promise.all(
      [world.server, other].map((server) => server.api.get(`management/instances/${id}`, operator)),
    );
    expect(keys[0]?.body.merchant_pub).toBe(keys[1]?.body.merchant_pub);
  });
});
