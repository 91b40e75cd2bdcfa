import { eddsaPublicKey } from '../../../src/taler/eddsa';
import { Api } from '../../support/api';
import { createOrder, createShop, TestWorld } from '../../support/app';
import { serverBeside, startStillWorld } from './helpers';
import { claim } from '../orders/helpers';

const KEY = Buffer.alloc(32, 0x5a);

describe('private keys of instances', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld();
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

  const serverWith = (keyEncryptionKey: Buffer | undefined) => serverBeside(world, { keyEncryptionKey });

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
  ])('stop a server that starts %s, and it says why', async (_name, key, message) => {
    await expect(serverWith(key)).rejects.toThrow(message);
  });

  function sealedAt(url: string, token: string) {
    const base = `${url}instances/sealed/`;
    return { id: 'sealed', url: base, api: new Api(base), token };
  }
});
