import { encodeBase32 } from '../../../src/taler/base32';
import { eddsaPublicKey } from '../../../src/taler/eddsa';
import type { ExchangeSetting } from '../../../src/platform/config/config';
import { settingOf, startTestServer, startTestWorld, TestServer, TestWorld } from '../../support/app';
import { expectRefusal } from '../orders/helpers';
import { startScriptedExchange, ScriptedExchange } from './scripted-exchange';
import { until } from '../../support/until';

interface Status {
  readonly exchange_url: string;
  readonly next_download: { t_s: number };
  readonly keys_expiration?: { t_s: number };
  readonly debit_restrictions: Record<string, unknown>;
  readonly keys_http_status: number;
  readonly keys_ec: number;
  readonly keys_hint: string;
}

const STRANGER: Buffer = eddsaPublicKey(Buffer.alloc(32, 9));

describe('GET exchanges', () => {
  let world: TestWorld;
  let broken: ScriptedExchange;
  beforeAll(async () => {
    world = await startTestWorld();
    broken = await startScriptedExchange();
  });
  afterAll(async () => {
    await broken?.close();
    await world?.close();
  });

  const statusesOf = async (server: TestServer) =>
    (await server.api.get('exchanges')).body.exchanges as Status[];
  /** What is told of all exchanges once it is so of each. */
  async function statusesOnce(server: TestServer, isSo: (status: Status) => boolean): Promise<Status[]> {
    let statuses: Status[] = [];
    await until(async () => (statuses = await statusesOf(server)).every(isSo), 'what is known of the keys');
    return statuses;
  }
  async function withExchanges(
    exchanges: readonly ExchangeSetting[],
    work: (server: TestServer) => Promise<void>,
  ): Promise<void> {
    const { database, clock } = world;
    const server = await startTestServer({ database, clock, exchanges });
    try {
      await work(server);
    } finally {
      await server.close();
    }
  }
  const nowS = () => Number(world.clock.nowUs() / 1_000_000n);

  it('tells when good keys expire and are asked for again, and who may be paid', async () => {
    await statusesOnce(world.server, ({ keys_http_status }) => keys_http_status === 200);
    const answer = await world.server.api.get('exchanges');
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(answer.body).toEqual({
      exchanges: [
        {
          exchange_url: world.exchange.baseUrl,
          next_download: { t_s: expect.any(Number) },
          keys_expiration: { t_s: expect.any(Number) },
          debit_restrictions: await accountsOfSandbox(),
          keys_http_status: 200,
          keys_ec: 0,
          keys_hint: 'the keys are good',
        },
      ],
    });
    const [status] = answer.body.exchanges as Status[];
    expect(status?.keys_expiration?.t_s).toBeGreaterThan(nowS());
    expect(status?.next_download.t_s).toBeGreaterThan(nowS());
  });

  /** Full payto of each account -> null, as none of them is restricted. */
  async function accountsOfSandbox(): Promise<Record<string, null>> {
    const answer = await fetch(`${world.exchange.baseUrl}keys`);
    const { accounts } = (await answer.json()) as { accounts: { payto_uri: string }[] };
    expect(accounts.length).toBeGreaterThan(0);
    return Object.fromEntries(accounts.map(({ payto_uri }) => [payto_uri, null]));
  }

  it('needs no instance, and is not below one', async () => {
    expectRefusal(await world.server.api.get('instances/shop/exchanges'), 404, 21, {
      detail: '/instances/shop/exchanges',
    });
  });

  it('lists all exchanges of the configuration, in its order, with what is wrong with each', async () => {
    const silent = { baseUrl: 'http://127.0.0.1:1/', masterPub: STRANGER, currency: 'EUR' };
    const failing = { baseUrl: broken.baseUrl, masterPub: STRANGER, currency: 'EUR' };
    broken.answer = { status: 503, body: '{"code":1}' };
    await withExchanges([silent, settingOf(world.exchange), failing], async (server) => {
      const statuses = await statusesOnce(server, ({ keys_hint }) => !/being/.test(keys_hint));
      expect(
        statuses.map(({ exchange_url, keys_http_status, keys_ec }) => [
          exchange_url,
          keys_http_status,
          keys_ec,
        ]),
      ).toEqual([
        ['http://127.0.0.1:1/', 0, 2010],
        [world.exchange.baseUrl, 200, 0],
        [broken.baseUrl, 503, 2010],
      ]);
      for (const status of [statuses[0], statuses[2]]) {
        expect(status).not.toHaveProperty('keys_expiration');
        expect(status).toMatchObject({
          debit_restrictions: {},
          keys_hint: expect.stringMatching(/./) as string,
        });
      }
    });
  });

  it('says that keys signed by another master key are no good', async () => {
    const { baseUrl, currency } = world.exchange;
    // Under a name of its own: the database knows good keys of the other.
    const wrong = { baseUrl: baseUrl.replace('127.0.0.1', 'localhost'), masterPub: STRANGER, currency };
    await withExchanges([wrong], async (server) => {
      const [status] = await statusesOnce(server, ({ keys_ec }) => keys_ec !== 0);
      expect(status).toMatchObject({ keys_http_status: 200, keys_ec: 2010 });
    });
  });

  it('has an answer before any exchange has', async () => {
    broken.answer = undefined;
    await withExchanges(
      [{ baseUrl: broken.baseUrl, masterPub: STRANGER, currency: 'EUR' }],
      async (server) => {
        expect(await statusesOf(server)).toEqual([
          {
            exchange_url: broken.baseUrl,
            next_download: { t_s: expect.any(Number) },
            debit_restrictions: {},
            keys_http_status: 0,
            keys_ec: 0,
            keys_hint: 'the keys are being fetched',
          },
        ]);
        broken.release();
      },
    );
  });

  it('is empty where none is configured', async () => {
    await withExchanges([], async (server) => {
      const answer = await server.api.get('exchanges');
      expect(answer).toMatchObject({ status: 200, body: { exchanges: [] } });
    });
  });

  it('names the exchanges of /config', async () => {
    const { body } = await world.server.api.get('config');
    expect(body.exchanges).toEqual([
      {
        base_url: world.exchange.baseUrl,
        currency: 'KUDOS',
        master_pub: encodeBase32(world.exchange.masterPublicKey),
      },
    ]);
  });
});
