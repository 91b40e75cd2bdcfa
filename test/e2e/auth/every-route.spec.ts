import type { Application } from 'express';
import { createShop, OPERATOR_TOKEN, type TestShop, type TestWorld } from '../../support/app';
import { startStillWorld } from '../instances/helpers';
import { RawClient, type RawReply } from '../bad-input/raw-client';
import { GRANTED, WANTED, withoutNames } from './access-table';

/** Some hundred routes, with some twenty credentials each. */
jest.setTimeout(180_000);

const SCOPES = Object.keys(GRANTED);

/** A route as Express knows it. */
interface Route {
  readonly method: string;
  /** `/instances/:instance/private/orders/:order_id` */
  readonly path: string;
}

/** Below the instance, as the table names it. */
function nameOf({ method, path }: Route): string {
  return `${method} ${withoutNames(path.replace(/^\/(instances\/:instance\/)?/, ''))}`;
}

describe('every route there is', () => {
  let world: TestWorld;
  let client: RawClient;
  let shop: TestShop;
  let admin: TestShop;
  let other: TestShop;
  let routes: Route[];
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    world = await startStillWorld();
    client = new RawClient(world.server.url);
    shop = world.shop;
    [admin, other] = await Promise.all([
      createShop(world.server, 'admin'),
      createShop(world.server, 'other'),
    ]);
    for (const holder of [shop, admin]) {
      for (const scope of SCOPES) {
        tokens.set(`${holder.id} ${scope}`, await login(holder, scope));
        tokens.set(`${holder.id} ${scope}:refreshable`, await login(holder, `${scope}:refreshable`));
      }
    }
    const application = world.server.app.getHttpAdapter().getInstance() as Application;
    const stack = application.router.stack as {
      route?: { path: string; methods: Record<string, boolean> };
    }[];
    routes = stack.flatMap(({ route }) =>
      Object.keys(route?.methods ?? {}).map((method) => ({
        method: method.toUpperCase(),
        path: String(route?.path),
      })),
    );
  });
  afterAll(async () => {
    client?.close();
    await world?.close();
  });

  async function login(holder: TestShop, scope: string, durationUs?: number): Promise<string> {
    const credential = Buffer.from(`${holder.id}:password of ${holder.id}`).toString('base64');
    const body = { scope, duration: { d_us: durationUs ?? 'forever' } };
    const headers = { authorization: `Basic ${credential}` };
    const answer = await holder.api.post('private/token', body, { headers });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body.access_token as string;
  }

  /**
   * Without a body whoever is let in gets no further than to what is wrong with it, where there would be something to
   * do; but to be issued a token depends on what is asked for.
   */
  function call(route: Route, authorization: string | undefined, scope = 'readonly'): Promise<RawReply> {
    const path = route.path
      .replace(':instance', 'shop')
      .replace(':serial', '9000000000')
      .replace(/:\w+/g, 'nothing-of-this-name');
    const body = nameOf(route) === 'POST private/token' ? JSON.stringify({ scope }) : undefined;
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    return client.send({ method: route.method, path, headers, body });
  }
  /** Whose tokens open the route. */
  function doorOf({ path }: Route): TestShop {
    return path.startsWith('/instances/:instance/') ? shop : admin;
  }
  const isGuarded = (route: Route) => WANTED.get(nameOf(route)) !== 'public';
  const outcome = ({ status, text }: RawReply) =>
    status === 401 || status === 403 ? `${status} ${(JSON.parse(text) as { code: number }).code}` : 'let in';

  /** What the table says of a token with this scope. */
  function expected(route: Route, scope: string, isRefreshable: boolean): string {
    const wanted = WANTED.get(nameOf(route));
    if (wanted === 'any token') return 'let in';
    if (wanted === 'password or refresh') return isRefreshable ? 'let in' : '403 16';
    const granted = GRANTED[scope];
    return granted === undefined || granted.includes(wanted ?? '') ? 'let in' : '403 16';
  }

  it('stands in the table of the reference', () => {
    expect(routes.length).toBeGreaterThan(70);
    expect(routes.filter((route) => !WANTED.has(nameOf(route)))).toEqual([]);
  });

  it('has a row in the table that somebody reads: what is guarded is private or management', () => {
    for (const route of routes) {
      const isInside = /^\/(instances\/:instance\/)?private(\/|$)|^\/management\//.test(route.path);
      expect({ ...route, isGuarded: isGuarded(route) }).toEqual({ ...route, isGuarded: isInside });
    }
  });

  it.each(SCOPES)(
    'asks a token of the scope %s for the permission of the table, and for nothing else',
    async (scope) => {
      let refused = 0;
      for (const route of routes.filter(isGuarded)) {
        if (isRuinous(route)) continue;
        for (const mark of ['', ':refreshable']) {
          const token = tokens.get(`${doorOf(route).id} ${scope}${mark}`) ?? '';
          const seen = outcome(await call(route, `Bearer ${token}`, scope));
          expect({ ...route, seen }).toEqual({ ...route, seen: expected(route, scope, mark !== '') });
          if (seen !== 'let in' && nameOf(route) !== 'POST private/token') refused++;
        }
      }
      expect(refused > 0).toBe(GRANTED[scope] !== undefined);
    },
  );

  it.each(SCOPES)(
    'that ends the instance or the token does so for the scope %s as the table says',
    async (scope) => {
      for (const route of routes.filter((each) => isGuarded(each) && isRuinous(each))) {
        const holder = doorOf(route);
        // A token of its own, for it is gone afterwards; an instance that may be ended is made for it.
        const isEnd = nameOf(route) === 'DELETE private';
        const mayEnd = isEnd && expected(route, scope, false) === 'let in';
        if (mayEnd && holder === admin) continue;
        const victim = mayEnd ? await createShop(world.server, `victim-of-${scope}`) : holder;
        const authorization = `Bearer ${await login(victim, scope)}`;
        const path = route.path.replace(':instance', victim.id);
        const seen = outcome(await client.send({ method: route.method, path, headers: { authorization } }));
        expect({ ...route, seen }).toEqual({ ...route, seen: expected(route, scope, false) });
      }
    },
  );

  /** Where a request without a body does something. */
  function isRuinous(route: Route): boolean {
    return ['DELETE private', 'DELETE private/token'].includes(nameOf(route));
  }

  const nobodies: readonly (readonly [string, () => string | undefined])[] = [
    ['nobody', () => undefined],
    ['an empty header', () => ''],
    ['an unknown token', () => `Bearer secret-token:${'0'.repeat(52)}`],
    ['the prefix alone', () => 'Bearer secret-token:'],
    ['a token without its prefix', () => `Bearer ${shop.token.replace('secret-token:', '')}`],
    ['a token with its prefix twice', () => `Bearer secret-token:${shop.token}`],
    ['a token with something behind it', () => `Bearer ${shop.token} ${shop.token}`],
    ['a token of another scheme', () => `Token ${shop.token}`],
    ['a token of another instance', () => `Bearer ${other.token}`],
    ['a name and password of nobody', () => basic('nobody', 'nothing')],
    ['a token as password', () => basic('shop', shop.token)],
  ];
  it.each(nobodies)('is shut to %s: 401 with 2015', async (_name, authorization) => {
    // Wrong passwords are counted; how many is not what this is about.
    await world.database.query('delete from rate_limits');
    for (const route of routes.filter(isGuarded)) {
      expect({ ...route, seen: outcome(await call(route, authorization())) }).toEqual({
        ...route,
        seen: '401 2015',
      });
    }
  });

  it('is shut to the right name and password, but for the one where tokens are issued', async () => {
    for (const route of routes.filter(isGuarded)) {
      const { id } = doorOf(route);
      const isLogin = nameOf(route) === 'POST private/token';
      const seen = outcome(await call(route, basic(id, `password of ${id}`)));
      expect({ ...route, seen }).toEqual({ ...route, seen: isLogin ? 'let in' : '401 2015' });
    }
  });

  it('is shut to the token of an instance at the door of the admin, and to that of the admin at the door of an instance', async () => {
    for (const route of routes.filter(isGuarded)) {
      const stranger = doorOf(route) === shop ? admin : shop;
      const seen = outcome(await call(route, `Bearer ${stranger.token}`));
      expect({ ...route, seen }).toEqual({ ...route, seen: '401 2015' });
      const isOperators = doorOf(route) === admin;
      if (isOperators && !isRuinous(route)) {
        expect(outcome(await call(route, `Bearer ${OPERATOR_TOKEN}`))).toBe('let in');
      } else if (!isOperators) {
        expect(outcome(await call(route, `Bearer ${OPERATOR_TOKEN}`))).toBe('401 2015');
      }
    }
  });

  it('is shut to a token that has expired', async () => {
    const durationUs = 60_000_000;
    const short = {
      shop: await login(shop, 'all', durationUs),
      admin: await login(admin, 'all', durationUs),
    };
    expect((await shop.api.get('private', { token: short.shop })).status).toBe(200);
    world.clock.advanceSeconds(61);
    for (const route of routes.filter(isGuarded)) {
      const token = doorOf(route) === shop ? short.shop : short.admin;
      expect({ ...route, seen: outcome(await call(route, `Bearer ${token}`)) }).toEqual({
        ...route,
        seen: '401 2015',
      });
    }
  });

  it('that is public asks nobody: no credential makes a difference', async () => {
    for (const route of routes.filter((each) => !isGuarded(each))) {
      const without = await call(route, undefined);
      const withWrong = await call(route, 'Bearer nonsense');
      expect({ ...route, status: withWrong.status }).toEqual({ ...route, status: without.status });
      expect(without.status).not.toBe(401);
    }
  });
});

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
