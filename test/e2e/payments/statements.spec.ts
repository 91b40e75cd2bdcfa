import { Client } from 'pg';
import { Waypoints } from '../../../src/platform/waypoints';
import { startTestWorld, type TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

describe('the usual payment', () => {
  let world: TestWorld;
  let coins: Coin[];

  beforeAll(async () => {
    world = await startTestWorld();
    coins = await withdrawCoins(world.exchange, coinsOf(6, '5'));
    // Instance, keys and connections are in place once one payment has been made.
    const first = await Customer.order(world.shop);
    expect((await first.spend(take(1))).status).toBe(200);
  });
  afterAll(() => world?.close());
  afterEach(() => expectBooksToAgree(world.database, [world.exchange]));

  const take = (count: number): Coin[] => coins.splice(0, count);

  it.each([
    ['with one price', {}],
    [
      'of a choice',
      {
        version: 1,
        amount: undefined,
        max_fee: undefined,
        choices: [{ amount: 'KUDOS:5', max_fee: 'KUDOS:1' }],
      },
    ],
  ])('%s is three statements and two commits', async (_name, order) => {
    const customer = await Customer.order(world.shop, order);
    const paying = take(1);
    const statements = await statementsOf(() => customer.choose(0, paying));
    // Each is its own commit; the first one only reads.
    expect(statements).toEqual(['order-find-for-payment', 'attempt-acquire', 'payment-settle']);
  });

  it('reads twice and writes nothing when it is repeated', async () => {
    const customer = await Customer.order(world.shop);
    const paying = take(1);
    expect((await customer.spend(paying)).status).toBe(200);
    const statements = await statementsOf(() => customer.spend(paying));
    expect(statements).toEqual(['order-find-for-payment', 'deposits-find']);
  });

  it('passes the places where a crash could hurt in the order in which money moves', async () => {
    const customer = await Customer.order(world.shop);
    const paying = take(1);
    const pass = jest.spyOn(world.server.app.get(Waypoints), 'pass');
    try {
      expect((await customer.spend(paying)).status).toBe(200);
      expect(pass.mock.calls.flat()).toEqual([
        'pay: attempt stored',
        'pay: before a deposit',
        'pay: confirmed by the exchange',
        'pay: batch recorded',
        'pay: all recorded',
      ]);
    } finally {
      pass.mockRestore();
    }
  });
});

// Taken before anybody spies on it.
const unspied = Client.prototype.query as (...args: unknown[]) => unknown;

/** Names of the statements of a payment; the wake-ups that other processes get are bundled and not part of it. */
async function statementsOf(pay: () => Promise<{ status: number }>): Promise<string[]> {
  const statements: string[] = [];
  const query = jest.spyOn(Client.prototype, 'query');
  function counted(this: Client, ...args: unknown[]): unknown {
    const asked = args[0] as string | { name?: string; text?: string };
    const text = typeof asked === 'string' ? asked : (asked.name ?? asked.text ?? '');
    if (!/^notify$|pg_notify/.test(text)) statements.push(text);
    return Reflect.apply(unspied, this, args);
  }
  // The overloads of query() cannot be written as one function.
  query.mockImplementation(counted as never);
  try {
    expect((await pay()).status).toBe(200);
    return statements;
  } finally {
    query.mockRestore();
  }
}
