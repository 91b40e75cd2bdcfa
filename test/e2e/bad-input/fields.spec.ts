import { Wallet } from '../../../sandbox/wallet/wallet';
import { createOrder, OPERATOR_TOKEN, startTestWorld, TestWorld } from '../../support/app';
import { Fingerprint, fingerprinter } from './fingerprint';
import { judgeReply } from './oracle';
import { RawClient } from './raw-client';

const SHOP = '/instances/shop/';
/** No point of the curve has this ordinate. */
const NO_POINT = '0800000000000000000000000000000000000000000000000000';
const POINT = 'SFYHYSTYNDKHNKC3HYAAX3RRRZ0N8AYQSWBH3SY5FHKY8Q3QG9FG';
const bytes = (count: number) => '0'.repeat(Math.ceil((count * 8) / 5));
/** Beyond what JSON.stringify can write: the text of a value, put in place of this mark. */
const raw = (text: string) => `\u0001${text}\u0001`;

interface Expected {
  readonly status: number;
  readonly code: number;
  readonly field?: string;
}
/** Member, as a path; its faulty value, undefined: left out; what is answered. */
type Row = readonly [path: string, value: unknown, expected?: Partial<Expected>];

/** `JSON.stringify` with the marks of `raw` replaced. */
function spell(body: unknown): string {
  return JSON.stringify(body).replace(
    /"\\u0001(.*?)\\u0001"/g,
    (_, text: string) => JSON.parse(`"${text}"`) as string,
  );
}

/** A copy of `body` in which the member at `path` is `value`. */
function withMember(body: unknown, path: string, value: unknown): unknown {
  const copy = structuredClone(body) as Record<string, unknown>;
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  const last = steps.pop() as string;
  const parent = steps.reduce((at, step) => at[step] as Record<string, unknown>, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

const titleOf = ([path, value, expected]: Row) =>
  `${path} = ${value === undefined ? 'left out' : JSON.stringify(value)?.slice(0, 60)} -> ${expected?.code ?? 26}`;

describe('the members of a body', () => {
  let world: TestWorld;
  let client: RawClient;
  let wallet: Wallet;
  let fingerprint: () => Promise<Fingerprint>;
  let bearer: { authorization: string };

  beforeAll(async () => {
    world = await startTestWorld();
    client = new RawClient(world.server.url);
    wallet = await Wallet.open({});
    await wallet.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:20' });
    fingerprint = await fingerprinter(world.database);
    bearer = { authorization: `Bearer ${world.shop.token}` };
  });
  afterAll(async () => {
    client?.close();
    await wallet?.close();
    await world?.close();
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    client.send({ method: 'POST', path, body: spell(body), headers });

  /** By default: 400 with code 26, the member's path as `field`, and a `detail` that begins with it. */
  async function expectRefused(
    path: string,
    body: unknown,
    [member, , expected]: Row,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const before = await fingerprint();
    const reply = await post(path, body, headers);
    const { code, body: error } = judgeReply(reply, 'POST');
    const wanted = {
      status: expected?.code === undefined ? 400 : expected.status,
      code: expected?.code ?? 26,
    };
    expect({ status: reply.status, code }).toEqual(wanted);
    const field =
      expected && 'field' in expected ? expected.field : expected?.code === undefined ? member : undefined;
    expect(error?.['field']).toBe(field);
    // Of what may be forgotten the detail names the path in the contract, which begins with `$`.
    const detail = String(error?.['detail']);
    if (field !== undefined) expect(detail.startsWith('$.') || detail.startsWith(`${field}:`)).toBe(true);
    expect(await fingerprint()).toEqual(before);
  }

  describe('of an order', () => {
    const request = () => ({
      order: {
        amount: 'KUDOS:5',
        summary: 'Article 42',
        products: [{ description: 'Answer', taxes: [{ name: 'VAT', tax: 'KUDOS:1' }] }],
        delivery_location: { address_lines: ['Street 1'] },
        extra: {},
      },
    });
    const future = { t_s: 4_000_000_000 };
    const past = { t_s: 1_000_000_000 };
    const rows: Row[] = [
      ['order', undefined],
      ['order', null],
      ['order', []],
      ['order', 'text'],
      ['order', 7],
      ['order.amount', undefined],
      ['order.amount', null],
      ['order.amount', 5],
      ['order.amount', ['KUDOS:5']],
      ['order.amount', { currency: 'KUDOS', value: 5 }],
      ['order.amount', ''],
      ['order.amount', 'KUDOS'],
      ['order.amount', 'KUDOS:'],
      ['order.amount', '5'],
      ['order.amount', 'KUDOS:-1'],
      ['order.amount', 'KUDOS:+1'],
      ['order.amount', 'KUDOS:1e3'],
      ['order.amount', 'KUDOS:1,5'],
      ['order.amount', 'KUDOS:1.'],
      ['order.amount', 'KUDOS:1.123456789'],
      ['order.amount', 'KUDOS:1.000000000'],
      ['order.amount', 'KUDOS:4503599627370497'],
      ['order.amount', 'KUDOS:99999999999999999999999999'],
      ['order.amount', 'KUDOS:1 '],
      ['order.amount', 'kudos:1'],
      ['order.amount', 'ABCDEFGHIJKL:1'],
      ['order.amount', 'K\u00dcDOS:1'],
      ['order.amount', 'KUDOS:\u0661'],
      ['order.amount', 'EUR:5', { status: 409, code: 2514 }],
      ['order.tip', 'EUR:1'],
      ['order.tip', 'KUDOS:x'],
      ['order.max_fee', 'EUR:1'],
      ['order.max_fee', 1],
      ['order.summary', undefined],
      ['order.summary', null],
      ['order.summary', 7],
      ['order.summary', {}],
      ['order.summary', 'a'.repeat(4097)],
      ['order.summary', 'a\0b'],
      ['order.summary', raw('"\\ud800"')],
      ['order.summary_i18n', []],
      ['order.summary_i18n', { de: 7 }],
      ['order.order_id', ''],
      ['order.order_id', 'a/b'],
      ['order.order_id', 'a%2fb'],
      ['order.order_id', 'a b'],
      ['order.order_id', '..'],
      ['order.order_id', '\u00e9'],
      ['order.order_id', 'a\n'],
      ['order.order_id', 'a'.repeat(129)],
      ['order.order_id', 42],
      ['order.version', 2, { status: 400, code: 12, field: 'order.version' }],
      ['order.version', '0', { status: 400, code: 12, field: 'order.version' }],
      ['order.merchant', { name: 'Somebody' }],
      ['order.merchant_base_url', 'https://shop.example'],
      ['order.merchant_base_url', 'ftp://shop.example/'],
      ['order.merchant_base_url', '/'],
      ['order.merchant_base_url', 'http:///'],
      ['order.merchant_base_url', 'https://shop.example/?a=/'],
      ['order.fulfillment_url', 'https://shop.example/${ORDER_ID}/${ORDER_ID}'],
      ['order.fulfillment_url', 7],
      ['order.minimum_age', -1],
      ['order.minimum_age', 1.5],
      ['order.minimum_age', '18'],
      ['order.minimum_age', raw('9007199254740993')],
      ['order.minimum_age', raw('1e400')],
      ['order.products', {}],
      ['order.products', Array.from({ length: 1025 }, () => ({ description: '' }))],
      ['order.products[0]', null],
      ['order.products[0]', 'Answer'],
      ['order.products[0].description', undefined],
      ['order.products[0].quantity', 0.5],
      ['order.products[0].quantity', -1],
      ['order.products[0].unit_quantity', '1.1234567'],
      ['order.products[0].price', 'KUDOS:4503599627370497'],
      ['order.products[0].image', 'data:text/html,<b>'],
      ['order.products[0].taxes[0].tax', undefined],
      ['order.products[0].taxes[0].name', 7],
      ['order.products[0].weight', 0.5],
      ['order.products[0].weight', raw('1e400')],
      ['order.delivery_location', []],
      ['order.delivery_location.address_lines', 'Street 1'],
      ['order.delivery_location.address_lines', [7]],
      ['order.delivery_location.address_lines', Array.from({ length: 8 }, () => 'x')],
      ['order.extra', []],
      ['order.extra', 'text'],
      ['order.extra.n', raw('9007199254740993')],
      ['order.extra.n', raw('-9007199254740993')],
      ['order.extra.n', 0.5],
      ['order.extra.n', raw('1e400')],
      ['order.extra.$forgettable', { none: true }, { field: 'order.extra.$forgettable.none' }],
      ['order.extra.$forgettable', 7],
      ['order.timestamp', 1_700_000_000],
      ['order.timestamp', { t_s: 1.5 }],
      ['order.timestamp', { t_s: -1 }],
      ['order.timestamp', { t_s: '1700000000' }],
      ['order.timestamp', { t_ms: 1_700_000_000_000 }],
      ['order.timestamp', { t_s: 9_223_372_036_855 }],
      ['order.timestamp', { t_s: 'forever' }],
      ['order.pay_deadline', '2030-01-01'],
      ['order.pay_deadline', past, { status: 400, code: 2507 }],
      ['order.pay_deadline', { t_s: 0 }, { status: 400, code: 2507 }],
      ['order.pay_deadline', { t_s: 'never' }, { status: 400, code: 2506 }],
      ['order.refund_deadline', past, { status: 400, code: 2508 }],
      ['order.refund_deadline', { t_s: 'never' }, { status: 400, code: 2506 }],
      ['order.delivery_date', past, { status: 400, code: 2505 }],
      ['order.wire_transfer_deadline', { t_s: 'never' }, { status: 400, code: 2506 }],
      ['order.wire_transfer_deadline', past, { status: 400, code: 2504 }],
      ['order.auto_refund', { d_us: -1 }],
      ['order.auto_refund', { d_us: 0.5 }],
      ['order.auto_refund', raw('{"d_us":9007199254740992}')],
      ['order.auto_refund', 60],
      ['refund_delay', 60],
      ['refund_delay', { d_us: 'never' }],
      ['refund_delay', { d_us: 'forever' }, { status: 400, code: 2506 }],
      ['payment_target', 7],
      ['payment_target', 'iban', { status: 404, code: 2500 }],
      ['session_id', 7],
      ['session_id', 'a\0'],
      ['session_id', 'a'.repeat(1025)],
      ['create_token', 'yes'],
      ['create_token', 0],
      ['lock_uuids', 'x'],
      ['lock_uuids', [7]],
      ['inventory_products', {}],
      ['inventory_products', [{ quantity: 1 }], { field: 'inventory_products[0].product_id' }],
      ['inventory_products', [{ product_id: 'none', quantity: 1 }], { status: 404, code: 2006 }],
      ['otp_id', 'none', { status: 404, code: 2021 }],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      await expectRefused(`${SHOP}private/orders`, withMember(request(), row[0], row[1]), row, bearer);
    });

    const choices = {
      version: 1,
      summary: 'Article 42',
      choices: [{ amount: 'KUDOS:5', description: 'Paper' }],
    };
    const token = { type: 'token', token_family_slug: 'abo' };
    const ofChoices: Row[] = [
      ['order.choices', undefined],
      ['order.choices', null],
      ['order.choices', []],
      ['order.choices', {}],
      ['order.choices', 'KUDOS:5'],
      ['order.choices', Array.from({ length: 65 }, () => ({ amount: 'KUDOS:1' }))],
      ['order.choices[0]', null],
      ['order.choices[0]', 7],
      ['order.choices[0].amount', undefined],
      ['order.choices[0].amount', 'KUDOS:-1'],
      ['order.choices[0].amount', 'XYZ:5', { status: 409, code: 2514 }],
      ['order.choices[0].tip', 'EUR:1'],
      ['order.choices[0].tip', 'KUDOS:5.01', { status: 400, code: 2502, field: 'order.choices[0].tip' }],
      ['order.choices[0].max_fee', 'EUR:1'],
      ['order.choices[0].description', 7],
      ['order.choices[0].description', 'a\0b'],
      ['order.choices[0].description_i18n', { de: 7 }],
      ['order.choices[0].inputs', {}],
      ['order.choices[0].inputs', Array.from({ length: 65 }, () => token)],
      ['order.choices[0].inputs', [token], { status: 404, code: 2533 }],
      ['order.choices[0].inputs', [{ ...token, type: 'coin' }], { field: 'order.choices[0].inputs[0].type' }],
      [
        'order.choices[0].inputs',
        [{ type: 'token' }],
        { field: 'order.choices[0].inputs[0].token_family_slug' },
      ],
      [
        'order.choices[0].inputs',
        [{ ...token, token_family_slug: 'a b' }],
        { field: 'order.choices[0].inputs[0].token_family_slug' },
      ],
      ['order.choices[0].inputs', [{ ...token, count: 0 }], { field: 'order.choices[0].inputs[0].count' }],
      ['order.choices[0].outputs', 'token'],
      ['order.choices[0].outputs', [{ type: 'tax-receipt' }], { status: 501, code: 2028 }],
      ['order.choices[0].outputs', [token], { status: 404, code: 2533 }],
      ['order.choices[0].outputs', [{ type: 'receipt' }], { field: 'order.choices[0].outputs[0].type' }],
      [
        'order.choices[0].outputs',
        [{ type: 'token' }],
        { field: 'order.choices[0].outputs[0].token_family_slug' },
      ],
      [
        'order.choices[0].outputs',
        [{ ...token, valid_at: 7 }],
        { field: 'order.choices[0].outputs[0].valid_at' },
      ],
      [
        'order.choices[0].outputs',
        [{ type: 'tax-receipt', amount: 5 }],
        { field: 'order.choices[0].outputs[0].amount' },
      ],
    ];
    it.each(ofChoices.map((row) => [titleOf(row), row] as const))(
      'with choices are refused: %s',
      async (_, row) => {
        const body = withMember({ order: choices }, row[0], row[1]);
        await expectRefused(`${SHOP}private/orders`, body, row, bearer);
      },
    );

    it('may be as large, late and odd as the protocol allows', async () => {
      const order = {
        ...request().order,
        amount: 'KUDOS:4503599627370496',
        pay_deadline: future,
        minimum_age: null,
      };
      const reply = await post(
        `${SHOP}private/orders`,
        {
          ...(withMember({ order }, 'order.extra.n', raw('9007199254740991')) as object),
          shop_says: raw('1e400'),
          otp_id: null,
        },
        bearer,
      );
      // Refused, if at all, for the limit of the exchange, not for its form.
      expect([200, 451]).toContain(reply.status);
    });

    it('count as absent when they are null, and are ignored when nobody knows them', async () => {
      const { order } = request();
      const optional = [
        'tip',
        'max_fee',
        'order_id',
        'products',
        'timestamp',
        'pay_deadline',
        'extra',
        'version',
        'merchant',
      ];
      const nulls = Object.fromEntries(optional.map((name) => [name, null]));
      const body = {
        order: { ...order, ...nulls, colour: 'blue', constructor: {}, __proto__: null },
        refund_delay: null,
        payment_target: null,
        session_id: null,
        inventory_products: null,
        lock_uuids: null,
        create_token: null,
        otp_id: null,
        plugin: { version: 1.5 },
      };
      const reply = await post(`${SHOP}private/orders`, body, bearer);
      expect(reply.status).toBe(200);
      // A token is made unless it is declined: null is no "false".
      expect(JSON.parse(reply.text)).toHaveProperty('token');
    });

    it('take their last value when they are repeated', async () => {
      const twice = '{"order":{"amount":"EUR:1","amount":"KUDOS:5","summary":7,"summary":"Article 42"}}';
      const reply = await client.send({
        method: 'POST',
        path: `${SHOP}private/orders`,
        body: twice,
        headers: bearer,
      });
      expect(reply.status).toBe(200);
    });

    it('do not reach the prototype of other objects', async () => {
      const body =
        '{"__proto__":{"order":{"amount":"KUDOS:1","summary":"x"}},"constructor":{"prototype":{"order":{}}}}';
      const reply = await client.send({
        method: 'POST',
        path: `${SHOP}private/orders`,
        body,
        headers: bearer,
      });
      expect(judgeReply(reply, 'POST')).toMatchObject({ code: 26, body: { field: 'order' } });
      expect(({} as Record<string, unknown>)['order']).toBeUndefined();
    });
  });

  describe('of a claim', () => {
    const rows: Row[] = [
      ['nonce', undefined],
      ['nonce', null],
      ['nonce', 7],
      ['nonce', ''],
      ['nonce', POINT.slice(1)],
      ['nonce', `${POINT}0`],
      ['nonce', `${POINT.slice(1)}-`],
      ['nonce', NO_POINT],
      ['token', 7],
      ['token', ''],
      ['token', bytes(15)],
      ['token', bytes(32)],
      ['token', bytes(16), { status: 404, code: 2300 }],
      ['token', undefined, { status: 404, code: 2300 }],
      ['token', null, { status: 404, code: 2300 }],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      const order = await createOrder(world.shop);
      const body = withMember({ nonce: POINT, token: order.token }, row[0], row[1]);
      await expectRefused(`${SHOP}orders/${order.orderId}/claim`, body, row);
    });
  });

  describe('of a release', () => {
    const rows: Row[] = [
      ['unclaim_sig', undefined],
      ['unclaim_sig', bytes(63)],
      ['unclaim_sig', bytes(64), { status: 403, code: 2303 }],
      ['nonce', null],
      ['nonce', 'I'.repeat(51)],
      ['nonce', NO_POINT, { status: 403, code: 2303 }],
      ['nonce', POINT, { status: 403, code: 2303 }],
      ['h_contract', 7],
      ['h_contract', bytes(32)],
      ['h_contract', bytes(64), { status: 403, code: 2303 }],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      const order = await createOrder(world.shop);
      const { orderKey } = await wallet.claim(order.payUri);
      const { noncePub, hContract } = wallet.purchase(orderKey);
      const valid = { unclaim_sig: bytes(64), nonce: noncePub, h_contract: hContract };
      await expectRefused(`${SHOP}orders/${order.orderId}/unclaim`, withMember(valid, row[0], row[1]), row);
    });
  });

  describe('of a payment', () => {
    let path: string;
    let valid: { coins: Record<string, unknown>[] };
    beforeAll(async () => {
      const order = await createOrder(world.shop);
      const { orderKey } = await wallet.claim(order.payUri);
      valid = JSON.parse((await wallet.preparePay(orderKey)).body) as typeof valid;
      path = `${SHOP}orders/${order.orderId}/pay`;
    });

    const rows: Row[] = [
      ['coins', undefined],
      ['coins', null],
      ['coins', {}],
      ['coins', 'none'],
      ['coins', Array.from({ length: 1025 }, () => ({}))],
      ['coins', [], { status: 400, code: 2156 }],
      ['coins[0]', null],
      ['coins[0]', []],
      ['coins[0].coin_sig', undefined],
      ['coins[0].coin_sig', bytes(63)],
      ['coins[0].coin_sig', bytes(64), { status: 403, code: 2157 }],
      ['coins[0].coin_pub', 7],
      ['coins[0].coin_pub', bytes(31)],
      ['coins[0].coin_pub', NO_POINT, { status: 403, code: 2157 }],
      ['coins[0].ub_sig', 'text'],
      ['coins[0].ub_sig', null],
      ['coins[0].h_denom', bytes(32)],
      ['coins[0].h_denom', bytes(64), { status: 400, code: 2151 }],
      ['coins[0].contribution', 1],
      ['coins[0].contribution', 'KUDOS:4503599627370497'],
      ['coins[0].contribution', 'KUDOS:4503599627370496', { status: 400, code: 2184 }],
      ['coins[0].contribution', 'KUDOS:0', { status: 400, code: 2154 }],
      ['coins[0].contribution', 'EUR:1', { field: 'coins[0].contribution' }],
      ['coins[0].exchange_url', undefined],
      ['coins[0].exchange_url', 7],
      ['coins[0].exchange_url', 'http://elsewhere.example/', { status: 400, code: 2025 }],
      ['coins[0].minimum_age_sig', bytes(32)],
      ['coins[0].age_commitment', 'x'],
      ['coins[0].h_age_commitment', bytes(64)],
      ['wallet_data', []],
      ['wallet_data', { n: 0.5 }, { field: 'wallet_data' }],
      ['wallet_data', raw('{"n":9007199254740993}'), { field: 'wallet_data' }],
      ['wallet_data', raw('{"n":1e400}'), { field: 'wallet_data' }],
      ['wallet_data', { text: '\0' }],
      ['session_id', 7],
      ['session_id', '\0'],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      await expectRefused(path, withMember(valid, row[0], row[1]), row);
    });

    it('are refused when a coin is there twice', async () => {
      const [coin] = valid.coins;
      const body = {
        ...valid,
        coins: [...valid.coins, { ...coin, coin_pub: String(coin?.['coin_pub']).toLowerCase() }],
      };
      const field = `coins[${valid.coins.length}].coin_pub`;
      await expectRefused(path, body, [field, '', { field }]);
    });

    it('are refused by the exchange where only it can tell, with its words', async () => {
      const body = withMember(valid, 'coins[0].ub_sig', { cipher: 'RSA', rsa_signature: 'nonsense!' });
      const before = await fingerprint();
      const reply = await post(path, body);
      expect(judgeReply(reply, 'POST').body).toMatchObject({ code: 2014, exchange_http_status: 400 });
      expect(await fingerprint()).toEqual(before);
    });

    it('are ignored when nobody knows them, and the payment is made', async () => {
      const body = { ...valid, h_contract: 7, mode: 'pay', session_id: null, wallet_data: null };
      expect((await post(path, body)).status).toBe(200);
    });
  });

  describe('of a refund', () => {
    let path: string;
    const valid = { refund: 'KUDOS:0', reason: 'none' };
    beforeAll(async () => {
      const order = await createOrder(world.shop);
      await wallet.pay(order.payUri);
      path = `${SHOP}private/orders/${order.orderId}/refund`;
    });

    const rows: Row[] = [
      ['refund', undefined],
      ['refund', null],
      ['refund', 1],
      ['refund', 'KUDOS:-1'],
      ['refund', 'KUDOS:4503599627370497'],
      ['refund', 'KUDOS:4503599627370496', { status: 409, code: 2530 }],
      ['refund', 'EUR:0', { status: 409, code: 2024 }],
      ['reason', undefined],
      ['reason', 7],
      ['reason', '\0'],
      ['reason', 'a'.repeat(1025)],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      await expectRefused(path, withMember(valid, row[0], row[1]), row, bearer);
    });
  });

  describe('of a wallet that wants its money back', () => {
    let base: string;
    let hContract: string;
    const coin = { coin_pub: bytes(32), exchange_url: 'http://exchange.example/' };
    beforeAll(async () => {
      const order = await createOrder(world.shop);
      const { orderKey } = await wallet.claim(order.payUri);
      hContract = wallet.purchase(orderKey).hContract ?? '';
      base = `${SHOP}orders/${order.orderId}`;
    });

    const rows: Row[] = [
      ['h_contract', undefined],
      ['h_contract', null],
      ['h_contract', bytes(32)],
      ['h_contract', bytes(64), { status: 403, code: 2255 }],
      ['coins', undefined],
      ['coins', null],
      ['coins', {}],
      ['coins', [], { status: 400, code: 2256 }],
      ['coins', Array.from({ length: 1025 }, () => ({}))],
      ['coins[0]', null],
      ['coins[0].coin_pub', bytes(31)],
      ['coins[0].exchange_url', 7],
      ['coins[0].exchange_url', 'a'.repeat(2049)],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('by abort, are refused: %s', async (_, row) => {
      const body = withMember({ h_contract: hContract, coins: [coin] }, row[0], row[1]);
      await expectRefused(`${base}/abort`, body, row);
    });

    const hashes: Row[] = [
      ['h_contract', undefined],
      ['h_contract', 7],
      ['h_contract', bytes(32)],
      ['h_contract', bytes(64), { status: 403, code: 2009 }],
    ];
    it.each(hashes.map((row) => [titleOf(row), row] as const))(
      'by refund, are refused: %s',
      async (_, row) => {
        await expectRefused(`${base}/refund`, withMember({ h_contract: hContract }, row[0], row[1]), row);
      },
    );
  });

  describe('of a proof of payment', () => {
    const rows: Row[] = [
      ['sig', undefined],
      ['sig', bytes(63)],
      ['sig', bytes(64), { status: 403, code: 2201 }],
      ['h_contract', 'x'],
      ['h_contract', bytes(64), { status: 403, code: 2201 }],
      ['session_id', undefined],
      ['session_id', null],
      ['session_id', 7],
      ['session_id', 'a\0'],
      ['session_id', 'a'.repeat(1025)],
    ];
    let path: string;
    let valid: object;
    beforeAll(async () => {
      const order = await createOrder(world.shop, { amount: 'KUDOS:1' });
      const { orderKey } = await wallet.pay(order.payUri);
      const { receipt, hContract } = wallet.purchase(orderKey);
      valid = { sig: receipt?.sig, h_contract: hContract, session_id: 'tab' };
      path = `${SHOP}orders/${order.orderId}/paid`;
    });
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      await expectRefused(path, withMember(valid, row[0], row[1]), row);
    });

    it('are accepted whole', async () => {
      expect((await post(path, valid)).status).toBe(200);
    });
  });

  describe('of an instance', () => {
    const request = () => ({
      id: 'made',
      name: 'Made',
      auth: { method: 'token', password: 'secret' },
      address: {},
      jurisdiction: {},
      use_stefan: false,
    });
    const rows: Row[] = [
      ['id', undefined],
      ['id', 'a'],
      ['id', 'a/b'],
      ['id', '.hidden'],
      ['id', 'a'.repeat(129)],
      ['id', 'a\0'],
      ['name', null],
      ['name', ''],
      ['name', 'a\0'],
      ['auth', undefined],
      ['auth', 'token'],
      ['auth.method', 'none', { status: 400, code: 2601, field: 'auth.method' }],
      ['auth.method', 'external', { status: 400, code: 2601, field: 'auth' }],
      ['auth.password', undefined, { status: 400, code: 2601, field: 'auth' }],
      ['auth.password', 7],
      ['auth.password', ''],
      ['address', []],
      ['address', { country: 7 }, { field: 'address.country' }],
      ['jurisdiction', null],
      ['use_stefan', 'no'],
      ['email', 'nobody'],
      ['website', 'javascript:alert(1)'],
      ['website', 'http://['],
      ['logo', 'https://shop.example/logo.png'],
      ['default_pay_delay', { d_us: -1 }],
      ['default_pay_delay', { d_us: 0.5 }],
      ['default_refund_delay', 60],
      ['default_wire_transfer_rounding_interval', 'FORTNIGHT'],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
      await expectRefused('/management/instances', withMember(request(), row[0], row[1]), row, headers);
    });
  });

  describe('of a bank account', () => {
    const rows: Row[] = [
      ['payto_uri', undefined, { status: 400, code: 26, field: 'payto_uri' }],
      ['payto_uri', 7, { status: 400, code: 24, field: 'payto_uri' }],
      ['payto_uri', 'https://bank.example/', { status: 400, code: 24, field: 'payto_uri' }],
      ['payto_uri', 'payto://iban/DE00?receiver-name=x', { status: 400, code: 24, field: 'payto_uri' }],
      ['payto_uri', 'payto://x-taler-bank/b.example/x', { status: 400, code: 24, field: 'payto_uri' }],
      [
        'payto_uri',
        'payto://x-taler-bank/b.example/\u00e9?receiver-name=x',
        { status: 400, code: 24, field: 'payto_uri' },
      ],
      ['credit_facade_url', 'https://bank.example'],
      ['credit_facade_credentials', 'none'],
      ['credit_facade_credentials', { n: 0.5 }, { field: 'credit_facade_credentials.type' }],
      ['credit_facade_credentials', { type: 'magic' }, { field: 'credit_facade_credentials.type' }],
      ['credit_facade_credentials', { type: 'basic' }, { field: 'credit_facade_credentials.username' }],
      [
        'credit_facade_credentials',
        { type: 'bearer', token: 7 },
        { field: 'credit_facade_credentials.token' },
      ],
      ['credit_facade_credentials', { type: 'bearer', token: 'x' }],
      ['extra_wire_subject_metadata', 'a b'],
      ['extra_wire_subject_metadata', ''],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      const valid = { payto_uri: 'payto://x-taler-bank/b.example/x?receiver-name=x' };
      await expectRefused(`${SHOP}private/accounts`, withMember(valid, row[0], row[1]), row, bearer);
    });
  });

  describe('of a login', () => {
    const rows: Row[] = [
      ['scope', undefined],
      ['scope', 'everything'],
      ['scope', '__proto__'],
      ['scope', 'constructor'],
      ['scope', ['all']],
      ['duration', 60],
      ['duration', { d_us: 0 }],
      ['duration', { d_us: -1 }],
      ['duration', { d_us: 'never' }],
      ['description', 7],
      ['description', 'a\0'],
      ['refreshable', 'yes'],
    ];
    it.each(rows.map((row) => [titleOf(row), row] as const))('are refused: %s', async (_, row) => {
      const basic = Buffer.from('shop:password of shop').toString('base64');
      const headers = { authorization: `Basic ${basic}` };
      await expectRefused(
        `${SHOP}private/token`,
        withMember({ scope: 'readonly' }, row[0], row[1]),
        row,
        headers,
      );
    });
  });
});
