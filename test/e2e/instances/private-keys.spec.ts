import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import pino from 'pino';
import { closeApp, createApp } from '../../../src/bootstrap';
import { AppConfig } from '../../../src/platform/config/config';
import { eddsaPublicKey } from '../../../src/taler/eddsa';
import { Api } from '../../support/api';
import {
  createOrder,
  createShop,
  startTestServer,
  startTestWorld,
  settingOf,
  TestWorld,
} from '../../support/app';
import { claim, expectRefusal, makeNonce } from '../orders/helpers';

const KEY = Buffer.alloc(32, 0x5a);

describe('private keys of instances', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  async function stored(id: string) {
    const rows = await world.database.query<{
      private_key: Buffer;
      key_encrypted: boolean;
      merchant_pub: Buffer;
    }>('select private_key, key_encrypted, merchant_pub from instances where id = $1', [id]);
    const [row] = rows;
    if (!row) throw new Error(`no instance ${id}`);
    return row;
  }

  function serverWith(keyEncryptionKey: Buffer | undefined) {
    const { database, clock, exchange } = world;
    return startTestServer({
      database,
      clock,
      exchanges: [settingOf(exchange)],
      config: { keyEncryptionKey },
    });
  }

  /** A server with the same configuration but for the key, whose log can be read. */
  async function serverWithLog(keyEncryptionKey: Buffer | undefined) {
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    });
    const config = new AppConfig({ ...world.server.config, keyEncryptionKey });
    const app = await createApp(config, pino({ level: 'error' }, sink), world.clock);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return { api: new Api(`http://127.0.0.1:${port}/instances/sealed/`), lines, close: () => closeApp(app) };
  }

  it('are stored as they are where no key is configured', async () => {
    const row = await stored('shop');
    expect(row.key_encrypted).toBe(false);
    expect(eddsaPublicKey(row.private_key)).toEqual(row.merchant_pub);
  });

  it('are stored encrypted where a key is configured, and sign again after a restart with it', async () => {
    const first = await serverWith(KEY);
    const sealed = await createShop(first, 'sealed');
    await claim(sealed.api, await createOrder(sealed));
    await first.close();

    const row = await stored('sealed');
    expect(row.key_encrypted).toBe(true);
    // Nonce, the 32 bytes, tag; no part of it is the seed.
    expect(row.private_key).toHaveLength(12 + 32 + 16);
    for (let at = 0; at + 32 <= row.private_key.length; at++) {
      expect(eddsaPublicKey(row.private_key.subarray(at, at + 32))).not.toEqual(row.merchant_pub);
    }

    const second = await serverWith(KEY);
    await claim(
      new Api(`${second.url}instances/sealed/`),
      await createOrder(sealedAt(second.url, sealed.token)),
    );
    // An instance that was there before the key was configured goes on, too.
    await claim(new Api(`${second.url}instances/shop/`), await createOrder(world.shop));
    await second.close();
  });

  it.each<[string, Buffer | undefined, string]>([
    ['without the key', undefined, 'TALER_KEY_ENCRYPTION_KEY is missing, but instance keys are encrypted'],
    [
      'with another key',
      Buffer.alloc(32, 1),
      'instance keys were encrypted with another TALER_KEY_ENCRYPTION_KEY',
    ],
  ])('are of no use %s: the log says why, the client learns nothing', async (_name, key, message) => {
    const good = await serverWith(KEY);
    const token = await tokenOf(good.url);
    const order = await createOrder(sealedAt(good.url, token));
    await good.close();

    const server = await serverWithLog(key);
    const refused = await server.api.post(`orders/${order.orderId}/claim`, {
      nonce: makeNonce().nonce,
      token: order.token,
    });
    await server.close();
    expectRefusal(refused, 500, 60);
    expect(server.lines.join('')).toContain(message);
    expect(server.lines.join('')).toContain(`"request_id":"${refused.body.request_id as string}"`);
    // Nothing was claimed by what could not be signed.
    const rows = await world.database.query('select 1 from orders where order_id = $1 and nonce is null', [
      order.orderId,
    ]);
    expect(rows).toHaveLength(1);
  });

  function sealedAt(url: string, token: string) {
    const base = `${url}instances/sealed/`;
    return { id: 'sealed', url: base, api: new Api(base), token };
  }

  async function tokenOf(url: string): Promise<string> {
    const credential = Buffer.from('sealed:password of sealed').toString('base64');
    const login = await new Api(`${url}instances/sealed/`).post(
      'private/token',
      { scope: 'write' },
      { headers: { authorization: `Basic ${credential}` } },
    );
    return login.body.access_token as string;
  }
});
