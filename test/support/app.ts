import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import pino from 'pino';
import { closeApp, createApp } from '../../src/bootstrap';
import { ExchangeDirectory } from '../../src/exchange/exchange-directory';
import { ExchangeKeysCache } from '../../src/exchange/exchange-keys.cache';
import { AppConfig, ExchangeSetting } from '../../src/platform/config/config';
import { DAY_US } from '../../src/taler/timestamp';
import { startSandboxExchange, SandboxExchange } from '../../sandbox/exchange/exchange-server';
import { Api } from './api';
import { TestClock } from './clock';
import { createTestDatabase, TestDatabase } from './database';

/** The operator's token of test servers. */
export const OPERATOR_TOKEN = 'secret-token:operator-of-the-tests';

/** For a download of keys; an exchange that is silent on purpose costs as much. */
const KEYS_MS_MAX = 20_000;

export interface TestServer {
  readonly app: NestExpressApplication;
  /** With final slash. */
  readonly url: string;
  readonly api: Api;
  readonly config: AppConfig;
  close(): Promise<void>;
}

/** A backend on a free port, as createApp makes it for production too. */
export async function startTestServer(options: {
  database: TestDatabase;
  exchanges?: readonly ExchangeSetting[];
  clock?: TestClock;
  config?: Partial<AppConfig>;
}): Promise<TestServer> {
  const config = new AppConfig({
    production: false,
    host: '127.0.0.1',
    port: 0,
    workers: 1,
    runJobs: false,
    logLevel: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    databaseUrl: options.database.url,
    databasePoolSize: 8,
    baseUrl: undefined,
    trustProxy: false,
    currency: 'KUDOS',
    exchanges: options.exchanges ?? [],
    merchantToken: OPERATOR_TOKEN,
    keyEncryptionKey: undefined,
    defaultPayDelay: DAY_US,
    defaultRefundDelay: 15n * DAY_US,
    defaultWireTransferDelay: DAY_US,
    defaultWireTransferRoundingInterval: 'NONE',
    legalPreservation: 3_653n * DAY_US,
    taxRecordPreservation: 0n,
    selfProvisioning: false,
    mandatoryTanChannels: [],
    phoneRegex: undefined,
    paymentTargetTypes: undefined,
    paymentTargetRegex: undefined,
    defaultPersona: 'expert',
    terms: undefined,
    privacy: undefined,
    ...options.config,
  });
  const app = await createApp(config, pino({ level: config.logLevel }), options.clock);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  return { app, url, api: new Api(url), config, close: () => closeApp(app) };
}

/**
 * Waits until the server knows the keys of its exchanges, or that they are not to be had: the creation of an order waits a
 * second for them and then does without, which on a busy machine would be another contract.
 */
export async function untilKeys({ app }: Pick<TestServer, 'app'>): Promise<void> {
  const keys = app.get(ExchangeKeysCache);
  const waitMs = KEYS_MS_MAX;
  const exchanges = app.get(ExchangeDirectory).list();
  await Promise.all(exchanges.map((exchange) => keys.get(exchange, { waitMs }).catch(() => undefined)));
}

/** A shop: an instance with a bank account and a token. */
export interface TestShop {
  readonly id: string;
  /** Base URL of the instance. */
  readonly url: string;
  readonly api: Api;
  readonly token: string;
}

export async function createShop(
  server: TestServer,
  id: string,
  options: { payto?: string; instance?: object; scope?: string } = {},
): Promise<TestShop> {
  const password = `password of ${id}`;
  const created = await server.api.post(
    'management/instances',
    {
      id,
      name: `Shop ${id}`,
      auth: { method: 'token', password },
      address: {},
      jurisdiction: {},
      use_stefan: false,
      ...options.instance,
    },
    { token: OPERATOR_TOKEN },
  );
  expectStatus(created.status, 204, created.text);
  const url = id === 'admin' ? server.url : `${server.url}instances/${id}/`;
  const api = new Api(url);
  const basic = Buffer.from(`${id}:${password}`).toString('base64');
  const login = await api.post(
    'private/token',
    { scope: options.scope ?? 'all', duration: { d_us: 'forever' } },
    { headers: { authorization: `Basic ${basic}` } },
  );
  expectStatus(login.status, 200, login.text);
  const token = login.body.access_token as string;
  const payto = options.payto ?? `payto://x-taler-bank/localhost/${id}?receiver-name=Shop`;
  const account = await api.post('private/accounts', { payto_uri: payto }, { token });
  expectStatus(account.status, 200, account.text);
  return { id, url, api, token };
}

function expectStatus(status: number, expected: number, text: string): void {
  if (status !== expected) throw new Error(`expected ${expected}, got ${status}: ${text}`);
}

/** Everything a payment needs: database, sandbox exchange, backend, one shop. */
export interface TestWorld {
  readonly database: TestDatabase;
  readonly clock: TestClock;
  readonly exchange: SandboxExchange;
  readonly server: TestServer;
  readonly shop: TestShop;
  close(): Promise<void>;
}

export async function startTestWorld(
  options: { config?: Partial<AppConfig>; moreExchanges?: readonly SandboxExchange[] } = {},
): Promise<TestWorld> {
  const clock = new TestClock();
  const [database, exchange] = await Promise.all([
    createTestDatabase(),
    startSandboxExchange({ rsaBits: 1024, nowUs: () => clock.nowUs(), aggregationIntervalMs: 0 }),
  ]);
  const exchanges = [exchange, ...(options.moreExchanges ?? [])].map(settingOf);
  const server = await startTestServer({ database, exchanges, clock, config: options.config });
  await untilKeys(server);
  const shop = await createShop(server, 'shop');
  return {
    database,
    clock,
    exchange,
    server,
    shop,
    close: async () => {
      await server.close();
      await exchange.close();
      await database.drop();
    },
  };
}

export function settingOf(exchange: SandboxExchange): ExchangeSetting {
  return { baseUrl: exchange.baseUrl, masterPub: exchange.masterPublicKey, currency: exchange.currency };
}

/** Posts an order and tells its id, claim token and pay URI. */
export async function createOrder(
  shop: TestShop,
  order: Record<string, unknown> = {},
  request: Record<string, unknown> = {},
): Promise<{ orderId: string; token: string | undefined; payUri: string }> {
  const created = await shop.api.post(
    'private/orders',
    { order: { amount: 'KUDOS:5', summary: 'Article 42', ...order }, ...request },
    { token: shop.token },
  );
  expectStatus(created.status, 200, created.text);
  const status = await shop.api.get(`private/orders/${created.body.order_id as string}`, {
    token: shop.token,
  });
  return { orderId: created.body.order_id, token: created.body.token, payUri: status.body.taler_pay_uri };
}
