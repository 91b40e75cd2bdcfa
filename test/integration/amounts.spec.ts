import { randomBytes } from 'node:crypto';
import { Transactor } from '../../src/platform/database/transactor';
import { OrdersRepository } from '../../src/orders/orders.repository';
import { PaymentsRepository } from '../../src/payments/payments.repository';
import { amountOf, formatAmount, MAX_AMOUNT_UNITS, zeroAmount } from '../../src/taler/amount';
import { createOrder, startTestWorld, type TestWorld } from '../support/app';

const LARGEST = 'KUDOS:4503599627370496.99999999';

describe('amounts', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  it.each([
    LARGEST,
    'KUDOS:4503599627370496',
    'KUDOS:4503599627370495.00000001',
    'KUDOS:0.00000001',
    'KUDOS:0',
  ])('of %s come back from an order as they went in', async (amount) => {
    const { shop } = world;
    const { orderId } = await createOrder(shop, { amount });
    const status = await shop.api.get(`private/orders/${orderId}`, { token: shop.token });
    expect(status.body).toMatchObject({ total_amount: amount, proto_contract_terms: { amount } });
  });

  it('are stored and summed exactly by the database, where a float would not', async () => {
    const { orderId } = await createOrder(world.shop, { amount: LARGEST });
    const [instance] = await world.database.query<{ serial: string }>(
      `select serial from instances where id = 'shop'`,
    );
    const { app } = world.server;
    const order = await app.get(OrdersRepository).find(BigInt(instance?.serial ?? 0), orderId);
    if (!order) throw new Error('the order was made above');
    expect(order.amount.units).toBe(MAX_AMOUNT_UNITS);

    const contributions = [MAX_AMOUNT_UNITS, 1n, MAX_AMOUNT_UNITS - 1n].map((units) =>
      amountOf('KUDOS', units),
    );
    const deposits = contributions.map((contribution) => ({
      coinPub: randomBytes(32),
      coinSig: randomBytes(64),
      hDenom: randomBytes(64),
      contribution,
      depositFee: amountOf('KUDOS', 1n),
      refundFee: zeroAmount('KUDOS'),
    }));
    const batch = {
      exchangeUrl: 'http://exchange.example/',
      exchangePub: randomBytes(32),
      exchangeSig: randomBytes(64),
      exchangeTimestamp: 0n,
      totalWithoutFee: amountOf('KUDOS', MAX_AMOUNT_UNITS),
      walletDataHash: undefined,
      deposits,
    };
    const payments = app.get(PaymentsRepository);
    const insert = () =>
      app.get(Transactor).run('test-insert', (tx) => payments.insertBatch(tx, order.serial, batch, 1n));
    await insert();
    // Once more, as after a crash: the coins that are there stay as they are.
    await insert();
    const stored = await payments.findDeposits(order.serial);
    expect(stored.map(({ contribution }) => contribution)).toEqual(contributions);
    const [row] = await world.database.query<{ sum: string }>(
      'select sum(contribution) from deposits where order_serial = $1',
      [order.serial],
    );
    expect(row?.sum).toBe(String(2n * MAX_AMOUNT_UNITS));
    expect(formatAmount(stored[0]?.contribution ?? zeroAmount('KUDOS'))).toBe(LARGEST);
  });

  it('beyond 2^52 are refused at the door', async () => {
    const { shop } = world;
    const order = { amount: 'KUDOS:4503599627370497', summary: 'too much' };
    const answer = await shop.api.post('private/orders', { order }, { token: shop.token });
    expect(answer).toMatchObject({ status: 400, body: { code: 26 } });
  });
});
