import { forget as forgetMember, hashContract, parseForgetPath } from '../../../src/taler/contract-terms';
import type { JsonObject } from '../../../src/taler/json';
import type { ApiAnswer } from '../../support/api';
import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { LONG_MS, poll, untilAsleep } from '../long-poll/waiting';
import { Customer } from '../payments/support/customer';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import {
  claim,
  ClaimedOrder,
  createClaimed,
  createPaid,
  expectRefusal,
  payNothing,
  privateStatus,
  publicStatus,
  unclaimBody,
} from './helpers';

/** Members that the backend lives on; all of them marked, none of them forgotten. */
const KEPT = [
  'version',
  'order_id',
  'amount',
  'max_fee',
  'minimum_age',
  'timestamp',
  'pay_deadline',
  'refund_deadline',
  'wire_transfer_deadline',
  'merchant',
  'merchant_pub',
  'merchant_base_url',
  'h_wire',
  'wire_method',
  'exchanges',
];

describe('PATCH private/orders/$ID/forget', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const patch = (orderId: string, json: unknown, at = shop): Promise<ApiAnswer> =>
    at.api.call('PATCH', `private/orders/${orderId}/forget`, { json, token: at.token });
  const forget = (orderId: string, ...fields: unknown[]) => patch(orderId, { fields });
  const termsOf = async (orderId: string) =>
    (await privateStatus(shop, orderId)).body.contract_terms as JsonObject;
  const tagOf = async (orderId: string) =>
    ((await privateStatus(shop, orderId)).headers['etag'] as string).replaceAll('"', '');
  const rowOf = (orderId: string) =>
    world.database.query('select * from orders where order_id = $1', [orderId]);

  const PERSONAL = {
    amount: 'KUDOS:0',
    delivery_location: { street: 'Secret Street', town: 'Hiding', $forgettable: { street: true } },
    products: [
      { description: 'A gift', product_id: 'p1', $forgettable: { description: true } },
      { description: 'A card', product_id: 'p2', $forgettable: { description: true } },
    ],
    $forgettable: { delivery_location: true },
  };

  async function expectForgotten(answer: ApiAnswer): Promise<void> {
    expect({ status: answer.status, body: answer.body as unknown }).toEqual({ status: 200, body: {} });
  }
  /** The signed hash is still the hash of what is stored. */
  async function expectSameHash(order: ClaimedOrder): Promise<void> {
    expect(hashContract(await termsOf(order.orderId)).equals(order.hContract)).toBe(true);
  }

  it('erases the named members, keeps their hashes, and the hash of the contract', async () => {
    const order = await createClaimed(shop, PERSONAL);
    await expectForgotten(await forget(order.orderId, '$.delivery_location', '$.products[1].description'));
    const expected = ['$.delivery_location', '$.products[1].description'].reduce((terms, text) => {
      const path = parseForgetPath(text);
      if (!path) throw new Error(text);
      return forgetMember(terms, path).terms;
    }, order.contractTerms as JsonObject);
    const terms = await termsOf(order.orderId);
    expect(terms).toEqual(expected);
    expect(terms).not.toHaveProperty('delivery_location');
    expect(terms).toMatchObject({
      $forgotten: { delivery_location: expect.stringMatching(/^[0-9A-Z]{103}$/) },
      $forgettable: {},
      products: [
        { description: 'A gift', product_id: 'p1' },
        { product_id: 'p2', $forgotten: { description: expect.any(String) } },
      ],
    });
    await expectSameHash(order);
  });

  it('takes the elements of an array one by one, all together, and members of members', async () => {
    const order = await createClaimed(shop, PERSONAL);
    await expectForgotten(await forget(order.orderId, '$.products[*].description'));
    await expectForgotten(await forget(order.orderId, '$.delivery_location.street'));
    const { products, delivery_location: location } = await termsOf(order.orderId);
    expect(JSON.stringify([products, location])).not.toMatch(/gift|card|Secret/);
    expect(location).toMatchObject({ town: 'Hiding' });
    // What is forgettable in what is forgettable: first the part, then the whole.
    await expectForgotten(await forget(order.orderId, '$.delivery_location'));
    await expectSameHash(order);
  });

  it('answers 204 when there is nothing left to forget', async () => {
    const { orderId } = await createClaimed(shop, PERSONAL);
    await expectForgotten(await forget(orderId, '$.products[*].description'));
    const before = await rowOf(orderId);
    for (const fields of [
      ['$.products[*].description'],
      ['$.products[0].description', '$.products[1].description'],
      ['$.products[7].description', '$.nothing', '$.nothing.at.all', '$.summary.of.what', '$.amount[0].x'],
      ['$.merchant.nothing', '$.token_families.a', '$.choices[*].amount'],
      [],
    ]) {
      const answer = await patch(orderId, { fields });
      expect({ fields, status: answer.status, text: answer.text }).toEqual({ fields, status: 204, text: '' });
    }
    expect(await rowOf(orderId)).toEqual(before);
    // Some of it was there still.
    await expectForgotten(await forget(orderId, '$.products[*].description', '$.delivery_location'));
  });

  it('leaves the value in no column of any table, and shows nothing instead', async () => {
    const canary = (name: string) => `canary${name}${process.hrtime.bigint()}`;
    const words = Object.fromEntries(
      ['summary', 'i18n', 'message', 'url', 'reorder', 'street', 'line', 'product', 'extra', 'note'].map(
        (name) => [name, canary(name)],
      ),
    ) as Record<string, string>;
    const named = [
      'summary',
      'summary_i18n',
      'fulfillment_url',
      'fulfillment_message',
      'public_reorder_url',
      'delivery_location',
      'extra',
    ];
    const order = await createPaid(shop, {
      order: {
        summary: words['summary'],
        summary_i18n: { de: words['i18n'] },
        fulfillment_message: words['message'],
        fulfillment_url: `https://shop.example/${words['url']}`,
        public_reorder_url: `https://shop.example/${words['reorder']}`,
        delivery_location: { street: words['street'], address_lines: [words['line']] },
        products: [{ description: words['product'], $forgettable: { description: true } }],
        extra: { [words['extra'] ?? '']: words['note'] },
        $forgettable: Object.fromEntries(named.map((name) => [name, true])),
      },
      sessionId: 'tab',
    });
    for (const word of Object.values(words)) expect(await tablesWith(word)).toEqual(['orders']);
    const paths = [...named.map((name) => `$.${name}`), '$.products[*].description'];
    await expectForgotten(await forget(order.orderId, ...paths));
    for (const word of Object.values(words)) expect(await tablesWith(word)).toEqual([]);
    await expectSameHash(order);

    const status = await privateStatus(shop, order.orderId);
    const page = await publicStatus(shop, order.orderId, { h_contract: order.hContractText });
    const list = await shop.api.get('private/orders?limit=-1', { token: shop.token });
    for (const { text } of [status, page, list]) expect(text).not.toContain('canary');
    expect(list.body.orders[0]).toMatchObject({ order_id: order.orderId, summary: '' });
    expect(page.body).not.toHaveProperty('fulfillment_url');
    expect((await publicStatus(shop, order.orderId)).status).toBe(403);
  });

  /** Searches every column of every table, binary ones too. */
  async function tablesWith(word: string): Promise<string[]> {
    const tables = await world.database.query<{ name: string }>(
      `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const hex = Buffer.from(word).toString('hex');
    const found: string[] = [];
    for (const { name } of tables) {
      const [row] = await world.database.query<{ count: string }>(
        `select count(*) from ${name} as r where position($1 in r::text) > 0 or position($2 in r::text) > 0`,
        [word, hex],
      );
      if (row?.count !== '0') found.push(name.replace('public.', ''));
    }
    return found;
  }

  it('lets the wallet that holds the order claim again and pay, with coins', async () => {
    const { amount: _, ...personal } = PERSONAL;
    const { orderId, token } = await createOrder(shop, { ...personal, max_fee: 'KUDOS:1' });
    const customer = await Customer.claim(shop, orderId, token);
    await expectForgotten(await forget(orderId, '$.delivery_location', '$.products[*].description'));
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'), world.clock.nowUs());
    const answer = await customer.spend(coins);
    expect(answer.status).toBe(200);
    expect(customer.isReceipt(answer)).toBe(true);
  });

  it('answers the repeated claim with what is left, and the same signature', async () => {
    const order = await createOrder(shop, PERSONAL);
    const claimed = await claim(shop.api, order);
    await expectForgotten(await forget(order.orderId, '$.delivery_location'));
    const again = await claim(shop.api, order, claimed);
    expect(again.contractTerms).not.toHaveProperty('delivery_location');
    expect(again.hContract.equals(claimed.hContract)).toBe(true);
  });

  it('is not undone by unclaim: the next wallet gets a contract in which it is forgotten', async () => {
    const order = await createOrder(shop, {
      ...PERSONAL,
      $forgettable: { summary: true },
      summary: 'For Eve',
    });
    const first = await claim(shop.api, order);
    await expectForgotten(await forget(order.orderId, '$.summary'));
    expect((await shop.api.post(`orders/${order.orderId}/unclaim`, unclaimBody(first))).status).toBe(204);
    const unpaid = await privateStatus(shop, order.orderId);
    expect(unpaid.body).toMatchObject({ order_status: 'unpaid', summary: '' });
    expect(unpaid.text).not.toContain('For Eve');
    const second = await claim(shop.api, order);
    expect(second.contractTerms).toMatchObject({ $forgotten: { summary: expect.any(String) } });
    await payNothing(shop, order.orderId);
    expect((await privateStatus(shop, order.orderId)).body.order_status).toBe('paid');
  });

  it('changes the entity tag and ends the waits for a change, and no other', async () => {
    const { orderId } = await createClaimed(shop, PERSONAL);
    const tag = await tagOf(orderId);
    const waiting = poll(privateStatus(shop, orderId, { timeout_ms: LONG_MS, lp_not_etag: tag }));
    const forPayment = poll(privateStatus(shop, orderId, { timeout_ms: LONG_MS }));
    await untilAsleep(world.server, 2);
    await expectForgotten(await forget(orderId, '$.delivery_location'));
    const answer = await waiting.answer;
    expect(answer.headers['etag']).not.toBe(`"${tag}"`);
    expect(answer.body.contract_terms).not.toHaveProperty('delivery_location');
    await untilAsleep(world.server, 1);
    expect(forPayment.isAnswered()).toBe(false);
    await payNothing(shop, orderId);
    expect((await forPayment.answer).body.order_status).toBe('paid');
  });

  it('loses nothing when many ask at once for different members', async () => {
    const products = Array.from({ length: 10 }, (_, index) => ({
      description: `gift ${index}`,
      $forgettable: { description: true },
    }));
    const order = await createClaimed(shop, { amount: 'KUDOS:0', products });
    const answers = await Promise.all(
      products.map((_, index) => forget(order.orderId, `$.products[${index}].description`)),
    );
    expect(answers.map((answer) => answer.status)).toEqual(products.map(() => 200));
    expect(JSON.stringify(await termsOf(order.orderId))).not.toContain('gift');
    await expectSameHash(order);
  });

  it('is done once when many ask at once for the same', async () => {
    const order = await createClaimed(shop, PERSONAL);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => forget(order.orderId, '$.delivery_location')),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array<number>(7).fill(204)]);
  });

  describe('refuses', () => {
    it.each<[string, string]>([
      ['a member that nobody marked', '$.summary'],
      ['a member beside a marked one', '$.products[0].product_id'],
      ['one of an array that is not marked in all elements', '$.products[*].product_id'],
    ])('%s: 409 with 2511, and nothing is forgotten', async (_name, path) => {
      const { orderId } = await createClaimed(shop, PERSONAL);
      const before = await rowOf(orderId);
      const answer = await forget(orderId, '$.delivery_location', '$.products[0].description', path);
      expectRefusal(answer, 409, 2511, { detail: expect.stringMatching(`^${orderId}: \\$\\.`) });
      expect(await rowOf(orderId)).toEqual(before);
    });

    it.each(KEPT)('%s, which it cannot do without, marked or not', async (name) => {
      const order = { amount: 'KUDOS:0', minimum_age: 0, $forgettable: { [name]: true } };
      const { orderId } = await createClaimed(shop, order);
      const before = await rowOf(orderId);
      const refused = await forget(orderId, `$.${name}`);
      expect(refused).toMatchObject({ status: 409, body: { code: 2511 } });
      expect(await rowOf(orderId)).toEqual(before);
    });

    it('the choices and the nonce', async () => {
      const choices = [{ amount: 'KUDOS:0', description: 'x' }];
      const order = { amount: undefined, version: 1, choices, $forgettable: { choices: true } };
      const { orderId } = await createClaimed(shop, order);
      for (const path of ['$.choices', '$.choices[0].amount', '$.choices[*].description', '$.nonce']) {
        expect(await forget(orderId, path)).toMatchObject({ status: 409, body: { code: 2511 } });
      }
    });

    it.each<[string, unknown]>([
      ['a text', '$.summary'],
      ['an object', { '0': '$.summary' }],
      ['a number', 5],
      ['false', false],
      ['a list of numbers', [1]],
      ['a list of lists', [['$.summary']]],
      ['a list with null', [null]],
      ['a path too many', Array<string>(129).fill('$.nothing')],
      ['a path that is too long', [`$.${'a'.repeat(1023)}`]],
      ...[
        '',
        '$',
        '$.',
        'summary',
        '.summary',
        '$summary',
        '$..summary',
        '$.summary.',
        '$.products[0]',
        '$.products[*]',
        '$.products[-1].description',
        '$.products[].description',
        '$.products[a].description',
        '$.products[1234567890].description',
        '$[0].summary',
        '$.$forgettable',
        '$.$forgotten.summary',
        '$.a-b',
        '$.a b',
        '$.summary\0',
        '$.summ\u00e4ry',
        '$.summary\n',
        ` $.summary`,
        `$${'.a'.repeat(33)}`,
      ].map((path): [string, unknown] => [JSON.stringify(path).slice(0, 30), ['$.delivery_location', path]]),
    ])('what is no array of paths: %s is 400 with 2510', async (_name, fields) => {
      const { orderId } = await createClaimed(shop, PERSONAL);
      const before = await rowOf(orderId);
      expectRefusal(await patch(orderId, { fields }), 400, 2510, {
        field: 'fields',
        detail: 'fields: must be an array of at most 128 paths such as "$.products[*].description"',
      });
      expect(await rowOf(orderId)).toEqual(before);
    });

    it.each<[string, unknown, string]>([
      ['no fields', {}, 'fields'],
      ['null', { fields: null }, 'fields'],
      ['no object', [], ''],
    ])('a body of the wrong shape: %s is 400 with 26', async (_name, json, field) => {
      const { orderId } = await createClaimed(shop, PERSONAL);
      expectRefusal(await patch(orderId, json), 400, 26, { field, detail: expect.any(String) });
    });

    it('what is no JSON: 400 with 22', async () => {
      const { orderId } = await createClaimed(shop, PERSONAL);
      const options = { raw: '{"fields":', token: shop.token };
      const answer = await shop.api.call('PATCH', `private/orders/${orderId}/forget`, options);
      expect(answer).toMatchObject({ status: 400, body: { code: 22 } });
    });

    it('orders without contract terms: 404 with 2005', async () => {
      const { orderId } = await createOrder(shop, PERSONAL);
      const other = await createShop(world.server, 'forget-other');
      const claimed = await createClaimed(shop, PERSONAL);
      const path = { fields: ['$.delivery_location'] };
      for (const [id, at] of [
        [orderId, shop],
        ['nobody', shop],
        [claimed.orderId, other],
      ] as const) {
        expectRefusal(await patch(id, path, at), 404, 2005, { detail: id });
      }
      expectRefusal(await patch('no%20id', path), 404, 2005, { detail: 'no id' });
      expect(await termsOf(claimed.orderId)).toHaveProperty('delivery_location');
    });

    it('an instance that nobody knows: 404 with 2000, and whoever has no token: 401', async () => {
      const options = { json: { fields: [] }, token: shop.token };
      const nobody = await world.server.api.call(
        'PATCH',
        'instances/nobody/private/orders/x/forget',
        options,
      );
      expect(nobody).toMatchObject({ status: 404, body: { code: 2000 } });
      const stranger = await shop.api.call('PATCH', 'private/orders/x/forget', { json: { fields: [] } });
      expectRefusal(stranger, 401, 2015);
    });
  });

  describe('of a row that somebody else has written', () => {
    async function tampered(column: string): Promise<ApiAnswer> {
      const { orderId } = await createClaimed(shop, PERSONAL);
      await world.database.query(`update orders set ${column} where order_id = $1`, [orderId]);
      const before = await rowOf(orderId);
      const answer = await forget(orderId, '$.delivery_location');
      expect(await rowOf(orderId)).toEqual(before);
      expect(answer.body.detail).toContain(orderId);
      return answer;
    }

    it.each([
      `proto_contract = replace(proto_contract, 'Hiding', 'Seeking')`,
      `h_contract = sha512(h_contract)`,
      `proto_contract = replace(proto_contract, '"max_fee"', '"half":0.5,"max_fee"')`,
    ])('stores nothing whose hash is not the signed one: 500 with 61 after %s', async (column) => {
      expect(await tampered(column)).toMatchObject({ status: 500, body: { code: 61 } });
    });

    it.each([
      `proto_contract = left(proto_contract, 100)`,
      `proto_contract = ''`,
      `proto_contract = '[1]'`,
      `proto_contract = replace(proto_contract, '"$forgettable":{"delivery', '"$forgotten":5,"$forgettable":{"delivery')`,
    ])('says that the contract is none: 500 with 2008 after %s', async (column) => {
      expect(await tampered(column)).toMatchObject({ status: 500, body: { code: 2008 } });
    });
  });
});
