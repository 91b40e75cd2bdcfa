import { encodeBase32 } from '../../../src/taler/base32';
import type { ApiAnswer } from '../../support/api';
import { createOrder, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { Customer } from '../payments/support/customer';
import { type Coin, coinsOf, withdrawCoins } from '../payments/support/purse';
import { makeNonce, privateStatus, publicStatus, unclaimBody } from './helpers';

const COLUMNS = [
  'private',
  'public',
  'claim, same nonce',
  'claim, other nonce',
  'unclaim',
  'pay',
  'pay, other coin',
  'paid',
  'abort',
  'grant refund',
  'collect refund',
  'forget',
  'delete',
  'delete, force',
] as const;
type Column = (typeof COLUMNS)[number];
type State = 'unclaimed' | 'claimed' | 'claimed, expired' | 'paid' | 'refunded' | 'unknown';

/** Status, or status and code, or status and what the order is called. */
type Cell = string;

/**
 * orders.md 7.1, with 4.5, 5.4, 5.5 and 5.6 for the columns that its table does not have. The receipt, which only a paid
 * order has, is judged before the order is looked for.
 */
const TABLE: Readonly<Record<State, readonly Cell[]>> = {
  unclaimed: [
    '200 unpaid',
    '402',
    '200',
    '200',
    '404 2300',
    '404 2005',
    '404 2005',
    '403 2201',
    '404 2253',
    '404 2005',
    '404 2005',
    '404 2005',
    '204',
    '204',
  ],
  claimed: [
    '200 claimed',
    '402',
    '200',
    '409 2301',
    '204',
    '200',
    '200',
    '403 2201',
    '200',
    '409 2531',
    '204',
    '200',
    '409 2520',
    '204',
  ],
  'claimed, expired': [
    '200 claimed',
    '402',
    '200',
    '409 2301',
    '204',
    '410 2161',
    '410 2161',
    '403 2201',
    '200',
    '409 2531',
    '204',
    '200',
    '204',
    '204',
  ],
  paid: [
    '200 paid',
    '200',
    '200',
    '409 2301',
    '404 2300',
    '200',
    '409 2160',
    '200',
    '412 2254',
    '200',
    '204',
    '200',
    '409 2521',
    '409 2521',
  ],
  refunded: [
    '200 paid',
    '200',
    '200',
    '409 2301',
    '404 2300',
    '402 2167',
    '409 2160',
    '200',
    '412 2254',
    '200',
    '200',
    '200',
    '409 2521',
    '409 2521',
  ],
  unknown: [
    '404 2005',
    '404 2005',
    '404 2300',
    '404 2300',
    '404 2300',
    '404 2005',
    '404 2005',
    '403 2201',
    '404 2005',
    '404 2005',
    '404 2005',
    '404 2005',
    '404 2005',
    '404 2005',
  ],
};

const STATES = Object.keys(TABLE) as State[];
const CELLS = STATES.flatMap((state) =>
  COLUMNS.map((column, index) => [state, column, TABLE[state][index] ?? 'missing'] as const),
);

describe('an order through its life', () => {
  let world: TestWorld;
  let shop: TestShop;
  let coins: Coin[];
  /** Claims the orders that nobody has claimed and that do not exist. */
  let stranger: Customer;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
    coins = await withdrawCoins(world.exchange, coinsOf(112, '5'), world.clock.nowUs());
    stranger = await Customer.order(shop);
  });
  afterAll(() => world?.close());

  function takeCoin(): Coin {
    const coin = coins.pop();
    if (!coin) throw new Error('more coins are needed');
    return coin;
  }

  interface Subject {
    readonly orderId: string;
    readonly token: string | undefined;
    readonly customer: Customer;
    /** What the order was paid with, or could be. */
    readonly coin: Coin;
    readonly receipt: string;
  }

  async function reach(state: State): Promise<Subject> {
    const coin = takeCoin();
    const nothing = { coin, receipt: encodeBase32(Buffer.alloc(64, 1)) };
    if (state === 'unknown') return { orderId: 'unknown', token: undefined, customer: stranger, ...nothing };
    const payDeadline = { t_s: Number(world.clock.nowUs() / 1_000_000n) + 300 };
    const order = { max_fee: 'KUDOS:1', pay_deadline: payDeadline, $forgettable: { summary: true } };
    const { orderId, token } = await createOrder(shop, order);
    if (state === 'unclaimed') return { orderId, token, customer: stranger, ...nothing };
    const customer = await Customer.claim(shop, orderId, token);
    if (state === 'claimed, expired') world.clock.advanceSeconds(600);
    if (state !== 'paid' && state !== 'refunded') return { orderId, token, customer, ...nothing };
    const paid = await customer.spend([coin]);
    const subject = { orderId, token, customer, coin, receipt: paid.body.sig as string };
    if (state === 'refunded') expect((await ask('grant refund', subject)).status).toBe(200);
    return subject;
  }

  function ask(column: Column, { orderId, token, customer, coin, receipt }: Subject): Promise<ApiAnswer> {
    const path = `orders/${orderId}`;
    const hContract = encodeBase32(customer.hContract);
    const post = (action: string, json: object) => shop.api.post(`${path}/${action}`, json);
    const pay = (paying: Coin) => post('pay', { coins: customer.permitAll([paying]) });
    const own = { token: shop.token };
    switch (column) {
      case 'private':
        return privateStatus(shop, orderId);
      case 'public':
        return publicStatus(shop, orderId, { token: token ?? '' });
      case 'claim, same nonce':
        return post('claim', { nonce: customer.terms['nonce'], token });
      case 'claim, other nonce':
        return post('claim', { nonce: makeNonce().nonce, token });
      case 'unclaim':
        return customer === stranger
          ? post('unclaim', unclaimBody({ ...makeNonce(), hContract: customer.hContract }))
          : customer.unclaim();
      case 'pay':
        return pay(coin);
      case 'pay, other coin':
        return pay(takeCoin());
      case 'paid':
        return post('paid', { sig: receipt, h_contract: hContract, session_id: 's' });
      case 'abort': {
        const { coinPub: coin_pub, exchangeBaseUrl: exchange_url } = coin;
        return post('abort', { h_contract: hContract, coins: [{ coin_pub, exchange_url }] });
      }
      case 'grant refund':
        return shop.api.post(`private/${path}/refund`, { refund: 'KUDOS:5', reason: 'r' }, own);
      case 'collect refund':
        return post('refund', { h_contract: hContract });
      case 'forget':
        return shop.api.call('PATCH', `private/${path}/forget`, { json: { fields: ['$.summary'] }, ...own });
      case 'delete':
        return shop.api.delete(`private/${path}`, own);
      case 'delete, force':
        return shop.api.delete(`private/${path}?force=yes`, own);
    }
  }

  it.each(CELLS)('that is %s: %s is answered %s', async (state, column, cell) => {
    const answer = await ask(column, await reach(state));
    const { order_status: status, code } = (answer.body ?? {}) as { order_status?: string; code?: number };
    expect([answer.status, status ?? code].filter((part) => part !== undefined).join(' ')).toBe(cell);
  });
});
