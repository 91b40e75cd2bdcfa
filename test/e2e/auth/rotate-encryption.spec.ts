import { createOrder, createShop, type TestServer, type TestShop, type TestWorld } from '../../support/app';
import { serverBeside, startStillWorld } from '../instances/helpers';
import { Api } from '../../support/api';
import { claim, uniqueId } from '../orders/helpers';
import { runProgram } from '../payments/support/server-process';

/** Programs run while servers start one after the other. */
jest.setTimeout(300_000);

const FIRST = Buffer.alloc(32, 1);
const SECOND = Buffer.alloc(32, 2);
const CREDENTIALS = { type: 'basic', username: 'shop', password: 'of the bank' };

describe('keys rotate-encryption', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startStillWorld();
  });
  afterAll(() => world?.close());

  const rotate = (key: Buffer | undefined, old?: Buffer) =>
    runProgram(
      'src/admin/main.js',
      {
        DATABASE_URL: world.database.url,
        ...(key ? { TALER_KEY_ENCRYPTION_KEY: key.toString('base64') } : {}),
        ...(old ? { TALER_KEY_ENCRYPTION_KEY_OLD: old.toString('base64') } : {}),
      },
      { args: ['keys', 'rotate-encryption'] },
    );
  const serverWith = (keyEncryptionKey?: Buffer, keyEncryptionKeyOld?: Buffer) =>
    serverBeside(world, { keyEncryptionKey, keyEncryptionKeyOld });
  const at = (server: TestServer, shop: TestShop): TestShop => {
    const url = `${server.url}instances/${shop.id}/`;
    return { ...shop, url, api: new Api(url) };
  };
  const account = (shop: TestShop, password = CREDENTIALS.password) => ({
    payto_uri: `payto://x-taler-bank/localhost/bank-of-${shop.id}?receiver-name=Shop`,
    credit_facade_url: 'https://bank.example/',
    credit_facade_credentials: { ...CREDENTIALS, password },
  });
  const addAccount = (shop: TestShop, password?: string) =>
    shop.api.post('private/accounts', account(shop, password), { token: shop.token });

  async function secrets() {
    const rows = await world.database.query<{ bytes: Buffer; encrypted: boolean }>(
      `select private_key as bytes, key_encrypted as encrypted from instances where private_key is not null
       union all select credit_facade_credentials, credentials_encrypted from accounts
         where credit_facade_credentials is not null`,
    );
    return rows;
  }
  /** Both secrets of a shop do their work: the key signs a contract, and the credentials are recognised. */
  async function expectToWork(server: TestServer, shop: TestShop): Promise<void> {
    const here = at(server, shop);
    await claim(here.api, await createOrder(here));
    expect((await addAccount(here)).status).toBe(200);
    expect(await addAccount(here, 'another')).toMatchObject({ status: 409, body: { code: 2627 } });
  }

  it('encrypts what was not, then anew with the next key; servers with both keys go on all the while', async () => {
    const shops = [world.shop];
    for (let made = 0; made < 8; made++) shops.push(await createShop(world.server, uniqueId('keeper')));
    for (const shop of shops) expect((await addAccount(shop)).status).toBe(200);
    expect((await secrets()).filter(({ encrypted }) => encrypted)).toEqual([]);
    const count = 2 * shops.length;

    expect(await rotate(FIRST)).toMatchObject({
      code: 0,
      output: `encrypted ${count} secrets anew; no other key is needed any more\n`,
    });
    const first = await secrets();
    expect(first.filter(({ encrypted }) => !encrypted)).toEqual([]);
    for (const { bytes } of first) expect(bytes.toString('latin1')).not.toContain('of the bank');

    const both = await serverWith(SECOND, FIRST);
    let isOver = false;
    const rotation = rotate(SECOND, FIRST).finally(() => (isOver = true));
    let worked = 0;
    do {
      // A server that was started anew for each, so that no signer is known by heart.
      const fresh = await serverWith(SECOND, FIRST);
      for (const shop of shops.slice(0, 3)) await expectToWork(fresh, shop);
      await expectToWork(both, shops[worked % shops.length] ?? world.shop);
      await fresh.close();
      worked++;
    } while (!isOver);
    expect(await rotation).toMatchObject({
      code: 0,
      output: expect.stringContaining(`encrypted ${count} secrets`),
    });
    await both.close();
    expect(worked).toBeGreaterThan(0);

    const after = await serverWith(SECOND);
    for (const shop of shops) await expectToWork(after, shop);
    await after.close();
    await expect(serverWith(FIRST)).rejects.toThrow('another TALER_KEY_ENCRYPTION_KEY');
    expect((await rotate(SECOND)).output).toMatch(/^encrypted 0 secrets/);
  });

  it('goes on after one that it cannot open, names it, ends with 1, and finishes when it is repeated', async () => {
    await rotate(SECOND, FIRST);
    const whole = await createShop(world.server, uniqueId('whole'));
    const torn = await createShop(world.server, uniqueId('torn'));
    // The newest encrypted one is looked at when a process starts: this one opens.
    const server = await serverWith(SECOND);
    await createShop(server, uniqueId('newest'));
    await server.close();
    const [row] = await world.database.query<{ private_key: Buffer }>(
      'select private_key from instances where id = $1',
      [torn.id],
    );
    await world.database.query('update instances set key_encrypted = true, private_key = $2 where id = $1', [
      torn.id,
      Buffer.alloc(60, 7),
    ]);
    const failed = await rotate(SECOND);
    expect(failed.code).toBe(1);
    expect(failed.output).toContain(torn.id);
    const [other] = await world.database.query<{ encrypted: boolean }>(
      'select key_encrypted as encrypted from instances where id = $1',
      [whole.id],
    );
    expect(other).toEqual({ encrypted: true });
    await world.database.query('update instances set key_encrypted = false, private_key = $2 where id = $1', [
      torn.id,
      row?.private_key,
    ]);
    expect(await rotate(SECOND)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^encrypted 1 secrets/),
    });
  });

  it('without a key, or with the wrong one, changes nothing and ends with 1', async () => {
    await rotate(SECOND, FIRST);
    const before = await secrets();
    expect(await rotate(undefined)).toMatchObject({
      code: 1,
      output: expect.stringContaining('TALER_KEY_ENCRYPTION_KEY'),
    });
    expect(await rotate(Buffer.alloc(32, 9))).toMatchObject({
      code: 1,
      output: expect.stringContaining('another'),
    });
    expect(await secrets()).toEqual(before);
  });
});
