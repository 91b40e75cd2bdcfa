import { encodeBase32 } from '../../../src/taler/base32';
import { createShop, createOrder, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { claim, expectRefusal, payNothing, privateStatus, uniqueId } from './helpers';
import { watchStatements } from './statements';

const DAY_S = 86_400;
const MINIMAL = { amount: 'KUDOS:5', summary: 'Article 42' };

describe('POST private/orders', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const post = (body: unknown, at: TestShop = shop) =>
    at.api.post('private/orders', body, { token: at.token });
  const nowS = () => Number(world.clock.nowUs() / 1_000_000n);

  async function protoContract(orderId: string, at: TestShop = shop): Promise<Record<string, unknown>> {
    const status = await privateStatus(at, orderId);
    return status.body.proto_contract_terms as Record<string, unknown>;
  }

  async function fixedMembers(at: TestShop = shop) {
    const about = await at.api.get('private', { token: at.token });
    const accounts = await at.api.get('private/accounts', { token: at.token });
    return {
      version: 0,
      merchant_pub: about.body.merchant_pub as string,
      merchant_base_url: at.url,
      merchant: { name: about.body.name as string },
      h_wire: accounts.body.accounts[0].h_wire as string,
      wire_method: 'x-taler-bank',
      exchanges: [
        {
          url: world.exchange.baseUrl,
          priority: 1024,
          master_pub: encodeBase32(world.exchange.masterPublicKey),
        },
      ],
    };
  }

  describe('contract', () => {
    it('is completed from amount and summary alone, with the deadlines of the server', async () => {
      const before = nowS();
      const created = await post({ order: MINIMAL });
      expect(created).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
      const t = (created.body.pay_deadline.t_s as number) - DAY_S;
      expect(t).toBeGreaterThanOrEqual(before);
      expect(t).toBeLessThanOrEqual(nowS());
      expect(created.body).toEqual({
        order_id: expect.stringMatching(/^20\d\d\.\d{3}-[0-9A-HJKMNP-TV-Z]{13}$/),
        token: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
        pay_deadline: { t_s: t + DAY_S },
      });
      expect(await protoContract(created.body.order_id)).toEqual({
        ...(await fixedMembers()),
        order_id: created.body.order_id,
        amount: 'KUDOS:5',
        max_fee: 'KUDOS:0',
        summary: 'Article 42',
        products: [],
        timestamp: { t_s: t },
        pay_deadline: { t_s: t + DAY_S },
        refund_deadline: { t_s: t + 16 * DAY_S },
        wire_transfer_deadline: { t_s: t + 17 * DAY_S },
      });
    });

    it('takes over every member of the order, and tells wallets nothing of money pots', async () => {
      const t = nowS();
      const orderId = uniqueId('full');
      const told = {
        version: 0,
        amount: 'KUDOS:5.5',
        tip: 'KUDOS:0.5',
        max_fee: 'KUDOS:0.1',
        summary: 'Article 42',
        summary_i18n: { de: 'Artikel 42', 'fr-CH': 'Article quarante-deux' },
        order_id: orderId,
        public_reorder_url: 'https://shop.example/again',
        fulfillment_message: 'Thank you',
        fulfillment_message_i18n: { de: 'Danke' },
        minimum_age: 16,
        products: [
          {
            product_id: 'p1',
            product_name: 'Book',
            description: 'A book',
            description_i18n: { de: 'Ein Buch' },
            quantity: 2,
            unit_quantity: '2',
            unit: 'Piece',
            price: 'KUDOS:2.5',
            image: 'data:image/png;base64,AAAA',
            taxes: [{ name: 'VAT', tax: 'KUDOS:0.1' }],
            delivery_date: { t_s: t + 100 },
          },
        ],
        timestamp: { t_s: t - 60 },
        pay_deadline: { t_s: t + 500 },
        refund_deadline: { t_s: t + 600 },
        wire_transfer_deadline: { t_s: t + 700 },
        merchant_base_url: 'https://backend.example/prefix/instances/shop/',
        delivery_location: { country: 'CH', town: 'Bern', address_lines: ['one', 'two'] },
        delivery_date: { t_s: t + 1000 },
        auto_refund: { d_us: 3_600_000_000 },
        extra: { anything: [1, null, { deep: true }] },
      };
      const order = {
        ...told,
        fulfillment_url: 'https://shop.example/o/${ORDER_ID}?x=1',
        order_default_money_pot: 3,
      };
      const created = await post({ order, session_id: 's 1' });
      expect(created.body).toMatchObject({ order_id: orderId, pay_deadline: { t_s: t + 500 } });
      expect(await protoContract(orderId)).toEqual({
        ...(await fixedMembers()),
        ...told,
        fulfillment_url: `https://shop.example/o/${orderId}?x=1`,
      });
    });

    it('names the merchant with all that the instance tells of itself', async () => {
      const merchant = {
        email: 'shop@shop.example',
        website: 'https://shop.example/',
        logo: 'data:image/png;base64,AAAA',
        address: { country: 'CH', street: 'Gasse' },
        jurisdiction: { country: 'CH' },
      };
      const other = await createShop(world.server, 'detailed', {
        instance: { name: 'The Shop', ...merchant },
      });
      const { orderId } = await createOrder(other);
      const contract = await protoContract(orderId, other);
      expect(contract['merchant']).toEqual({ name: 'The Shop', ...merchant });
    });

    it('treats explicit nulls as absent, as PHP shops send them', async () => {
      const order = {
        ...MINIMAL,
        version: null,
        order_id: null,
        tip: null,
        max_fee: null,
        summary_i18n: null,
        public_reorder_url: null,
        fulfillment_url: null,
        fulfillment_message: null,
        minimum_age: null,
        products: null,
        timestamp: null,
        refund_deadline: null,
        pay_deadline: null,
        wire_transfer_deadline: null,
        merchant_base_url: null,
        merchant: null,
        delivery_location: null,
        delivery_date: null,
        auto_refund: null,
        extra: null,
      };
      const request = {
        order,
        refund_delay: null,
        payment_target: null,
        session_id: null,
        inventory_products: null,
        lock_uuids: null,
        create_token: null,
        otp_id: null,
      };
      const created = await post(request);
      expect(created.status).toBe(200);
      const plain = await post({ order: MINIMAL });
      const deadlines = /^(order_id|timestamp|.*_deadline)$/;
      const rest = (contract: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(contract).filter(([name]) => !deadlines.test(name)));
      const contract = await protoContract(created.body.order_id);
      expect(rest(contract)).toEqual(rest(await protoContract(plain.body.order_id)));
      expect(created.body.token).toHaveLength(26);
    });

    it('leaves nulls inside products out, for they mean "absent" there too', async () => {
      const { orderId } = await createOrder(shop, {
        products: [{ description: 'Book', quantity: null, unit: null }],
      });
      expect((await protoContract(orderId))['products']).toEqual([{ description: 'Book' }]);
    });

    it('ignores members it does not know, of the request as of the order', async () => {
      const created = await post({
        order: { ...MINIMAL, nonce: 'X', h_wire: 'X', mine: 1 },
        plugin: 'shop 1.0',
      });
      expect(created.status).toBe(200);
      const contract = await protoContract(created.body.order_id);
      expect(contract).not.toHaveProperty('mine');
      expect(contract).not.toHaveProperty('nonce');
      expect(contract['h_wire']).toBe((await fixedMembers()).h_wire);
    });

    it('salts forgettable members, and the claimed contract can be hashed', async () => {
      const { orderId, token } = await createOrder(shop, {
        delivery_location: { street: 'Gasse', $forgettable: { street: true } },
        $forgettable: { summary: true },
      });
      const contract = await protoContract(orderId);
      const salt = expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{52}$/);
      expect(contract['$forgettable']).toEqual({ summary: salt });
      expect(contract['delivery_location']).toEqual({ street: 'Gasse', $forgettable: { street: salt } });
      const claimed = await claim(shop.api, { orderId, token });
      const status = await shop.api.get(`orders/${orderId}?h_contract=${claimed.hContractText}`);
      expect(status.status).toBe(402);
    });

    it('salts forgettable members at any depth, each differently, and keeps a salt that the shop has made', async () => {
      const { orderId } = await createOrder(shop, {
        $forgettable: { amount: true, summary: true, delivery_location: true },
        delivery_location: { town: 'Bern', address_lines: ['a', 'b'], $forgettable: { address_lines: true } },
        products: [
          { description: 'x', taxes: [{ name: 'VAT', tax: 'KUDOS:1', $forgettable: { name: true } }] },
        ],
        extra: { list: [{ deep: { name: 'Alice', $forgettable: { name: 'of the shop' } } }] },
      });
      const text = JSON.stringify(await protoContract(orderId));
      const salts = [...text.matchAll(/"([0-9A-HJKMNP-TV-Z]{52})"/g)].map(([, salt]) => salt);
      // The key of the merchant and that of the exchange are as long.
      expect(new Set(salts).size).toBe(5 + 2);
      expect(text).toContain('"$forgettable":{"name":"of the shop"}');
      expect(text).not.toContain('true');
    });

    it('takes lines of products that shops send, pots left out, and seven lines of an address', async () => {
      const address_lines = ['1', '2', '3', '4', '5', '6', '7'];
      const products = [
        { description: 'priced per line', quantity: 3, price: 'KUDOS:99', product_money_pot: 4 },
        {
          description: 'by weight',
          unit_quantity: '0.250000',
          unit: 'kg',
          prices: ['KUDOS:1'],
          prices_are_net: true,
        },
        { description: '', image: '', taxes: [] },
      ];
      const { orderId } = await createOrder(shop, { products, delivery_location: { address_lines } });
      const contract = await protoContract(orderId);
      const [first, ...others] = products;
      expect(contract['products']).toEqual([{ ...first, product_money_pot: undefined }, ...others]);
      expect(contract['products']).not.toHaveProperty('[0].product_money_pot');
      expect(contract['delivery_location']).toEqual({ address_lines });
    });

    it('has a tip as large as the amount, an age of zero and refunds for ever where the shop wants them', async () => {
      const order = { tip: 'KUDOS:5.000', minimum_age: 0, auto_refund: { d_us: 'forever' } };
      const { orderId } = await createOrder(shop, order);
      expect(await protoContract(orderId)).toMatchObject({ ...order, tip: 'KUDOS:5' });
    });

    it('has the order id in place of ${ORDER_ID}, literally, also one that we make up', async () => {
      const url = 'https://shop.example/?o=${ORDER_ID}&p=$&';
      const { orderId } = await createOrder(shop, { fulfillment_url: url, public_reorder_url: url });
      expect(await protoContract(orderId)).toMatchObject({
        fulfillment_url: `https://shop.example/?o=${orderId}&p=$&`,
        public_reorder_url: url,
      });
    });

    it('takes an amount of zero', async () => {
      const { orderId } = await createOrder(shop, { amount: 'KUDOS:0' });
      expect((await privateStatus(shop, orderId)).body.total_amount).toBe('KUDOS:0');
    });

    it('pays the deposit fees of the STEFAN curve where the instance uses it and the order does not say', async () => {
      const generous = await createShop(world.server, 'generous', { instance: { use_stefan: true } });
      // exchange.md 9, with the curve of the sandbox: fee = 0.005 * log2(gross / 0.01), solved by iteration.
      let fee = 0;
      for (let step = 0; step < 100; step++) fee = 0.005 * Math.log2((5 + fee) / 0.01);
      const told = async (order: object) => {
        const { orderId } = await createOrder(generous, { ...order });
        return (await protoContract(orderId, generous))['max_fee'] as string;
      };
      const maxFee = Number((await told({})).replace('KUDOS:', ''));
      expect(Math.abs(maxFee - fee)).toBeLessThanOrEqual(0.005);
      expect(maxFee).toBeGreaterThan(0);
      expect(await told({ max_fee: 'KUDOS:0.3' })).toBe('KUDOS:0.3');
      expect(await told({ amount: 'KUDOS:0' })).toBe('KUDOS:0');
    });
  });

  describe('claim token and session', () => {
    it('gives none with create_token: false, in no answer and no URI', async () => {
      const created = await post({ order: MINIMAL, create_token: false });
      expect(Object.keys(created.body).sort()).toEqual(['order_id', 'pay_deadline']);
      const status = await privateStatus(shop, created.body.order_id);
      expect(status.body.order_status_url).toBe(`${shop.url}orders/${created.body.order_id}`);
      expect(status.body.taler_pay_uri).toMatch(/\/$/);
    });

    it.each(['x-taler-bank', 'X-TALER-BANK', 'X-Taler-Bank'])(
      'takes payment_target %s',
      async (paymentTarget) => {
        const created = await post({ order: MINIMAL, payment_target: paymentTarget });
        expect(created.status).toBe(200);
        expect((await protoContract(created.body.order_id))['wire_method']).toBe('x-taler-bank');
      },
    );

    it('chooses the account that payment_target asks for', async () => {
      const banks = await createShop(world.server, 'two-banks');
      const iban = await banks.api.post(
        'private/accounts',
        { payto_uri: 'payto://iban/DE75512108001245126199?receiver-name=Shop' },
        { token: banks.token },
      );
      expect(iban.status).toBe(200);
      const created = await post({ order: MINIMAL, payment_target: 'IBAN' }, banks);
      expect(await protoContract(created.body.order_id, banks)).toMatchObject({
        wire_method: 'iban',
        h_wire: iban.body.h_wire,
      });
    });
  });

  describe('idempotency', () => {
    it('answers the same request with the same token and deadline and changes nothing', async () => {
      const body = { order: { ...MINIMAL, order_id: uniqueId('again') } };
      const first = await post(body);
      world.clock.advanceSeconds(10);
      const other = { order: { order_id: body.order.order_id, summary: 'Article 42', amount: 'KUDOS:5' } };
      const second = await post(other);
      expect(second).toMatchObject({ status: 200, body: first.body });
      const rows = await world.database.query('select 1 from orders where order_id = $1', [
        body.order.order_id,
      ]);
      expect(rows).toHaveLength(1);
    });

    it('goes on doing so when the order is claimed', async () => {
      const body = { order: { ...MINIMAL, order_id: uniqueId('claimed') } };
      const first = await post(body);
      await claim(shop.api, { orderId: first.body.order_id, token: first.body.token });
      expect(await post(body)).toMatchObject({ status: 200, body: first.body });
    });

    it('goes on doing so when the order is paid, and after all its deadlines', async () => {
      const order_id = uniqueId('paid');
      const body = { order: { ...MINIMAL, amount: 'KUDOS:0', order_id } };
      const first = await post(body);
      await claim(shop.api, { orderId: order_id, token: first.body.token });
      await payNothing(shop, order_id);
      expect(await post(body)).toMatchObject({ status: 200, body: first.body });
      const other = { order: { ...body.order, summary: 'Another' } };
      expectRefusal(await post(other), 409, 2503, { detail: order_id });
      expect((await privateStatus(shop, order_id)).body.order_status).toBe('paid');

      const old = { order: { ...MINIMAL, order_id: uniqueId('old'), pay_deadline: { t_s: nowS() + 300 } } };
      const answer = await post(old);
      world.clock.advanceSeconds(600);
      expect(await post(old)).toMatchObject({ status: 200, body: answer.body });
    });

    it('tells a request with a claim token from one without', async () => {
      const order = { ...MINIMAL, order_id: uniqueId('token') };
      const first = await post({ order, create_token: false });
      expect(first.body.token).toBeUndefined();
      expect((await post({ order, create_token: false })).text).toBe(first.text);
      expectRefusal(await post({ order }), 409, 2503, { detail: order.order_id });
    });

    it.each([
      ['another amount', { amount: 'KUDOS:6' }, {}],
      ['an additional member', { extra: { a: 1 } }, {}],
      ['another session', {}, { session_id: 's' }],
    ])('refuses the id with %s: 409', async (_name, order, request) => {
      const orderId = uniqueId('taken');
      await post({ order: { ...MINIMAL, order_id: orderId } });
      const refused = await post({ order: { ...MINIMAL, ...order, order_id: orderId }, ...request });
      expectRefusal(refused, 409, 2503, { detail: orderId });
    });

    it('lets another instance use the same id', async () => {
      const other = await createShop(world.server, 'namesake');
      const orderId = uniqueId('shared');
      expect((await post({ order: { ...MINIMAL, order_id: orderId } })).status).toBe(200);
      expect((await post({ order: { ...MINIMAL, order_id: orderId } }, other)).status).toBe(200);
    });

    it('creates one order when the same request comes ten times at once', async () => {
      const body = { order: { ...MINIMAL, order_id: uniqueId('race') } };
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(body)));
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
      expect(answers[0]).toMatchObject({ status: 200, body: { order_id: body.order.order_id } });
    });
  });

  it('costs one statement, and one look more where the shop gives the id', async () => {
    await watchStatements(async (statements) => {
      const statementsOf = async (body: unknown) => {
        statements.length = 0;
        expect((await post(body)).status).toBe(200);
        // Wake-ups of other processes are bundled and belong to no request; tokens are looked up again every ten seconds.
        return statements
          .filter((text) => !/pg_notify|login_tokens/.test(text))
          .map((text) => text.trim().split(' ')[0]);
      };
      expect(await statementsOf({ order: MINIMAL })).toEqual(['insert']);
      const order = { ...MINIMAL, order_id: uniqueId('counted') };
      expect(await statementsOf({ order })).toEqual(['select', 'insert']);
      expect(await statementsOf({ order })).toEqual(['select']);
    });
  });
});
