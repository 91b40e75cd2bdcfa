import { Application } from 'express';
import { TOKEN_SCOPES, TokenScope } from '../../../src/auth/token-scopes';
import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { expectRefusal } from '../orders/helpers';

type Asked =
  | 'orders-read'
  | 'orders-write'
  | 'orders-refund'
  | 'accounts-read'
  | 'accounts-write'
  | 'instances-read'
  | 'instances-write'
  | 'instances-auth-write'
  | 'instances-token-write';

/** Every private route of the server with the permission that its page in the reference asks for. */
const INSTANCE_ROUTES: readonly (readonly [string, string, Asked])[] = [
  ['GET', 'private', 'instances-read'],
  ['PATCH', 'private', 'instances-token-write'],
  ['DELETE', 'private', 'instances-write'],
  ['POST', 'private/auth', 'instances-auth-write'],
  ['POST', 'private/accounts', 'accounts-write'],
  ['GET', 'private/accounts', 'accounts-read'],
  ['GET', 'private/accounts/:h_wire', 'accounts-read'],
  ['PATCH', 'private/accounts/:h_wire', 'accounts-write'],
  ['DELETE', 'private/accounts/:h_wire', 'accounts-write'],
  ['POST', 'private/orders', 'orders-write'],
  ['GET', 'private/orders', 'orders-read'],
  ['GET', 'private/orders/:order_id', 'orders-read'],
  ['DELETE', 'private/orders/:order_id', 'orders-write'],
  ['PATCH', 'private/orders/:order_id/forget', 'orders-write'],
  ['POST', 'private/orders/:order_id/refund', 'orders-refund'],
];
const MANAGEMENT_ROUTES: readonly (readonly [string, string, Asked])[] = [
  ['POST', 'management/instances', 'instances-write'],
  ['GET', 'management/instances', 'instances-read'],
  ['GET', 'management/instances/:id', 'instances-read'],
  ['PATCH', 'management/instances/:id', 'instances-token-write'],
  ['DELETE', 'management/instances/:id', 'instances-write'],
  ['POST', 'management/instances/:id/auth', 'instances-auth-write'],
];
/** After these the instance, its tokens or what the path names is not what it was: each cell gets a shop of its own. */
const RUINOUS = new Set([
  'DELETE private/orders/:order_id',
  'DELETE private',
  'POST private/auth',
  'DELETE private/accounts/:h_wire',
  'DELETE management/instances/:id',
  'POST management/instances/:id/auth',
]);
/** These are about contract terms, and nobody has claimed the order: whoever gets in is told that there are none. */
const ABOUT_CONTRACTS = new Set([
  'PATCH private/orders/:order_id/forget',
  'POST private/orders/:order_id/refund',
]);
const INSTANCE = { name: 'P', address: {}, jurisdiction: {}, use_stefan: false };
/** These judge the credential themselves (tokens.spec.ts). */
const CREDENTIAL_ROUTES = ['POST private/token', 'DELETE private/token'];

/** management.md 2.2, written out. */
const ALL: readonly Asked[] = [
  'orders-read',
  'orders-write',
  'orders-refund',
  'accounts-read',
  'accounts-write',
  'instances-read',
  'instances-write',
  'instances-auth-write',
  'instances-token-write',
];
const GRANTED: Readonly<Record<TokenScope, readonly Asked[]>> = {
  readonly: ['orders-read', 'accounts-read', 'instances-read'],
  write: ALL,
  all: ALL,
  spa: ALL,
  'order-simple': ['orders-read', 'orders-write'],
  'order-pos': ['orders-read', 'orders-write'],
  'order-mgmt': ['orders-read', 'orders-write', 'orders-refund'],
  'order-full': ['orders-read', 'orders-write', 'orders-refund'],
};
const SCOPES = Object.keys(GRANTED) as TokenScope[];

describe('every route with every scope', () => {
  let world: TestWorld;
  interface Prepared {
    readonly shop: TestShop;
    readonly orderId: string;
    readonly hWire: string;
  }
  const shops = new Map<string, Prepared>();
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    world = await startTestWorld();
    for (const shop of [world.shop, await createShop(world.server, 'admin')]) {
      shops.set(shop.id, await prepare(shop));
      for (const scope of SCOPES) tokens.set(`${shop.id} ${scope}`, await login(shop, scope));
    }
  });
  afterAll(() => world?.close());

  async function prepare(shop: TestShop): Promise<Prepared> {
    const { orderId } = await createOrder(shop);
    const accounts = await shop.api.get('private/accounts', { token: shop.token });
    return { shop, orderId, hWire: accounts.body.accounts[0].h_wire as string };
  }

  let freshCount = 0;
  const fresh = () => createShop(world.server, `fresh-${++freshCount}`).then(prepare);

  async function login(shop: TestShop, scope: TokenScope): Promise<string> {
    const credential = Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64');
    const answer = await shop.api.post(
      'private/token',
      { scope },
      { headers: { authorization: `Basic ${credential}` } },
    );
    return answer.body.access_token as string;
  }

  const bodies: Readonly<Record<string, object>> = {
    'private/orders': { order: { amount: 'KUDOS:1', summary: 'x' } },
    'private/accounts': { payto_uri: 'payto://x-taler-bank/localhost/permissions?receiver-name=P' },
    'PATCH private': INSTANCE,
    'PATCH management/instances/:id': INSTANCE,
    'private/auth': { method: 'token', password: 'p' },
    'management/instances/:id/auth': { method: 'token', password: 'p' },
    'PATCH private/accounts/:h_wire': {},
    'PATCH private/orders/:order_id/forget': { fields: [] },
    'POST private/orders/:order_id/refund': { refund: 'KUDOS:1', reason: 'x' },
    'management/instances': {
      id: 'made-by-permission',
      name: 'P',
      auth: { method: 'token', password: 'p' },
      address: {},
      jurisdiction: {},
      use_stefan: false,
    },
  };

  async function check(
    shopId: string,
    route: readonly [string, string, Asked],
    scope: TokenScope,
  ): Promise<void> {
    const [method, pattern, permission] = route;
    const usual = shops.get(shopId);
    if (!usual) throw new Error('not prepared');
    const isRuinous = RUINOUS.has(`${method} ${pattern}`);
    const found = isRuinous ? await fresh() : usual;
    const isManagement = pattern.startsWith('management');
    const token =
      isRuinous && !isManagement ? await login(found.shop, scope) : tokens.get(`${shopId} ${scope}`);
    const door = isManagement ? world.server.api : found.shop.api;
    const path = pattern
      .replace(':h_wire', found.hWire)
      .replace(':order_id', found.orderId)
      .replace(':id', found.shop.id);
    const json = bodies[`${method} ${pattern}`] ?? (method === 'POST' ? bodies[pattern] : undefined);
    const answer = await door.call(method, path, { json, token });
    const granted = ABOUT_CONTRACTS.has(`${method} ${pattern}`) ? [404] : [200, 204];
    if (GRANTED[scope].includes(permission)) expect(granted).toContain(answer.status);
    else expectRefusal(answer, 403, 16, { detail: permission });
  }

  const cells = (routes: typeof INSTANCE_ROUTES) =>
    routes.flatMap((route) => SCOPES.map((scope) => [route[0], route[1], scope, route] as const));

  it.each(cells(INSTANCE_ROUTES))('%s %s with the scope %s', async (_method, _path, scope, route) => {
    await check('shop', route, scope);
    await check('admin', route, scope);
  });

  it.each(cells(MANAGEMENT_ROUTES))(
    '%s %s with the scope %s of the admin instance',
    async (_method, _path, scope, route) => {
      await check('admin', route, scope);
    },
  );

  it('covers all scopes there are and all private routes there are', () => {
    expect(Object.keys(TOKEN_SCOPES).sort()).toEqual([...SCOPES].sort());
    const application = world.server.app.getHttpAdapter().getInstance() as Application;
    const stack = application.router.stack as { route?: { path: string; methods: object } }[];
    const served = new Set<string>();
    for (const { route } of stack) {
      if (!route) continue;
      const path = route.path.replace(/^\/(instances\/:instance\/)?/, '');
      if (!/^(private|management)\b/.test(path)) continue;
      for (const method of Object.keys(route.methods)) served.add(`${method.toUpperCase()} ${path}`);
    }
    const listed = [...INSTANCE_ROUTES, ...MANAGEMENT_ROUTES].map(([method, path]) => `${method} ${path}`);
    expect([...served].sort()).toEqual([...listed, ...CREDENTIAL_ROUTES].sort());
  });

  it('lets no route be opened without a token', async () => {
    for (const [method, path] of [...INSTANCE_ROUTES, ...MANAGEMENT_ROUTES]) {
      const door = path.startsWith('management') ? world.server.api : world.shop.api;
      const answer = await door.call(method, path.replace(/:\w+/, 'anything'));
      expectRefusal(answer, 401, 2015);
    }
  });
});
