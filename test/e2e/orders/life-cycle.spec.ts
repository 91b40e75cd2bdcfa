import { encodeBase32 } from '../../../src/taler/base32';
import type { ApiAnswer } from '../../support/api';
import { createOrder, startTestWorld, TestShop, TestWorld } from '../../support/app';
import {
  claim,
  ClaimedOrder,
  makeNonce,
  payNothing,
  privateStatus,
  publicStatus,
  unclaimBody,
} from './helpers';

type State = 'unclaimed' | 'claimed' | 'claimed, expired' | 'paid' | 'unknown';

/** Status, or status and code. */
type Cell = string;
type Column = 'private' | 'public' | 'claim, same nonce' | 'claim, other nonce' | 'unclaim' | 'pay' | 'paid';

/**
 * orders.md 7.1, with 5.4 for the last column, where the receipt, which only a paid order has, is judged before the
 * order is looked for; refunds, abort and delete belong to later issues.
 */
const TABLE: Readonly<Record<State, Readonly<Record<Column, Cell>>>> = {
  unclaimed: {
    private: '200 unpaid',
    public: '402',
    'claim, same nonce': '200',
    'claim, other nonce': '200',
    unclaim: '404 2300',
    pay: '404 2005',
    paid: '403 2201',
  },
  claimed: {
    private: '200 claimed',
    public: '402',
    'claim, same nonce': '200',
    'claim, other nonce': '409 2301',
    unclaim: '204',
    pay: '200',
    paid: '403 2201',
  },
  'claimed, expired': {
    private: '200 claimed',
    public: '402',
    'claim, same nonce': '200',
    'claim, other nonce': '409 2301',
    unclaim: '204',
    pay: '410 2161',
    paid: '403 2201',
  },
  paid: {
    private: '200 paid',
    public: '200',
    'claim, same nonce': '200',
    'claim, other nonce': '409 2301',
    unclaim: '404 2300',
    pay: '200',
    paid: '200',
  },
  unknown: {
    private: '404 2005',
    public: '404 2005',
    'claim, same nonce': '404 2300',
    'claim, other nonce': '404 2300',
    unclaim: '404 2300',
    pay: '404 2005',
    paid: '403 2201',
  },
};

const CELLS = Object.entries(TABLE).flatMap(([state, row]) =>
  Object.entries(row).map(([column, cell]) => [state as State, column as Column, cell] as const),
);

describe('an order through its life', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  type Subject = Pick<ClaimedOrder, 'orderId' | 'token' | 'signer' | 'nonce' | 'hContract'> & {
    receipt: string;
  };

  async function reach(state: State): Promise<Subject> {
    const wallet = makeNonce();
    const noContract = { hContract: Buffer.alloc(64, 1), receipt: encodeBase32(Buffer.alloc(64, 1)) };
    if (state === 'unknown') return { orderId: 'unknown', token: undefined, ...wallet, ...noContract };
    const payDeadline = { t_s: Number(world.clock.nowUs() / 1_000_000n) + 60 };
    const order = await createOrder(shop, { amount: 'KUDOS:0', pay_deadline: payDeadline });
    if (state === 'unclaimed') return { ...order, ...wallet, ...noContract };
    const claimed = await claim(shop.api, order, wallet);
    if (state === 'claimed, expired') world.clock.advanceSeconds(120);
    const receipt = state === 'paid' ? await payNothing(shop, order.orderId) : noContract.receipt;
    return { ...claimed, receipt };
  }

  function ask(column: Column, order: Subject): Promise<ApiAnswer> {
    const path = `orders/${order.orderId}`;
    const hContract = encodeBase32(order.hContract);
    switch (column) {
      case 'private':
        return privateStatus(shop, order.orderId);
      case 'public':
        return publicStatus(shop, order.orderId, { token: order.token ?? '' });
      case 'claim, same nonce':
        return shop.api.post(`${path}/claim`, { nonce: order.nonce, token: order.token });
      case 'claim, other nonce':
        return shop.api.post(`${path}/claim`, { nonce: makeNonce().nonce, token: order.token });
      case 'unclaim':
        return shop.api.post(`${path}/unclaim`, unclaimBody(order));
      case 'pay':
        return shop.api.post(`${path}/pay`, { coins: [] });
      case 'paid':
        return shop.api.post(`${path}/paid`, { sig: order.receipt, h_contract: hContract, session_id: 's' });
    }
  }

  it.each(CELLS)('that is %s: %s is answered %s', async (state, column, cell) => {
    const answer = await ask(column, await reach(state));
    const { order_status: status, code } = (answer.body ?? {}) as { order_status?: string; code?: number };
    expect([answer.status, status ?? code].filter((part) => part !== undefined).join(' ')).toBe(cell);
  });
});
