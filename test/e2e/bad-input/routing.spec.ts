import { startTestWorld, OPERATOR_TOKEN, TestWorld } from '../../support/app';
import { Fingerprint, fingerprinter } from './fingerprint';
import { judgeReply } from './oracle';
import { RawClient, sendBytes } from './raw-client';

/** Every route, with the methods that exist (HEAD comes with GET). */
const ROUTES: Record<string, string> = {
  '/config': 'GET, HEAD',
  '/healthz': 'GET, HEAD',
  '/readyz': 'GET, HEAD',
  '/metrics': 'GET, HEAD',
  '/openapi.json': 'GET, HEAD',
  '/docs': 'GET, HEAD',
  '/management/instances': 'GET, HEAD, POST',
  '/management/instances/shop': 'DELETE, GET, HEAD, PATCH',
  '/management/instances/shop/auth': 'POST',
  '/management/instances/shop/kyc': 'GET, HEAD',
  '/instances': 'POST',
  '/instances/shop/forgot-password': 'POST',
  '/exchanges': 'GET, HEAD',
  '/terms': 'GET, HEAD',
  '/privacy': 'GET, HEAD',
  '/public/poll-payment': 'GET, HEAD',
  '/public/instances/shop/poll-payment': 'GET, HEAD',
  ...ofInstance(''),
  ...ofInstance('/instances/shop'),
};

function ofInstance(prefix: string): Record<string, string> {
  return {
    [`${prefix}/private`]: 'DELETE, GET, HEAD, PATCH',
    [`${prefix}/private/auth`]: 'POST',
    [`${prefix}/private/orders`]: 'GET, HEAD, POST',
    [`${prefix}/private/orders/some-order`]: 'DELETE, GET, HEAD',
    [`${prefix}/private/orders/some-order/forget`]: 'PATCH',
    [`${prefix}/sessions/some-session`]: 'GET, HEAD',
    [`${prefix}/private/accounts`]: 'GET, HEAD, POST',
    [`${prefix}/private/accounts/some-hash`]: 'DELETE, GET, HEAD, PATCH',
    [`${prefix}/private/accounts/some-hash/kycauth`]: 'POST',
    [`${prefix}/private/kyc`]: 'GET, HEAD',
    [`${prefix}/private/accept-tos-early`]: 'POST',
    [`${prefix}/private/token`]: 'DELETE, POST',
    [`${prefix}/private/tokens`]: 'GET, HEAD',
    [`${prefix}/private/tokens/some-serial`]: 'DELETE',
    [`${prefix}/challenge/some-challenge`]: 'POST',
    [`${prefix}/challenge/some-challenge/confirm`]: 'POST',
    [`${prefix}/orders/some-order`]: 'GET, HEAD',
    [`${prefix}/orders/some-order/claim`]: 'POST',
    [`${prefix}/orders/some-order/unclaim`]: 'POST',
    [`${prefix}/orders/some-order/pay`]: 'POST',
    [`${prefix}/orders/some-order/paid`]: 'POST',
    [`${prefix}/orders/some-order/abort`]: 'POST',
    [`${prefix}/orders/some-order/refund`]: 'POST',
    [`${prefix}/private/orders/some-order/refund`]: 'POST',
  };
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'LINK', 'QUERY'];

describe('routing', () => {
  let world: TestWorld;
  let client: RawClient;
  let fingerprint: () => Promise<Fingerprint>;

  beforeAll(async () => {
    world = await startTestWorld();
    client = new RawClient(world.server.url);
    fingerprint = await fingerprinter(world.database);
  });
  afterAll(async () => {
    client?.close();
    await world?.close();
  });

  const call = (method: string, path: string, headers: Record<string, string> = {}) =>
    client.send({ method, path, headers, body: method === 'POST' || method === 'PUT' ? '{}' : undefined });

  it.each(Object.entries(ROUTES))(
    'answers 405 with code 20 and Allow to other methods: %s',
    async (path, allowed) => {
      const before = await fingerprint();
      const wrong = METHODS.filter((method) => !allowed.split(', ').includes(method) && isSendable(method));
      for (const method of wrong) {
        const reply = await call(method, path);
        expect({ method, status: reply.status, allow: reply.headers.allow }).toEqual({
          method,
          status: 405,
          allow: allowed,
        });
        const { code, body } = judgeReply(reply, method);
        expect(code).toBe(method === 'HEAD' ? 0 : 20);
        if (method !== 'HEAD') expect(body).toMatchObject({ detail: method });
      }
      expect(await fingerprint()).toEqual(before);
    },
  );

  it.each([...Object.keys(ROUTES), '/no/such/path'])(
    'answers 204 to OPTIONS with the CORS headers: %s',
    async (path) => {
      const reply = await call('OPTIONS', path);
      expect(reply).toMatchObject({ status: 204, text: '' });
      expect(reply.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-expose-headers': '*',
        'access-control-allow-headers': '*',
        'access-control-allow-methods': '*',
      });
    },
  );

  const unknown = [
    '/',
    '/nothing',
    '/config/more',
    '/configs',
    '/orders',
    '/orders/a/b',
    '/orders/a/claim/b',
    '/orders//claim',
    '/orders/a/b/claim',
    '/private/nothing',
    '/private/orders/a/b',
    '/private/orders/a/forget/b',
    '/sessions',
    '/sessions/',
    '/sessions/a/b',
    '/management',
    '/management/instances/a/b',
    '/instances/shop/nothing',
    '/instances/shop/instances',
    '/instances/shop/exchanges',
    '/instances/shop/terms',
    '/agpl',
    '/terms/en',
    '/terms/..%2f..%2fpackage.json',
    '/instances/shop/management/instances',
    '/instances/shop/config/more',
    '/instances/shop/instances/shop/orders/a',
    '/public',
    '/public/poll-payments',
    '//config',
    '/./config',
    '/../config',
    '/orders/../config',
    '/%63onfig%00',
    '/config%2f',
    '/.git/config',
    '/docs/../package.json',
    '/docs/%2e%2e/package.json',
    '/docs/package.json',
    '/a'.repeat(3000),
  ];
  it.each(unknown)('answers 404 with code 21 and the path to what is no path: %s', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const reply = await call(method, path);
      const { code, body } = judgeReply(reply, method);
      expect({ method, status: reply.status, code }).toEqual({ method, status: 404, code: 21 });
      expect(body).toMatchObject({ detail: path });
    }
  });

  it('answers 404 with code 21 before it looks at body and credentials', async () => {
    const reply = await client.send({ method: 'POST', path: '/private/nothing', body: 'no JSON' });
    expect(judgeReply(reply, 'POST').code).toBe(21);
  });

  it.each([
    'nobody',
    '..%2fshop',
    'shop%2f',
    '%00',
    'sh%00op',
    '%ff',
    'a'.repeat(300),
    'sh op',
    '%C3%A9',
    "'",
    '%27%20or%201=1--',
  ])('answers 404 with code 2000 for an instance that cannot be: %s', async (id) => {
    const before = await fingerprint();
    for (const path of ['private/orders/a', 'orders/a', 'private', 'private/accounts']) {
      const reply = await call('GET', `/instances/${id.replace(' ', '%20')}/${path}`);
      const { code } = judgeReply(reply, 'GET');
      const isUndecodable = id === '%ff';
      expect({ path, status: reply.status, code }).toEqual({
        path,
        status: isUndecodable ? 400 : 404,
        code: isUndecodable ? 26 : 2000,
      });
    }
    const reply = await call('GET', `/management/instances/${id.replace(' ', '%20')}`, {
      authorization: `Bearer ${OPERATOR_TOKEN}`,
    });
    expect(judgeReply(reply, 'GET').code).toBe(id === '%ff' ? 26 : 2000);
    expect(await fingerprint()).toEqual(before);
  });

  const ids = [
    'a%2Fb',
    '..%2F..',
    '%2e',
    '%2E%2e',
    '%00',
    'a%00b',
    'a%20b',
    '%25',
    '%252F',
    '%C3%A9',
    '%22',
    'a'.repeat(129),
    'a'.repeat(5000),
  ];
  it.each(ids)('answers that there is no order with an id that none can have: %s', async (id) => {
    const shop = '/instances/shop';
    const token = { authorization: `Bearer ${world.shop.token}` };
    const get = async (path: string) => judgeReply(await call('GET', path, token), 'GET').code;
    expect(await get(`${shop}/private/orders/${id}`)).toBe(2005);
    expect(await get(`${shop}/orders/${id}`)).toBe(2005);
    expect(await get(`${shop}/private/accounts/${id}`)).toBe(2023);
    const hash = '0'.repeat(103);
    const legacy = `/public/instances/shop/poll-payment?h_contract=${hash}&order_id=${id}`;
    expect([2005, 26]).toContain(await get(legacy));
  });

  it.each(['%', '%E0%A4%A', '%zz', 'a%', '%c3%28', '%ff%fe', '%ed%a0%80', '%c0%af'])(
    'answers 400 with code 26 to a path that is no percent-encoded UTF-8: %s',
    async (id) => {
      for (const path of [
        `/orders/${id}`,
        `/instances/${id}/orders/a`,
        `/instances/shop/private/orders/${id}`,
      ]) {
        const reply = await call('GET', path);
        expect({ path, status: reply.status, code: judgeReply(reply, 'GET').code }).toEqual({
          path,
          status: 400,
          code: 26,
        });
      }
      const reply = await call('POST', `/instances/shop/orders/${id}/claim`);
      expect(judgeReply(reply, 'POST').code).toBe(26);
    },
  );

  describe('of what is hardly HTTP', () => {
    const host = 'Host: localhost\r\n';
    const malformed: Record<string, string> = {
      'no HTTP': 'hello\r\n\r\n',
      'an unknown method': `FETCH /config HTTP/1.1\r\n${host}\r\n`,
      'a blank in the path': `GET /con fig HTTP/1.1\r\n${host}\r\n`,
      'a header without a name': `GET /config HTTP/1.1\r\n${host}: x\r\n\r\n`,
      'a length that is no number': `POST /private/token HTTP/1.1\r\n${host}Content-Length: ten\r\n\r\n`,
      'a negative length': `POST /private/token HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`,
      'two lengths': `POST /private/token HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
      'a length and chunks': `POST /private/token HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
      'headers without end': `GET /config HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`,
      'a path without end': `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
    };
    it.each(Object.entries(malformed))(
      'is refused with code 23, and the server goes on: %s',
      async (name, bytes) => {
        const answer = await sendBytes(world.server.url, bytes);
        const status = name.endsWith('without end') ? 431 : 400;
        expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
        expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({
          code: 23,
          hint: expect.stringMatching(/./) as string,
        });
        expect((await call('GET', '/config')).status).toBe(200);
      },
    );

    it('is refused within a body too, whose order is not touched', async () => {
      const bytes = `POST /instances/shop/orders/a/claim HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`;
      const before = await fingerprint();
      expect(await sendBytes(world.server.url, bytes)).toMatch(/^HTTP\/1\.1 400 /);
      expect(await fingerprint()).toEqual(before);
    });

    it.each(['', `${host}Expect: wonders\r\n`])('is served when it can be: headers %j', async (headers) => {
      const bytes = `GET /config HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`;
      expect(await sendBytes(world.server.url, bytes)).toMatch(/^HTTP\/1\.1 200 /);
    });
  });
});

/** Node's client knows only the methods of its parser. */
function isSendable(method: string): boolean {
  return method !== 'QUERY' || Number(process.versions.node.split('.')[0]) >= 22;
}
