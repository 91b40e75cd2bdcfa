import { startSandboxExchange, SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashContract } from '../../../src/taler/contract-terms';
import type { JsonObject } from '../../../src/taler/json';
import { createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { Customer } from '../payments/support/customer';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import { claim, expectRefusal, privateStatus, uniqueId } from './helpers';

const ORDER = { version: 1, summary: 'Article 42' };
const TOKEN = { type: 'token', token_family_slug: 'abo' };
const RECEIPT = { type: 'tax-receipt' };

describe('orders with choices (contract version 1)', () => {
  let world: TestWorld;
  let shop: TestShop;
  let euroExchange: SandboxExchange;
  beforeAll(async () => {
    euroExchange = await startSandboxExchange({ rsaBits: 1024, currency: 'EUR', aggregationIntervalMs: 0 });
    world = await startTestWorld({ moreExchanges: [euroExchange] });
    shop = world.shop;
  });
  afterAll(async () => {
    await world?.close();
    await euroExchange?.close();
  });

  const post = (order: object, request: object = {}, from = shop) =>
    from.api.post('private/orders', { order: { ...ORDER, ...order }, ...request }, { token: from.token });
  const rowOf = async (orderId: string) => {
    const [row] = await world.database.query<Record<string, unknown>>(
      'select contract_version, currency, amount::text, choice_index, proto_contract from orders where order_id = $1',
      [orderId],
    );
    return row ?? {};
  };
  async function contractOf(order: object, from = shop): Promise<JsonObject> {
    const created = await post(order, {}, from);
    expect(created.status).toBe(200);
    const { proto_contract: text } = await rowOf(created.body.order_id as string);
    return JSON.parse(text as string) as JsonObject;
  }

  it('have a contract with the choices and without an amount of its own', async () => {
    const choices = [
      { amount: 'KUDOS:5.50', tip: 'KUDOS:0.5', description: 'Paper', description_i18n: { de: 'Papier' } },
      { amount: 'KUDOS:2', max_fee: 'KUDOS:0.1', inputs: [], outputs: null, description: null },
    ];
    const created = await post({
      choices,
      fulfillment_url: 'https://shop.example/${ORDER_ID}',
      minimum_age: 16,
    });
    const orderId = created.body.order_id as string;
    const row = await rowOf(orderId);
    // Before a payment the first choice stands for the order.
    expect(row).toMatchObject({
      contract_version: 1,
      currency: 'KUDOS',
      amount: '550000000',
      choice_index: null,
    });
    const contract = JSON.parse(row['proto_contract'] as string) as JsonObject;
    const accounts = await shop.api.get('private/accounts', { token: shop.token });
    expect(contract).toEqual({
      version: 1,
      order_id: orderId,
      choices: [
        {
          amount: 'KUDOS:5.5',
          tip: 'KUDOS:0.5',
          max_fee: 'KUDOS:0',
          description: 'Paper',
          description_i18n: { de: 'Papier' },
          inputs: [],
          outputs: [],
        },
        { amount: 'KUDOS:2', max_fee: 'KUDOS:0.1', inputs: [], outputs: [] },
      ],
      token_families: {},
      summary: 'Article 42',
      fulfillment_url: `https://shop.example/${orderId}`,
      minimum_age: 16,
      products: [],
      timestamp: expect.any(Object),
      pay_deadline: created.body.pay_deadline,
      refund_deadline: expect.any(Object),
      wire_transfer_deadline: expect.any(Object),
      merchant_pub: expect.stringMatching(/^\w{52}$/),
      merchant_base_url: shop.url,
      merchant: { name: 'Shop shop' },
      h_wire: accounts.body.accounts[0].h_wire,
      wire_method: 'x-taler-bank',
      exchanges: [
        {
          url: world.exchange.baseUrl,
          priority: 1024,
          master_pub: encodeBase32(world.exchange.masterPublicKey),
        },
      ],
    });
  });

  it('are claimed with terms whose hash is signed, and which come back unchanged', async () => {
    const choices = [
      { amount: 'KUDOS:5', description: 'a', $forgettable: { description: true } },
      { amount: 'EUR:1' },
    ];
    const created = await post({ choices });
    const { order_id: orderId, token } = created.body as { order_id: string; token: string };
    const { proto_contract: proto } = await rowOf(orderId);
    const claimed = await claim(shop.api, { orderId, token });
    expect(claimed.contractTerms).toEqual({
      ...(JSON.parse(proto as string) as JsonObject),
      nonce: claimed.nonce,
    });
    expect(claimed.contractTerms['choices']).toEqual([
      expect.objectContaining({ $forgettable: { description: expect.stringMatching(/^\w{52}$/) } }),
      expect.objectContaining({ amount: 'EUR:1' }),
    ]);
    const status = await privateStatus(shop, orderId);
    expect(status.body).toMatchObject({ order_status: 'claimed', contract_terms: claimed.contractTerms });
    expect(encodeBase32(hashContract(status.body.contract_terms))).toBe(claimed.hContractText);
  });

  it('name the exchanges of all their currencies', async () => {
    const contract = await contractOf({
      choices: [{ amount: 'EUR:5' }, { amount: 'KUDOS:5' }, { amount: 'EUR:1' }],
    });
    const urls = (contract['exchanges'] as JsonObject[]).map(({ url }) => url);
    expect(urls).toEqual([euroExchange.baseUrl, world.exchange.baseUrl]);
    expect((contract['choices'] as JsonObject[]).map((choice) => choice['max_fee'])).toEqual([
      'EUR:0',
      'KUDOS:0',
      'EUR:0',
    ]);
  });

  it('get the fees of the STEFAN curve for each choice that does not say', async () => {
    const generous = await createShop(world.server, 'generous', { instance: { use_stefan: true } });
    const fees = async (order: object) =>
      ((await contractOf(order, generous))['choices'] as JsonObject[]).map((choice) => choice['max_fee']);
    const single = async (amount: string) => {
      const order = { amount, summary: 'x' };
      const created = await generous.api.post('private/orders', { order }, { token: generous.token });
      const text = (await rowOf(created.body.order_id as string))['proto_contract'] as string;
      return (JSON.parse(text) as JsonObject)['max_fee'];
    };
    const [five, fifty, euro] = [await single('KUDOS:5'), await single('KUDOS:50'), await single('EUR:5')];
    expect(five).not.toBe(fifty);
    const choices = [
      { amount: 'KUDOS:5' },
      { amount: 'KUDOS:50' },
      { amount: 'EUR:5' },
      { amount: 'KUDOS:5', max_fee: 'KUDOS:0.02' },
    ];
    expect(await fees({ choices })).toEqual([five, fifty, euro, 'KUDOS:0.02']);
  });

  it('may have as many as a wallet shows, and no more', async () => {
    const choices = Array.from({ length: 64 }, (_, index) => ({ amount: `KUDOS:${index}` }));
    expect((await post({ choices })).status).toBe(200);
    const refused = await post({ choices: [...choices, { amount: 'KUDOS:64' }] });
    expectRefusal(refused, 400, 26, {
      detail: expect.stringMatching(/^order\.choices: /),
      field: 'order.choices',
    });
  });

  it('are created once when the same request comes again', async () => {
    const order = { order_id: uniqueId('v1'), choices: [{ amount: 'KUDOS:5' }, { amount: 'KUDOS:6' }] };
    const first = await post(order);
    expect(await post(order)).toMatchObject({ status: 200, body: first.body });
    const swapped = { ...order, choices: [...order.choices].reverse() };
    expectRefusal(await post(swapped), 409, 2503, { detail: order.order_id });
  });

  describe('with tokens and receipts, which nobody issues yet', () => {
    const choice = (more: object) => ({ choices: [{ amount: 'KUDOS:5', ...more }] });

    it.each<[string, object]>([
      ['an input', choice({ inputs: [TOKEN] })],
      ['an output', choice({ outputs: [{ ...TOKEN, count: 2, valid_at: { t_s: 4_000_000_000 } }] })],
      ['a later choice', { choices: [{ amount: 'KUDOS:5' }, { amount: 'KUDOS:3', inputs: [TOKEN] }] }],
      [
        'a choice after a receipt',
        {
          choices: [
            { amount: 'KUDOS:5', outputs: [RECEIPT] },
            { amount: 'KUDOS:3', outputs: [TOKEN] },
          ],
        },
      ],
    ])('name the unknown family of %s: 404 with 2533', async (_name, order) => {
      expectRefusal(await post(order), 404, 2533, { detail: 'abo' });
    });

    it.each<[string, object]>([
      ['of the amount', RECEIPT],
      ['of another amount', { ...RECEIPT, amount: 'KUDOS:1' }],
    ])('know no donation authority for a receipt %s: 501 with 2028', async (_name, output) => {
      expectRefusal(await post(choice({ outputs: [output] })), 501, 2028);
    });

    it('are judged after the deadlines and before products and accounts', async () => {
      const past = { t_s: 1_000_000_000 };
      expectRefusal(await post({ ...choice({ inputs: [TOKEN] }), pay_deadline: past }), 400, 2507);
      const request = { inventory_products: [{ product_id: 'p' }], payment_target: 'nothing' };
      expectRefusal(await post(choice({ inputs: [TOKEN] }), request), 404, 2533, { detail: 'abo' });
      expectRefusal(await post(choice({}), request), 404, 2006, { detail: 'p' });
    });
  });

  it('need an exchange for each of their currencies: 409 with 2514', async () => {
    const choices = [{ amount: 'KUDOS:5' }, { amount: 'XYZ:5' }];
    expectRefusal(await post({ choices }), 409, 2514, { detail: 'XYZ' });
  });

  it('need an account before exchanges are looked at: 404 with 2500', async () => {
    const refused = await post({ choices: [{ amount: 'XYZ:5' }] }, { payment_target: 'cyclos' });
    expectRefusal(refused, 404, 2500, { detail: 'cyclos' });
  });

  it('need an exchange that can pay each of their currencies out: 409 with 2509', async () => {
    const miner = await createShop(world.server, 'miner', {
      payto: 'payto://bitcoin/bc1qexample?receiver-name=M',
    });
    const refused = await post({ choices: [{ amount: 'KUDOS:5' }, { amount: 'EUR:5' }] }, {}, miner);
    expectRefusal(refused, 409, 2509, { exchange_rejections: [] });
  });

  it('are paid by the choice that the wallet signs', async () => {
    const choices = [{ amount: 'KUDOS:9' }, { amount: 'KUDOS:4', max_fee: 'KUDOS:1' }];
    const customer = await Customer.order(shop, { ...ORDER, amount: undefined, max_fee: undefined, choices });
    const paid = await customer.choose(1, await withdrawCoins(world.exchange, coinsOf(2, '2')));
    expect(customer.isReceipt(paid)).toBe(true);
    const status = await privateStatus(shop, customer.orderId);
    expect(status.body).toMatchObject({ order_status: 'paid', choice_index: 1 });
    expect(await rowOf(customer.orderId)).toMatchObject({
      contract_version: 1,
      amount: '400000000',
      choice_index: 1,
    });
  });
});
