import { Wallet } from '../../../sandbox/wallet/wallet';
import { encodeBase32, decodeBase32 } from '../../../src/taler/base32';
import { createSigner, eddsaPublicKey, generateSeed } from '../../../src/taler/eddsa';
import { orderUnclaim } from '../../../src/taler/signatures-wallet';
import { createOrder, createShop, OPERATOR_TOKEN, startTestWorld, TestWorld } from '../../support/app';
import { Fingerprint, fingerprinter } from './fingerprint';
import { announceSeed, PROPERTY_TEST_MS_MAX } from './fuzz';
import { RawClient, RawReply } from './raw-client';
import { attack, Target } from './target';

const PASSWORD_OF_SHOP = 'password of shop';
const SHOP = '/instances/shop/';
/** Codes of payments that are not enough: what was accepted is kept all the same (orders.md 5.3). */
const KEPT_ALTHOUGH_REFUSED = [2155, 2156];

describe('malformed variants of a valid body', () => {
  let world: TestWorld;
  let client: RawClient;
  let wallet: Wallet;
  let fingerprint: () => Promise<Fingerprint>;
  let bearer: { authorization: string };

  beforeAll(async () => {
    announceSeed();
    world = await startTestWorld();
    client = new RawClient(world.server.url);
    wallet = await Wallet.open({});
    await wallet.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:400' });
    fingerprint = await fingerprinter(world.database);
    bearer = { authorization: `Bearer ${world.shop.token}` };
  }, PROPERTY_TEST_MS_MAX);
  afterAll(async () => {
    client?.close();
    await wallet?.close();
    await world?.close();
  });

  const check = (target: Target) => attack(target, { client, fingerprint });

  /** Whatever order was accepted can be read and claimed: no odd member of it makes a later step fail. */
  async function useOrder(reply: RawReply): Promise<void> {
    const { order_id: orderId, token } = JSON.parse(reply.text) as { order_id: string; token?: string };
    const path = `${SHOP}private/orders/${encodeURIComponent(orderId)}`;
    const status = await client.send({ method: 'GET', path, headers: bearer });
    expect({ ...status, headers: {} }).toMatchObject({ status: 200 });
    const claim = JSON.stringify({ nonce: encodeBase32(eddsaPublicKey(generateSeed())), token });
    const claimed = await client.send({
      method: 'POST',
      path: `${SHOP}orders/${orderId}/claim`,
      body: claim,
    });
    expect({ ...claimed, headers: {} }).toMatchObject({ status: 200 });
    const again = await client.send({ method: 'GET', path, headers: bearer });
    expect(again.status).toBe(200);
  }

  function orderTarget(orderId: () => string | undefined, renew: (reply: RawReply) => Promise<void>): Target {
    return {
      path: () => `${SHOP}private/orders`,
      headers: bearer,
      valid: () => ({ ...fullOrder(orderId()) }),
      names: [...NAMES_OF_ORDERS],
      renew,
    };
  }

  it(
    'create no order and are refused, or make an order that can be claimed',
    () => check(orderTarget(() => undefined, useOrder)),
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'create no order under an id of the shop and are refused',
    async () => {
      let count = 0;
      const renew = async (reply: RawReply) => {
        count++;
        await useOrder(reply);
      };
      await check(orderTarget(() => `order-${count}`, renew));
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'create no order with choices and are refused, or make one that can be claimed',
    () =>
      check({
        ...orderTarget(() => undefined, useOrder),
        valid: orderWithChoices,
        names: [...NAMES_OF_ORDERS, 'amount', 'token_family_slug', 'count', 'valid_at', 'type'],
      }),
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'do not claim an order',
    async () => {
      let order = await createOrder(world.shop);
      await check({
        path: () => `${SHOP}orders/${order.orderId}/claim`,
        valid: () => ({ nonce: encodeBase32(eddsaPublicKey(generateSeed())), token: order.token }),
        renew: async () => {
          order = await createOrder(world.shop);
        },
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'make nobody forget what they do not name',
    async () => {
      const order = { amount: 'KUDOS:5', summary: 'Article 42', products: [{ description: 'Answer' }] };
      const marked = { ...order, $forgettable: { summary: true, products: true } };
      const create = async () => {
        const body = JSON.stringify({ order: marked, create_token: false });
        const path = `${SHOP}private/orders`;
        const created = await client.send({ method: 'POST', path, body, headers: bearer });
        const { order_id: orderId } = JSON.parse(created.text) as { order_id: string };
        const nonce = encodeBase32(eddsaPublicKey(generateSeed()));
        const claim = {
          method: 'POST',
          path: `${SHOP}orders/${orderId}/claim`,
          body: JSON.stringify({ nonce }),
        };
        expect((await client.send(claim)).status).toBe(200);
        return orderId;
      };
      let orderId = await create();
      await check({
        method: 'PATCH',
        path: () => `${SHOP}private/orders/${orderId}/forget`,
        headers: bearer,
        valid: () => ({ fields: ['$.summary', '$.products[*].nothing', '$.products'] }),
        renew: async () => {
          orderId = await create();
        },
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'do not release a claimed order',
    async () => {
      let claimed = await claimByWallet();
      await check({
        path: () => `${SHOP}orders/${claimed.orderId}/unclaim`,
        valid: () => claimed.unclaim,
        renew: async () => {
          claimed = await claimByWallet();
        },
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  async function claimByWallet() {
    const order = await createOrder(world.shop);
    const { orderKey, hContract } = await wallet.claim(order.payUri);
    const purchase = wallet.purchase(orderKey);
    const signer = createSigner(decodeBase32(purchase.noncePriv, 32) as Buffer);
    const unclaim = {
      unclaim_sig: encodeBase32(orderUnclaim.sign(signer, { hContract })),
      nonce: purchase.noncePub,
      h_contract: encodeBase32(hContract),
    };
    return { orderId: order.orderId, orderKey, unclaim };
  }

  it(
    'do not pay an order',
    async () => {
      let payment = await preparePayment();
      await check({
        path: () => `${SHOP}orders/${payment.orderId}/pay`,
        valid: () => payment.body,
        names: [
          'wallet_data',
          'tokens',
          'h_contract',
          'minimum_age_sig',
          'age_commitment',
          'h_age_commitment',
        ],
        renew: async () => {
          payment = await preparePayment();
        },
        mayChange: (code) =>
          KEPT_ALTHOUGH_REFUSED.includes(code) ? ['deposits', 'deposit_confirmations'] : [],
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  async function preparePayment(): Promise<{ orderId: string; body: unknown }> {
    const order = await createOrder(world.shop, { amount: 'KUDOS:1.1' });
    const { orderKey } = await wallet.claim(order.payUri);
    const { body } = await wallet.preparePay(orderKey, { sessionId: 'tab' });
    return { orderId: order.orderId, body: JSON.parse(body) };
  }

  it(
    'do not bind a payment to a session',
    async () => {
      const order = await createOrder(world.shop);
      const paid = await wallet.pay(order.payUri);
      const { receipt, hContract } = wallet.purchase(paid.orderKey);
      await check({
        path: () => `${SHOP}orders/${order.orderId}/paid`,
        valid: () => ({ sig: receipt?.sig, h_contract: hContract, session_id: 'tab' }),
        renew: async () => undefined,
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'grant no refund',
    async () => {
      const order = await createOrder(world.shop, { amount: 'KUDOS:1' });
      await wallet.pay(order.payUri);
      await check({
        path: () => `${SHOP}private/orders/${order.orderId}/refund`,
        headers: bearer,
        valid: () => ({ refund: 'KUDOS:0.5', reason: 'late' }),
        renew: async () => undefined,
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'give nothing back to a wallet',
    async () => {
      const order = await createOrder(world.shop, { amount: 'KUDOS:1' });
      const { orderKey, hContract } = await wallet.claim(order.payUri);
      const h_contract = encodeBase32(hContract);
      await check({
        path: () => `${SHOP}orders/${order.orderId}/refund`,
        valid: () => ({ h_contract }),
        renew: async () => undefined,
      });
      const { body } = await wallet.preparePay(orderKey);
      const { coins } = JSON.parse(body) as { coins: { coin_pub: string; exchange_url: string }[] };
      await check({
        path: () => `${SHOP}orders/${order.orderId}/abort`,
        valid: () => ({
          h_contract,
          coins: coins.map(({ coin_pub, exchange_url }) => ({ coin_pub, exchange_url })),
        }),
        names: ['contribution'],
        renew: async () => undefined,
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'create no instance',
    async () => {
      let count = 0;
      await check({
        path: () => '/management/instances',
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
        valid: () => fullInstance(`made-${count}`),
        names: ['token', 'default_wire_transfer_rounding_interval'],
        renew: async () => {
          count++;
        },
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'change no instance',
    async () => {
      const { id: _id, auth: _auth, ...configuration } = fullInstance('shop') as Record<string, unknown>;
      await check({
        method: 'PATCH',
        path: () => `${SHOP}private`,
        headers: bearer,
        valid: () => configuration,
        names: ['default_wire_transfer_rounding_interval'],
        renew: async () => undefined,
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'change no password',
    async () => {
      const other = await createShop(world.server, 'other');
      await check({
        path: () => `/management/instances/${other.id}/auth`,
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
        valid: () => ({ method: 'token', password: 'secret' }),
        names: ['token'],
        renew: async () => undefined,
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'change no bank account',
    async () => {
      const { body } = await world.shop.api.get('private/accounts', { token: world.shop.token });
      await check({
        method: 'PATCH',
        path: () => `${SHOP}private/accounts/${body.accounts[0].h_wire as string}`,
        headers: bearer,
        valid: () => ({
          credit_facade_url: 'https://bank.example/facade/',
          credit_facade_credentials: { type: 'bearer', token: 'secret' },
          extra_wire_subject_metadata: 'till-7',
        }),
        names: ['username', 'password'],
        renew: async () => undefined,
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'accept no terms of an exchange, and prove nothing to one',
    async () => {
      const { body } = await world.shop.api.get('private/accounts', { token: world.shop.token });
      const exchange_url = world.exchange.baseUrl;
      const own = { headers: bearer, renew: async () => undefined };
      const path = () => `${SHOP}private/accounts/${body.accounts[0].h_wire as string}/kycauth`;
      await check({ ...own, path, valid: () => ({ exchange_url }) });
      const tos = () => ({ exchange_url, tos_version: 'v1' });
      await check({ ...own, path: () => `${SHOP}private/accept-tos-early`, valid: tos });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'add no bank account',
    async () => {
      let count = 0;
      await check({
        path: () => `${SHOP}private/accounts`,
        headers: bearer,
        valid: () => ({
          payto_uri: `payto://x-taler-bank/bank.example/shop${count}?receiver-name=Shop`,
          credit_facade_url: 'https://bank.example/facade/',
          credit_facade_credentials: { type: 'basic', username: 'shop', password: 'secret' },
          extra_wire_subject_metadata: 'till-7',
        }),
        renew: async () => {
          count++;
        },
      });
    },
    PROPERTY_TEST_MS_MAX,
  );

  it(
    'issue no token',
    async () => {
      const basic = Buffer.from(`shop:${PASSWORD_OF_SHOP}`).toString('base64');
      await check({
        path: () => `${SHOP}private/token`,
        headers: { authorization: `Basic ${basic}` },
        valid: () => ({
          scope: 'readonly',
          duration: { d_us: 1_000_000_000 },
          description: 'till',
          refreshable: false,
        }),
        renew: async () => undefined,
      });
    },
    PROPERTY_TEST_MS_MAX,
  );
});

/** Members of an order request that `fullOrder` leaves out, since with them it would be refused. */
const NAMES_OF_ORDERS = [
  'otp_id',
  'inventory_products',
  'lock_uuids',
  'merchant',
  'choices',
  'version',
  'order_id',
  'nonce',
];

/** The same with choices instead of a price. */
function orderWithChoices(): object {
  const { order, ...request } = fullOrder(undefined);
  const { amount, tip, max_fee, ...common } = order as Record<string, unknown>;
  const choices = [
    { amount, tip, max_fee, description: 'Paper', description_i18n: { de: 'Papier' } },
    { amount: 'KUDOS:2', inputs: [], outputs: [], $forgettable: { amount: true } },
  ];
  return { ...request, order: { ...common, version: 1, choices } };
}

/** An order request with every member that has no condition. */
function fullOrder(orderId: string | undefined): { order: object; [name: string]: unknown } {
  return {
    order: {
      version: 0,
      amount: 'KUDOS:5',
      tip: 'KUDOS:0.5',
      max_fee: 'KUDOS:0.1',
      summary: 'Article 42',
      summary_i18n: { de: 'Artikel 42' },
      order_id: orderId,
      public_reorder_url: 'https://shop.example/again',
      fulfillment_url: 'https://shop.example/thanks/${ORDER_ID}',
      fulfillment_message: 'Thank you',
      fulfillment_message_i18n: { de: 'Danke' },
      minimum_age: 0,
      products: [
        {
          product_id: 'article-42',
          description: 'Answer',
          description_i18n: { de: 'Antwort' },
          quantity: 2,
          unit: 'piece',
          price: 'KUDOS:2.5',
          image: 'data:image/png;base64,AAAA',
          taxes: [{ name: 'VAT', tax: 'KUDOS:0.4' }],
          delivery_date: { t_s: 4_000_000_000 },
        },
        { description: 'Question', unit_quantity: '1.5' },
      ],
      timestamp: { t_s: 1_700_000_000 },
      refund_deadline: { t_s: 4_000_000_000 },
      pay_deadline: { t_s: 4_000_000_000 },
      wire_transfer_deadline: { t_s: 4_000_000_001 },
      merchant_base_url: 'https://shop.example/',
      delivery_location: { country: 'DE', address_lines: ['Street 1', 'Town'] },
      delivery_date: { t_s: 4_000_000_000 },
      auto_refund: { d_us: 1_000_000 },
      extra: { list: [1, { deep: 'x' }], $forgettable: { list: true } },
    },
    refund_delay: { d_us: 3_600_000_000 },
    payment_target: 'x-taler-bank',
    session_id: 'tab',
    create_token: true,
  };
}

function fullInstance(id: string): object {
  return {
    id,
    name: 'Shop',
    email: 'shop@example.com',
    phone_number: '+49 1234',
    website: 'https://shop.example/',
    logo: 'data:image/png;base64,AAAA',
    auth: { method: 'token', password: 'secret' },
    address: { country: 'DE', town: 'Town', address_lines: ['Street 1'] },
    jurisdiction: { country: 'DE' },
    use_stefan: true,
    default_pay_delay: { d_us: 86_400_000_000 },
    default_refund_delay: { d_us: 86_400_000_000 },
    default_wire_transfer_delay: { d_us: 86_400_000_000 },
  };
}
