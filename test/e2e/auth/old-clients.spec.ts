import { createShop, OPERATOR_TOKEN, type TestWorld } from '../../support/app';
import { CONFIGURATION, login, operator, startStillWorld } from '../instances/helpers';
import { expectRefusal, uniqueId } from '../orders/helpers';

/** management.md 2.1: before v19 `auth` held a token, which was shown as it is. */
describe('clients of before v19', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld({ selfProvisioning: true });
  });
  afterAll(() => world?.close());

  const OLD = 'secret-token:super_secret';
  const create = (id: string, auth: object, path = 'management/instances') =>
    world.server.api.post(path, { ...CONFIGURATION, id, auth }, operator);
  const show = (id: string, token: string) => world.server.api.get(`instances/${id}/private`, { token });
  const change = (id: string, auth: object, token: string) =>
    world.server.api.post(`instances/${id}/private/auth`, auth, { token });

  it.each(['management/instances', 'instances'])(
    'show the token that they set, and it opens everything of the instance; so does the password behind it (%s)',
    async (path) => {
      const id = uniqueId('old');
      expect((await create(id, { method: 'token', token: OLD }, path)).status).toBe(204);
      expect((await show(id, OLD)).status).toBe(200);
      expect((await login(world.server, id, 'super_secret')).status).toBe(200);
      const order = { order: { amount: 'KUDOS:1', summary: 's' }, create_token: false };
      const account = { payto_uri: `payto://x-taler-bank/localhost/${id}?receiver-name=S` };
      const api = world.server.api;
      expect((await api.post(`instances/${id}/private/accounts`, account, { token: OLD })).status).toBe(200);
      expect((await api.post(`instances/${id}/private/orders`, order, { token: OLD })).status).toBe(200);
    },
  );

  it('may have the same token at two instances, and each opens its own', async () => {
    const ids = [uniqueId('twin'), uniqueId('twin')];
    for (const id of ids) expect((await create(id, { method: 'token', token: OLD })).status).toBe(204);
    for (const id of ids) expect((await show(id, OLD)).status).toBe(200);
    const [first = '', second = ''] = ids;
    expect((await world.server.api.delete(`management/instances/${first}?purge=yes`, operator)).status).toBe(
      204,
    );
    expect((await show(second, OLD)).status).toBe(200);
  });

  it('may repeat the request that made the instance, and nothing changes', async () => {
    const id = uniqueId('old');
    for (let made = 0; made < 3; made++)
      expect((await create(id, { method: 'token', token: OLD })).status).toBe(204);
    expect((await show(id, OLD)).status).toBe(200);
    // A repeat with another token is accepted, as `auth` is not compared, and sets none.
    const other = 'secret-token:somebody_else';
    expect((await create(id, { method: 'token', token: other })).status).toBe(204);
    expectRefusal(await show(id, other), 401, 2015);
    expect((await show(id, OLD)).status).toBe(200);
  });

  it('change it: the old one is good for nothing at once, though it was shown for the change itself', async () => {
    const id = uniqueId('old');
    await create(id, { method: 'token', token: OLD });
    const other = 'secret-token:the_next_secret';
    expect((await change(id, { method: 'token', token: other }, OLD)).status).toBe(204);
    expectRefusal(await show(id, OLD), 401, 2015);
    expect((await show(id, other)).status).toBe(200);
    expect((await change(id, { method: 'token', password: 'modern' }, other)).status).toBe(204);
    expectRefusal(await show(id, other), 401, 2015);
    expectRefusal(await show(id, 'secret-token:modern'), 401, 2015);
    expect((await login(world.server, id, 'modern')).status).toBe(200);
  });

  it('see it in the list of tokens, where it can be revoked; the password stays', async () => {
    const id = uniqueId('old');
    await create(id, { method: 'token', token: OLD });
    const api = world.server.api;
    const { body } = await api.get(`instances/${id}/private/tokens`, { token: OLD });
    expect(body).toMatchObject({
      tokens: [
        { scope: 'all', refreshable: false, expiration: { t_s: 'never' }, description: /password/ },
      ].map((token) => ({
        ...token,
        description: expect.stringMatching(token.description),
      })),
    });
    const [{ serial }] = (body as { tokens: [{ serial: number }] }).tokens;
    expect((await api.delete(`instances/${id}/private/tokens/${serial}`, { token: OLD })).status).toBe(204);
    expectRefusal(await show(id, OLD), 401, 2015);
    expect((await login(world.server, id, 'super_secret')).status).toBe(200);
  });

  it('cannot refresh it, and their token is never in the database', async () => {
    const id = uniqueId('old');
    await create(id, { method: 'token', token: OLD });
    const refresh = await world.server.api.post(
      `instances/${id}/private/token`,
      { scope: 'readonly' },
      { token: OLD },
    );
    expectRefusal(refresh, 403, 16, { detail: 'token-refresh' });
    const rows = await world.database.query<{ text: string }>(
      'select row_to_json(t)::text as text from login_tokens t',
    );
    for (const { text } of rows) expect(text).not.toContain('super_secret');
  });

  it('find no way in with a password that was set in the new form, whose text is no token', async () => {
    const shop = await createShop(world.server, uniqueId('new'));
    expectRefusal(await show(shop.id, `secret-token:password of ${shop.id}`), 401, 2015);
    const id = uniqueId('both');
    await create(id, { method: 'token', password: 'modern', token: OLD });
    expectRefusal(await show(id, OLD), 401, 2015);
    expectRefusal(await show(id, OPERATOR_TOKEN), 401, 2015);
  });
});
