import { encodeBase32, decodeBase32 } from '../../../src/taler/base32';
import { hashWire } from '../../../src/taler/payto';
import { createShop, TestShop, TestWorld } from '../../support/app';
import { startStillWorld } from './helpers';
import { expectRefusal, privateStatus, uniqueId } from '../orders/helpers';

describe('bank accounts', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startStillWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const add = (body: unknown, at: TestShop = shop) =>
    at.api.post('private/accounts', body, { token: at.token });
  const list = async (at: TestShop = shop) => at.api.get('private/accounts', { token: at.token });
  const read = (hWire: string, at: TestShop = shop) =>
    at.api.get(`private/accounts/${hWire}`, { token: at.token });
  const newPayto = () => `payto://x-taler-bank/localhost/${uniqueId('acc')}?receiver-name=Shop`;

  describe('POST private/accounts', () => {
    it('answers with the salt and the hash that contracts will carry', async () => {
      const payto = newPayto();
      const added = await add({ payto_uri: payto });
      expect(added.status).toBe(200);
      const salt = decodeBase32(added.body.salt, 16);
      if (!salt) throw new Error('no salt');
      expect(added.body).toEqual({ h_wire: encodeBase32(hashWire(payto, salt)), salt: encodeBase32(salt) });
    });

    it('answers a repeat with the same salt, also ten at once', async () => {
      const body = { payto_uri: newPayto(), credit_facade_url: null };
      const answers = await Promise.all(Array.from({ length: 10 }, () => add(body)));
      expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
      expect(await add(body)).toMatchObject({ status: 200, text: answers[0]?.text });
      const { body: all } = await list();
      expect(
        all.accounts.filter((account: { payto_uri: string }) => account.payto_uri === body.payto_uri),
      ).toHaveLength(1);
    });

    it('gives the same account at another instance another hash', async () => {
      const other = await createShop(world.server, 'account-other');
      const body = { payto_uri: newPayto() };
      expect((await add(body)).body.h_wire).not.toBe((await add(body, other)).body.h_wire);
    });

    it.each<[string, object]>([
      ['another facade', { credit_facade_url: 'https://bank.example/other/' }],
      ['no facade', {}],
      [
        'other credentials',
        {
          credit_facade_url: 'https://bank.example/',
          credit_facade_credentials: { type: 'basic', username: 'u', password: 'other' },
        },
      ],
      [
        'other metadata',
        {
          credit_facade_url: 'https://bank.example/',
          credit_facade_credentials: { type: 'basic', username: 'u', password: 'p' },
          extra_wire_subject_metadata: 'M',
        },
      ],
    ])('refuses an active account with %s: 409 with 2627', async (_name, facade) => {
      const payto = newPayto();
      const first = {
        payto_uri: payto,
        credit_facade_url: 'https://bank.example/',
        credit_facade_credentials: { type: 'basic', username: 'u', password: 'p' },
      };
      expect((await add(first)).status).toBe(200);
      expectRefusal(await add({ payto_uri: payto, ...facade }), 409, 2627, { detail: payto });
      // The same, members in another order, is a repeat.
      const again = { ...first, credit_facade_credentials: { password: 'p', username: 'u', type: 'basic' } };
      expect((await add(again)).status).toBe(200);
    });

    it('takes an inactive account back into use with its old salt, other facade data or not', async () => {
      const other = await createShop(world.server, 'comeback');
      const payto = newPayto();
      const first = await add({ payto_uri: payto }, other);
      await world.database.query('update accounts set active = false where payto_uri = $1', [payto]);
      const again = await add({ payto_uri: payto, credit_facade_url: 'https://bank.example/' }, other);
      expect(again).toMatchObject({ status: 200, text: first.text });
      expect((await read(first.body.h_wire, other)).body).toMatchObject({
        active: true,
        credit_facade_url: 'https://bank.example/',
      });
    });

    it.each([
      'payto://iban/DE75512108001245126199',
      'payto://x-taler-bank/localhost/shop',
      'payto://iban/DE75512108001245126198?receiver-name=Shop',
      'payto://iban/de75512108001245126199?receiver-name=Shop',
      'payto://x-taler-bank/shop?receiver-name=Shop',
      'payto://x-taler-bank/localhost/shop?receiver-name=Shöp',
      'payto://x-taler-bank/localhost/shop?receiver-name=A B',
      'https://bank.example/shop',
      'iban',
      '',
    ])('refuses %s: 400 with 24', async (payto) => {
      const before = (await list()).text;
      const refused = await add({ payto_uri: payto });
      expectRefusal(refused, 400, 24, { detail: expect.stringContaining('payto_uri'), field: 'payto_uri' });
      expect((await list()).text).toBe(before);
    });

    it.each<[string, object]>([
      ['credit_facade_url', { credit_facade_url: 'https://bank.example/x' }],
      ['credit_facade_url', { credit_facade_url: 'ftp://bank.example/' }],
      ['credit_facade_url', { credit_facade_url: 5 }],
      ['credit_facade_credentials', { credit_facade_credentials: 'text' }],
      ['extra_wire_subject_metadata', { extra_wire_subject_metadata: 'with blank' }],
      ['extra_wire_subject_metadata', { extra_wire_subject_metadata: 'x'.repeat(41) }],
      ['extra_wire_subject_metadata', { extra_wire_subject_metadata: '' }],
    ])('names a malformed %s of %j: 400 with 26', async (field, change) => {
      const refused = await add({ payto_uri: newPayto(), ...change });
      expectRefusal(refused, 400, 26, { detail: expect.stringContaining(field), field });
    });
  });

  describe('GET private/accounts', () => {
    it('lists all accounts in order of addition, inactive ones included', async () => {
      const other = await createShop(world.server, 'lister');
      const second = { payto_uri: 'payto://iban/DE75512108001245126199?receiver-name=Shop' };
      const added = await add(second, other);
      await world.database.query(`update accounts set active = false where payto_uri = $1`, [
        second.payto_uri,
      ]);
      // Any change of the instance makes the server look again.
      const third = await add({ payto_uri: newPayto() }, other);
      const answer = await list(other);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        accounts: [
          {
            payto_uri: 'payto://x-taler-bank/localhost/lister?receiver-name=Shop',
            h_wire: expect.any(String),
            active: true,
          },
          { ...second, h_wire: added.body.h_wire, active: false },
          { payto_uri: expect.any(String), h_wire: third.body.h_wire, active: true },
        ],
      });
    });

    it('reads one without its credentials', async () => {
      const body = {
        payto_uri: newPayto(),
        credit_facade_url: 'https://bank.example/accounts/shop/',
        credit_facade_credentials: { type: 'basic', username: 'shop', password: 'of the bank' },
        extra_wire_subject_metadata: 'A-1.b:2',
      };
      const added = await add(body);
      const answer = await read(added.body.h_wire);
      expect(answer.status).toBe(200);
      const { credit_facade_credentials: _hidden, ...shown } = body;
      expect(answer.body).toEqual({ ...shown, ...added.body, active: true });
    });

    it('reads one by its hash in lower case, too', async () => {
      const added = await add({ payto_uri: newPayto() });
      expect((await read((added.body.h_wire as string).toLowerCase())).status).toBe(200);
    });

    it('does not know an account of nobody, or of another instance: 404 with 2022', async () => {
      const other = await createShop(world.server, 'reader');
      const foreign = (await list(other)).body.accounts[0].h_wire as string;
      for (const hWire of [encodeBase32(Buffer.alloc(64, 4)), foreign]) {
        expectRefusal(await read(hWire), 404, 2022, { detail: hWire });
      }
    });

    it.each(['ABC', '!'.repeat(103), '0'.repeat(104)])(
      'refuses the hash %s: 400 with 2023',
      async (hWire) => {
        expectRefusal(await read(hWire), 400, 2023, { detail: 'h_wire' });
      },
    );
  });

  it('pays orders to the first active account, and the change is seen at once', async () => {
    const other = await createShop(world.server, 'changer');
    const order = async () => {
      const created = await other.api.post(
        'private/orders',
        { order: { amount: 'KUDOS:1', summary: 's' } },
        { token: other.token },
      );
      const status = await privateStatus(other, created.body.order_id);
      return status.body.proto_contract_terms.h_wire as string;
    };
    const first = (await list(other)).body.accounts[0].h_wire as string;
    const second = (await add({ payto_uri: newPayto() }, other)).body.h_wire as string;
    expect(await order()).toBe(first);
    await world.database.query('update accounts set active = false where h_wire = $1', [
      decodeBase32(first, 64),
    ]);
    await add({ payto_uri: newPayto() }, other);
    expect(await order()).toBe(second);
  });
});
