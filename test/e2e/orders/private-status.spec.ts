import { encodeBase32 } from '../../../src/taler/base32';
import type { ApiAnswer } from '../../support/api';
import {
  createOrder,
  createShop,
  OPERATOR_TOKEN,
  startTestWorld,
  TestShop,
  TestWorld,
} from '../../support/app';
import { LONG_MS, poll, untilAsleep, untilWaiters } from '../long-poll/waiting';
import { Customer } from '../payments/support/customer';
import { withdrawCoins } from '../payments/support/purse';
import {
  claim,
  createClaimed,
  createPaid,
  expectRefusal,
  payNothing,
  privateStatus,
  provePaid,
  talerLocation,
  uniqueId,
} from './helpers';

const ARTICLE = { amount: 'KUDOS:0', fulfillment_url: 'https://shop.example/article' };

describe('GET private/orders/$ID', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const payUri = (orderId: string, session: string, token?: string) =>
    `taler+http://pay/${talerLocation(shop)}${orderId}/${session}${token === undefined ? '' : `?c=${token}`}`;

  describe('body', () => {
    it('of an unclaimed order has every member of CheckPaymentUnpaidResponse and no other', async () => {
      const { orderId, token } = await createOrder(shop);
      const answer = await privateStatus(shop, orderId, { session_id: 'tab 1/ä' });
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      });
      const { proto_contract_terms: proto } = answer.body;
      expect(answer.body).toEqual({
        order_status: 'unpaid',
        taler_pay_uri: payUri(orderId, 'tab%201%2F%C3%A4', token),
        creation_time: proto.timestamp,
        pay_deadline: proto.pay_deadline,
        summary: 'Article 42',
        total_amount: 'KUDOS:5',
        proto_contract_terms: expect.objectContaining({ order_id: orderId, amount: 'KUDOS:5' }),
        order_status_url: `${shop.url}orders/${orderId}?token=${token}&session_id=tab%201%2F%C3%A4`,
      });
      expect(proto).not.toHaveProperty('nonce');
    });

    it('of a claimed order has the contract terms with the nonce, and the hash in the status URL', async () => {
      const claimed = await createClaimed(shop);
      const answer = await privateStatus(shop, claimed.orderId, { session_id: 's' });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        order_status: 'claimed',
        contract_terms: claimed.contractTerms,
        order_status_url:
          `${shop.url}orders/${claimed.orderId}?token=${claimed.token}&session_id=s` +
          `&h_contract=${claimed.hContractText}`,
      });
    });

    it('of a paid order has every member of CheckPaymentPaidResponse and no other', async () => {
      const nowS = () => Number(world.clock.nowUs() / 1_000_000n);
      const before = nowS();
      const paid = await createPaid(shop, { request: { create_token: false } });
      const after = nowS();
      const answer = await privateStatus(shop, paid.orderId);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        order_status: 'paid',
        refunded: false,
        refund_pending: false,
        wired: false,
        deposit_total: 'KUDOS:0',
        exchange_code: 0,
        exchange_http_status: 0,
        refund_amount: 'KUDOS:0',
        contract_terms: paid.contractTerms,
        last_payment: { t_s: expect.any(Number) },
        wire_details: [],
        wire_reports: [],
        wire_groups: [],
        refund_details: [],
        order_status_url: `${shop.url}orders/${paid.orderId}?h_contract=${paid.hContractText}`,
      });
      expect(answer.body.last_payment.t_s).toBeGreaterThanOrEqual(before);
      expect(answer.body.last_payment.t_s).toBeLessThanOrEqual(after);
    });

    it('has a status URL that opens without other credentials in every state', async () => {
      const order = await createOrder(shop, { amount: 'KUDOS:0' });
      const open = async () => {
        const url = (await privateStatus(shop, order.orderId)).body.order_status_url as string;
        return (await shop.api.get(url.slice(shop.url.length))).status;
      };
      expect(await open()).toBe(402);
      await claim(shop.api, order);
      expect(await open()).toBe(402);
      await payNothing(shop, order.orderId);
      expect(await open()).toBe(200);
    });

    it('says "unpaid" and "claimed" after the pay deadline still: the protocol knows no "expired"', async () => {
      const payDeadline = { t_s: Number(world.clock.nowUs() / 1_000_000n) + 300 };
      const order = await createOrder(shop, { pay_deadline: payDeadline });
      world.clock.advanceSeconds(600);
      expect((await privateStatus(shop, order.orderId)).body.order_status).toBe('unpaid');
      await claim(shop.api, order);
      expect((await privateStatus(shop, order.orderId)).body.order_status).toBe('claimed');
    });
  });

  describe('sessions', () => {
    it('is paid in the session of the payment, without a session, and in no other', async () => {
      const paid = await createPaid(shop, { order: ARTICLE, sessionId: uniqueId('one') });
      const { order_status_url: url } = (await privateStatus(shop, paid.orderId)).body;
      expect(url).toContain(paid.hContractText);
      const inSession = async (query: Record<string, string>) =>
        (await privateStatus(shop, paid.orderId, query)).body.order_status;
      expect(await inSession({})).toBe('paid');
      expect(await inSession({ session_id: '' })).toBe('paid');
      expect(await inSession({ session_id: 'another' })).toBe('claimed');
    });

    it('walks through the transitions that wallets have verified', async () => {
      const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(uniqueId) as [
        string,
        string,
        string,
        string,
      ];
      const article = { ...ARTICLE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const first = await createPaid(shop, { order: article, sessionId: one });
      const state = async (orderId: string, session: string) =>
        (await privateStatus(shop, orderId, { session_id: session })).body;
      expect(await state(first.orderId, one)).toMatchObject({ order_status: 'paid' });
      expect(await state(first.orderId, two)).toMatchObject({ order_status: 'claimed' });

      await provePaid(shop, first, first.receipt, three);
      expect(await state(first.orderId, three)).toMatchObject({ order_status: 'paid' });
      expect(await state(first.orderId, one)).toMatchObject({ order_status: 'claimed' });

      const second = await createOrder(shop, { ...article, amount: 'KUDOS:3' });
      expect(await state(second.orderId, three)).toEqual({
        order_status: 'unpaid',
        taler_pay_uri: payUri(second.orderId, three, second.token),
        creation_time: expect.any(Object),
        pay_deadline: expect.any(Object),
        summary: 'Article 42',
        total_amount: 'KUDOS:3',
        proto_contract_terms: expect.any(Object),
        already_paid_order_id: first.orderId,
        already_paid_fulfillment_url: article.fulfillment_url,
        order_status_url: `${shop.url}orders/${second.orderId}?token=${second.token}&session_id=${three}`,
      });
      // Even when the second order is claimed.
      await claim(shop.api, second);
      expect(await state(second.orderId, three)).toMatchObject({
        order_status: 'unpaid',
        already_paid_order_id: first.orderId,
      });
      expect(await state(first.orderId, four)).toMatchObject({ order_status: 'claimed' });
      expect(await state(second.orderId, four)).not.toHaveProperty('already_paid_order_id');
    });

    it('finds no earlier purchase under a URL that contains the order id', async () => {
      const session = uniqueId('s');
      const article = { ...ARTICLE, fulfillment_url: 'https://shop.example/${ORDER_ID}' };
      await createPaid(shop, { order: article, sessionId: session });
      const second = await createOrder(shop, article);
      const { body } = await privateStatus(shop, second.orderId, { session_id: session });
      expect(body).not.toHaveProperty('already_paid_order_id');
    });

    it('finds no earlier purchase of another instance', async () => {
      const session = uniqueId('s');
      const article = { ...ARTICLE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const other = await createShop(world.server, 'session-other');
      await createPaid(other, { order: article, sessionId: session });
      const second = await createOrder(shop, article);
      const { body } = await privateStatus(shop, second.orderId, { session_id: session });
      expect(body).not.toHaveProperty('already_paid_order_id');
    });

    it('offers a refunded purchase only where allow_refunded_for_repurchase says so', async () => {
      const session = uniqueId('s');
      const article = { fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const first = await buy(['5'], article, session);
      const second = await createOrder(shop, article);
      const hit = async (allow: Record<string, string>) =>
        (await privateStatus(shop, second.orderId, { session_id: session, ...allow })).body
          .already_paid_order_id;
      expect(await hit({})).toBe(first.orderId);
      await grant(first.orderId, 'KUDOS:1');
      expect(await hit({})).toBeUndefined();
      expect(await hit({ allow_refunded_for_repurchase: 'NO' })).toBeUndefined();
      expect(await hit({ allow_refunded_for_repurchase: 'YES' })).toBe(first.orderId);
      expect(await hit({ allow_refunded_for_repurchase: 'yes' })).toBe(first.orderId);
    });

    it('does not wait where a refunded purchase is offered, and waits where it is not', async () => {
      const session = uniqueId('s');
      const article = { fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const first = await buy(['5'], article, session);
      await grant(first.orderId, 'KUDOS:5');
      const second = await createOrder(shop, article);
      const query = { session_id: session, timeout_ms: LONG_MS };
      const allowed = await privateStatus(shop, second.orderId, {
        ...query,
        allow_refunded_for_repurchase: 'YES',
      });
      expect(allowed.body).toMatchObject({ order_status: 'unpaid', already_paid_order_id: first.orderId });
      const waiting = poll(privateStatus(shop, second.orderId, query));
      await untilAsleep(world.server, 1);
      const third = await buy(['5'], article, session);
      expect((await waiting.answer).body).toMatchObject({ already_paid_order_id: third.orderId });
    });
  });

  /** An order bought with these coins, whole. */
  async function buy(
    values: readonly string[],
    order: Record<string, unknown> = {},
    sessionId?: string,
  ): Promise<Customer> {
    const customer = await Customer.order(shop, order);
    const wishes = values.map((value) => ({ value }));
    const coins = await withdrawCoins(world.exchange, wishes, world.clock.nowUs());
    const answer = await customer.spend(coins, { session_id: sessionId });
    if (answer.status !== 200) throw new Error(`pay: ${answer.status} ${answer.text}`);
    return customer;
  }
  async function grant(orderId: string, refund: string, reason = 'broken'): Promise<void> {
    const answer = await shop.api.post(
      `private/orders/${orderId}/refund`,
      { refund, reason },
      { token: shop.token },
    );
    if (answer.status !== 200) throw new Error(`refund: ${answer.status} ${answer.text}`);
  }
  async function collect(customer: Customer): Promise<void> {
    const hContract = encodeBase32(customer.hContract);
    const answer = await shop.api.post(`orders/${customer.orderId}/refund`, { h_contract: hContract });
    if (answer.status !== 200) throw new Error(`collect: ${answer.status} ${answer.text}`);
  }

  describe('refunds', () => {
    it('are told coin by coin, each grant with one time, and pending until the wallet has them', async () => {
      const customer = await buy(['2', '2', '1'], { amount: 'KUDOS:5' });
      const status = async () =>
        (await privateStatus(shop, customer.orderId)).body as Record<string, unknown>;
      expect(await status()).toMatchObject({ refunded: false, refund_details: [] });
      const atFirst = { t_s: Number(world.clock.nowUs() / 1_000_000n) };
      await grant(customer.orderId, 'KUDOS:3', 'broken');
      const broken = { reason: 'broken', pending: true, timestamp: expect.any(Object) };
      expect(await status()).toMatchObject({
        order_status: 'paid',
        refunded: true,
        refund_pending: true,
        refund_amount: 'KUDOS:3',
        refund_details: [
          { ...broken, amount: 'KUDOS:2' },
          { ...broken, amount: 'KUDOS:1' },
        ],
      });
      const [one, two] = (await status())['refund_details'] as { timestamp: { t_s: number } }[];
      expect(one?.timestamp).toEqual(two?.timestamp);
      expect(one?.timestamp.t_s).toBeGreaterThanOrEqual(atFirst.t_s);

      await collect(customer);
      world.clock.advanceSeconds(5);
      await grant(customer.orderId, 'KUDOS:5', 'angry');
      const after = await status();
      expect(after).toMatchObject({ refund_pending: true, refund_amount: 'KUDOS:5' });
      const details = after['refund_details'] as { reason: string; pending: boolean; amount: string }[];
      expect(details.slice(0, 2)).toEqual([
        { ...one, pending: false },
        { ...two, pending: false },
      ]);
      expect(details.slice(2).map(({ reason, pending }) => `${reason} ${pending}`)).toEqual([
        'angry true',
        'angry true',
      ]);
      await collect(customer);
      expect(await status()).toMatchObject({ refunded: true, refund_pending: false, order_status: 'paid' });
    });

    it('change the entity tag when they are granted and when they are collected, and end the waits', async () => {
      const customer = await buy(['5']);
      const tagOf = async () =>
        ((await privateStatus(shop, customer.orderId)).headers['etag'] as string).replaceAll('"', '');
      for (const change of [() => grant(customer.orderId, 'KUDOS:2'), () => collect(customer)]) {
        const tag = await tagOf();
        const query = { timeout_ms: LONG_MS, lp_not_etag: tag };
        const waiting = poll(privateStatus(shop, customer.orderId, query));
        await untilAsleep(world.server, 1);
        await change();
        expect((await waiting.answer).headers['etag']).not.toBe(`"${tag}"`);
        await untilWaiters(world.server, 0);
      }
    });

    it('are no refunds when a coin that was too much goes back', async () => {
      const customer = await buy(['5']);
      await world.database.query(
        `insert into refunds (order_serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us)
          select serial, 'coin', 0, 'KUDOS', 1, 'excess', 0 from orders where order_id = $1`,
        [customer.orderId],
      );
      const { body } = await privateStatus(shop, customer.orderId);
      expect(body).toMatchObject({ refunded: false, refund_details: [] });
      await grant(customer.orderId, 'KUDOS:1');
      expect((await privateStatus(shop, customer.orderId)).body.refund_details).toHaveLength(1);
    });
  });

  describe('contracts with choices', () => {
    const offer = () => ({
      amount: undefined,
      version: 1,
      choices: [{ amount: 'KUDOS:3' }, { amount: 'KUDOS:0' }],
    });

    it('have no total before they are paid, and tell then which choice was paid', async () => {
      const order = await createOrder(shop, offer());
      const unpaid = await privateStatus(shop, order.orderId);
      expect(unpaid.body).toMatchObject({
        order_status: 'unpaid',
        proto_contract_terms: { version: 1, choices: [{ amount: 'KUDOS:3' }, { amount: 'KUDOS:0' }] },
      });
      expect(unpaid.body).not.toHaveProperty('total_amount');
      await claim(shop.api, order);
      expect((await privateStatus(shop, order.orderId)).body.order_status).toBe('claimed');
      const request = { coins: [], wallet_data: { choice_index: 1 } };
      expect((await shop.api.post(`orders/${order.orderId}/pay`, request)).status).toBe(200);
      const paid = await privateStatus(shop, order.orderId);
      expect(paid.body).toMatchObject({
        order_status: 'paid',
        choice_index: 1,
        refund_amount: 'KUDOS:0',
        contract_terms: { version: 1 },
      });
      const list = await shop.api.get('private/orders?limit=-1', { token: shop.token });
      expect(list.body.orders[0]).toMatchObject({ order_id: order.orderId, amount: 'KUDOS:0', paid: true });
    });

    it('are the only ones to tell a choice', async () => {
      const paid = await createPaid(shop);
      expect((await privateStatus(shop, paid.orderId)).body).not.toHaveProperty('choice_index');
    });
  });

  describe('of a row that somebody else has written', () => {
    async function tampered(change: string): Promise<ApiAnswer> {
      const { orderId } = await createPaid(shop);
      await world.database.query(`update orders set ${change} where order_id = $1`, [orderId]);
      const answer = await privateStatus(shop, orderId);
      expect(answer.body.detail).toBe(orderId);
      // Long polls say so at once.
      expect((await privateStatus(shop, orderId, { timeout_ms: LONG_MS })).status).toBe(answer.status);
      await world.database.query('delete from orders where order_id = $1', [orderId]);
      return answer;
    }

    it.each(['', '[]', '{}', 'null', '{"version":0,"amount":"KU'])(
      'says that the contract is none: 500 with 2008 for %j',
      async (text) => {
        expect(await tampered(`proto_contract = '${text}'`)).toMatchObject({
          status: 500,
          body: { code: 2008 },
        });
      },
    );

    it('says that the version of the contract is one of later: 500 with 2107', async () => {
      await world.database.query('alter table orders drop constraint orders_contract_version_check');
      expect(await tampered('contract_version = 2')).toMatchObject({ status: 500, body: { code: 2107 } });
      await world.database.query(
        'alter table orders add constraint orders_contract_version_check check (contract_version in (0, 1))',
      );
    });

    it('says that a payment has no contract: 500 with 56', async () => {
      await world.database.query('alter table orders drop constraint orders_paid_check');
      const unclaimed = 'nonce = null, h_contract = null, claimed_us = null';
      expect(await tampered(unclaimed)).toMatchObject({ status: 500, body: { code: 56 } });
      await world.database.query(
        'alter table orders add constraint orders_paid_check check (paid_us is null or h_contract is not null)',
      );
    });
  });

  describe('entity tags', () => {
    async function tagged() {
      const order = await createOrder(shop);
      const answer = await privateStatus(shop, order.orderId);
      return { ...order, tag: (answer.headers['etag'] as string).replaceAll('"', '') };
    }

    it('is a quoted strong tag that stays while nothing changes, and changes with the body', async () => {
      const { orderId, token, tag } = await tagged();
      expect((await privateStatus(shop, orderId)).headers['etag']).toBe(`"${tag}"`);
      expect(tag).toMatch(/^[0-9A-Z]{52}$/);
      await claim(shop.api, { orderId, token });
      expect((await privateStatus(shop, orderId)).headers['etag']).not.toBe(`"${tag}"`);
    });

    it.each<[string, (tag: string) => string]>([
      ['quoted', (tag) => `"${tag}"`],
      ['weak', (tag) => `W/"${tag}"`],
      ['bare', (tag) => tag],
      ['in a list', (tag) => `"one", W/"two", "${tag}"`],
      ['*', () => '*'],
    ])('answers 304 without body and with the tag to If-None-Match: %s', async (_form, write) => {
      const { orderId, tag } = await tagged();
      const answer = await privateStatus(shop, orderId, {}, { 'if-none-match': write(tag) });
      expect(answer).toMatchObject({ status: 304, text: '', headers: { etag: `"${tag}"` } });
    });

    it.each(['"other"', 'W/"other", "third"', 'OTHER'])(
      'answers 200 to If-None-Match: %s',
      async (header) => {
        const { orderId, tag } = await tagged();
        const answer = await privateStatus(shop, orderId, {}, { 'if-none-match': header });
        expect(answer).toMatchObject({ status: 200, headers: { etag: `"${tag}"` } });
      },
    );

    it.each(['', '"unbalanced', 'balanced"no"', 'two words', '"a",,'])(
      'refuses If-None-Match: %j with 23',
      async (header) => {
        const { orderId } = await tagged();
        const refused = await privateStatus(
          shop,
          orderId,
          { timeout_ms: LONG_MS },
          { 'if-none-match': header },
        );
        expectRefusal(refused, 400, 23, { detail: 'If-None-Match' });
      },
    );
  });

  describe('refusals', () => {
    it('does not know an order of nobody: 404 with 2005', async () => {
      expectRefusal(await privateStatus(shop, 'nobody'), 404, 2005, { detail: 'nobody' });
      expectRefusal(await privateStatus(shop, 'no%20id%2F'), 404, 2005, { detail: 'no id/' });
    });

    it('does not know an instance of nobody: 404 with 2000', async () => {
      const { orderId } = await createOrder(shop);
      const answer = await world.server.api.get(`instances/nobody/private/orders/${orderId}`, {
        token: shop.token,
      });
      expectRefusal(answer, 404, 2000, { detail: 'nobody' });
    });

    it('does not know the orders of other instances', async () => {
      const other = await createShop(world.server, 'status-other');
      const { orderId } = await createOrder(shop);
      expectRefusal(await privateStatus(other, orderId), 404, 2005, { detail: orderId });
    });

    it.each([
      ['timeout_ms', '-1'],
      ['timeout_ms', '1.5'],
      ['timeout_ms', 'soon'],
      ['timeout_ms', ''],
      ['timeout_ms', '1e3'],
      ['allow_refunded_for_repurchase', 'maybe'],
      ['session_id', '\0'],
      ['lp_not_etag', '\0'],
    ])('names a malformed %s=%j: 400 with 26', async (name, value) => {
      const { orderId } = await createOrder(shop);
      expectRefusal(await privateStatus(shop, orderId, { [name]: value }), 400, 26, { detail: name });
    });

    it('refuses a parameter that comes twice', async () => {
      const { orderId } = await createOrder(shop);
      const answer = await shop.api.get(`private/orders/${orderId}?session_id=a&session_id=b`, {
        token: shop.token,
      });
      expectRefusal(answer, 400, 26, { detail: 'session_id' });
    });

    it('ignores the deprecated transfer and parameters it does not know', async () => {
      const { orderId } = await createOrder(shop);
      expect((await privateStatus(shop, orderId, { transfer: 'YES', timeout_s: 'x' })).status).toBe(200);
    });

    it('is shut without a token, and to the operator, whose token opens the admin instance only', async () => {
      const { orderId } = await createOrder(shop);
      expectRefusal(await shop.api.get(`private/orders/${orderId}`), 401, 2015);
      expectRefusal(await shop.api.get(`private/orders/${orderId}`, { token: OPERATOR_TOKEN }), 401, 2015);
    });
  });
});
