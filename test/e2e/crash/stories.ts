import type { ApiAnswer } from '../../support/api';
import { Customer } from '../payments/support/customer';
import { countAttempts, depositedFor } from '../payments/support/ledger';
import { abort, collect, grant } from '../refunds/support';
import type { Scene } from './ending';
import type { Stage } from './stage';

export const DEPOSIT = { method: 'POST', path: '/batch-deposit' };

/** What a request is sent for, and all that has happened before. */
export interface Story {
  readonly name: string;
  begin(stage: Stage): Promise<Scene>;
}

/** The usual payment: one coin, one exchange. */
export const payment: Story = {
  name: 'a payment',
  async begin(stage) {
    const coins = await stage.withdraw(['5']);
    return paying(await Customer.order(stage.shop), coins);
  },
};

/** Two batches, recorded one by one. */
export const paymentAtTwoExchanges: Story = {
  name: 'a payment at two exchanges',
  async begin(stage) {
    const [here, there] = await Promise.all([stage.withdraw(['2']), stage.withdraw(['2'], stage.second)]);
    return paying(await Customer.order(stage.shop, { amount: 'KUDOS:4' }), [...here, ...there]);
  },
};

export const freeOrder: Story = {
  name: 'an order that costs nothing',
  async begin(stage) {
    return paying(await Customer.order(stage.shop, { amount: 'KUDOS:0' }), []);
  },
};

/** The exchange keeps the coins, and so do the books; the wallet is told to bring more. */
export const insufficientPayment: Story = {
  name: 'a payment of too little',
  async begin(stage) {
    const coins = await stage.withdraw(['2', '1']);
    return paying(await Customer.order(stage.shop), coins);
  },
};

/** Nothing is left to deposit, and what was is still too little. */
export const repeatedInsufficientPayment: Story = {
  name: 'a payment of too little made again',
  async begin(stage) {
    const coins = await stage.withdraw(['2', '1']);
    const customer = await Customer.order(stage.shop);
    expectStatus(await customer.spend(coins), 400);
    return paying(customer, coins);
  },
};

export const completedPayment: Story = {
  name: 'a payment that completes an earlier one',
  async begin(stage) {
    const [first, ...more] = await stage.withdraw(['2', '2', '1']);
    if (!first) throw new Error('three coins were withdrawn');
    const customer = await Customer.order(stage.shop);
    expectStatus(await customer.spend([first]), 400);
    return paying(customer, [first, ...more]);
  },
};

/** One coin of the payment was not needed; the wallet learns that when it sends it with another one. */
export const excess: Story = {
  name: 'a coin that was not needed',
  async begin(stage) {
    const [needed, surplus, stranger] = await stage.withdraw(['5', '2', '2']);
    if (!needed || !surplus || !stranger) throw new Error('three coins were withdrawn');
    const customer = await Customer.order(stage.shop);
    expectStatus(await customer.spend([needed, surplus]), 200);
    return { ...paying(customer, [surplus, stranger]), coins: [surplus, stranger, needed] };
  },
};

export const firstGrant: Story = {
  name: 'a refund that the shop grants',
  async begin(stage) {
    const { customer, coins } = await sold(stage, ['2', '1']);
    return { customer, coins, send: (shop) => grant(shop, customer, 'KUDOS:2.5') };
  },
};

export const raisedGrant: Story = {
  name: 'a refund that the shop raises',
  async begin(stage) {
    const { customer, coins } = await sold(stage, ['2', '1']);
    expectStatus(await grant(stage.shop, customer, 'KUDOS:0.5'), 200);
    expectStatus(await collect(stage.shop, customer), 200);
    return { customer, coins, send: (shop) => grant(shop, customer, 'KUDOS:2') };
  },
};

export const collection: Story = {
  name: 'a refund that the wallet collects',
  async begin(stage) {
    const { customer, coins } = await sold(stage, ['2', '1', '1']);
    expectStatus(await grant(stage.shop, customer, 'KUDOS:4'), 200);
    return { customer, coins, send: (shop) => collect(shop, customer) };
  },
};

/** One coin is refunded twice, once collected and once not yet. */
export const secondCollection: Story = {
  name: 'a second refund that the wallet collects',
  async begin(stage) {
    const { customer, coins } = await sold(stage, ['5']);
    expectStatus(await grant(stage.shop, customer, 'KUDOS:1'), 200);
    expectStatus(await collect(stage.shop, customer), 200);
    expectStatus(await grant(stage.shop, customer, 'KUDOS:2.5'), 200);
    return { customer, coins, send: (shop) => collect(shop, customer) };
  },
};

export const abortion: Story = {
  name: 'an abort',
  async begin(stage) {
    const coins = await stage.withdraw(['2', '1', '1']);
    const customer = await Customer.order(stage.shop);
    expectStatus(await customer.spend(coins), 400);
    return { customer, coins, send: (shop) => abort(shop, customer, coins) };
  },
};

/** The exchange has the coins and nobody here knows: they have to be found before they can go back. */
export const abortionOfLostPayment: Story = {
  name: 'an abort of a payment whose fate is open',
  async begin(stage) {
    const coins = await stage.withdraw(['2', '1']);
    const customer = await Customer.order(stage.shop);
    stage.exchange.addFault({ match: DEPOSIT, action: 'hang-up', after: true });
    expectStatus(await customer.spend(coins), 502);
    expect(depositedFor(customer, stage.exchange)).toBe('KUDOS:3');
    expect(await countAttempts(stage.database)).toBe(1);
    return { customer, coins, send: (shop) => abort(shop, customer, coins) };
  },
};

function paying(customer: Customer, coins: Scene['coins']): Scene {
  return { customer, coins, send: ({ url }) => customer.pay(customer.permitAll(coins), {}, url) };
}

async function sold(stage: Stage, values: readonly string[]) {
  const coins = await stage.withdraw(values);
  const total = values.reduce((sum, value) => sum + Number(value), 0);
  const customer = await Customer.order(stage.shop, { amount: `KUDOS:${total}` });
  expectStatus(await customer.spend(coins), 200);
  return { customer, coins };
}

function expectStatus({ status, text }: ApiAnswer, expected: number): void {
  if (status !== expected) throw new Error(`expected ${expected}, got ${status}: ${text}`);
}
