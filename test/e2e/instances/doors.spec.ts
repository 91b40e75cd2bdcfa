import { encodeBase32 } from '../../../src/taler/base32';
import { createShop, TestShop, TestWorld } from '../../support/app';
import { expectRefusal } from '../orders/helpers';
import { newInstance, operator, tokenOf, startStillWorld } from './helpers';

const HASH = encodeBase32(Buffer.alloc(64, 4));
/** More than the 8 MiB that a body may have. */
const TOO_LARGE = Buffer.alloc(8 * 1024 * 1024 + 1, ' ');

interface Door {
  readonly method: string;
  /** Below the base URL of the instance, or of the server for `management/…`. */
  readonly path: string;
  /** undefined: open to everybody. */
  readonly permission?: string;
}

/** Every endpoint of management.md 4, 5 and 6.1 to 6.6 that is behind a token or takes a body. */
const DOORS: readonly Door[] = [
  { method: 'POST', path: 'instances' },
  { method: 'POST', path: 'management/instances', permission: 'instances-write' },
  { method: 'GET', path: 'management/instances', permission: 'instances-read' },
  { method: 'GET', path: 'management/instances/$ID', permission: 'instances-read' },
  { method: 'PATCH', path: 'management/instances/$ID', permission: 'instances-token-write' },
  { method: 'DELETE', path: 'management/instances/$ID', permission: 'instances-write' },
  { method: 'POST', path: 'management/instances/$ID/auth', permission: 'instances-auth-write' },
  { method: 'GET', path: 'private', permission: 'instances-read' },
  { method: 'PATCH', path: 'private', permission: 'instances-token-write' },
  { method: 'DELETE', path: 'private', permission: 'instances-write' },
  { method: 'POST', path: 'private/auth', permission: 'instances-auth-write' },
  { method: 'POST', path: 'private/accounts', permission: 'accounts-write' },
  { method: 'GET', path: 'private/accounts', permission: 'accounts-read' },
  { method: 'GET', path: `private/accounts/${HASH}`, permission: 'accounts-read' },
  { method: 'PATCH', path: `private/accounts/${HASH}`, permission: 'accounts-write' },
  { method: 'DELETE', path: `private/accounts/${HASH}`, permission: 'accounts-write' },
];
const nameOf = ({ method, path }: Door) => `${method} ${path.replace(HASH, '$H_WIRE')}`;
const titled = (doors: readonly Door[]) => doors.map((door) => [nameOf(door), door] as const);

describe('the doors of instances', () => {
  let world: TestWorld;
  let admin: TestShop;
  const narrow = new Map<string, string>();
  beforeAll(async () => {
    world = await startStillWorld();
    admin = await createShop(world.server, 'admin');
    for (const shop of [admin, world.shop]) {
      for (const scope of ['order-simple', 'readonly']) {
        narrow.set(`${shop.id} ${scope}`, await tokenOf(world.server, shop, scope));
      }
    }
    await createShop(world.server, 'gone');
    await world.server.api.delete('management/instances/gone', operator);
  });
  afterAll(() => world?.close());

  const isOfServer = (door: Door) => /^(management|instances)/.test(door.path);
  const hasBody = (door: Door) => door.method === 'POST' || door.method === 'PATCH';
  /** The request of a door; `at` is the instance in the path. */
  function knock(door: Door, request: { token?: string; raw?: string | Buffer } = {}, at = 'shop') {
    const path = isOfServer(door) ? door.path.replace('$ID', at) : `instances/${at}/${door.path}`;
    const raw = request.raw ?? (hasBody(door) ? '{}' : undefined);
    return world.server.api.call(door.method, path, { raw, token: request.token });
  }
  const keyOf = (door: Door) => (isOfServer(door) ? admin.token : world.shop.token);

  describe.each(titled(DOORS.filter(({ permission }) => permission !== undefined)))('%s', (_name, door) => {
    it('is shut without a token, with one of nobody, and with that of another instance: 401 with 2015', async () => {
      const foreign = isOfServer(door) ? world.shop.token : admin.token;
      for (const token of [undefined, 'secret-token:of-nobody', foreign]) {
        expectRefusal(await knock(door, { token }), 401, 2015);
      }
    });

    it('is shut to a scope that does not reach so far: 403 with 16', async () => {
      const scope = door.permission?.endsWith('-read') ? 'order-simple' : 'readonly';
      const token = narrow.get(`${isOfServer(door) ? 'admin' : 'shop'} ${scope}`);
      expectRefusal(await knock(door, { token }), 403, 16, { detail: door.permission });
    });
  });

  const own = DOORS.filter((door) => !isOfServer(door));
  it.each(titled(own))('%s of an unknown instance is 404 with 2000', async (_name, door) => {
    expectRefusal(await knock(door, operator, 'nobody'), 404, 2000, { detail: 'nobody' });
  });

  // Its own end it may ask for again, and has no token for it any more (4.9).
  const shut = own.filter(({ method, path }) => `${method} ${path}` !== 'DELETE private');
  it.each(titled(shut))('%s of a deleted instance is 404 with 2016', async (_name, door) => {
    expectRefusal(await knock(door, operator, 'gone'), 404, 2016, { detail: 'gone' });
  });

  it('GET management/instances/$ID of a deleted instance is answered, of an unknown one 404 with 2000', async () => {
    const door = DOORS[3] as Door;
    expect(await knock(door, operator, 'gone')).toMatchObject({ status: 200, body: { name: 'Shop gone' } });
    expectRefusal(await knock(door, operator, 'nobody'), 404, 2000, { detail: 'nobody' });
  });

  describe.each(titled(DOORS.filter(hasBody)))('%s', (_name, door) => {
    it('refuses a body that is too large: 413 with 32', async () => {
      expectRefusal(await knock(door, { token: keyOf(door), raw: TOO_LARGE }), 413, 32);
    });

    it.each(['', '{', 'name=Shop'])('refuses a body that is no JSON, %j: 400 with 22', async (raw) => {
      const refused = await knock(door, { token: keyOf(door), raw });
      expectRefusal(refused, 400, 22, { detail: expect.any(String) as string });
    });

    it('refuses a body that is no object: 400 with 26', async () => {
      const refused = await knock(door, { token: keyOf(door), raw: '[]' });
      expectRefusal(refused, 400, 26, { field: '', detail: 'the body must be a JSON object' });
    });
  });

  it('lets a body of nearly 8 MiB pass where nothing in it is too long', async () => {
    const name = 'with-ballast';
    const json = { ...newInstance(name), ballast: 'x'.repeat(8 * 1024 * 1024 - 4096) };
    const answer = await world.server.api.post('management/instances', json, operator);
    expect(answer.status).toBe(204);
  });
});
