import { Jobs } from '../../../src/platform/jobs/jobs';
import { merchantRefund } from '../../../src/taler/signatures-merchant';
import { encodeBase32 } from '../../../src/taler/base32';
import { TalerCode } from '../../../src/taler/error-codes';
import { startTestWorld, TestWorld } from '../../support/app';
import { Customer, bytes } from './support/customer';
import { countAttempts, depositedFor, expectBooksToAgree, linesOfExchanges } from './support/ledger';
import { coinsOf, type Coin, money, post, withdrawCoins } from './support/purse';

const DAY_S = 86_400;

describe('a payment in several tries', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());
  afterEach(() => expectBooksToAgree(world.database, [world.exchange]));

  const withdraw = (count: number, value: string) =>
    withdrawCoins(world.exchange, coinsOf(count, value), world.clock.nowUs());
  const privateStatus = async (customer: Customer) => {
    const { shop } = world;
    return (await shop.api.get(`private/orders/${customer.orderId}`, { token: shop.token })).body as object;
  };

  it('keeps the first half, and asks for nothing but the other half', async () => {
    const [a, b] = await withdraw(2, '2');
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
    const half = await customer.spend(a ? [a] : []);
    expect(half).toMatchObject({ status: 400, body: { code: 2156 } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
    expect(await privateStatus(customer)).toMatchObject({ order_status: 'claimed' });

    expect(customer.isReceipt(await customer.spend(b ? [b] : []))).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:4');
    expect(await privateStatus(customer)).toMatchObject({ order_status: 'paid' });
  });

  it('does not deposit the coins of an earlier try again when the whole is sent', async () => {
    const coins = await withdraw(2, '2');
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:4' });
    expect((await customer.spend(coins.slice(0, 1))).status).toBe(400);
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    const lines = linesOfExchanges([world.exchange]).filter((line) =>
      line.includes(encodeBase32(customer.hContract)),
    );
    expect(lines).toHaveLength(2);
  });

  it('answers a repeat with the same coins by the same bytes', async () => {
    const coins = await withdraw(3, '2');
    const customer = await Customer.order(world.shop);
    const first = await customer.spend(coins);
    expect(customer.isReceipt(first)).toBe(true);
    const again = await customer.spend(coins);
    const inAnotherOrder = await customer.spend([...coins].reverse());
    expect([again.text, inAnotherOrder.text]).toEqual([first.text, first.text]);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:6');
  });

  it('refuses other coins for a paid order and leaves them untouched', async () => {
    const [paying, other] = await withdraw(2, '5');
    const customer = await Customer.order(world.shop);
    expect((await customer.spend(paying ? [paying] : [])).status).toBe(200);
    const refused = await customer.spend(other ? [other] : []);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: TalerCode.MERCHANT_POST_ORDERS_ID_PAY_ALREADY_PAID, refunds: [] },
    });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
  });

  it('lets a payment be repeated after the pay deadline, but not be made then', async () => {
    const deadline = { t_s: Number(world.clock.nowUs() / 1_000_000n) + 100 };
    const [early, late] = await withdraw(2, '5');
    const order = { pay_deadline: deadline };
    const paid = await Customer.order(world.shop, order);
    const tooLate = await Customer.order(world.shop, order);
    const first = await paid.spend(early ? [early] : []);
    expect(first.status).toBe(200);
    world.clock.advanceSeconds(101);
    expect(await tooLate.spend(late ? [late] : [])).toMatchObject({ status: 410, body: { code: 2161 } });
    expect(depositedFor(tooLate, world.exchange)).toBe('KUDOS:0');
    expect((await paid.spend(early ? [early] : [])).text).toBe(first.text);
  });

  it('says that fees are missing when the price is covered but not the fees', async () => {
    const [five, little] = await withdrawCoins(
      world.exchange,
      [{ value: '5' }, { value: '0.1' }],
      world.clock.nowUs(),
    );
    if (!five || !little) throw new Error('two coins were withdrawn');
    const customer = await Customer.order(world.shop, { max_fee: 'KUDOS:0' });
    expect(await customer.pay([customer.permit(five, 'KUDOS:5')])).toMatchObject({
      status: 400,
      body: { code: 2155 },
    });
    // 0.02 of the first coin, 0.01 of the second.
    const rest = await customer.pay([customer.permit(little, 'KUDOS:0.03')]);
    expect(customer.isReceipt(rest)).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5.03');
  });

  describe('with a coin too many', () => {
    let paying: Coin;
    let excess: Coin;
    let stranger: Coin;
    let customer: Customer;

    /** A coin whose deposit succeeded while others paid the order: a lost answer of the exchange makes it. */
    async function payTwice(order: Record<string, unknown>, [first, second]: readonly [Coin, Coin]) {
      const payer = await Customer.order(world.shop, order);
      const match = { method: 'POST', path: '/batch-deposit' };
      world.exchange.addFault({ match, action: 'hang-up', after: true });
      expect((await payer.spend([second])).status).toBe(502);
      expect(await countAttempts(world.database)).toBe(1);
      expect((await payer.spend([first])).status).toBe(200);
      await recoverPayments(world);
      return payer;
    }

    beforeAll(async () => {
      const [first, second, third] = await withdraw(3, '5');
      if (!first || !second || !third) throw new Error('three coins were withdrawn');
      [paying, excess, stranger] = [first, second, third];
      customer = await payTwice({}, [paying, excess]);
    });

    it('gives the receipt for any coins that it holds, needed or not', async () => {
      const first = await customer.spend([paying]);
      expect(customer.isReceipt(first)).toBe(true);
      expect((await customer.spend([excess])).text).toBe(first.text);
    });

    it('gives a permission to take it back that the exchange accepts', async () => {
      const refused = await customer.spend([excess, stranger]);
      expect(refused).toMatchObject({ status: 409, body: { code: 2160 } });
      const [permission, ...more] = refused.body.refunds as { merchant_sig: string }[];
      expect(more).toEqual([]);
      expect(permission).toMatchObject({ coin_pub: excess.coinPub, rtransaction_id: 0 });
      const refund = {
        hContract: customer.hContract,
        coinPub: bytes(excess.coinPub, 32),
        rtransactionId: 0n,
        refundAmount: money('KUDOS:5'),
      };
      const signature = bytes(permission?.merchant_sig ?? '', 64);
      expect(merchantRefund.verify(customer.contract.merchantPub, refund, signature)).toBe(true);
      await post(`${world.exchange.baseUrl}coins/${excess.coinPub}/refund`, {
        refund_amount: 'KUDOS:5',
        h_contract_terms: encodeBase32(customer.hContract),
        rtransaction_id: 0,
        merchant_pub: encodeBase32(customer.contract.merchantPub),
        merchant_sig: permission?.merchant_sig,
      });
      const coin = world.exchange.books().coins.find(({ coin_pub }) => coin_pub === excess.coinPub);
      expect(coin?.deposits[0]).toMatchObject({ refund_total: 'KUDOS:5' });
    });

    it('never gives one for the coin that pays', async () => {
      const refused = await customer.spend([paying, stranger]);
      expect(refused).toMatchObject({ status: 409, body: { code: 2160, refunds: [] } });
      expect(depositedFor(customer, world.exchange)).toBe('KUDOS:10');
    });

    it('books that refund once, however often it is asked for', async () => {
      const again = await Promise.all([1, 2, 3].map(() => customer.spend([excess, stranger])));
      expect(new Set(again.map(({ body }) => JSON.stringify(body.refunds))).size).toBe(1);
      const [row] = await world.database.query<object>(
        `select refund_granted, (select count(*) from refunds where order_serial = orders.serial) as refunds
         from orders where order_id = $1`,
        [customer.orderId],
      );
      // A coin given back whole is no refund of the order: nothing of its price goes back.
      expect(row).toEqual({ refund_granted: '0', refunds: '1' });
    });

    it('still gives the receipt for the coin that pays, also where the customer bears the fees', async () => {
      const [first, second] = await withdraw(2, '10');
      if (!first || !second) throw new Error('two coins were withdrawn');
      const strict = await payTwice({ amount: 'KUDOS:9.97', max_fee: 'KUDOS:0' }, [first, second]);
      expect((await strict.spend([second, stranger])).body.refunds).toHaveLength(1);
      // The fee of the coin that was given back must not be held against the one that paid.
      expect(strict.isReceipt(await strict.spend([first]))).toBe(true);
    });
  });

  it('is not accepted with a coin whose denomination has expired since', async () => {
    const [coin] = await withdraw(1, '5');
    if (!coin) throw new Error('one coin was withdrawn');
    const untilS = Number(coin.depositUntil.t_s);
    const shortBefore = untilS - Number(world.clock.nowUs() / 1_000_000n) - 60;
    world.clock.advanceSeconds(shortBefore);
    await world.exchange.moveTime(0);
    const customer = await Customer.order(world.shop);
    world.clock.advanceSeconds(120);
    expect(await customer.spend([coin])).toMatchObject({
      status: 410,
      body: { code: 2165, detail: 'coins[0]' },
    });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
    expect(shortBefore).toBeGreaterThan(700 * DAY_S);
  });
});

/** What the job of every minute does, now. */
async function recoverPayments({ server, clock }: TestWorld): Promise<void> {
  clock.advanceSeconds(10);
  await server.app.get(Jobs).runOnce();
}
