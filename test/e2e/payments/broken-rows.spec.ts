import { encodeBase32 } from '../../../src/taler/base32';
import { MAX_AMOUNT_UNITS } from '../../../src/taler/amount';
import { startTestWorld, type TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { whileDepositing } from './support/held-deposit';
import { countAttempts, depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

const CHOICES = [{ amount: 'KUDOS:5', max_fee: 'KUDOS:1' }];

/** What cannot happen unless somebody, or a fault of ours, has changed the rows of the database. */
describe('a payment for an order whose rows make no sense', () => {
  let world: TestWorld;
  let coins: Coin[];

  beforeAll(async () => {
    world = await startTestWorld();
    coins = await withdrawCoins(world.exchange, coinsOf(24, '2'));
  });
  afterAll(() => world?.close());
  afterEach(() => expectBooksToAgree(world.database, [world.exchange]));

  const take = (count: number): Coin[] => coins.splice(0, count);
  const change = ({ orderId }: Customer, assignments: string, ...values: unknown[]) =>
    world.database.query(`update orders set ${assignments} where order_id = $1`, [orderId, ...values]);

  it.each([
    ['is no JSON', `proto_contract = '{'`, 2008],
    ['is no object', `proto_contract = '[]'`, 2008],
    ['has no time', `proto_contract = (proto_contract::jsonb - 'timestamp')::text`, 2008],
    [
      'does not say what fees the shop takes',
      `proto_contract = (proto_contract::jsonb - 'max_fee')::text`,
      2008,
    ],
    [
      'takes fees in another currency',
      `proto_contract = jsonb_set(proto_contract::jsonb, '{max_fee}', '"EUR:1"')::text`,
      2008,
    ],
    [
      'has a version that nobody knows',
      `proto_contract = jsonb_set(proto_contract::jsonb, '{version}', '2')::text`,
      2107,
    ],
    [
      'has choices in its version only',
      `proto_contract = jsonb_set(proto_contract::jsonb, '{version}', '1')::text`,
      2008,
    ],
    ['names no merchant', `proto_contract = (proto_contract::jsonb - 'merchant')::text`, 2162],
    [
      'names a merchant without a name',
      `proto_contract = jsonb_set(proto_contract::jsonb, '{merchant}', '{}')::text`,
      2162,
    ],
    ['allows refunds after the wire transfer', 'refund_deadline_us = wire_deadline_us + 1', 2159],
    ['is to be paid to an account that is gone', `h_wire = sha512('another account')`, 2163],
  ])('is 500 when the contract %s, and takes no coin', async (_name, assignments, code) => {
    const customer = await Customer.order(world.shop);
    await change(customer, assignments);
    const answer = await customer.choose(0, take(1));
    expect(answer).toMatchObject({ status: 500, body: { code, detail: customer.orderId } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
    expect(await countAttempts(world.database)).toBe(0);
  });

  it.each([
    ['no amount', `'{choices,0}', '{"max_fee":"KUDOS:1"}'`],
    ['no max_fee', `'{choices,0}', '{"amount":"KUDOS:1"}'`],
    ['fees in another currency', `'{choices,0,max_fee}', '"EUR:1"'`],
    ['tokens that nobody has', `'{choices,0,inputs}', '[{"type":"token","token_family_slug":"x"}]'`],
    ['tokens that nobody gives', `'{choices,0,outputs}', '[{"type":"token","token_family_slug":"x"}]'`],
    ['no object', `'{choices,0}', '"free"'`],
  ])('is 500 when the choice has %s', async (_name, path) => {
    const order = { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES };
    const customer = await Customer.order(world.shop, order);
    await change(customer, `proto_contract = jsonb_set(proto_contract::jsonb, ${path})::text`);
    expect(await customer.choose(0, take(1))).toMatchObject({ status: 500, body: { code: 2008 } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
  });

  it('is 500 when the coins would add up to more than an amount can be, and takes no further coin', async () => {
    const customer = await Customer.order(world.shop);
    const [first, second] = take(2);
    if (!first || !second) throw new Error('two coins were withdrawn');
    expect(await customer.spend([first])).toMatchObject({ status: 400, body: { code: 2156 } });
    const contribute = (units: bigint) =>
      world.database.query(
        'update deposits set contribution = $2 from orders where orders.serial = order_serial and order_id = $1',
        [customer.orderId, units],
      );
    await contribute(MAX_AMOUNT_UNITS);
    expect(await customer.spend([first, second])).toMatchObject({ status: 500, body: { code: 2153 } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
    await contribute(200_000_000n);
    expect(customer.isReceipt(await customer.spend([first, second, ...take(1)]))).toBe(true);
  });

  it('is 500 when more was refunded than paid', async () => {
    const customer = await Customer.order(world.shop);
    const [first] = take(1);
    if (!first) throw new Error('one coin was withdrawn');
    expect(await customer.spend([first])).toMatchObject({ status: 400, body: { code: 2156 } });
    await change(customer, 'refund_granted = $2', 200_000_001n);
    expect(await customer.spend([first])).toMatchObject({ status: 500, body: { code: 2168 } });
    await change(customer, 'refund_granted = 0');
    expect(await customer.spend([first])).toMatchObject({ status: 400, body: { code: 2156 } });
  });

  it('keeps the coins in mind when the contract has changed under its hands', async () => {
    const customer = await Customer.order(world.shop);
    const paying = take(3);
    const answer = await whileDepositing(
      world.server,
      () => customer.spend(paying),
      async () => void (await change(customer, `h_contract = sha512('another contract')`)),
    );
    expect(answer).toMatchObject({ status: 500, body: { code: 56, detail: customer.orderId } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:6');
    expect(await countAttempts(world.database)).toBe(1);

    await change(customer, 'h_contract = $2', customer.hContract);
    expect(customer.isReceipt(await customer.spend(paying))).toBe(true);
    const [row] = await world.database.query<{ h_contract: Buffer }>(
      'select h_contract from orders where order_id = $1',
      [customer.orderId],
    );
    expect(row && encodeBase32(row.h_contract)).toBe(encodeBase32(customer.hContract));
  });
});
