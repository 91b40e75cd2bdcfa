import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExchangeDirectory } from '../../../src/exchange/exchange-directory';
import { ExchangeKeysCache } from '../../../src/exchange/exchange-keys.cache';
import { createShop, settingOf, startTestServer, type TestServer, type TestWorld } from '../../support/app';
import { startStillWorld } from '../instances/helpers';
import { LONG_MS } from '../long-poll/waiting';
import { expectRefusal } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { coinsOf, withdrawCoins } from '../payments/support/purse';

/** A server of somebody else, who would like to be called by ours. */
class Trap {
  readonly calls: string[] = [];
  private constructor(
    private readonly server: Server,
    private readonly answerWith: (url: string) => { status: number; location?: string },
  ) {
    server.on('request', (request, response) => {
      this.calls.push(`${request.method} ${request.url}`);
      const { status, location } = this.answerWith(request.url ?? '');
      response.writeHead(status, location === undefined ? {} : { location }).end('{}');
    });
  }
  static async start(answerWith: Trap['answerWith'] = () => ({ status: 200 })): Promise<Trap> {
    const server = createServer();
    const trap = new Trap(server, answerWith);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return trap;
  }
  /** With final slash. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }
  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

describe('what the server calls', () => {
  let world: TestWorld;
  let trap: Trap;
  beforeAll(async () => {
    [world, trap] = await Promise.all([startStillWorld(), Trap.start()]);
  });
  afterAll(async () => {
    await world?.close();
    await trap?.close();
  });
  beforeEach(() => void trap.calls.splice(0));

  it('is nothing that a shop or a wallet names: no URL of theirs is ever fetched', async () => {
    const shop = await createShop(world.server, 'baited', {
      instance: { website: trap.url, name: trap.url },
    });
    const added = await shop.api.post(
      'private/accounts',
      {
        payto_uri: `payto://x-taler-bank/${new URL(trap.url).host}/baited?receiver-name=B`,
        credit_facade_url: trap.url,
        credit_facade_credentials: { type: 'bearer', token: 'bait' },
      },
      { token: shop.token },
    );
    expect(added.status).toBe(200);
    const order = {
      fulfillment_url: trap.url,
      public_reorder_url: `${trap.url}again`,
      products: [{ description: trap.url }],
      extra: { url: trap.url },
    };
    const customer = await Customer.order(shop, order);
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    expect((await customer.spend(coins)).status).toBe(200);
    const headers = {
      host: new URL(trap.url).host,
      'x-forwarded-host': new URL(trap.url).host,
      referer: trap.url,
    };
    await shop.api.get(`orders/${customer.orderId}`, { headers });
    await shop.api.get(`private/orders/${customer.orderId}`, { token: shop.token, headers });
    expect(trap.calls).toEqual([]);
  });

  it('is no exchange that a wallet names, but only those of the configuration', async () => {
    const shop = await createShop(world.server, 'visited');
    const customer = await Customer.order(shop);
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    const elsewhere = customer.permitAll(coins).map((coin) => ({ ...coin, exchange_url: trap.url }));
    const answer = await customer.pay(elsewhere);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(trap.calls).toEqual([]);
    expect((await customer.spend(coins)).status).toBe(200);
  });

  it('is not what a configured exchange redirects to', async () => {
    const redirecting = await Trap.start((url) => ({ status: 302, location: new URL(url, trap.url).href }));
    let server: TestServer | undefined;
    try {
      const setting = { ...settingOf(world.exchange), baseUrl: redirecting.url };
      server = await startTestServer({ database: world.database, clock: world.clock, exchanges: [setting] });
      const [exchange] = server.app.get(ExchangeDirectory).list();
      if (!exchange) throw new Error('no exchange is configured');
      // Only once the attempt to get keys is over has what it came across been followed, or not.
      const keys = server.app.get(ExchangeKeysCache).get(exchange, { waitMs: LONG_MS });
      await expect(keys).rejects.toMatchObject({ code: 2010 });
      const shop = await createShop(server, 'redirected');
      const order = { order: { amount: 'KUDOS:1', summary: 's' } };
      const answer = await shop.api.post('private/orders', order, { token: shop.token });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(redirecting.calls).toContain('GET /keys');
      expect(trap.calls).toEqual([]);
    } finally {
      await server?.close();
      await redirecting.close();
    }
  });
});

describe('what browsers are told of every answer', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());

  it.each([
    'config',
    'nowhere',
    'private',
    'healthz',
    'metrics',
    'openapi.json',
    'instances/shop/orders/none',
    'terms',
  ])('is that it is what it says, runs nothing and tells nobody where it was: %s', async (path) => {
    const { headers } = await world.server.api.get(path);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
  });

  it('holds for answers to OPTIONS and for errors with a credential, which nobody may keep', async () => {
    const options = await world.server.api.call('OPTIONS', 'private');
    expect(options.headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    const refused = await world.server.api.get('instances/shop/private', { token: 'secret-token:unknown' });
    expectRefusal(refused, 401, 2015);
    expect(refused.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const token = await world.shop.api.post(
      'private/token',
      { scope: 'readonly' },
      { headers: { authorization: `Basic ${Buffer.from('shop:password of shop').toString('base64')}` } },
    );
    expect(token.status).toBe(200);
    expect(token.headers['cache-control']).toBe('no-store');
  });
});
