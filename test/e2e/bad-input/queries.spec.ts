import { Wallet } from '../../../sandbox/wallet/wallet';
import { createOrder, createShop, OPERATOR_TOKEN, startTestWorld, TestWorld } from '../../support/app';
import { Fingerprint, fingerprinter } from './fingerprint';
import { judgeReply } from './oracle';
import { RawClient, sendBytes } from './raw-client';

const SHOP = '/instances/shop/';
const HASH = '0'.repeat(103);

type Row = readonly [query: string, status: number, code: number, detail?: string];
const MALFORMED_WAITS = [
  '',
  '-1',
  '+1',
  '1.5',
  '1e3',
  '0x10',
  'abc',
  '%201',
  '99999999999999999999',
  '%00',
  '1&$=2',
];
const MALFORMED_CHOICES = ['', 'maybe', 'true', '1', 'yes&$=yes', 'y%00'];

/** Rows for a parameter that is malformed with each of these values; `$` stands for its name. */
function malformed(name: string, values: readonly string[], prefix = ''): Row[] {
  return values.map((value) => [`${prefix}${name}=${value.replace('$', name)}`, 400, 26, name]);
}

const titled = (rows: readonly Row[]) => rows.map((row) => [row[0].slice(0, 80), row] as const);

describe('queries and headers', () => {
  let world: TestWorld;
  let client: RawClient;
  let wallet: Wallet;
  let fingerprint: () => Promise<Fingerprint>;
  let unpaid: { orderId: string; token: string | undefined };
  let paid: { orderId: string; hContract: string };

  beforeAll(async () => {
    world = await startTestWorld();
    client = new RawClient(world.server.url);
    wallet = await Wallet.open({});
    await wallet.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:10' });
    fingerprint = await fingerprinter(world.database);
    unpaid = await createOrder(world.shop);
    const order = await createOrder(world.shop);
    const { orderKey } = await wallet.pay(order.payUri);
    paid = { orderId: order.orderId, hContract: wallet.purchase(orderKey).hContract ?? '' };
  });
  afterAll(async () => {
    client?.close();
    await wallet?.close();
    await world?.close();
  });

  const get = (path: string, headers: Record<string, string> = {}) =>
    client.send({ method: 'GET', path, headers });
  const bearer = () => ({ authorization: `Bearer ${world.shop.token}` });

  async function expectRefused(path: string, row: Row, headers: Record<string, string> = {}): Promise<void> {
    const before = await fingerprint();
    const reply = await get(`${path}?${row[0]}`, headers);
    const { code, body } = judgeReply(reply, 'GET');
    expect({ status: reply.status, code }).toEqual({ status: row[1], code: row[2] });
    if (row[3] !== undefined) expect(body?.['detail']).toBe(row[3]);
    expect(await fingerprint()).toEqual(before);
  }

  describe('of the private status', () => {
    const rows: Row[] = [
      ...malformed('timeout_ms', MALFORMED_WAITS),
      ...malformed('allow_refunded_for_repurchase', MALFORMED_CHOICES),
      ...malformed('session_id', ['%00', 'a&$=b', 'a'.repeat(9000)]),
      ...malformed('lp_not_etag', ['%00', 'a&$=b']),
    ];
    it.each(titled(rows))('are refused by name: %s', async (_, row) => {
      await expectRefused(`${SHOP}private/orders/${unpaid.orderId}`, row, bearer());
    });

    it.each(['"', 'a b', '"a" "b"', 'W/', 'W/a b', ', ,', '"a', '<>', '\u00fc'])(
      'are refused with code 23 for If-None-Match: %s',
      async (tag) => {
        const headers = { ...bearer(), 'if-none-match': tag };
        const reply = await get(`${SHOP}private/orders/${unpaid.orderId}`, headers);
        const { code, body } = judgeReply(reply, 'GET');
        expect({ status: reply.status, code, detail: body?.['detail'] }).toEqual({
          status: 400,
          code: 23,
          detail: 'If-None-Match',
        });
      },
    );
  });

  describe('of the list of orders', () => {
    const rows: Row[] = [
      ...malformed('timeout_ms', MALFORMED_WAITS),
      ...['paid', 'refunded', 'wired'].flatMap((name) => malformed(name, MALFORMED_CHOICES)),
      ...['limit', 'delta'].flatMap((name) =>
        malformed(name, ['', '+1', '1.5', '1e3', 'x', '%201', '9'.repeat(19), '9'.repeat(20), '1&$=1']),
      ),
      ...['offset', 'start', 'date_s'].flatMap((name) =>
        malformed(name, ['', '-1', '1.5', 'x', '9'.repeat(20), '1&$=1']),
      ),
      ...malformed('max_age', ['', '-1', 'never', '{}', '%7B%22d_us%22%3A-1%7D', '1'.repeat(13), '1&$=1']),
      ...['session_id', 'fulfillment_url', 'summary_filter'].flatMap((name) =>
        malformed(name, ['%00', 'a&$=b', 'a'.repeat(9000)]),
      ),
    ];
    it.each(titled(rows))('are refused by name: %s', async (_, row) => {
      await expectRefused(`${SHOP}private/orders`, row, bearer());
    });

    it.each(['x', 'text/html', ',,,', 'application/json;q=0', '/'])(
      'are 406 with code 78 when nothing fits Accept: %s',
      async (accept) => {
        const reply = await get(`${SHOP}private/orders`, { ...bearer(), accept });
        expect({ status: reply.status, code: judgeReply(reply, 'GET').code }).toEqual({
          status: 406,
          code: 78,
        });
      },
    );
  });

  describe('of the KYC status', () => {
    const rows: Row[] = [
      ...malformed('timeout_ms', MALFORMED_WAITS),
      ...malformed('lpt', ['', '-1', '4', '1.5', 'x', '%201', '9'.repeat(20), '1&$=1']),
      ...['lp_status', 'lp_not_status'].flatMap((name) =>
        malformed(name, ['', 'READY', 'ready%00', 'fine', 'ready&$=ready']),
      ),
      ...malformed('lp_not_etag', ['%00', 'a&$=b']),
      ...malformed('exchange_url', [
        '',
        'x',
        '%00',
        'ftp://e.example/',
        'http://u@e.example/',
        'http://e.example/?q',
      ]),
      ...['', 'x', '0'.repeat(102), '0'.repeat(104)].map((value): Row => [
        `h_wire=${value}`,
        400,
        2023,
        'h_wire',
      ]),
      [`h_wire=${HASH}`, 404, 2022, HASH],
    ];
    it.each(titled(rows))('are refused by name: %s', async (_, row) => {
      await expectRefused(`${SHOP}private/kyc`, row, bearer());
      const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
      await expectRefused('/management/instances/shop/kyc', row, headers);
    });
  });

  describe('of the lookup of a session', () => {
    const url = 'fulfillment_url=https%3A%2F%2Fshop.example%2F&';
    const rows: Row[] = [
      ['', 400, 25, 'fulfillment_url'],
      ['timeout_ms=x', 400, 25, 'fulfillment_url'],
      ...malformed('fulfillment_url', ['', '%00', 'a&$=b', 'a'.repeat(9000)]),
      ...malformed('timeout_ms', MALFORMED_WAITS, url),
      [url, 404, 2038, 'some-session'],
    ];
    it.each(titled(rows))('are refused by name: %s', async (_, row) => {
      await expectRefused(`${SHOP}sessions/some-session`, row);
    });

    it.each(['a%00b', 's'.repeat(1025)])(
      'are refused for a session that cannot be: %.10s',
      async (session) => {
        await expectRefused(`${SHOP}sessions/${session}`, [url, 400, 26, 'session_id']);
      },
    );
  });

  describe('of the deletion of an order', () => {
    it.each([...MALFORMED_CHOICES, 'force', 'null'])('are refused by name: force=%s', async (value) => {
      const before = await fingerprint();
      const path = `${SHOP}private/orders/${unpaid.orderId}?force=${value.replace('$', 'force')}`;
      const reply = await client.send({ method: 'DELETE', path, headers: bearer() });
      const { code, body } = judgeReply(reply, 'DELETE');
      expect({ status: reply.status, code, detail: body?.['detail'] }).toEqual({
        status: 400,
        code: 26,
        detail: 'force',
      });
      expect(await fingerprint()).toEqual(before);
    });
  });

  describe('of the public status', () => {
    const rows: Row[] = [
      ...malformed('timeout_ms', MALFORMED_WAITS),
      ...malformed('await_refund_obtained', MALFORMED_CHOICES),
      ...malformed('allow_refunded_for_repurchase', MALFORMED_CHOICES),
      ...malformed('h_contract', [
        'x',
        HASH.slice(1),
        `${HASH}0`,
        `${HASH.slice(1)}!`,
        `${HASH}&$=${HASH}`,
        '%00',
      ]),
      ...malformed('token', ['x', '0'.repeat(25), '0'.repeat(27), `${'0'.repeat(25)}-`]),
      ...malformed('refund', [
        '',
        'x',
        'KUDOS',
        'KUDOS:1.123456789',
        'KUDOS:4503599627370497',
        'KUDOS:-1',
        'kudos:1',
      ]),
    ];
    it.each(titled(rows))('are refused by name: %s', async (_, row) => {
      await expectRefused(`${SHOP}orders/${paid.orderId}`, row);
    });

    it('are refused for a refund in another currency', async () => {
      const query = `h_contract=${paid.hContract}&refund=EUR:1`;
      await expectRefused(`${SHOP}orders/${paid.orderId}`, [query, 400, 26, 'refund']);
    });

    it('count as absent when the claim token is empty', async () => {
      await expectRefused(`${SHOP}orders/${unpaid.orderId}`, ['token=', 403, 2105]);
    });

    it('are ignored when nobody knows them', async () => {
      const query = `h_contract=${paid.hContract}&timeout_s=abc&=&&a[b]=c&__proto__=x&constructor=y&%00=%00&%zz=%zz`;
      expect((await get(`${SHOP}orders/${paid.orderId}?${query}`)).status).toBe(200);
    });
  });

  describe('of the legacy poll', () => {
    const both = `order_id=some-order&h_contract=${HASH}&`;
    const rows: Row[] = [
      ['', 400, 25, 'order_id'],
      [`h_contract=${HASH}`, 400, 25, 'order_id'],
      ['order_id=some-order', 400, 25, 'h_contract'],
      ...malformed('h_contract', ['', 'x', HASH.slice(1), `${HASH}0`], 'order_id=some-order&'),
      ...malformed('order_id', ['%00', 'a&$=b'], `h_contract=${HASH}&`),
      ...malformed('timeout', MALFORMED_WAITS, both),
      ...malformed('refund', ['', 'x', 'KUDOS:1.', 'KUDOS:4503599627370497'], both),
      ...malformed('session_id', ['%00'], both),
      ...malformed('contract_url', ['a&$=b'], both),
      [`order_id=%2e%2e&h_contract=${HASH}`, 404, 2005],
      [`order_id=&h_contract=${HASH}`, 404, 2005],
      [both, 404, 2005],
    ];
    it.each(titled(rows))('are refused by name: %s', async (_, row) => {
      await expectRefused('/public/instances/shop/poll-payment', row);
    });

    it('are refused when the order is another one than that of the contract', async () => {
      const query = `order_id=${unpaid.orderId}&h_contract=${paid.hContract}`;
      await expectRefused('/public/instances/shop/poll-payment', [query, 404, 2005]);
    });
  });

  describe('that carry the credential', () => {
    const secret = 'secret-token:0123456789';
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const bad = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer x',
      'Bearer secret-token:',
      `Bearer ${secret}`,
      `Bearer ${secret} more`,
      `Bearer ${secret},Bearer ${secret}`,
      `Token ${secret}`,
      secret,
      basic('shop:password of shop'),
      'Digest username="shop"',
      `Bearer secret-token:${'x'.repeat(10_000)}`,
      'Bearer secret-token:\u00fc\u00ff',
      'Bearer secret-token:%00%ff',
      `Bearer ${OPERATOR_TOKEN}`,
    ];
    it.each(bad)('are 401 with code 2015 when it is bad: %s', async (authorization) => {
      const before = await fingerprint();
      for (const path of ['private', 'private/orders/a', 'private/accounts']) {
        const reply = await get(`${SHOP}${path}`, { authorization });
        expect({ path, status: reply.status, code: judgeReply(reply, 'GET').code }).toEqual({
          path,
          status: 401,
          code: 2015,
        });
      }
      const order = { method: 'POST', path: `${SHOP}private/orders`, body: '{}', headers: { authorization } };
      expect(judgeReply(await client.send(order), 'POST').code).toBe(2015);
      expect(await fingerprint()).toEqual(before);
    });

    const badLogins = [
      '',
      'Basic',
      'Basic ',
      'Basic !!!',
      'Basic \u00ff\u00ff',
      basic(''),
      basic(':'),
      basic('shop'),
      basic('shop:'),
      basic('shop:wrong'),
      basic('admin:password of shop'),
      basic('shop\0:password of shop'),
      basic('shop:password of shop\0'),
      basic(`shop:${'x'.repeat(8000)}`),
      `Bearer ${secret}`,
    ];
    it.each(badLogins)('are 401 with code 2015 at the login: %s', async (authorization) => {
      const before = await fingerprint();
      const body = '{"scope":"readonly"}';
      const login = { method: 'POST', path: `${SHOP}private/token`, body, headers: { authorization } };
      const reply = await client.send(login);
      expect({ status: reply.status, code: judgeReply(reply, 'POST').code }).toEqual({
        status: 401,
        code: 2015,
      });
      const revoked = await client.send({
        method: 'DELETE',
        path: `${SHOP}private/token`,
        headers: { authorization },
      });
      expect({ status: revoked.status, code: judgeReply(revoked, 'DELETE').code }).toEqual({
        status: 401,
        code: 2015,
      });
      expect(await fingerprint()).toEqual(before);
    });

    it('are 401 with the token of another instance, and 403 with code 16 without the permission', async () => {
      const reader = await createShop(world.server, 'reader', { scope: 'all' });
      const foreign = await get(`${SHOP}private`, { authorization: `Bearer ${reader.token}` });
      expect(judgeReply(foreign, 'GET').code).toBe(2015);
      const login = await reader.api.post(
        'private/token',
        { scope: 'readonly' },
        { headers: { authorization: basic('reader:password of reader') } },
      );
      const authorization = `Bearer ${login.body.access_token as string}`;
      const order = {
        method: 'POST',
        path: '/instances/reader/private/orders',
        body: '{}',
        headers: { authorization },
      };
      const reply = await client.send(order);
      expect({ status: reply.status, code: judgeReply(reply, 'POST').code }).toEqual({
        status: 403,
        code: 16,
      });
    });
  });

  describe('that name the server', () => {
    const create = (headers: Record<string, string>) =>
      client.send({
        method: 'POST',
        path: `${SHOP}private/orders`,
        body: JSON.stringify({ order: { amount: 'KUDOS:1', summary: 'x' } }),
        headers: { ...bearer(), ...headers },
      });

    it.each([
      'a b',
      'a/b',
      'user@host',
      'host:port',
      'host:999999',
      '[::1',
      'h\u00f6st',
      '<script>',
      'a\\b',
      'a?b',
      'a#b',
    ])('are refused with code 23 when no URL can be made of it: Host: %s', async (host) => {
      const before = await fingerprint();
      const reply = await create({ host });
      const { code, body } = judgeReply(reply, 'POST');
      expect({ status: reply.status, code, detail: body?.['detail'] }).toEqual({
        status: 400,
        code: 23,
        detail: 'Host',
      });
      expect(await fingerprint()).toEqual(before);
    });

    it('are refused with code 23 when there is none', async () => {
      const body = JSON.stringify({ order: { amount: 'KUDOS:1', summary: 'x' } });
      const bytes = [
        `POST ${SHOP}private/orders HTTP/1.1`,
        `Authorization: Bearer ${world.shop.token}`,
        `Content-Length: ${body.length}`,
        'Connection: close',
        `\r\n${body}`,
      ];
      const answer = await sendBytes(world.server.url, bytes.join('\r\n'));
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toMatch(/"code": ?23\b/);
    });

    it('are not believed when they come from a proxy that nobody trusts', async () => {
      const reply = await create({
        host: 'shop.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'javascript',
        'x-forwarded-prefix': '/../<script>',
        'x-forwarded-port': 'x',
      });
      expect(reply.status).toBe(200);
      const { order_id: orderId } = JSON.parse(reply.text) as { order_id: string };
      const status = await get(`${SHOP}private/orders/${orderId}`, bearer());
      expect(JSON.parse(status.text)).toMatchObject({
        order_status_url: expect.stringMatching(/^http:\/\/shop\.example\/instances\/shop\//) as string,
      });
    });
  });
});
