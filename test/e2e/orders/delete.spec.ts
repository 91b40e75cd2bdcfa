import type { ApiAnswer } from '../../support/api';
import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { LONG_MS, poll, untilAsleep } from '../long-poll/waiting';
import { Customer } from '../payments/support/customer';
import { countAttempts, linesOfBackend, linesOfExchanges } from '../payments/support/ledger';
import { coinsOf, withdrawCoins } from '../payments/support/purse';
import {
  createClaimed,
  createPaid,
  expectRefusal,
  makeNonce,
  privateStatus,
  publicStatus,
  uniqueId,
} from './helpers';

/** Short, so that the exchange's denominations live longer. */
const PRESERVATION_S = 3_600;
/** Longer than any test takes. */
const SOON_S = 600;
const TABLES = [
  'orders',
  'payment_attempts',
  'deposit_confirmations',
  'deposits',
  'refunds',
  'deleted_orders',
] as const;

describe('DELETE private/orders/$ID', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld({ config: { legalPreservation: BigInt(PRESERVATION_S) * 1_000_000n } });
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const remove = (orderId: string, force?: string, at = shop): Promise<ApiAnswer> =>
    at.api.delete(`private/orders/${orderId}${force === undefined ? '' : `?force=${force}`}`, {
      token: at.token,
    });
  const nowS = () => Number(world.clock.nowUs() / 1_000_000n);
  const soon = () => ({ pay_deadline: { t_s: nowS() + SOON_S } });

  async function expectDeleted(answer: ApiAnswer, orderId: string): Promise<void> {
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expectRefusal(await privateStatus(shop, orderId), 404, 2005, { detail: orderId });
    expectRefusal(await publicStatus(shop, orderId), 404, 2005, { detail: orderId });
    expectRefusal(await remove(orderId), 404, 2005, { detail: orderId });
    expectRefusal(await remove(orderId, 'yes'), 404, 2005, { detail: orderId });
  }
  async function expectKept(answer: ApiAnswer, orderId: string, code: number, reason = ''): Promise<void> {
    expectRefusal(answer, 409, code, { detail: `${orderId}${reason}` });
    expect((await privateStatus(shop, orderId)).status).toBe(200);
  }
  const held = (orderId: string) =>
    world.database.query<{ held_until_us: string }>(
      'select held_until_us from deleted_orders where order_id = $1',
      [orderId],
    );

  describe('of an unclaimed order', () => {
    it.each([undefined, 'no', 'YES'])('is done at any time: force=%s', async (force) => {
      const { orderId } = await createOrder(shop);
      await expectDeleted(await remove(orderId, force), orderId);
      expect(await held(orderId)).toEqual([]);
    });

    it('leaves nothing of it in the list, and its id may be used for something else', async () => {
      const orderId = uniqueId('again');
      await createOrder(shop, { order_id: orderId });
      expect((await remove(orderId)).status).toBe(204);
      await createOrder(shop, { order_id: orderId, summary: 'something else' });
      const { orders } = (await shop.api.get('private/orders', { token: shop.token })).body;
      expect(orders.filter((entry: { order_id: string }) => entry.order_id === orderId)).toHaveLength(1);
    });

    it('after which nobody can claim it', async () => {
      const order = await createOrder(shop);
      await remove(order.orderId);
      const claim = { nonce: makeNonce().nonce, token: order.token };
      expectRefusal(await shop.api.post(`orders/${order.orderId}/claim`, claim), 404, 2300, {
        detail: order.orderId,
      });
    });
  });

  describe('of a claimed order', () => {
    it('is refused as long as it can be paid: 409 with 2520', async () => {
      const { orderId } = await createClaimed(shop);
      await expectKept(await remove(orderId), orderId, 2520);
      await expectKept(await remove(orderId, 'no'), orderId, 2520);
      await expectKept(await remove(orderId, 'all'), orderId, 2520);
    });

    it('is done by force, after which it cannot be paid', async () => {
      const claimed = await createClaimed(shop, { amount: 'KUDOS:0' });
      await expectDeleted(await remove(claimed.orderId, 'yes'), claimed.orderId);
      const pay = await shop.api.post(`orders/${claimed.orderId}/pay`, { coins: [] });
      expectRefusal(pay, 404, 2005, { detail: claimed.orderId });
    });

    it('is done without force once the pay deadline has passed', async () => {
      const { orderId } = await createClaimed(shop, soon());
      world.clock.advanceSeconds(SOON_S + 1);
      await expectDeleted(await remove(orderId), orderId);
      // Nobody's contract is worth anything any more.
      expect(await held(orderId)).toEqual([]);
    });

    it('keeps its id from meaning something else until the pay deadline', async () => {
      const order = { amount: 'KUDOS:0', order_id: uniqueId('held'), ...soon() };
      const { orderId } = await createClaimed(shop, order);
      expect((await remove(orderId, 'yes')).status).toBe(204);
      expect(await held(orderId)).toEqual([
        { held_until_us: String(BigInt(order.pay_deadline.t_s) * 1_000_000n) },
      ]);
      const post = (summary: string) =>
        shop.api.post('private/orders', { order: { ...order, summary } }, { token: shop.token });
      expectRefusal(await post('something else'), 409, 2503, { detail: orderId });
      world.clock.advanceSeconds(SOON_S + 1);
      const other = { ...order, ...soon(), summary: 'something else' };
      const created = await shop.api.post('private/orders', { order: other }, { token: shop.token });
      expect(created.status).toBe(200);
      // Claimed and deleted once more: the id is held for what it means now.
      const claim = { nonce: makeNonce().nonce, token: created.body.token };
      expect((await shop.api.post(`orders/${orderId}/claim`, claim)).status).toBe(200);
      expect((await remove(orderId, 'yes')).status).toBe(204);
      expect(await held(orderId)).toEqual([
        { held_until_us: String(BigInt(other.pay_deadline.t_s) * 1_000_000n) },
      ]);
    });
  });

  describe('of an order with money in it', () => {
    const holding = ': it holds coins of a wallet, which can abort the payment';

    /** A claimed order of 5 with one coin of 2 deposited. */
    async function createPartlyPaid(): Promise<Customer> {
      const customer = await Customer.order(shop, soon());
      const [coin] = await withdrawCoins(world.exchange, coinsOf(1, '2'), world.clock.nowUs());
      if (!coin) throw new Error('no coin');
      expect((await customer.spend([coin])).status).toBe(400);
      return customer;
    }

    it('is refused whatever force says, and after the pay deadline too', async () => {
      const { orderId } = await createPartlyPaid();
      await expectKept(await remove(orderId), orderId, 2520);
      await expectKept(await remove(orderId, 'yes'), orderId, 2520, holding);
      world.clock.advanceSeconds(SOON_S + 1);
      await expectKept(await remove(orderId), orderId, 2520, holding);
      await expectKept(await remove(orderId, 'yes'), orderId, 2520, holding);
    });

    it('is refused while a coin is on its way back, and done when the exchange has confirmed', async () => {
      const { orderId } = await createPartlyPaid();
      await world.database.query(
        `insert into refunds (order_serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us)
          select order_serial, coin_pub, 0, deposits.currency, contribution, 'aborted', 0
            from deposits join orders on orders.serial = order_serial where order_id = $1`,
        [orderId],
      );
      const onTheWay = ': coins are on their way back to the wallet';
      await expectKept(await remove(orderId, 'yes'), orderId, 2520, onTheWay);
      await world.database.query(
        `update refunds set exchange_pub = 'x', exchange_sig = 'y', obtained_us = 0
          where order_serial = (select serial from orders where order_id = $1)`,
        [orderId],
      );
      await expectDeleted(await remove(orderId, 'yes'), orderId);
      for (const table of ['deposits', 'deposit_confirmations', 'refunds']) {
        const left = `select from ${table} where order_serial not in (select serial from orders)`;
        expect(await world.database.query(left)).toEqual([]);
      }
    });

    it('is refused while a payment is under way', async () => {
      const { orderId } = await createClaimed(shop);
      await world.database.query(
        `insert into payment_attempts (order_serial, coins_hash, request, received_us, owned_until_us, retry_us)
          select serial, 'x', '{}', 0, 0, 9223372036854775807 from orders where order_id = $1`,
        [orderId],
      );
      await expectKept(await remove(orderId, 'yes'), orderId, 2520, ': a payment is under way');
      await world.database.query('delete from payment_attempts');
      await expectDeleted(await remove(orderId, 'yes'), orderId);
    });
  });

  describe('of a paid order', () => {
    it('is refused until the law does not want it kept any more: 409 with 2521', async () => {
      const { orderId } = await createPaid(shop);
      await expectKept(await remove(orderId), orderId, 2521);
      await expectKept(await remove(orderId, 'yes'), orderId, 2521);
      world.clock.advanceSeconds(PRESERVATION_S - 600);
      await expectKept(await remove(orderId, 'yes'), orderId, 2521);
      world.clock.advanceSeconds(600);
      await expectDeleted(await remove(orderId), orderId);
    });

    it('is refused for ever while a coin that was too much is on its way back', async () => {
      const { orderId } = await createPaid(shop);
      await world.database.query(
        `insert into refunds (order_serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us)
          select serial, 'coin', 0, 'KUDOS', 1, 'excess', 0 from orders where order_id = $1`,
        [orderId],
      );
      world.clock.advanceSeconds(PRESERVATION_S);
      const reason = ': coins are on their way back to the wallet';
      await expectKept(await remove(orderId, 'yes'), orderId, 2521, reason);
    });

    it('is refused while the wallet can still collect a refund', async () => {
      const { orderId } = await createPaid(shop);
      await world.database.query('update orders set refund_granted = 1, amount = 2 where order_id = $1', [
        orderId,
      ]);
      world.clock.advanceSeconds(PRESERVATION_S);
      await expectKept(await remove(orderId), orderId, 2521, ': a refund can still be collected');
      await world.database.query('update orders set wire_deadline_us = $2 where order_id = $1', [
        orderId,
        world.clock.nowUs() - 1_000_000n,
      ]);
      await expectDeleted(await remove(orderId), orderId);
    });

    it('leaves no row of it in any table', async () => {
      const customer = await Customer.order(shop, soon());
      const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'), world.clock.nowUs());
      expect((await customer.spend(coins)).status).toBe(200);
      const count = async () => {
        const counts = TABLES.map((table) => `(select count(*) from ${table}) as ${table}`);
        return (await world.database.query(`select ${counts.join(', ')}`))[0] as Record<string, string>;
      };
      const before = await count();
      world.clock.advanceSeconds(PRESERVATION_S);
      expect((await remove(customer.orderId)).status).toBe(204);
      const one = (table: string) => String(Number(before[table]) - 1);
      expect(await count()).toEqual({
        ...before,
        orders: one('orders'),
        deposits: one('deposits'),
        deposit_confirmations: one('deposit_confirmations'),
      });
    });
  });

  it('wakes those who wait for the order: they see that it is gone', async () => {
    const { orderId, hContractText } = await createClaimed(shop);
    const tag = ((await privateStatus(shop, orderId)).headers['etag'] as string).replaceAll('"', '');
    const polls = [
      poll(privateStatus(shop, orderId, { timeout_ms: LONG_MS })),
      poll(privateStatus(shop, orderId, { timeout_ms: LONG_MS, lp_not_etag: tag })),
      poll(publicStatus(shop, orderId, { timeout_ms: LONG_MS, h_contract: hContractText })),
    ];
    await untilAsleep(world.server, polls.length);
    expect((await remove(orderId, 'yes')).status).toBe(204);
    for (const { answer } of polls) expectRefusal(await answer, 404, 2005, { detail: orderId });
  });

  describe('at the same time', () => {
    it('as itself is done once', async () => {
      const { orderId } = await createClaimed(shop);
      const answers = await Promise.all(Array.from({ length: 8 }, () => remove(orderId, 'yes')));
      expect(answers.map((answer) => answer.status).sort()).toEqual([204, ...Array<number>(7).fill(404)]);
    });

    it('as a claim leaves either a claimed order or none', async () => {
      for (let round = 0; round < 8; round++) {
        const order = await createOrder(shop);
        const nonce = makeNonce().nonce;
        const [claimed, removed] = await Promise.all([
          shop.api.post(`orders/${order.orderId}/claim`, { nonce, token: order.token }),
          remove(order.orderId),
        ]);
        const outcome = [claimed.status, removed.status].join(' ');
        // Claimed first and deleted without force: refused. Deleted first: nothing to claim.
        expect(['200 409', '404 204']).toContain(outcome);
        expect((await privateStatus(shop, order.orderId)).status).toBe(removed.status === 204 ? 404 : 200);
      }
    });

    it('as a payment leaves either a paid order or untouched coins', async () => {
      const ROUNDS = 6;
      const coins = await withdrawCoins(world.exchange, coinsOf(ROUNDS, '5'), world.clock.nowUs());
      for (const coin of coins) {
        const customer = await Customer.order(shop);
        const [paid, removed] = await Promise.all([customer.spend([coin]), remove(customer.orderId, 'yes')]);
        expect(['200 409', '404 204']).toContain([paid.status, removed.status].join(' '));
        if (removed.status === 409) expect([2520, 2521]).toContain(removed.body.code);
        else expect(paid.body.code).toBe(2005);
      }
      expect(await countAttempts(world.database)).toBe(0);
      // Only coins of orders that are gone by the law are missing in our books.
      const lines = new Set(linesOfExchanges([world.exchange]));
      for (const line of await linesOfBackend(world.database)) expect(lines).toContain(line);
      const spent = coins.filter((coin) => [...lines].some((line) => line.includes(coin.coinPub)));
      const known = await linesOfBackend(world.database);
      for (const coin of spent) expect(known.some((line) => line.includes(coin.coinPub))).toBe(true);
    });

    it('as a payment of nothing leaves either a paid order or none', async () => {
      for (let round = 0; round < 8; round++) {
        const { orderId } = await createClaimed(shop, { amount: 'KUDOS:0' });
        const [paid, removed] = await Promise.all([
          shop.api.post(`orders/${orderId}/pay`, { coins: [] }),
          remove(orderId, 'yes'),
        ]);
        expect(['200 409', '404 204']).toContain([paid.status, removed.status].join(' '));
      }
    });
  });

  describe('is refused', () => {
    it('for an order of nobody, of another instance, and for what is no id: 404 with 2005', async () => {
      expectRefusal(await remove('nobody'), 404, 2005, { detail: 'nobody' });
      expectRefusal(await remove('no%20id'), 404, 2005, { detail: 'no id' });
      const other = await createShop(world.server, 'delete-other');
      const { orderId } = await createOrder(shop);
      expectRefusal(await remove(orderId, 'yes', other), 404, 2005, { detail: orderId });
    });

    it.each(['', '1', 'true', 'maybe', 'yes&force=yes', '%00'])(
      'with force=%s: 400 with 26',
      async (force) => {
        const { orderId } = await createOrder(shop);
        expectRefusal(await remove(orderId, force), 400, 26, { detail: 'force' });
        expect((await privateStatus(shop, orderId)).status).toBe(200);
      },
    );

    it("without a token: 401, and with a reader's: 403", async () => {
      const { orderId } = await createOrder(shop);
      expectRefusal(await shop.api.delete(`private/orders/${orderId}`), 401, 2015);
      const login = await shop.api.post(
        'private/token',
        { scope: 'readonly' },
        { headers: { authorization: `Basic ${Buffer.from('shop:password of shop').toString('base64')}` } },
      );
      const token = login.body.access_token as string;
      expectRefusal(await shop.api.delete(`private/orders/${orderId}`, { token }), 403, 16, {
        detail: 'orders-write',
      });
    });

    it('at an instance that nobody knows: 404 with 2000', async () => {
      const answer = await world.server.api.delete('instances/nobody/private/orders/x', {
        token: shop.token,
      });
      expect(answer).toMatchObject({ status: 404, body: { code: 2000 } });
    });
  });
});
