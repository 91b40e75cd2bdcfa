import { encodeBase32 } from '../../../src/taler/base32';
import {
  startTestServer,
  startTestWorld,
  settingOf,
  type TestServer,
  type TestWorld,
} from '../../support/app';
import { Api } from '../../support/api';
import { LONG_MS, poll, type Poll, untilAsleep, untilHeard, untilWaiters } from '../long-poll/waiting';
import { privateStatus, withQuery } from '../orders/helpers';
import type { Customer } from '../payments/support/customer';
import { expectBooksToAgree, expectRefundTotalsToAgree } from '../payments/support/ledger';
import { collect, grant, REFUND_CALL, sell } from './support';

describe('who waits for refunds', () => {
  let world: TestWorld;
  /** On the same database: wake-ups cross from one process to the other the same way. */
  let neighbour: TestServer;

  beforeAll(async () => {
    world = await startTestWorld();
    const { database, clock, exchange } = world;
    neighbour = await startTestServer({ database, clock, exchanges: [settingOf(exchange)] });
  });
  afterAll(async () => {
    await neighbour?.close();
    await world?.close();
  });
  afterEach(async () => {
    world.exchange.clearFaults();
    await expectBooksToAgree(world.database, [world.exchange]);
    await expectRefundTotalsToAgree(world.database);
  });

  function pollPublic(
    customer: Customer,
    query: Readonly<Record<string, string>>,
    base = world.server.url,
  ): Poll {
    const h_contract = encodeBase32(customer.hContract);
    const path = withQuery(`orders/${customer.orderId}`, { h_contract, timeout_ms: LONG_MS, ...query });
    return poll(new Api(`${base}instances/shop/`).get(path));
  }

  /** Until the one who waits there has looked at what happened at the first server, and waits again. */
  async function untilSeen(server: TestServer): Promise<void> {
    if (server !== world.server) await untilHeard(world.server, server);
    await untilAsleep(server, 1);
  }

  it.each(['the same server', 'another server'])(
    'above an amount is woken by the grant that exceeds it, on %s',
    async (where) => {
      const server = where === 'another server' ? neighbour : world.server;
      const { customer } = await sell(world);
      const waiting = pollPublic(customer, { refund: 'KUDOS:2' }, server.url);
      await untilWaiters(server, 1);
      await grant(world.shop, customer, 'KUDOS:2');
      await untilSeen(server);
      expect(waiting.isAnswered()).toBe(false);
      await grant(world.shop, customer, 'KUDOS:2.1');
      expect(await waiting.answer).toMatchObject({
        status: 200,
        body: { refunded: true, refund_pending: true, refund_amount: 'KUDOS:2.1', refund_taken: 'KUDOS:0' },
      });
    },
  );

  it.each(['the same server', 'another server'])(
    'until nothing is pending is woken when the wallet has collected the last coin, on %s',
    async (where) => {
      const server = where === 'another server' ? neighbour : world.server;
      const { customer } = await sell(world, ['1', '1']);
      await grant(world.shop, customer, 'KUDOS:2');
      const waiting = pollPublic(customer, { await_refund_obtained: 'yes' }, server.url);
      await untilWaiters(server, 1);
      world.exchange.addFault({ match: REFUND_CALL, action: 'fail', status: 500 });
      await collect(world.shop, customer);
      await untilSeen(server);
      expect(waiting.isAnswered()).toBe(false);
      await collect(world.shop, customer);
      expect(await waiting.answer).toMatchObject({
        status: 200,
        body: { refund_pending: false, refund_amount: 'KUDOS:2', refund_taken: 'KUDOS:2' },
      });
    },
  );

  it('for any change of the shop’s view is woken by the grant and by the collection', async () => {
    const { customer } = await sell(world);
    const { shop } = world;
    const tagOf = async () =>
      String((await privateStatus(shop, customer.orderId)).headers['etag']).replaceAll('"', '');
    const changes = [() => grant(shop, customer, 'KUDOS:1'), () => collect(shop, customer)];
    for (const [index, change] of changes.entries()) {
      const query = { lp_not_etag: await tagOf(), timeout_ms: LONG_MS };
      const waiting = poll(privateStatus(shop, customer.orderId, query));
      await untilWaiters(world.server, 1);
      await change();
      expect((await waiting.answer).body).toMatchObject({ refund_pending: index === 0 });
    }
  });

  it('is not woken by a repeat that grants nothing', async () => {
    const { customer } = await sell(world);
    await grant(world.shop, customer, 'KUDOS:1');
    const waiting = pollPublic(customer, { refund: 'KUDOS:1' });
    await untilWaiters(world.server, 1);
    await grant(world.shop, customer, 'KUDOS:1');
    await untilAsleep(world.server, 1);
    expect(waiting.isAnswered()).toBe(false);
    await grant(world.shop, customer, 'KUDOS:1.5');
    expect((await waiting.answer).body).toMatchObject({ refund_amount: 'KUDOS:1.5' });
  });

  it('for the first refunded order of the list is woken by the grant', async () => {
    const { customer } = await sell(world);
    const { shop } = world;
    const all = await shop.api.get('private/orders?limit=-1', { token: shop.token });
    const newest = (all.body.orders as { row_id: number }[])[0]?.row_id ?? 0;
    const path = withQuery('private/orders', {
      refunded: 'yes',
      limit: 1,
      offset: newest - 1,
      timeout_ms: LONG_MS,
    });
    const waiting = poll(shop.api.get(path, { token: shop.token }));
    await untilWaiters(world.server, 1);
    await grant(shop, customer, 'KUDOS:1');
    expect((await waiting.answer).body).toMatchObject({
      orders: [{ order_id: customer.orderId, refund_amount: 'KUDOS:1', pending_refund_amount: 'KUDOS:1' }],
    });
  });
});
