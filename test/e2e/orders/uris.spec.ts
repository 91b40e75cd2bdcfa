import { formatRefundUri } from '../../../src/taler/taler-uri';
import { Api } from '../../support/api';
import { createShop, startTestWorld, TestServer, TestShop, TestWorld } from '../../support/app';
import { serverBeside } from '../instances/helpers';
import { claim, expectRefusal, makeNonce, uniqueId, withQuery } from './helpers';

/** What a wallet makes of a pay URI (orders.md 9.4), written here without the code under test. */
function asWallet(uri: string): { baseUrl: string; orderId: string; sessionId: string; token?: string } {
  const [, plain, path = '', query = ''] = /^taler(\+http)?:\/\/pay\/([^?]*)\??(.*)$/.exec(uri) ?? [];
  const segments = path.split('/');
  const [orderId = '', sessionId = ''] = segments.splice(-2).map(decodeURIComponent);
  const [host = '', ...prefix] = segments;
  const baseUrl = `${plain ? 'http' : 'https'}://${[host.toLowerCase(), ...prefix].join('/')}/`;
  return { baseUrl, orderId, sessionId, ...(query.startsWith('c=') ? { token: query.slice(2) } : {}) };
}

/** What stands before the order in a URI (conventions.md 11). */
function talerUri(action: string, baseUrl: string): string {
  return baseUrl.replace('https://', `taler://${action}/`).replace('http://', `taler+http://${action}/`);
}

type Headers = Record<string, string>;
const forwarded = (proto: string, host: string, prefix?: string, port?: string): Headers => ({
  'x-forwarded-proto': proto,
  'x-forwarded-host': host,
  ...(prefix === undefined ? {} : { 'x-forwarded-prefix': prefix }),
  ...(port === undefined ? {} : { 'x-forwarded-port': port }),
});
const host = (name: string): Headers => ({ host: name });

describe('taler:// URIs and URLs that we hand out (orders.md 9.4, 9.5)', () => {
  let world: TestWorld;
  let shop: TestShop;
  let admin: TestShop;
  const servers = new Map<string, TestServer>();
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
    admin = await createShop(world.server, 'admin');
    servers.set('open', world.server);
    servers.set('proxy', await serverBeside(world, { trustProxy: true }));
    servers.set(
      'fixed',
      await serverBeside(world, { trustProxy: true, baseUrl: 'https://fixed.example/taler/' }),
    );
  });
  afterAll(async () => {
    for (const [name, server] of servers) if (name !== 'open') await server.close();
    await world?.close();
  });

  /** The instance as one of the servers serves it. */
  function at(server: string, id: string): TestShop {
    const base = servers.get(server)?.url ?? '';
    const known = id === 'admin' ? admin : shop;
    const url = id === 'admin' ? base : `${base}instances/${id}/`;
    return { ...known, url, api: new Api(url) };
  }

  async function create(from: TestShop, order: object = {}, request: object = {}, headers: Headers = {}) {
    const body = { order: { amount: 'KUDOS:5', summary: 'Article 42', ...order }, ...request };
    return from.api.post('private/orders', body, { token: from.token, headers });
  }

  describe('tell where we are', () => {
    // server, instance, headers of the shop's request, base URL of the backend as its clients see it
    it.each<[string, string, Headers, string]>([
      ['open', 'admin', host('shop.example'), 'http://shop.example/'],
      ['open', 'admin', host('shop.example:80'), 'http://shop.example/'],
      ['open', 'admin', host('shop.example:443'), 'http://shop.example:443/'],
      ['open', 'admin', host('shop.example:0080'), 'http://shop.example/'],
      ['open', 'admin', host('Shop.EXAMPLE:9966'), 'http://shop.example:9966/'],
      ['open', 'admin', host('[::1]:9966'), 'http://[::1]:9966/'],
      ['open', 'admin', host('[2001:DB8::0:1]'), 'http://[2001:db8::1]/'],
      ['open', 'admin', host('127.1:8080'), 'http://127.0.0.1:8080/'],
      ['open', 'shop', host('shop.example'), 'http://shop.example/'],
      ['open', 'shop', host('shop.example:81'), 'http://shop.example:81/'],
      ['open', 'admin', { ...host('in'), ...forwarded('https', 'out') }, 'http://in/'],
      ['open', 'shop', { ...host('in'), 'x-forwarded-prefix': '/x' }, 'http://in/'],
      ['open', 'shop', { ...host('in'), 'x-forwarded-port': '99' }, 'http://in/'],
      ['proxy', 'admin', host('direct.example'), 'http://direct.example/'],
      ['proxy', 'shop', host('direct.example:99'), 'http://direct.example:99/'],
      ['proxy', 'shop', { ...host('in:9'), 'x-forwarded-proto': 'https' }, 'https://in:9/'],
      ['proxy', 'admin', forwarded('https', 'out'), 'https://out/'],
      ['proxy', 'shop', forwarded('https', 'out'), 'https://out/'],
      ['proxy', 'admin', forwarded('HTTPS', 'Out.Example'), 'https://out.example/'],
      ['proxy', 'admin', forwarded('http', 'out'), 'http://out/'],
      ['proxy', 'admin', forwarded('https', 'out:443'), 'https://out/'],
      ['proxy', 'admin', forwarded('https', 'out:80'), 'https://out:80/'],
      ['proxy', 'admin', forwarded('https', 'out', '', '443'), 'https://out/'],
      ['proxy', 'admin', forwarded('https', 'out', '', '8443'), 'https://out:8443/'],
      ['proxy', 'admin', forwarded('https', 'out:1', '', '2'), 'https://out:1/'],
      ['proxy', 'admin', forwarded('http', 'out', '', '80'), 'http://out/'],
      ['proxy', 'admin', forwarded('https', '[2001:db8::1]', '', '8443'), 'https://[2001:db8::1]:8443/'],
      ['proxy', 'admin', forwarded('https', 'out', '/taler'), 'https://out/taler/'],
      ['proxy', 'admin', forwarded('https', 'out', '/taler/'), 'https://out/taler/'],
      ['proxy', 'admin', forwarded('https', 'out', '/x/y'), 'https://out/x/y/'],
      ['proxy', 'admin', forwarded('https', 'out', '/x/../y'), 'https://out/y/'],
      ['proxy', 'admin', forwarded('https', 'out', '/~me/@x'), 'https://out/~me/@x/'],
      ['proxy', 'admin', forwarded('https', 'out', '/'), 'https://out/'],
      ['proxy', 'admin', forwarded('https, http', 'out, between'), 'https://out/'],
      ['proxy', 'shop', forwarded('https', 'out', '/x', '7'), 'https://out:7/x/'],
      ['fixed', 'admin', host('any'), 'https://fixed.example/taler/'],
      ['fixed', 'admin', forwarded('http', 'out', '/x', '7'), 'https://fixed.example/taler/'],
      ['fixed', 'shop', host('any'), 'https://fixed.example/taler/'],
    ])('%s server, instance %s, %j: %s', async (server, id, headers, backend) => {
      const from = at(server, id);
      const baseUrl = id === 'admin' ? backend : `${backend}instances/shop/`;
      const created = await create(from, {}, {}, headers);
      const { order_id: orderId, token } = created.body as { order_id: string; token: string };
      // Asked for by another way: what was told at creation stays.
      const status = await from.api.get(`private/orders/${orderId}`, { token: from.token });
      expect(status.body).toMatchObject({
        taler_pay_uri: `${talerUri('pay', baseUrl)}${orderId}/?c=${token}`,
        order_status_url: `${baseUrl}orders/${orderId}?token=${token}`,
        proto_contract_terms: { merchant_base_url: baseUrl },
      });
      expect(asWallet(status.body.taler_pay_uri)).toEqual({ baseUrl, orderId, sessionId: '', token });
      expect(formatRefundUri({ baseUrl, orderId })).toBe(`${talerUri('refund', baseUrl)}${orderId}/`);
    });

    it.each<[string, string, Headers]>([
      ['open', 'a host with a path', host('a/b')],
      ['open', 'a host with credentials', host('me@a')],
      ['open', 'a port beyond all ports', host('a:65536')],
      ['open', 'an address that is none', host('999.1.1.1')],
      ['open', 'an IPv6 address that is none', host('[:::]')],
      ['proxy', 'a protocol that we do not speak', forwarded('gopher', 'a')],
      ['proxy', 'a forwarded host that is none', forwarded('https', 'a b')],
      ['proxy', 'a forwarded port beyond all ports', forwarded('https', 'a', '', '99999')],
      ['proxy', 'a forwarded port that is no number', forwarded('https', 'a', '', 'x')],
      ['proxy', 'a prefix with a query', forwarded('https', 'a', '/x?y')],
      ['proxy', 'a prefix that is another host', forwarded('https', 'a', '//b')],
    ])('%s server: refuses %s: 400 with 23, and no order is stored', async (server, _name, headers) => {
      const order_id = uniqueId('nowhere');
      expectRefusal(await create(at(server, 'shop'), { order_id }, {}, headers), 400, 23, { detail: 'Host' });
      const rows = await world.database.query('select 1 from orders where order_id = $1', [order_id]);
      expect(rows).toEqual([]);
    });

    it.each<[string, string]>([
      ['https://shop.example/', 'https://shop.example/'],
      ['https://Shop.Example:443/X/', 'https://shop.example/X/'],
      ['http://shop.example:80/', 'http://shop.example/'],
      ['http://shop.example:8080/a/b/', 'http://shop.example:8080/a/b/'],
      ['https://shop.example/a/./b/../', 'https://shop.example/a/'],
      ['https://shop.example/a b/', 'https://shop.example/a%20b/'],
    ])('merchant_base_url %s of the shop counts, as wallets spell it: %s', async (given, baseUrl) => {
      const created = await create(shop, { merchant_base_url: given }, { create_token: false });
      const { order_id: orderId } = created.body as { order_id: string };
      const status = await shop.api.get(`private/orders/${orderId}`, { token: shop.token });
      expect(status.body).toMatchObject({
        taler_pay_uri: `${talerUri('pay', baseUrl)}${orderId}/`,
        order_status_url: `${baseUrl}orders/${orderId}`,
        proto_contract_terms: { merchant_base_url: baseUrl },
      });
      expect(asWallet(status.body.taler_pay_uri)).toEqual({ baseUrl, orderId, sessionId: '' });
    });
  });

  describe('tell which order, session and token', () => {
    // kind of the id, session of the status request, has a claim token; with ID and TOKEN: path of the URI, of the URL
    it.each<[string, string | undefined, boolean, string, string]>([
      ['plain', undefined, true, 'ID/?c=TOKEN', 'ID?token=TOKEN'],
      ['plain', undefined, false, 'ID/', 'ID'],
      ['plain', '', true, 'ID/?c=TOKEN', 'ID?token=TOKEN'],
      ['plain', 's1', true, 'ID/s1?c=TOKEN', 'ID?token=TOKEN&session_id=s1'],
      ['plain', 's1', false, 'ID/s1', 'ID?session_id=s1'],
      ['plain', 's 1', true, 'ID/s%201?c=TOKEN', 'ID?token=TOKEN&session_id=s%201'],
      ['plain', 'a/b', false, 'ID/a%2Fb', 'ID?session_id=a%2Fb'],
      ['plain', '..', false, 'ID/..', 'ID?session_id=..'],
      ['plain', '?c=X', true, 'ID/%3Fc%3DX?c=TOKEN', 'ID?token=TOKEN&session_id=%3Fc%3DX'],
      ['plain', 'a&b=c#d', false, 'ID/a%26b%3Dc%23d', 'ID?session_id=a%26b%3Dc%23d'],
      ['plain', '%41+', false, 'ID/%2541%2B', 'ID?session_id=%2541%2B'],
      ['plain', 'ü€😀', false, 'ID/%C3%BC%E2%82%AC%F0%9F%98%80', 'ID?session_id=%C3%BC%E2%82%AC%F0%9F%98%80'],
      ['plain', '"<b>\'', false, "ID/%22%3Cb%3E'", "ID?session_id=%22%3Cb%3E'"],
      ['with.dots', undefined, true, 'ID/?c=TOKEN', 'ID?token=TOKEN'],
      ['with.dots', 's', false, 'ID/s', 'ID?session_id=s'],
      ['with:colon', undefined, true, 'ID/?c=TOKEN', 'ID?token=TOKEN'],
      ['with:colon', 'a:b', false, 'ID/a%3Ab', 'ID?session_id=a%3Ab'],
      ['..wc_order_', undefined, false, 'ID/', 'ID'],
    ])('order %s, session %j, with token: %j', async (kind, session, hasToken, uriPath, urlPath) => {
      const orderId = uniqueId(kind);
      const created = await create(shop, { order_id: orderId }, { create_token: hasToken });
      const token = created.body.token as string | undefined;
      const query: Record<string, string> = session === undefined ? {} : { session_id: session };
      const named = (text: string) =>
        text.replace('ID', orderId.replace(':', '%3A')).replace('TOKEN', token ?? 'none');
      const path = withQuery(`private/orders/${orderId}`, query);
      const { body } = await shop.api.get(path, { token: shop.token });
      const location = shop.url.replace('http://', '');
      expect(body.taler_pay_uri).toBe(`taler+http://pay/${location}${named(uriPath)}`);
      expect(body.order_status_url).toBe(`${shop.url}orders/${named(urlPath)}`);
      const wallet = asWallet(body.taler_pay_uri);
      expect(wallet).toEqual({
        baseUrl: shop.url,
        orderId,
        sessionId: session ?? '',
        ...(token === undefined ? {} : { token }),
      });

      // The URL opens without other credentials and says the same; what the wallet derives can be claimed.
      const opened = await new Api('').get(body.order_status_url);
      expect(opened).toMatchObject({ status: 402, body: { taler_pay_uri: body.taler_pay_uri } });
      const claimed = await claim(new Api(wallet.baseUrl), { orderId: wallet.orderId, token: wallet.token });
      expect(claimed.contractTerms['merchant_base_url']).toBe(wallet.baseUrl);
      const after = await shop.api.get(path, { token: shop.token });
      const joint = body.order_status_url.includes('?') ? '&' : '?';
      const url = `${body.order_status_url as string}${joint}h_contract=${claimed.hContractText}`;
      expect(after.body).toMatchObject({ order_status: 'claimed', order_status_url: url });
      expect((await new Api('').get(url)).status).toBe(402);
    });
  });

  it('accept no claim token of zeros, neither for an order with another token nor as "none"', async () => {
    const created = await create(shop);
    const zeros = '0'.repeat(26);
    const path = `orders/${created.body.order_id as string}`;
    const refused = await shop.api.post(`${path}/claim`, { nonce: makeNonce().nonce, token: zeros });
    expectRefusal(refused, 404, 2300, { detail: created.body.order_id });
    expect(await shop.api.get(`${path}?token=${zeros}`)).toMatchObject({ status: 403, body: { code: 2105 } });
  });
});
