import { encodeBase32 } from '../../../src/taler/base32';
import { createOrder, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { LONG_MS } from '../long-poll/waiting';
import {
  claim,
  ClaimedOrder,
  createClaimed,
  createPaid,
  expectRefusal,
  flipBit,
  payNothing,
  provePaid,
  publicStatus,
  talerLocation,
  uniqueId,
} from './helpers';

const REORDER_URL = 'https://shop.example/again';
const FULFILLMENT_URL = 'https://shop.example/thanks';
const NO_CONTRACT_YET = encodeBase32(Buffer.alloc(64, 3));
const ANY_TOKEN = encodeBase32(Buffer.alloc(16, 3));

type State = 'unclaimed' | 'claimed' | 'paid';
type Kind = 'token and reorder URL' | 'token alone' | 'no token' | 'no token, reorder URL';
type Credential =
  | 'none'
  | 'right token'
  | 'wrong token'
  | 'empty token'
  | 'right hash'
  | 'wrong hash'
  | 'wrong both'
  | 'right hash, wrong token'
  | 'wrong hash, right token'
  | 'right both';

/** Status and, for errors, code. */
type Outcome = 200 | 202 | 402 | '403 2105' | '403 2009';
type Cells = Readonly<Partial<Record<State, Outcome>>>;

/** orders.md 5.7, cell by cell; "right hash" of an unclaimed order does not exist. */
const MATRIX: Readonly<Record<Kind, readonly (readonly [Credential, Cells])[]>> = {
  'token and reorder URL': [
    ['none', { unclaimed: 202, claimed: 202, paid: 202 }],
    ['empty token', { unclaimed: 202, claimed: 202, paid: 202 }],
    ['right token', { unclaimed: 402, claimed: 402, paid: 200 }],
    ['wrong token', { unclaimed: '403 2105', claimed: '403 2105', paid: '403 2105' }],
    ['right hash', { claimed: 402, paid: 200 }],
    ['wrong hash', { unclaimed: 202, claimed: '403 2009', paid: '403 2009' }],
    ['right both', { claimed: 402, paid: 200 }],
    ['right hash, wrong token', { claimed: '403 2105', paid: '403 2105' }],
    ['wrong hash, right token', { unclaimed: 402, claimed: '403 2009', paid: '403 2009' }],
  ],
  'token alone': [
    ['none', { unclaimed: '403 2105', claimed: '403 2105', paid: '403 2105' }],
    ['empty token', { unclaimed: '403 2105', claimed: '403 2105', paid: '403 2105' }],
    ['right token', { unclaimed: 402, claimed: 402, paid: 200 }],
    ['wrong token', { unclaimed: '403 2105', claimed: '403 2105', paid: '403 2105' }],
    ['right hash', { claimed: 402, paid: 200 }],
    ['wrong hash', { unclaimed: '403 2105', claimed: '403 2009', paid: '403 2009' }],
  ],
  'no token': [
    ['none', { unclaimed: 402, claimed: 402, paid: 200 }],
    ['empty token', { unclaimed: 402, claimed: 402, paid: 200 }],
    ['wrong token', { unclaimed: '403 2105', claimed: '403 2105', paid: '403 2105' }],
    ['right hash', { claimed: 402, paid: 200 }],
    ['wrong hash', { unclaimed: 402, claimed: '403 2009', paid: '403 2009' }],
    ['wrong both', { unclaimed: '403 2105', claimed: '403 2009', paid: '403 2009' }],
  ],
  'no token, reorder URL': [
    ['none', { unclaimed: 402, claimed: 402, paid: 200 }],
    ['wrong token', { unclaimed: '403 2105', claimed: '403 2105', paid: '403 2105' }],
    ['right hash', { claimed: 402, paid: 200 }],
    ['wrong hash', { unclaimed: 402, claimed: '403 2009', paid: '403 2009' }],
  ],
};

const CELLS = Object.entries(MATRIX).flatMap(([kind, rows]) =>
  rows.flatMap(([credential, cells]) =>
    Object.entries(cells).map(
      ([state, outcome]) => [kind as Kind, state as State, credential, outcome] as const,
    ),
  ),
);

describe('GET orders/$ID', () => {
  let world: TestWorld;
  let shop: TestShop;
  const prepared = new Map<string, Pick<ClaimedOrder, 'orderId' | 'token' | 'hContractText'>>();

  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
    for (const kind of Object.keys(MATRIX) as Kind[]) {
      for (const state of ['unclaimed', 'claimed', 'paid'] as const)
        prepared.set(`${kind} ${state}`, await prepare(kind, state));
    }
  });
  afterAll(() => world?.close());

  async function prepare(kind: Kind, state: State) {
    const reorder = kind.includes('reorder URL') ? { public_reorder_url: REORDER_URL } : {};
    const order = await createOrder(
      shop,
      { amount: 'KUDOS:0', fulfillment_url: FULFILLMENT_URL, ...reorder },
      { create_token: !kind.startsWith('no token') },
    );
    if (state === 'unclaimed') return { ...order, hContractText: NO_CONTRACT_YET };
    const claimed = await claim(shop.api, order);
    if (state === 'paid') await payNothing(shop, order.orderId);
    return claimed;
  }

  function queryOf(credential: Credential, order: { token: string | undefined; hContractText: string }) {
    const wrongToken = order.token === undefined ? ANY_TOKEN : flipBit(order.token, 16);
    const rightToken = order.token ?? '';
    const wrongHash = flipBit(order.hContractText, 64);
    const queries: Record<Credential, Record<string, string>> = {
      none: {},
      'empty token': { token: '' },
      'right token': { token: rightToken },
      'wrong token': { token: wrongToken },
      'right hash': { h_contract: order.hContractText },
      'wrong hash': { h_contract: wrongHash },
      'wrong both': { token: wrongToken, h_contract: wrongHash },
      'right both': { token: rightToken, h_contract: order.hContractText },
      'right hash, wrong token': { token: wrongToken, h_contract: order.hContractText },
      'wrong hash, right token': { token: rightToken, h_contract: wrongHash },
    };
    return queries[credential];
  }

  const payUri = (orderId: string, token: string | undefined, session = '') =>
    `taler+http://pay/${talerLocation(shop)}${orderId}/${session}${token === undefined ? '' : `?c=${token}`}`;

  it.each(CELLS)(
    'of an order with %s, %s, with credentials: %s, is answered %s',
    async (kind, state, credential, outcome) => {
      const order = prepared.get(`${kind} ${state}`);
      if (!order) throw new Error('not prepared');
      // The wait shows that refusals, 200 and 202 come at once; 402 is asked for without one.
      const wait: Record<string, number> = outcome === 402 ? {} : { timeout_ms: LONG_MS };
      const answer = await publicStatus(shop, order.orderId, { ...queryOf(credential, order), ...wait });
      switch (outcome) {
        case 200:
          expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
          expect(answer.body).toEqual({
            fulfillment_url: FULFILLMENT_URL,
            refunded: false,
            refund_pending: false,
            refund_amount: 'KUDOS:0',
            refund_taken: 'KUDOS:0',
          });
          return;
        case 202:
          expect(answer).toMatchObject({
            status: 202,
            text: JSON.stringify({ public_reorder_url: REORDER_URL }),
          });
          return;
        case 402:
          expect(answer.status).toBe(402);
          expect(answer.body).toEqual({
            taler_pay_uri: payUri(order.orderId, order.token),
            fulfillment_url: FULFILLMENT_URL,
          });
          return;
        case '403 2105':
          return expectRefusal(answer, 403, 2105);
        case '403 2009':
          return expectRefusal(answer, 403, 2009);
      }
    },
  );

  it('leaves members out that the order does not have', async () => {
    const { orderId } = await createOrder(shop, {}, { create_token: false });
    const answer = await publicStatus(shop, orderId);
    expect(answer).toMatchObject({
      status: 402,
      text: JSON.stringify({ taler_pay_uri: payUri(orderId, undefined) }),
    });
  });

  it('is JSON for every Accept header that does not prefer HTML', async () => {
    const { orderId } = await createOrder(shop, {}, { create_token: false });
    for (const accept of ['*/*', 'application/json', 'text/html;q=0.5, application/json']) {
      const answer = await shop.api.get(`orders/${orderId}`, { headers: { accept } });
      expect(answer).toMatchObject({ status: 402, headers: { 'content-type': 'application/json' } });
    }
  });

  describe('sessions', () => {
    it('counts an order paid in another session as unpaid, and shows the session in the URI', async () => {
      const paid = await createPaid(shop, { sessionId: 'mine' });
      const credential = { h_contract: paid.hContractText };
      expect((await publicStatus(shop, paid.orderId, { ...credential, session_id: 'mine' })).status).toBe(
        200,
      );
      expect((await publicStatus(shop, paid.orderId, { ...credential, session_id: '' })).status).toBe(200);
      const other = await publicStatus(shop, paid.orderId, { ...credential, session_id: 'your s' });
      expect(other.status).toBe(402);
      expect(other.body).toEqual({ taler_pay_uri: payUri(paid.orderId, paid.token, 'your%20s') });
    });

    it('names the order that this session has paid for the same thing', async () => {
      const session = uniqueId('s');
      const article = { amount: 'KUDOS:0', fulfillment_url: `https://shop.example/${uniqueId('a')}` };
      const first = await createPaid(shop, { order: article, sessionId: uniqueId('elsewhere') });
      const second = await createOrder(shop, article);
      const ask = () =>
        publicStatus(shop, second.orderId, { token: second.token ?? '', session_id: session });
      expect((await ask()).body).not.toHaveProperty('already_paid_order_id');
      await provePaid(shop, first, first.receipt, session);
      const answer = await ask();
      expect(answer.status).toBe(402);
      expect(answer.body).toEqual({
        taler_pay_uri: payUri(second.orderId, second.token, session),
        fulfillment_url: article.fulfillment_url,
        already_paid_order_id: first.orderId,
      });
    });
  });

  it('counts a refunded purchase as bought before only where that is asked for', async () => {
    const article = { amount: 'KUDOS:0', fulfillment_url: `https://shop.example/${uniqueId('a')}` };
    const session = uniqueId('s');
    const first = await createPaid(shop, { order: article, sessionId: session });
    await world.database.query('update orders set refund_granted = 1 where order_id = $1', [first.orderId]);
    const second = await createOrder(shop, article);
    const ask = (query: Record<string, string>) =>
      publicStatus(shop, second.orderId, { token: second.token ?? '', session_id: session, ...query });
    const without: Record<string, string>[] = [{}, { allow_refunded_for_repurchase: 'no' }];
    for (const query of without) {
      const answer = await ask(query);
      expect(answer.status).toBe(402);
      expect(answer.body).not.toHaveProperty('already_paid_order_id');
    }
    for (const yes of ['YES', 'yes']) {
      const answer = await ask({ allow_refunded_for_repurchase: yes });
      expect(answer.body).toMatchObject({ already_paid_order_id: first.orderId });
    }
  });

  it('of a contract with choices is like any other', async () => {
    const choices = [{ amount: 'KUDOS:0', description: 'one' }, { amount: 'KUDOS:7' }];
    const { orderId, token } = await createOrder(shop, { version: 1, amount: undefined, choices });
    const answer = await publicStatus(shop, orderId, { token: token ?? '' });
    expect(answer.status).toBe(402);
    expect(answer.body).toEqual({ taler_pay_uri: payUri(orderId, token) });
    // Which currency will be paid is not known yet, so no amount is of a wrong one.
    const euro = await publicStatus(shop, orderId, { token: token ?? '', refund: 'EUR:1' });
    expect(euro.status).toBe(402);
  });

  describe('refunds', () => {
    it('shows what was granted and what was collected', async () => {
      const paid = await createPaid(shop);
      await world.database.query(
        'update orders set refund_granted = 150000000, refund_obtained = 50000000 where order_id = $1',
        [paid.orderId],
      );
      const answer = await publicStatus(shop, paid.orderId, { h_contract: paid.hContractText });
      expect(answer.body).toEqual({
        refunded: true,
        refund_pending: true,
        refund_amount: 'KUDOS:1.5',
        refund_taken: 'KUDOS:0.5',
      });
    });
  });

  describe('refusals', () => {
    it('does not know an order of nobody: 404 with 2005', async () => {
      expectRefusal(await publicStatus(shop, 'nobody'), 404, 2005, { detail: 'nobody' });
      expectRefusal(await publicStatus(shop, 'nobody', { timeout_ms: LONG_MS }), 404, 2005, {
        detail: 'nobody',
      });
    });

    it('does not know an instance of nobody: 404 with 2000', async () => {
      expectRefusal(await world.server.api.get('instances/nobody/orders/x'), 404, 2000, { detail: 'nobody' });
    });

    it.each([
      ['h_contract', 'ABC'],
      ['h_contract', '!'.repeat(103)],
      ['token', 'ABC'],
      ['token', '0'.repeat(27)],
      ['timeout_ms', '-5'],
      ['timeout_ms', 'x'],
      ['refund', '1'],
      ['refund', 'KUDOS:-1'],
      ['await_refund_obtained', 'perhaps'],
      ['allow_refunded_for_repurchase', '1'],
    ])('names a malformed %s=%s: 400 with 26', async (name, value) => {
      const { orderId } = await createOrder(shop, {}, { create_token: false });
      expectRefusal(await publicStatus(shop, orderId, { [name]: value }), 400, 26, { detail: name });
    });

    it.each(['claimed', 'paid'] as const)(
      'refuses a refund of another currency at once, %s: 400 with 26',
      async (state) => {
        const order = state === 'paid' ? await createPaid(shop) : await createClaimed(shop);
        const query = { h_contract: order.hContractText, refund: 'EUR:1', timeout_ms: LONG_MS };
        expectRefusal(await publicStatus(shop, order.orderId, query), 400, 26, { detail: 'refund' });
      },
    );
  });
});
