import { decodeBase32, encodeBase32 } from '../../../src/taler/base32';
import { createOrder, createShop, TestShop, TestWorld } from '../../support/app';
import { expectRefusal, privateStatus, uniqueId } from '../orders/helpers';
import { OPERATOR_TOKEN } from '../../support/app';
import { withServer, startStillWorld } from './helpers';

const UNKNOWN = encodeBase32(Buffer.alloc(64, 4));
const BASIC = { type: 'basic', username: 'bank-user', password: 'of the bank' };
const BEARER = { type: 'bearer', token: 'token-of-the-bank' };
const FACADE = 'https://bank.example/accounts/shop/';
const KEY = Buffer.alloc(32, 0x5a);

describe('bank accounts', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startStillWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const newPayto = () => `payto://x-taler-bank/localhost/${uniqueId('acc')}?receiver-name=Shop`;
  const add = (body: object, at: TestShop = shop) =>
    at.api.post('private/accounts', body, { token: at.token });
  const patch = (hWire: string, json: unknown, at: TestShop = shop) =>
    at.api.call('PATCH', `private/accounts/${hWire}`, { json, token: at.token });
  const remove = (hWire: string, at: TestShop = shop) =>
    at.api.delete(`private/accounts/${hWire}`, { token: at.token });
  const read = (hWire: string, accept?: string) =>
    shop.api.get(`private/accounts/${hWire}`, {
      token: shop.token,
      headers: accept === undefined ? {} : { accept },
    });
  async function added(more: object = {}): Promise<{ payto_uri: string; h_wire: string; salt: string }> {
    const payto_uri = newPayto();
    const answer = await add({ payto_uri, ...more });
    if (answer.status !== 200) throw new Error(answer.text);
    return { payto_uri, ...(answer.body as { h_wire: string; salt: string }) };
  }
  const credentialsOf = async (hWire: string) => {
    const [row] = await world.database.query<{ box: Buffer | null; encrypted: boolean }>(
      `select credit_facade_credentials as box, credentials_encrypted as encrypted from accounts where h_wire = $1`,
      [decodeBase32(hWire, 64)],
    );
    return row;
  };

  describe('PATCH private/accounts/$H_WIRE', () => {
    it('changes what it names, keeps what it does not, and is seen at once', async () => {
      const account = await added({ credit_facade_url: FACADE, credit_facade_credentials: BASIC });
      expect(await patch(account.h_wire, { extra_wire_subject_metadata: 'M-1' })).toMatchObject({
        status: 204,
        text: '',
      });
      const whole = {
        ...account,
        active: true,
        credit_facade_url: FACADE,
        extra_wire_subject_metadata: 'M-1',
      };
      expect((await read(account.h_wire)).body).toEqual(whole);
      expect(JSON.parse((await credentialsOf(account.h_wire))?.box?.toString() ?? '')).toEqual(BASIC);
      const other = 'https://other.example/';
      await patch(account.h_wire, { credit_facade_url: other, extra_wire_subject_metadata: null });
      expect((await read(account.h_wire)).body).toEqual({ ...whole, credit_facade_url: other });
      expect(JSON.parse((await credentialsOf(account.h_wire))?.box?.toString() ?? '')).toEqual(BASIC);
    });

    it('replaces credentials, and removes them by type none', async () => {
      const account = await added({ credit_facade_url: FACADE, credit_facade_credentials: BASIC });
      await patch(account.h_wire, { credit_facade_credentials: BEARER });
      expect(JSON.parse((await credentialsOf(account.h_wire))?.box?.toString() ?? '')).toEqual(BEARER);
      await patch(account.h_wire, { credit_facade_credentials: { type: 'none' } });
      expect(await credentialsOf(account.h_wire)).toMatchObject({ box: null });
      // Now the account is as if it had been added without.
      expect((await add({ payto_uri: account.payto_uri, credit_facade_url: FACADE })).status).toBe(200);
    });

    it('with nothing changes nothing', async () => {
      const account = await added({ credit_facade_url: FACADE });
      const before = (await read(account.h_wire)).text;
      expect((await patch(account.h_wire, {})).status).toBe(204);
      expect((await patch(account.h_wire, { payto_uri: newPayto(), salt: 'x' })).status).toBe(204);
      expect((await read(account.h_wire)).text).toBe(before);
    });

    it('takes credentials only with a URL, given now or before: 400 with 26', async () => {
      const account = await added();
      const field = 'credit_facade_credentials';
      const refused = await patch(account.h_wire, { [field]: BASIC });
      expectRefusal(refused, 400, 26, {
        field,
        detail: `${field}: must be accompanied by a credit_facade_url`,
      });
      expect((await patch(account.h_wire, { [field]: BASIC, credit_facade_url: FACADE })).status).toBe(204);
      expect((await patch(account.h_wire, { [field]: BEARER })).status).toBe(204);
    });

    it.each<[string, object]>([
      ['credit_facade_url', { credit_facade_url: 'https://bank.example' }],
      ['credit_facade_credentials', { credit_facade_credentials: 'none' }],
      ['credit_facade_credentials.type', { credit_facade_credentials: {} }],
      ['credit_facade_credentials.password', { credit_facade_credentials: { type: 'basic', username: 'u' } }],
      ['credit_facade_credentials.token', { credit_facade_credentials: { type: 'bearer' } }],
      ['extra_wire_subject_metadata', { extra_wire_subject_metadata: 'with blank' }],
    ])('names a malformed %s: 400 with 26', async (field, change) => {
      const account = await added({ credit_facade_url: FACADE });
      const refused = await patch(account.h_wire, change);
      expectRefusal(refused, 400, 26, { field, detail: expect.stringContaining(field) as string });
    });

    it('does not know an account of nobody, or of another instance: 404 with 2022', async () => {
      const other = await createShop(world.server, uniqueId('owner'));
      const { body } = await other.api.get('private/accounts', { token: other.token });
      for (const hWire of [UNKNOWN, body.accounts[0].h_wire as string]) {
        expectRefusal(await patch(hWire, {}), 404, 2022, { detail: hWire });
      }
    });

    it('refuses a hash that is none: 400 with 2023', async () => {
      expectRefusal(await patch('ABC', {}), 400, 2023, { detail: 'h_wire' });
    });

    it('of many at once loses no member', async () => {
      const account = await added({ credit_facade_url: FACADE });
      const urls = Array.from({ length: 5 }, (_, index) => `https://bank.example/${index}/`);
      const changes = urls.flatMap((credit_facade_url, index) => [
        { credit_facade_url },
        { extra_wire_subject_metadata: `M${index}` },
        { credit_facade_credentials: { ...BASIC, password: `p${index}` } },
      ]);
      const answers = await Promise.all(changes.map((change) => patch(account.h_wire, change)));
      expect(answers.map(({ status }) => status)).toEqual(changes.map(() => 204));
      const { body } = await read(account.h_wire);
      expect(urls).toContain(body.credit_facade_url);
      expect(body.extra_wire_subject_metadata).toMatch(/^M\d$/);
      expect(JSON.parse((await credentialsOf(account.h_wire))?.box?.toString() ?? '')).toMatchObject({
        type: 'basic',
      });
    });
  });

  describe('DELETE private/accounts/$H_WIRE', () => {
    it('deactivates: it stays in the list and is read, but is offered no more', async () => {
      const other = await createShop(world.server, uniqueId('closer'));
      const { body } = await other.api.get('private/accounts', { token: other.token });
      const [first] = body.accounts as { h_wire: string; payto_uri: string }[];
      expect(await remove(first?.h_wire ?? '', other)).toMatchObject({ status: 204, text: '' });
      const list = await other.api.get('private/accounts', { token: other.token });
      expect(list.body).toEqual({ accounts: [{ ...first, active: false }] });
      const one = await other.api.get(`private/accounts/${first?.h_wire ?? ''}`, { token: other.token });
      expect(one.body).toMatchObject({ active: false });
      const { body: instances } = await world.server.api.get('management/instances', {
        token: OPERATOR_TOKEN,
      });
      expect(instances.instances).toContainEqual(
        expect.objectContaining({ id: other.id, payment_targets: [] }),
      );
      const order = { order: { amount: 'KUDOS:1', summary: 's' } };
      const refused = await other.api.post('private/orders', order, { token: other.token });
      expect(refused).toMatchObject({ status: 404, body: { code: 2500 } });
    });

    it('comes once: again, and for an account of nobody, it is 404 with 2022', async () => {
      const account = await added();
      expect((await remove(account.h_wire)).status).toBe(204);
      expectRefusal(await remove(account.h_wire), 404, 2022, { detail: account.h_wire });
      expectRefusal(await remove(UNKNOWN), 404, 2022, { detail: UNKNOWN });
    });

    it('refuses a hash that is none: 400 with 2023', async () => {
      expectRefusal(await remove('0'.repeat(104)), 400, 2023, { detail: 'h_wire' });
    });

    it('is undone by adding the account again: same salt and hash, new facade data', async () => {
      const account = await added({ credit_facade_url: FACADE, credit_facade_credentials: BASIC });
      await remove(account.h_wire);
      const again = await add({ payto_uri: account.payto_uri, extra_wire_subject_metadata: 'new' });
      expect(again.status).toBe(200);
      expect(again.body).toEqual({ h_wire: account.h_wire, salt: account.salt });
      expect((await read(account.h_wire)).body).toEqual({
        ...account,
        active: true,
        extra_wire_subject_metadata: 'new',
      });
      expect(await credentialsOf(account.h_wire)).toMatchObject({ box: null });
    });

    it('of ten at once lets one do it', async () => {
      const account = await added();
      const answers = await Promise.all(Array.from({ length: 10 }, () => remove(account.h_wire)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(9).fill(404)]);
    });

    it('while orders are created gives each of them an account that was active, or none at all', async () => {
      const other = await createShop(world.server, uniqueId('busy'));
      const { body } = await other.api.get('private/accounts', { token: other.token });
      const hWire = body.accounts[0].h_wire as string;
      const order = { order: { amount: 'KUDOS:1', summary: 's' }, create_token: false };
      const create = () => other.api.post('private/orders', order, { token: other.token });
      const [removed, ...created] = await Promise.all([
        remove(hWire, other),
        ...Array.from({ length: 10 }, create),
      ]);
      expect(removed.status).toBe(204);
      for (const answer of created) {
        if (answer.status !== 200) {
          expect(answer).toMatchObject({ status: 404, body: { code: 2500 } });
          continue;
        }
        const status = await privateStatus(other, answer.body.order_id as string);
        expect(status.body.proto_contract_terms.h_wire).toBe(hWire);
      }
      expect((await create()).status).toBe(404);
    });
  });

  describe('GET private/accounts/$H_WIRE', () => {
    it.each([undefined, '*/*', 'application/json', 'text/plain;q=0.5, application/json', 'application/*'])(
      'is JSON for Accept: %s',
      async (accept) => {
        const account = await added();
        const answer = await read(account.h_wire, accept);
        expect(answer).toMatchObject({ status: 200, body: { payto_uri: account.payto_uri } });
        expect(answer.headers['content-type']).toMatch(/^application\/json/);
        expect(answer.headers['vary']).toContain('Accept');
      },
    );

    it.each(['text/plain', 'text/plain, application/json;q=0.9', 'text/*'])(
      'is text for people for Accept: %s',
      async (accept) => {
        const account = await added({
          credit_facade_url: FACADE,
          credit_facade_credentials: BASIC,
          extra_wire_subject_metadata: 'M',
        });
        const answer = await read(account.h_wire, accept);
        expect(answer.status).toBe(200);
        expect(answer.headers['content-type']).toMatch(/^text\/plain/);
        expect(answer.text.split('\n')).toEqual([
          `Account: ${account.payto_uri}`,
          'State: active',
          `Hash (h_wire): ${account.h_wire}`,
          `Salt: ${account.salt}`,
          `Credit facade: ${FACADE}`,
          'In the wire subject: M',
          '',
        ]);
      },
    );

    it.each(['', '*/*', 'application/json; charset=utf-8', 'application/json;version=1;q=0.5'])(
      'is JSON for a client that accepts %j',
      async (accept) => {
        const account = await added();
        expect((await read(account.h_wire, accept)).body).toMatchObject({ h_wire: account.h_wire });
      },
    );

    it.each(['application/pdf', 'text/html', 'image/*;q=0.5'])(
      'cannot be %s: 406 with 78',
      async (accept) => {
        const account = await added();
        expectRefusal(await read(account.h_wire, accept), 406, 78, { detail: 'Accept' });
      },
    );

    it('says first that there is no such account, whatever is accepted', async () => {
      expectRefusal(await read(UNKNOWN, 'application/pdf'), 404, 2022, { detail: UNKNOWN });
    });
  });

  describe('of all kinds that the reference names', () => {
    it.each([
      'payto://iban/DE75512108001245126199?receiver-name=Shop',
      'payto://iban/SOGEDEFFXXX/DE75512108001245126199?receiver-name=Shop&x=y',
      'PAYTO://IBAN/CH9300762011623852957?Receiver-Name=A%20B',
      'payto://x-taler-bank/bank.example:8080/taler/shop?receiver-name=Shop',
      'payto://cyclos/demo.cyclos.org/shop?receiver-name=Shop',
      'payto://bitcoin/bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
      'payto://ethereum/0x71c7656ec7ab88b098defb751b7401b5f6d8976f?receiver-name=Shop',
    ])('%s is taken', async (payto_uri) => {
      const other = await createShop(world.server, uniqueId('kind'));
      const answer = await add({ payto_uri }, other);
      expect(answer.status).toBe(200);
      const one = await other.api.get(`private/accounts/${answer.body.h_wire as string}`, {
        token: other.token,
      });
      expect(one.body).toMatchObject({ payto_uri, active: true });
    });

    it.each([
      'payto://bitcoin/',
      'payto://cyclos/?receiver-name=x',
      'payto://iban/?receiver-name=x',
      'payto://',
    ])('%s names no account: 400 with 24', async (payto_uri) => {
      const refused = await add({ payto_uri });
      const detail = expect.stringContaining('payto_uri') as string;
      expectRefusal(refused, 400, 24, { field: 'payto_uri', detail });
    });

    it('are only those that /config allows; others are 400 with 26, what is no payto stays 24', async () => {
      const config = {
        paymentTargetTypes: ['iban', 'cyclos'],
        paymentTargetRegex: { text: '/(CH|demo)', regExp: /\/(CH|demo)/ },
      };
      await withServer(world, config, async (server) => {
        expect((await server.api.get('config')).body).toMatchObject({
          payment_target_types: 'iban cyclos',
          payment_target_regex: '/(CH|demo)',
        });
        const post = (payto_uri: string) =>
          server.api.post('instances/shop/private/accounts', { payto_uri }, { token: shop.token });
        expect((await post('payto://iban/CH9300762011623852957?receiver-name=A')).status).toBe(200);
        expect((await post('payto://cyclos/demo.cyclos.org/shop?receiver-name=A')).status).toBe(200);
        const field = 'payto_uri';
        expectRefusal(await post(newPayto()), 400, 26, {
          field,
          detail: 'payto_uri: must be an account of type iban, cyclos',
        });
        expectRefusal(await post('payto://iban/DE75512108001245126199?receiver-name=A'), 400, 26, {
          field,
          detail: 'payto_uri: must be one that matches /(CH|demo)',
        });
        expect(await post('payto://iban/CH0000762011623852957?receiver-name=A')).toMatchObject({
          status: 400,
          body: { code: 24 },
        });
      });
    });
  });

  describe('credentials of a credit facade', () => {
    it('need a URL when the account is added: 400 with 26', async () => {
      const field = 'credit_facade_credentials';
      const refused = await add({ payto_uri: newPayto(), [field]: BASIC });
      expectRefusal(refused, 400, 26, {
        field,
        detail: `${field}: must be accompanied by a credit_facade_url`,
      });
      expect((await add({ payto_uri: newPayto(), [field]: { type: 'none' } })).status).toBe(200);
    });

    it('of type none are the same as none', async () => {
      const payto_uri = newPayto();
      const first = await add({ payto_uri, credit_facade_url: FACADE });
      const none = { payto_uri, credit_facade_url: FACADE, credit_facade_credentials: { type: 'none' } };
      expect(await add(none)).toMatchObject({ status: 200, text: first.text });
    });

    it('are never shown again', async () => {
      const account = await added({ credit_facade_url: FACADE, credit_facade_credentials: BASIC });
      const shown = [
        await read(account.h_wire),
        await read(account.h_wire, 'text/plain'),
        await shop.api.get('private/accounts', { token: shop.token }),
        await shop.api.get('private', { token: shop.token }),
      ];
      for (const answer of shown) {
        expect(answer.status).toBe(200);
        expect(answer.text).not.toContain(BASIC.password);
        expect(answer.text).not.toContain(BASIC.username);
      }
    });

    it('are encrypted in the database where a key is configured, and still tell a repeat from a conflict', async () => {
      await withServer(world, { keyEncryptionKey: KEY }, async (server) => {
        const body = { payto_uri: newPayto(), credit_facade_url: FACADE, credit_facade_credentials: BASIC };
        const post = (json: object) =>
          server.api.post('instances/shop/private/accounts', json, { token: shop.token });
        const first = await post(body);
        const hWire = first.body.h_wire as string;
        const row = await credentialsOf(hWire);
        expect(row?.encrypted).toBe(true);
        expect(row?.box?.toString('latin1')).not.toContain(BASIC.password);
        expect(await post(body)).toMatchObject({ status: 200, text: first.text });
        const conflict = await post({ ...body, credit_facade_credentials: BEARER });
        expectRefusal(conflict, 409, 2627, { detail: body.payto_uri });
        const path = `instances/shop/private/accounts/${hWire}`;
        const json = { credit_facade_credentials: BEARER };
        expect((await server.api.call('PATCH', path, { json, token: shop.token })).status).toBe(204);
        const changed = await credentialsOf(hWire);
        expect(changed?.encrypted).toBe(true);
        expect(changed?.box?.toString('latin1')).not.toContain(BEARER.token);
        expect((await post({ ...body, credit_facade_credentials: BEARER })).status).toBe(200);
      });
    });

    it('that were stored before a key was configured are replaced by encrypted ones when they are changed', async () => {
      const account = await added({ credit_facade_url: FACADE, credit_facade_credentials: BASIC });
      expect(await credentialsOf(account.h_wire)).toMatchObject({ encrypted: false });
      await withServer(world, { keyEncryptionKey: KEY }, async (server) => {
        const body = {
          payto_uri: account.payto_uri,
          credit_facade_url: FACADE,
          credit_facade_credentials: BASIC,
        };
        const again = await server.api.post('instances/shop/private/accounts', body, { token: shop.token });
        expect(again.status).toBe(200);
        const json = { credit_facade_credentials: BASIC };
        const path = `instances/shop/private/accounts/${account.h_wire}`;
        await server.api.call('PATCH', path, { json, token: shop.token });
      });
      expect(await credentialsOf(account.h_wire)).toMatchObject({ encrypted: true });
    });
  });

  it('are 1000 at most, inactive ones included: 400 with 26, but what is there can come back', async () => {
    const other = await createShop(world.server, uniqueId('rich'));
    await world.database.query(
      `insert into accounts (instance_serial, payto_uri, salt, h_wire, active)
       select serial, 'payto://cyclos/host/' || n, decode(repeat('02', 16), 'hex'),
         decode(lpad(to_hex(n), 128, '0'), 'hex'), false
       from instances, generate_series(1, 998) as n where id = $1`,
      [other.id],
    );
    expect((await add({ payto_uri: newPayto() }, other)).status).toBe(200);
    const { body } = await other.api.get('private/accounts', { token: other.token });
    expect(body.accounts).toHaveLength(1000);
    const field = 'payto_uri';
    expectRefusal(await add({ payto_uri: newPayto() }, other), 400, 26, {
      field,
      detail: 'payto_uri: must be one of the 1000 accounts that the instance has already',
    });
    expect((await add({ payto_uri: 'payto://cyclos/host/7' }, other)).status).toBe(200);
  });

  it('that are added by two at once with different facade data: one wins, the other is told', async () => {
    const payto_uri = newPayto();
    const answers = await Promise.all(
      ['https://one.example/', 'https://two.example/'].map((credit_facade_url) =>
        add({ payto_uri, credit_facade_url }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const loser = answers.find(({ status }) => status === 409);
    expect(loser?.body).toMatchObject({ code: 2627 });
    const { orderId } = await createOrder(shop);
    expect((await privateStatus(shop, orderId)).status).toBe(200);
  });
});
