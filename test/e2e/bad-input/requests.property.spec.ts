import fc from 'fast-check';
import { Wallet } from '../../../sandbox/wallet/wallet';
import { createOrder, OPERATOR_TOKEN, startTestWorld, TestWorld } from '../../support/app';
import { Fingerprint, fingerprinter } from './fingerprint';
import { announceSeed, checkProperty, PROPERTY_TEST_MS_MAX } from './fuzz';
import { changedTables, judgeReply } from './oracle';
import { RawClient } from './raw-client';

const HASH = '0'.repeat(103);
const POINT = 'SFYHYSTYNDKHNKC3HYAAX3RRRZ0N8AYQSWBH3SY5FHKY8Q3QG9FG';

const ODD_SEGMENTS = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  'a%2Fb',
  '%00',
  'a%00b',
  '%',
  '%2',
  '%zz',
  '%E0%A4%A',
  '%ff',
  '%ed%a0%80',
  '%EF%BF%BD',
  '%25',
  '%2500',
  '%0a',
  '%0d%0aX:%20y',
  '%20',
  '+',
  ';',
  ':id',
  '*',
  '(.*)',
  '{a}',
  '$&',
  '\u00e9',
  '__proto__',
  'constructor',
  'admin',
  'default',
  'shop',
  'SHOP',
  "'or'1",
  'a'.repeat(128),
  'a'.repeat(129),
  'a'.repeat(3000),
];
/** All of them end at once: a wait that is well-formed would be kept. */
const WAITS = ['0', '1', '000', '-1', '+1', '1.5', '1e3', 'abc', '', '99999999999999999999', '%00', '%ff'];
const VALUES = [
  '',
  'yes',
  'NO',
  'all',
  'maybe',
  'KUDOS:0',
  'KUDOS:1.5',
  'EUR:1',
  'KUDOS:4503599627370497',
  'KUDOS:1.123456789',
  HASH,
  HASH.slice(1),
  '0'.repeat(26),
  '0'.repeat(25),
  'W/"x"',
  '"',
  '%00',
  '%ff%fe',
  '%ed%a0%80',
  '%zz',
  '%',
  'a'.repeat(3000),
  '..%2f..',
  '%F0%9F%92%A9',
];
const NAMES = [
  'session_id',
  'lp_not_etag',
  'allow_refunded_for_repurchase',
  'await_refund_obtained',
  'refund',
  'token',
  'h_contract',
  'order_id',
  'contract_url',
  'transfer',
  'limit',
  'offset',
  '__proto__',
  'constructor',
  'a[b][c]',
  'a[]',
  '%00',
  '%zz',
  '',
];
const AUTHORIZATIONS = [
  '',
  'Bearer',
  'Bearer x',
  'Basic !!',
  'Basic Og==',
  'Bearer secret-token:x',
  '\u00ff\u00fe',
];
const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ['if-none-match', ['*', '"', 'a b', 'W/"x"', '"x", "y"', ',', '"'.repeat(5000), '\u00fc']],
  ['host', ['', 'a b', 'x@y', '[::1]:80', 'a'.repeat(5000), '..', 'h\u00f6st', 'evil.example:99999']],
  ['accept', ['', 'text/html', 'x', '*/*;q=2', 'text/html;q=\u00fc', ','.repeat(3000)]],
  ['accept-encoding', ['deflate', '*', 'deflate;q=0', 'x'.repeat(3000)]],
  ['accept-language', ['*', 'de;q=9', '\u00fc']],
  ['content-type', ['', ';', 'application/json; charset=utf-16', 'a/b; charset="']],
  ['content-encoding', ['', 'deflate', 'gzip', 'br', 'x', 'deflate, gzip']],
  ['x-forwarded-host', ['evil.example', ' ', 'a,b', '<>']],
  ['x-forwarded-proto', ['javascript', '']],
  ['x-http-method-override', ['DELETE']],
  ['range', ['bytes=0-1', 'bytes=-', 'x']],
  ['if-modified-since', ['x', 'Thu, 01 Jan 1970 00:00:00 GMT']],
  ['cookie', ['a=b', '='.repeat(3000)]],
  ['expect', ['x', '100-continue']],
  ['transfer-encoding', ['chunked']],
];

describe('requests with odd paths, queries and headers', () => {
  let world: TestWorld;
  let client: RawClient;
  let wallet: Wallet;
  let fingerprint: () => Promise<Fingerprint>;
  /** Ids of an unclaimed, a claimed and a paid order. */
  let orderIds: string[];

  beforeAll(async () => {
    announceSeed();
    world = await startTestWorld();
    client = new RawClient(world.server.url);
    wallet = await Wallet.open({});
    await wallet.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:10' });
    fingerprint = await fingerprinter(world.database);
    const orders = [
      await createOrder(world.shop),
      await createOrder(world.shop),
      await createOrder(world.shop),
    ];
    await wallet.claim(orders[1]?.payUri ?? '');
    await wallet.pay(orders[2]?.payUri ?? '');
    orderIds = orders.map((order) => order.orderId);
  });
  afterAll(async () => {
    client?.close();
    await wallet?.close();
    await world?.close();
  });

  const segment = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...ODD_SEGMENTS) },
    { weight: 3, arbitrary: fc.nat(2).map((which) => `#${which}`) },
    { weight: 1, arbitrary: fc.string({ maxLength: 12 }).map((text) => text.replace(/[^!-~]|[?#]/g, '%20')) },
  );
  const prefix = fc.oneof(
    { weight: 3, arbitrary: fc.constant('/instances/shop') },
    { weight: 1, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: segment.map((id) => `/instances/${id}`) },
  );
  const query = fc.array(
    fc.oneof(
      fc
        .constantFrom('timeout_ms', 'timeout')
        .chain((name) => fc.constantFrom(...WAITS).map((value) => `${name}=${value}`)),
      fc
        .constantFrom(...NAMES)
        .chain((name) => fc.constantFrom(...VALUES).map((value) => `${name}=${value}`)),
      fc.constantFrom('', '=', '&', 'a', '=a=b', '[]', '%'),
    ),
    { maxLength: 5 },
  );
  const headers = fc.array(
    fc
      .constantFrom(...HEADERS)
      .chain(([name, values]) => fc.constantFrom(...values).map((value) => [name, value] as const)),
    { maxLength: 3 },
  );
  const credential = fc.oneof(
    { weight: 4, arbitrary: fc.constant('shop') },
    { weight: 1, arbitrary: fc.constant('operator') },
    { weight: 1, arbitrary: fc.constantFrom(...AUTHORIZATIONS) },
  );

  /** `#0` and so on stand for the ids of orders, which are not known when the properties are written down. */
  const filled = (path: string) =>
    path.replace(/#(\d)/g, (_, which: string) => orderIds[Number(which)] ?? '');
  const authorizationOf = (who: string) =>
    who === 'shop' ? `Bearer ${world.shop.token}` : who === 'operator' ? `Bearer ${OPERATOR_TOKEN}` : who;

  /** What was answered in a test; a property of which all requests end at the first door would show nothing. */
  const statuses = new Set<number>();
  beforeEach(() => statuses.clear());

  async function check(
    method: string,
    path: string,
    more: { headers: Record<string, string>; body?: string },
  ) {
    const before = await fingerprint();
    try {
      const reply = await client.send({ method, path, ...more });
      judgeReply(reply, method);
      statuses.add(reply.status);
      const changed = changedTables(before, await fingerprint());
      if (changed.length > 0) throw new Error(`${changed.join(', ')} changed`);
    } catch (error) {
      const shown = `${method} ${path.slice(0, 2000)} ${JSON.stringify(more).slice(0, 2000)}`;
      throw new Error(`${(error as Error).message}\nafter ${shown}`, { cause: error });
    }
  }

  it(
    'are answered by their rules, and change nothing, when they read',
    async () => {
      const paths = fc.oneof(
        fc
          .tuple(prefix, fc.constantFrom('/orders/', '/private/orders/', '/private/accounts/'), segment)
          .map((parts) => parts.join('')),
        fc
          .tuple(prefix, fc.constantFrom('/private', '/private/accounts', '/config', '/healthz'))
          .map((parts) => parts.join('')),
        segment.map((id) => `/management/instances/${id}`),
        segment.map((id) => `/public/instances/${id}/poll-payment`),
        fc.constantFrom(
          '/public/instances/shop/poll-payment',
          '/public/poll-payment',
          '/config',
          '/metrics',
          '/readyz',
        ),
        fc.constantFrom('/openapi.json', '/docs', '/docs/start.js', '/management/instances'),
        fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`),
      );
      const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD');
      await checkProperty(
        fc.tuple(method, paths, query, credential, headers),
        async ([verb, path, pairs, who, list]) => {
          const authorization = authorizationOf(who);
          const url = Buffer.from(
            `${filled(path)}${pairs.length > 0 ? '?' : ''}${filled(pairs.join('&'))}`,
          ).toString('latin1');
          await check(verb, url, { headers: { ...Object.fromEntries(list), authorization } });
        },
      );
      expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 404]));
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'are answered by their rules, and change nothing, when they write what they must not',
    async () => {
      const bodies = [
        '{}',
        '{',
        JSON.stringify({ nonce: POINT }),
        JSON.stringify({ nonce: POINT, h_contract: HASH, unclaim_sig: HASH }),
        JSON.stringify({ coins: [] }),
        JSON.stringify({ sig: HASH, h_contract: HASH, session_id: '' }),
      ];
      const verb = fc.constantFrom(
        'claim',
        'unclaim',
        'pay',
        'paid',
        'abort',
        'refund',
        'claim/',
        'CLAIM',
        '%63laim',
      );
      const path = fc.oneof(
        fc.tuple(prefix, segment, verb).map(([base, id, name]) => `${base}/orders/${id}/${name}`),
        fc
          .tuple(prefix, fc.constantFrom('/private/orders', '/private/accounts', '/private/token'))
          .map((parts) => parts.join('')),
        fc.constant('/management/instances'),
      );
      const method = fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'PATCH');
      await checkProperty(
        fc.tuple(method, path, query, credential, headers, fc.constantFrom(...bodies)),
        async ([name, at, pairs, who, list, body]) => {
          const url = Buffer.from(`${filled(at)}?${filled(pairs.join('&'))}`).toString('latin1');
          const authorization = authorizationOf(who);
          // A length and chunks at once is no HTTP; routing.spec.ts sends such things.
          const sent = Object.fromEntries(list.filter(([header]) => header !== 'transfer-encoding'));
          await check(name, url, { headers: { ...sent, authorization }, body });
        },
      );
      expect([...statuses]).toEqual(expect.arrayContaining([400, 401, 404, 405]));
    },
    PROPERTY_TEST_MS_MAX,
  );
});
