import { encodeBase32 } from '../../../src/taler/base32';
import { startTestWorld, type TestWorld } from '../../support/app';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { abort, grant } from '../refunds/support';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

const RACES = 12;
const CHOICES = [
  { amount: 'KUDOS:5', max_fee: 'KUDOS:1' },
  { amount: 'KUDOS:1.5', max_fee: 'KUDOS:1' },
];

describe('coins that go back whole', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());
  afterEach(async () => {
    world.exchange.clearFaults();
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  const withdraw = async (value: string): Promise<Coin> => {
    const [coin] = await withdrawCoins(world.exchange, coinsOf(1, value), world.clock.nowUs());
    if (!coin) throw new Error('one coin was withdrawn');
    return coin;
  };
  const REFUNDED = { status: 402, body: { code: 2167 } };

  /** An order of which one coin was deposited and given back. */
  async function abortedWith(coin: Coin, order: Record<string, unknown> = {}): Promise<Customer> {
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4', ...order });
    expect(await customer.spend([coin])).toMatchObject({ status: 400, body: { code: 2156 } });
    const aborted = await abort(world.shop, customer, [coin]);
    expect(aborted).toMatchObject({ status: 200, body: { refunds: [{ type: 'success' }] } });
    return customer;
  }

  describe('after an abort', () => {
    it('are refused before any other coin is deposited, while others may still pay', async () => {
      const [a, b, c] = [await withdraw('2'), await withdraw('2'), await withdraw('2')];
      const customer = await abortedWith(a);
      expect(await customer.spend([a])).toMatchObject({ ...REFUNDED, body: { detail: 'coins[0]' } });
      expect(await customer.spend([b, c, a])).toMatchObject({ ...REFUNDED, body: { detail: 'coins[2]' } });
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
      expect(customer.isReceipt(await customer.spend([b, c]))).toBe(true);
    });

    it('count neither for the price nor with their fees', async () => {
      const [a, b, c] = [await withdraw('2'), await withdraw('2'), await withdraw('2')];
      // 0.02 for each coin, all on the customer.
      const customer = await abortedWith(a, { amount: 'KUDOS:3.96', max_fee: 'KUDOS:0' });
      expect(await customer.spend([b])).toMatchObject({ status: 400, body: { code: 2156 } });
      expect(customer.isReceipt(await customer.spend([c]))).toBe(true);
    });

    it('get no receipt for what others have paid, but their permission again', async () => {
      const [a, b] = [await withdraw('2'), await withdraw('5')];
      const customer = await abortedWith(a);
      const receipt = await customer.spend([b]);
      expect(customer.isReceipt(receipt)).toBe(true);
      expect(await customer.spend([a])).toMatchObject({
        status: 409,
        body: { code: 2160, refunds: [{ coin_pub: a.coinPub, rtransaction_id: 0 }] },
      });
      expect((await customer.spend([a, b])).text).toBe(receipt.text);
    });

    it('are refused until the offer expires, and then as expired', async () => {
      const a = await withdraw('2');
      const deadlineS = Number(world.clock.nowUs() / 1_000_000n) + 60;
      const customer = await abortedWith(a, { pay_deadline: { t_s: deadlineS } });
      expect(await customer.spend([a])).toMatchObject(REFUNDED);
      world.clock.advanceSeconds(61);
      expect(await customer.spend([a])).toMatchObject({ status: 410, body: { code: 2161 } });
    });

    it('may be spent on another choice of the contract once it was claimed anew', async () => {
      const [a, b] = [await withdraw('2'), await withdraw('2')];
      const order = { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES };
      const customer = await Customer.order(world.shop, order, { create_token: false });
      expect(await customer.choose(0, [a])).toMatchObject({ status: 400, body: { code: 2156 } });
      expect((await abort(world.shop, customer, [a])).status).toBe(200);
      // The exchange holds this contract to the choice of its first coin.
      expect(await customer.choose(1, [b])).toMatchObject({
        status: 400,
        body: { code: 26, field: 'wallet_data' },
      });
      expect((await customer.unclaim()).status).toBe(204);
      const again = await Customer.claim(world.shop, customer.orderId, undefined);
      // The exchange has kept its fee for the refund.
      const walletData = { choice_index: 1 };
      const permission = again.permit(a, 'KUDOS:1.5', undefined, walletData);
      expect(again.isReceipt(await again.pay([permission], { wallet_data: walletData }))).toBe(true);
    });
  });

  describe('since others have paid', () => {
    /** An order paid with the first coin, while the second one lies at the exchange too. */
    async function payTwice(paying: Coin, excess: Coin): Promise<Customer> {
      const customer = await Customer.order(world.shop);
      world.exchange.addFault({
        match: { method: 'POST', path: '/batch-deposit' },
        action: 'hang-up',
        after: true,
      });
      expect((await customer.spend([excess])).status).toBe(502);
      expect((await customer.spend([paying])).status).toBe(200);
      world.clock.advanceSeconds(10);
      await world.server.app.get(Jobs).runOnce();
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:10');
      return customer;
    }
    const refundsOf = ({ orderId }: Customer) =>
      world.database.query<{ coin_pub: Buffer; rtransaction_id: string; amount: string }>(
        `select coin_pub, rtransaction_id, refunds.amount from refunds join orders on orders.serial = order_serial
         where order_id = $1`,
        [orderId],
      );

    it('do not when the shop has granted a refund that takes from them', async () => {
      const [paying, excess, stranger] = [await withdraw('5'), await withdraw('5'), await withdraw('5')];
      const customer = await payTwice(paying, excess);
      expect((await grant(world.shop, customer, 'KUDOS:5.5')).status).toBe(200);
      const touched = new Set((await refundsOf(customer)).map(({ coin_pub }) => encodeBase32(coin_pub)));
      expect(touched).toEqual(new Set([paying.coinPub, excess.coinPub]));
      expect(await customer.spend([excess, stranger])).toMatchObject({
        status: 409,
        body: { code: 2160, refunds: [] },
      });
    });

    it('do when the refund was taken from the others, and then no refund can be taken from them', async () => {
      const [paying, excess, stranger] = [await withdraw('5'), await withdraw('5'), await withdraw('5')];
      const customer = await payTwice(paying, excess);
      const refused = await customer.spend([excess, stranger]);
      expect(refused.body.refunds).toHaveLength(1);
      expect(await grant(world.shop, customer, 'KUDOS:5.01')).toMatchObject({
        status: 409,
        body: { code: 2530 },
      });
      expect((await grant(world.shop, customer, 'KUDOS:5')).status).toBe(200);
      // What was said once is said again.
      expect((await customer.spend([excess, stranger])).body.refunds).toEqual(refused.body.refunds);
      expect(await customer.spend([paying])).toMatchObject(REFUNDED);
    });

    it('or give a refund, but never both, whatever comes at the same moment', async () => {
      for (let round = 0; round < RACES; round++) {
        const [paying, excess, stranger] = [await withdraw('5'), await withdraw('5'), await withdraw('5')];
        const customer = await payTwice(paying, excess);
        const give = () => customer.spend([excess, stranger]);
        const refund = () => grant(world.shop, customer, 'KUDOS:10');
        const [refused, granted] = await Promise.all(
          round % 2 === 0 ? [give(), refund()] : swap([refund(), give()]),
        );
        const permissions = refused.body.refunds as object[];
        expect(`${granted.status} ${permissions.length}`).toMatch(/^(200 0|409 1)$/);
        for (const coin of [paying, excess]) {
          const taken = (await refundsOf(customer))
            .filter(({ coin_pub }) => encodeBase32(coin_pub) === coin.coinPub)
            .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
          expect(taken).toBeLessThanOrEqual(500_000_000n);
        }
      }
    });
  });
});

/** Keeps the order of the results while the requests start in the other order. */
function swap<A, B>([a, b]: [Promise<A>, Promise<B>]): [Promise<B>, Promise<A>] {
  return [b, a];
}
