import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { open } from '../../../src/crypto/secret-box';
import { encodeBase32 } from '../../../src/taler/base32';
import { Api } from '../../support/api';
import { OPERATOR_TOKEN, settingOf, type TestShop } from '../../support/app';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { Customer } from '../payments/support/customer';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import { runProgram, ServerProcess } from '../payments/support/server-process';

/** Processes are started, and the first start may have to build them. */
jest.setTimeout(180_000);

const KEY = randomBytes(32);
const CANARY = 'canary';

describe('secrets', () => {
  let database: TestDatabase;
  let exchange: SandboxExchange;
  let server: ServerProcess;
  let shop: TestShop;
  /** What must not be seen anywhere, by name. */
  const secrets = new Map<string, string>();
  /** All that the server said: answers, metrics, documents. */
  const said: string[] = [];
  let written = '';

  beforeAll(async () => {
    [database, exchange] = await Promise.all([
      createTestDatabase(),
      startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 }),
    ]);
    server = await ServerProcess.start({
      database,
      exchanges: [settingOf(exchange)],
      environment: {
        LOG_LEVEL: 'trace',
        TALER_KEY_ENCRYPTION_KEY: KEY.toString('base64'),
        TALER_SELF_PROVISIONING: '1',
      },
    });
    shop = await createCanaryShop();
    await liveAndFail();
    written = (await server.stop()).output;
  });
  afterAll(async () => {
    await exchange?.close();
    await database?.drop();
  });

  async function createCanaryShop(): Promise<TestShop> {
    const basic = Buffer.from(`shop:password-${CANARY}`).toString('base64');
    plant('password', `password-${CANARY}`);
    plant('Authorization header', basic);
    const instance = {
      id: 'shop',
      name: 'Shop',
      auth: { method: 'token', password: `password-${CANARY}` },
      address: {},
      jurisdiction: {},
      use_stefan: false,
    };
    await say('POST', 'management/instances', instance, `Bearer ${OPERATOR_TOKEN}`);
    const login = await say(
      'POST',
      'instances/shop/private/token',
      { scope: 'all:refreshable' },
      `Basic ${basic}`,
    );
    const { access_token } = JSON.parse(login) as { access_token: string };
    const url = `${server.url}instances/shop/`;
    return { id: 'shop', url, api: new Api(url), token: access_token };
  }

  function plant(name: string, secret: string): void {
    secrets.set(name, secret);
  }

  /** Says something to the server and keeps what it answers. */
  async function say(method: string, path: string, body?: unknown, authorization?: string): Promise<string> {
    const answer = await request(`${server.url}${path}`, {
      method: method as 'POST',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.body.text();
    said.push(JSON.stringify(answer.headers), text);
    return text;
  }

  async function liveAndFail(): Promise<void> {
    const bearer = `Bearer ${shop.token}`;
    const p = 'instances/shop/private';
    plant('login token', shop.token.slice('secret-token:'.length));
    plant('token of the operator', OPERATOR_TOKEN.slice('secret-token:'.length));
    plant('key encryption key', KEY.toString('base64'));
    plant('key encryption key in hex', KEY.toString('hex'));
    said.length = 0;

    plant('facade password', `facade-password-${CANARY}`);
    plant('facade token', `facade-token-${CANARY}`);
    const account = { payto_uri: 'payto://x-taler-bank/localhost/shop?receiver-name=Shop' };
    const credentials = { type: 'basic', username: 'shop', password: `facade-password-${CANARY}` };
    await say(
      'POST',
      `${p}/accounts`,
      { ...account, credit_facade_url: 'https://bank.example/', credit_facade_credentials: credentials },
      bearer,
    );
    const next = { type: 'bearer', token: `facade-token-${CANARY}` };
    await say(
      'POST',
      `${p}/accounts`,
      { ...account, credit_facade_url: 'https://bank.example/', credit_facade_credentials: next },
      bearer,
    );
    await say(
      'POST',
      `${p}/accounts`,
      { ...account, credit_facade_credentials: { ...next, type: 'magic' } },
      bearer,
    );
    const accounts = JSON.parse(await say('GET', `${p}/accounts`, undefined, bearer)) as {
      accounts: { h_wire: string }[];
    };
    const [{ h_wire }] = accounts.accounts as [{ h_wire: string }];
    await say('GET', `${p}/accounts/${h_wire}`, undefined, bearer);
    await say(
      'PATCH',
      `${p}/accounts/${h_wire}`,
      { credit_facade_url: 'https://bank.example/', credit_facade_credentials: next },
      bearer,
    );

    // Wrong passwords, in all places and shapes.
    plant('wrong password', `wrong-${CANARY}`);
    plant('wrong Authorization', Buffer.from(`shop:wrong-${CANARY}`).toString('base64'));
    const wrong = `Basic ${secrets.get('wrong Authorization')}`;
    await say('POST', `${p}/token`, { scope: 'all' }, wrong);
    await say('GET', p, undefined, wrong);
    await say('GET', p, undefined, `Bearer wrong-${CANARY}`);
    await say('GET', p, undefined, `Bearer secret-token:wrong-${CANARY}`);
    for (let made = 0; made < 12; made++) await say('POST', `${p}/token`, { scope: 'all' }, wrong);
    plant('changed password', `changed-${CANARY}`);
    const changed = { method: 'token', password: `changed-${CANARY}` };
    await say('POST', `${p}/auth`, { ...changed, method: 'magic' }, bearer);
    await say('POST', `${p}/auth`, `{"method":"token","password":"changed-${CANARY}"`, bearer);
    await say('POST', `${p}/auth`, changed, bearer);
    const instance = { name: 'x', address: {}, jurisdiction: {}, use_stefan: false, auth: changed };
    await say('POST', 'instances', { ...instance, id: 'shop' });
    await say('POST', 'instances', { ...instance, id: '..' });
    await say(
      'POST',
      'management/instances',
      { ...instance, id: 'more', auth: { method: 'token', token: `secret-token:changed-${CANARY}` } },
      `Bearer ${OPERATOR_TOKEN}`,
    );

    // Orders with a claim token, paid and not.
    const coins = await withdrawCoins(exchange, coinsOf(1, '5'));
    const customer = await Customer.order(shop);
    await customer.spend(coins);
    const created = await shop.api.post(
      'private/orders',
      { order: { amount: 'KUDOS:1', summary: 's' } },
      { token: shop.token },
    );
    const { order_id, token: claimToken } = created.body as { order_id: string; token: string };
    plant('claim token', claimToken);
    await say('GET', `instances/shop/orders/${order_id}?token=${claimToken.toLowerCase()}0`);
    await say('POST', `instances/shop/orders/${order_id}/claim`, { nonce: 'x', token: claimToken });
    await say('POST', `instances/shop/orders/none/claim?token=${claimToken}`, { token: claimToken });
    await say('GET', `nowhere/at/all?token=${claimToken}`, undefined, bearer);

    // Trouble inside: tables that are gone while secrets are in hand.
    await database.query('alter table login_tokens rename to gone_tokens');
    await say('GET', p, undefined, `Bearer secret-token:unseen-${CANARY}`);
    plant('token at a time of trouble', `unseen-${CANARY}`);
    await say(
      'POST',
      `${p}/token`,
      { scope: 'all', description: 'd' },
      `Basic ${Buffer.from(`shop:changed-${CANARY}`).toString('base64')}`,
    );
    await database.query('alter table gone_tokens rename to login_tokens');
    await database.query('alter table instances rename to gone_instances');
    await say('POST', 'management/instances', { ...instance, id: 'trouble' }, `Bearer ${OPERATOR_TOKEN}`);
    await database.query('alter table gone_instances rename to instances');
    await say('POST', `${p}/token`, Buffer.alloc(100, 0x7b).toString(), bearer);

    const rows = await database.query<{ private_key: Buffer; merchant_pub: Buffer; key_encrypted: boolean }>(
      'select private_key, merchant_pub, key_encrypted from instances',
    );
    rows.forEach(({ private_key, merchant_pub, key_encrypted }, index) => {
      expect(key_encrypted).toBe(true);
      const seed = open(KEY, private_key, merchant_pub);
      plant(`private key ${index} in hex`, seed.toString('hex'));
      plant(`private key ${index} in base64`, seed.toString('base64'));
      plant(`private key ${index} in base32`, encodeBase32(seed));
      plant(`sealed private key ${index}`, private_key.toString('hex'));
    });
    for (const path of ['metrics', 'openapi.json', 'docs', 'healthz', 'readyz', 'config', 'exchanges'])
      await say('GET', path);
    await say('GET', p, undefined, bearer);
    await say('GET', `${p}/tokens`, undefined, bearer);
    await say('GET', 'management/instances', undefined, `Bearer ${OPERATOR_TOKEN}`);
    await say('GET', 'management/instances/shop', undefined, `Bearer ${OPERATOR_TOKEN}`);
  }

  /** Names only: a test that fails must not be the one that tells. */
  const foundIn = (text: string) =>
    [...secrets]
      .filter(([, secret]) => text.includes(secret) || text.includes(encodeURIComponent(secret)))
      .map(([name]) => name);

  it('were planted, and the server was busy with them', () => {
    expect(secrets.size).toBeGreaterThan(15);
    for (const [name, secret] of secrets)
      expect({ name, isLong: secret.length >= 10 }).toEqual({ name, isLong: true });
    expect(said.length).toBeGreaterThan(60);
    // The log was on, it has a line for each request and the failures of the database.
    expect(written.split('\n').length).toBeGreaterThan(40);
    expect(written).toContain('request failed');
    expect(written).toContain('/instances/:instance/private/token');
  });

  it('are in nothing that the server writes, at the most talkative level', () => {
    expect(foundIn(written)).toEqual([]);
  });

  it('are in no answer, header, metric or document, errors included', () => {
    expect(foundIn(said.join('\n'))).toEqual([]);
  });

  it('are in no message of a start that fails', async () => {
    const { output } = await runProgram('src/main.js', {
      DATABASE_URL: `postgresql://merchant:${CANARY}-of-the-database@127.0.0.1:1/none`,
      TALER_MERCHANT_TOKEN: `secret-token:${CANARY}-of-the-operator`,
      TALER_KEY_ENCRYPTION_KEY: KEY.toString('base64'),
      LOG_LEVEL: 'trace',
    });
    expect(output).toContain('cannot start');
    expect(output).not.toContain(CANARY);
    expect(output).not.toContain(KEY.toString('base64'));
  });

  it('are in no table of the database in a form that could be used', async () => {
    const tables = await database.query<{ name: string }>(
      `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
    );
    // Needed as they are: the claim token is compared and handed to wallets in the order's URI.
    const stored = new Map(
      [...secrets].filter(([name]) => name !== 'claim token' && !name.startsWith('sealed')),
    );
    for (const { name } of tables) {
      for (const { text } of await database.query<{ text: string }>(
        `select row_to_json(r)::text as text from ${name} r`,
      )) {
        const found = [...stored].filter(([, secret]) => {
          const inHex = Buffer.from(secret).toString('hex');
          return text.includes(secret) || text.includes(inHex);
        });
        expect({ table: name, found: found.map(([each]) => each) }).toEqual({ table: name, found: [] });
      }
    }
  });
});
