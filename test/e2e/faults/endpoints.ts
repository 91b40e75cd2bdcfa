import { encodeBase32 } from '../../../src/taler/base32';
import type { ApiAnswer } from '../../support/api';
import { createOrder, type TestWorld } from '../../support/app';
import {
  claim,
  createClaimed,
  createPaid,
  makeNonce,
  unclaimBody,
  uniqueId,
  withQuery,
} from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { coinsOf, type Coin, withdrawCoins } from '../payments/support/purse';

/** A request that would be granted if the database did its part. */
export interface ReadyRequest {
  send(): Promise<ApiAnswer>;
}

/** An endpoint of orders.md. */
export interface Endpoint {
  /** As the reference writes it. */
  readonly name: string;
  /** Status of the answer when nothing is wrong. */
  readonly good: number;
  /** Table that the request writes first; undefined: it only reads. */
  readonly writes?: string;
  /** Makes everything that the request needs. */
  prepare(world: TestWorld, coins: Purse): Promise<ReadyRequest>;
}

/** Coins of 5, withdrawn at once. */
export class Purse {
  private constructor(private readonly coins: Coin[]) {}

  static async of(world: TestWorld, count: number): Promise<Purse> {
    return new Purse(await withdrawCoins(world.exchange, coinsOf(count, '5')));
  }

  take(): Coin {
    const coin = this.coins.pop();
    if (!coin) throw new Error('the purse is empty');
    return coin;
  }
}

/** Every endpoint of orders.md 4 to 6; `GET config` (3) asks the database nothing. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'POST private/orders',
    good: 200,
    writes: 'orders',
    prepare: async ({ shop }) => {
      const order = { amount: 'KUDOS:1', summary: 'x', order_id: uniqueId('fault') };
      return { send: () => shop.api.post('private/orders', { order }, { token: shop.token }) };
    },
  },
  {
    name: 'GET private/orders',
    good: 200,
    prepare: async ({ shop }) => ({ send: () => shop.api.get('private/orders', { token: shop.token }) }),
  },
  {
    name: 'GET private/orders/$ORDER_ID',
    good: 200,
    prepare: async ({ shop }) => {
      const { orderId } = await createOrder(shop);
      return { send: () => shop.api.get(`private/orders/${orderId}`, { token: shop.token }) };
    },
  },
  {
    name: 'DELETE private/orders/$ORDER_ID',
    good: 204,
    writes: 'orders',
    prepare: async ({ shop }) => {
      const { orderId } = await createOrder(shop);
      return { send: () => shop.api.delete(`private/orders/${orderId}`, { token: shop.token }) };
    },
  },
  {
    name: 'PATCH private/orders/$ORDER_ID/forget',
    good: 200,
    writes: 'orders',
    prepare: async ({ shop }) => {
      const { orderId } = await createClaimed(shop, {
        delivery_location: { country: 'CH' },
        $forgettable: { delivery_location: true },
      });
      const json = { fields: ['$.delivery_location'] };
      const path = `private/orders/${orderId}/forget`;
      return { send: () => shop.api.call('PATCH', path, { json, token: shop.token }) };
    },
  },
  {
    name: 'POST private/orders/$ORDER_ID/refund',
    good: 200,
    writes: 'refunds',
    prepare: async (world, coins) => {
      const { orderId } = await pay(world, coins);
      return { send: () => grant(world, orderId) };
    },
  },
  {
    name: 'POST orders/$ORDER_ID/claim',
    good: 200,
    writes: 'orders',
    prepare: async ({ shop }) => {
      const { orderId, token } = await createOrder(shop);
      const { nonce } = makeNonce();
      return { send: () => shop.api.post(`orders/${orderId}/claim`, { nonce, token }) };
    },
  },
  {
    name: 'POST orders/$ORDER_ID/unclaim',
    good: 204,
    writes: 'orders',
    prepare: async ({ shop }) => {
      const claimed = await createClaimed(shop);
      const path = `orders/${claimed.orderId}/unclaim`;
      return { send: () => shop.api.post(path, unclaimBody(claimed)) };
    },
  },
  {
    name: 'POST orders/$ORDER_ID/pay',
    good: 200,
    writes: 'payment_attempts',
    prepare: async ({ shop }, coins) => {
      const customer = await Customer.order(shop);
      const coin = coins.take();
      return { send: () => customer.spend([coin]) };
    },
  },
  {
    name: 'POST orders/$ORDER_ID/paid',
    good: 200,
    writes: 'orders',
    prepare: async ({ shop }) => {
      const { orderId, receipt, hContractText } = await createPaid(shop);
      const body = { sig: receipt, h_contract: hContractText, session_id: 'another' };
      return { send: () => shop.api.post(`orders/${orderId}/paid`, body) };
    },
  },
  {
    name: 'POST orders/$ORDER_ID/abort',
    good: 200,
    writes: 'refunds',
    prepare: async ({ shop }, coins) => {
      const customer = await Customer.order(shop, { amount: 'KUDOS:7' });
      const coin = coins.take();
      const partial = await customer.spend([coin]);
      if (partial.status !== 400) throw new Error(`pay a part: ${partial.status} ${partial.text}`);
      const body = {
        h_contract: encodeBase32(customer.hContract),
        coins: [{ coin_pub: coin.coinPub, exchange_url: coin.exchangeBaseUrl }],
      };
      return { send: () => shop.api.post(`orders/${customer.orderId}/abort`, body) };
    },
  },
  {
    name: 'POST orders/$ORDER_ID/refund',
    good: 200,
    writes: 'refunds',
    prepare: async (world, coins) => {
      const customer = await pay(world, coins);
      const granted = await grant(world, customer.orderId);
      if (granted.status !== 200) throw new Error(`refund: ${granted.status} ${granted.text}`);
      const body = { h_contract: encodeBase32(customer.hContract) };
      return { send: () => world.shop.api.post(`orders/${customer.orderId}/refund`, body) };
    },
  },
  {
    name: 'GET orders/$ORDER_ID',
    good: 402,
    prepare: async ({ shop }) => {
      const { orderId, token = '' } = await createOrder(shop);
      return { send: () => shop.api.get(withQuery(`orders/${orderId}`, { token })) };
    },
  },
  {
    name: 'GET sessions/$SESSION_ID',
    good: 202,
    prepare: async ({ shop }) => {
      const [session, url] = [uniqueId('session'), `https://shop.test/${uniqueId('article')}`];
      await createOrder(shop, { fulfillment_url: url }, { session_id: session });
      const path = withQuery(`sessions/${session}`, { fulfillment_url: url });
      return { send: () => shop.api.get(path) };
    },
  },
  {
    name: 'GET public/poll-payment',
    good: 200,
    prepare: async ({ server, shop }) => {
      const claimed = await claim(shop.api, await createOrder(shop));
      const query = { order_id: claimed.orderId, h_contract: claimed.hContractText };
      const path = withQuery(`public/instances/${shop.id}/poll-payment`, query);
      return { send: () => server.api.get(path) };
    },
  },
];

async function pay({ shop }: TestWorld, coins: Purse): Promise<Customer> {
  const customer = await Customer.order(shop);
  const paid = await customer.spend([coins.take()]);
  if (paid.status !== 200) throw new Error(`pay: ${paid.status} ${paid.text}`);
  return customer;
}

function grant({ shop }: TestWorld, orderId: string): Promise<ApiAnswer> {
  const body = { refund: 'KUDOS:2', reason: 'late' };
  return shop.api.post(`private/orders/${orderId}/refund`, body, { token: shop.token });
}
