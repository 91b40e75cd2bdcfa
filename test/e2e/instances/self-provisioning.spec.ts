import { TestServer, TestWorld } from '../../support/app';
import { expectRefusal, uniqueId } from '../orders/helpers';
import { login, newInstance, operator, serverBeside, withServer, startStillWorld } from './helpers';

describe('POST instances', () => {
  let world: TestWorld;
  let server: TestServer;
  beforeAll(async () => {
    world = await startStillWorld();
    server = await serverBeside(world, { selfProvisioning: true });
  });
  afterAll(async () => {
    await server?.close();
    await world?.close();
  });

  const provision = (id: string, more: object = {}, query = '') =>
    server.api.post(`instances${query}`, newInstance(id, more));
  const exists = async (id: string) =>
    (await world.database.query('select from instances where id = $1', [id])).length === 1;

  it('is off unless the operator turns it on: 403 with 2015, and /config says so', async () => {
    const refused = await world.server.api.post('instances', newInstance('stranger'));
    expectRefusal(refused, 403, 2015, { detail: 'self-provisioning is disabled' });
    expect(await exists('stranger')).toBe(false);
    expect((await world.server.api.get('config')).body).toMatchObject({ have_self_provisioning: false });
    expect((await server.api.get('config')).body).toMatchObject({ have_self_provisioning: true });
  });

  it('makes a merchant of whoever asks, without any credential', async () => {
    const id = uniqueId('new');
    expect(await provision(id, { email: 'me@shop.example' })).toMatchObject({ status: 204, text: '' });
    const token = (await login(server, id, `password of ${id}`)).body.access_token as string;
    expect((await server.api.get(`instances/${id}/private`, { token })).body).toMatchObject({
      name: 'Plain',
      email: 'me@shop.example',
      email_validated: false,
    });
  });

  it('hands out a refreshable token of the back office that is valid as long as was asked for', async () => {
    const id = uniqueId('tokened');
    const answer = await provision(id, {}, '?token_validity_ms=7200000');
    expect(answer.status).toBe(200);
    const nowS = Number(world.clock.nowUs() / 1_000_000n);
    expect(answer.body).toEqual({
      token: answer.body.access_token,
      access_token: expect.stringMatching(/^secret-token:[0-9A-Z]{52}$/),
      scope: 'spa',
      expiration: { t_s: nowS + 7200 },
      refreshable: true,
    });
    const { access_token: token } = answer.body as { access_token: string };
    expect((await server.api.get(`instances/${id}/private`, { token })).status).toBe(200);
    const minted = await server.api.post(`instances/${id}/private/token`, { scope: 'all' }, { token });
    expect(minted.status).toBe(200);
  });

  it('makes no token when none is asked for', async () => {
    const id = uniqueId('tokenless');
    expect((await provision(id, {}, '?token_validity_ms=0')).status).toBe(204);
    const tokens = `select from login_tokens join instances on serial = instance_serial where id = $1`;
    expect(await world.database.query(tokens.replace('serial =', 'instances.serial ='), [id])).toHaveLength(
      0,
    );
  });

  it.each(['x', '-1', '1.5', '9007199254741', ''])('refuses the validity %j: 400 with 26', async (value) => {
    const id = uniqueId('invalid');
    const refused = await provision(id, {}, `?token_validity_ms=${value}`);
    expectRefusal(refused, 400, 26, { detail: 'token_validity_ms' });
    expect(await exists(id)).toBe(false);
  });

  it('answers a repeat alike, with a token of its own, to whoever knows the password', async () => {
    const id = uniqueId('repeated');
    expect((await provision(id)).status).toBe(204);
    expect((await provision(id)).status).toBe(204);
    const answer = await provision(id, {}, '?token_validity_ms=60000');
    expect(answer.status).toBe(200);
    const token = answer.body.access_token as string;
    expect((await server.api.get(`instances/${id}/private`, { token })).status).toBe(200);
  });

  it('gives nothing to a stranger who repeats what everybody can know of a shop: 409 with 2600', async () => {
    const id = uniqueId('victim');
    await provision(id);
    const auth = { method: 'token', password: 'of the thief' };
    expectRefusal(await provision(id, { auth }, '?token_validity_ms=60000'), 409, 2600, { detail: id });
    expectRefusal(await provision(id, { auth }), 409, 2600, { detail: id });
    expect((await login(server, id, 'of the thief')).status).toBe(401);
  });

  it('refuses an id that is taken, also when it differs by case only: 409 with 2600', async () => {
    const id = uniqueId('taken');
    await provision(id);
    expectRefusal(await provision(id, { name: 'Other' }), 409, 2600, { detail: id });
    const password = { auth: { method: 'token', password: `password of ${id}` } };
    expectRefusal(await provision(id.toUpperCase(), password), 409, 2600, { detail: id });
    expectRefusal(await provision(id.toUpperCase(), { name: 'Other' }), 409, 2600, { detail: id });
  });

  it.each(['admin', 'Admin', 'default', 'DEFAULT'])('never makes the admin instance, as %s', async (id) => {
    expectRefusal(await provision(id), 409, 2600, { detail: id });
    expect(await exists('admin')).toBe(false);
  });

  it('refuses the id of a deleted instance: 409 with 2603', async () => {
    const id = uniqueId('deleted');
    await provision(id);
    await server.api.delete(`management/instances/${id}`, operator);
    expectRefusal(await provision(id), 409, 2603, { detail: id });
  });

  it('refuses what is faulty: 400 with 26 and 2601, and makes nothing', async () => {
    const id = uniqueId('faulty');
    expectRefusal(await provision(id, { name: undefined }), 400, 26, {
      field: 'name',
      detail: expect.stringContaining('name') as string,
    });
    expectRefusal(await provision(id, { auth: { method: 'external' } }), 400, 2601, {
      field: 'auth',
      detail: expect.stringContaining('auth') as string,
    });
    expect(await exists(id)).toBe(false);
  });

  it('makes one instance of ten requests at once', async () => {
    const id = uniqueId('raced');
    const answers = await Promise.all(Array.from({ length: 10 }, () => provision(id)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(204));
    expect(await exists(id)).toBe(true);
  });

  it('gives an id to one of two strangers who want it at once', async () => {
    const id = uniqueId('wanted');
    const answers = await Promise.all(
      ['one', 'two'].map((password) => provision(id, { auth: { method: 'token', password } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
  });

  it('asks for the addresses at which a merchant must be reached: 400 with 26, and /config names them', async () => {
    const config = { selfProvisioning: true, mandatoryTanChannels: ['sms', 'email'] } as const;
    await withServer(world, config, async ({ api }) => {
      expect((await api.get('config')).body).toMatchObject({ mandatory_tan_channels: ['sms', 'email'] });
      const id = uniqueId('reachable');
      const post = (more: object) => api.post('instances', newInstance(id, more));
      expectRefusal(await post({ email: 'a@b.example' }), 400, 26, {
        field: 'phone_number',
        detail: 'phone_number: must be present: codes are sent there',
      });
      expectRefusal(await post({ phone_number: '+41 31 1' }), 400, 26, {
        field: 'email',
        detail: 'email: must be present: codes are sent there',
      });
      expect(await exists(id)).toBe(false);
    });
  });
});
