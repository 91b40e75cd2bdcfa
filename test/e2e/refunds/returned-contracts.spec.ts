import { makeNonce } from '../../../sandbox/wallet/claim';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { encodeBase32 } from '../../../src/taler/base32';
import { createOrder, startTestWorld, type TestWorld } from '../../support/app';
import { expectRefusal } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { expectBooksToAgree } from '../payments/support/ledger';
import type { Coin } from '../payments/support/purse';
import { abort, withdraw } from './support';

const DAY_S = 86_400;

/** An exchange confirms a deposit again that it has refunded since: the same contract must not come to life again. */
describe('a contract whose coins went back to the wallet', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterEach(() => expectBooksToAgree(world.database, [world.exchange]));
  afterAll(() => world?.close());

  const claim = (orderId: string, token: string | undefined, noncePub: Buffer) =>
    world.shop.api.post(`orders/${orderId}/claim`, { nonce: encodeBase32(noncePub), token });

  /** Pays a part, and takes it back. */
  async function abortPart(customer: Customer, coins: readonly Coin[]): Promise<void> {
    expectRefusal(await customer.spend(coins), 400, 2156);
    expect((await abort(world.shop, customer, coins)).status).toBe(200);
  }

  it('is not made again for the same nonce after an unclaim: 409 with 2301; another nonce is welcome', async () => {
    const nonce = makeNonce();
    const { orderId, token } = await createOrder(world.shop, { amount: 'KUDOS:5', max_fee: 'KUDOS:1' });
    const customer = await Customer.claim(world.shop, orderId, token, nonce);
    const coins = await withdraw(world, '2');
    await abortPart(customer, coins);
    expect((await customer.unclaim()).status).toBe(204);

    expectRefusal(await claim(orderId, token, nonce.noncePub), 409, 2301, { detail: orderId });
    const next = await Customer.claim(world.shop, orderId, token);
    expect(next.isReceipt(await next.spend(await withdraw(world, '5')))).toBe(true);
  });

  it('is not made again by the same order after a deletion: 409 with 2301', async () => {
    const nonce = makeNonce();
    const nowS = Number(world.clock.nowUs() / 1_000_000n);
    // Every time is given, so that the same request makes the same contract at any time.
    const order = {
      order_id: 'made-twice',
      amount: 'KUDOS:5',
      timestamp: { t_s: nowS },
      pay_deadline: { t_s: nowS + DAY_S },
      refund_deadline: { t_s: nowS + 2 * DAY_S },
      wire_transfer_deadline: { t_s: nowS + 3 * DAY_S },
    };
    const request = { create_token: false };
    await createOrder(world.shop, order, request);
    const customer = await Customer.claim(world.shop, 'made-twice', undefined, nonce);
    const coins = await withdraw(world, '2');
    await abortPart(customer, coins);
    const { api, token } = world.shop;
    expect((await api.delete('private/orders/made-twice?force=yes', { token })).status).toBe(204);

    await createOrder(world.shop, order, request);
    expectRefusal(await claim('made-twice', undefined, nonce.noncePub), 409, 2301, { detail: 'made-twice' });
    const next = await Customer.claim(world.shop, 'made-twice', undefined);
    expect(next.hContract.equals(customer.hContract)).toBe(false);
  });

  it('stays claimable with the same nonce when no coin was involved', async () => {
    const nonce = makeNonce();
    const { orderId, token } = await createOrder(world.shop);
    const customer = await Customer.claim(world.shop, orderId, token, nonce);
    expect((await customer.unclaim()).status).toBe(204);
    expect((await claim(orderId, token, nonce.noncePub)).status).toBe(200);
  });

  it('is forgotten by the job some days after its pay deadline, when it cannot be paid any more', async () => {
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:5' });
    await abortPart(customer, await withdraw(world, '2'));
    expect((await customer.unclaim()).status).toBe(204);
    const count = async () => {
      const [row] = await world.database.query<{ count: string }>(
        'select count(*) from returned_contracts where h_contract = $1',
        [customer.hContract],
      );
      return Number(row?.count);
    };
    const jobs = world.server.app.get(Jobs);
    await jobs.runOnce();
    expect(await count()).toBe(1);
    world.clock.advanceSeconds(4 * DAY_S);
    await jobs.runOnce();
    expect(await count()).toBe(0);
  });
});
