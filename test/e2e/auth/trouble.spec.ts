import { createShop, type TestShop, type TestWorld } from '../../support/app';
import type { ApiAnswer } from '../../support/api';
import { missingTable, refusedWrites } from '../faults/trouble';
import { operator, tokenOf, startStillWorld } from '../instances/helpers';
import { expectRefusal, uniqueId } from '../orders/helpers';

describe('tokens when something is wrong', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());
  beforeEach(async () => {
    shop = await createShop(world.server, uniqueId('troubled'));
    // Known by heart from here on, so that the trouble hits the operation itself.
    expect((await shop.api.get('private', { token: shop.token })).status).toBe(200);
  });

  const basic = () => ({
    authorization: `Basic ${Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64')}`,
  });
  const issue = () => shop.api.post('private/token', { scope: 'readonly' }, { headers: basic() });

  it('with the database: a token that cannot be stored is 500 with 52, and none was issued', async () => {
    const trouble = await refusedWrites(world.database, 'login_tokens', { at: 'statement', state: 'P0001' });
    expectRefusal(await issue().finally(() => trouble.end()), 500, 52);
    expect((await issue()).status).toBe(200);
  });

  it('with the database: a token that cannot be revoked is 500 with 52, and goes on', async () => {
    const [row] = await world.database.query<{ serial: string }>(
      'select max(serial) as serial from login_tokens',
    );
    const trouble = await refusedWrites(world.database, 'login_tokens', { at: 'statement', state: 'P0001' });
    let bySerial: ApiAnswer, presented: ApiAnswer;
    try {
      bySerial = await shop.api.delete(`private/tokens/${row?.serial}`, { token: shop.token });
      presented = await shop.api.delete('private/token', { token: shop.token });
    } finally {
      await trouble.end();
    }
    expectRefusal(bySerial, 500, 52);
    expectRefusal(presented, 500, 52);
    expect((await shop.api.get('private', { token: shop.token })).status).toBe(200);
    expect((await shop.api.delete('private/token', { token: shop.token })).status).toBe(204);
  });

  it('with the database: a list that cannot be read is 500 with 53', async () => {
    const trouble = await missingTable(world.database, 'login_tokens');
    const answer = await shop.api.get('private/tokens', { token: shop.token }).finally(() => trouble.end());
    expectRefusal(answer, 500, 53);
  });

  it('with the database: a password that cannot be looked up is no failed login, and nobody gets in', async () => {
    const trouble = await missingTable(world.database, 'instances');
    const answer = await issue().finally(() => trouble.end());
    expectRefusal(answer, 500, 53);
    const failures = await world.database.query(
      `select from rate_limits where attempts > 0 and instance_serial = (select serial from instances where id = $1)`,
      [shop.id],
    );
    expect(failures).toEqual([]);
    expect((await issue()).status).toBe(200);
  });

  it('with the instance: an unknown one is 404 with 2000, a deleted one 404 with 2016, whatever is shown', async () => {
    const other = await tokenOf(world.server, shop, 'readonly');
    const asked = (path: string) => [
      world.server.api.post(`${path}/private/token`, { scope: 'readonly' }, { headers: basic() }),
      world.server.api.delete(`${path}/private/token`, { token: other }),
      world.server.api.get(`${path}/private/tokens`, { token: other }),
      world.server.api.delete(`${path}/private/tokens/1`, { token: other }),
    ];
    for (const answer of asked('instances/nobody'))
      expectRefusal(await answer, 404, 2000, { detail: 'nobody' });
    expect((await world.server.api.delete(`management/instances/${shop.id}`, operator)).status).toBe(204);
    for (const answer of asked(`instances/${shop.id}`)) {
      expectRefusal(await answer, 404, 2016, { detail: shop.id });
    }
  });
});
