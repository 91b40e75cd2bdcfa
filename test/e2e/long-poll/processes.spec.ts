import { once } from 'node:events';
import { connect } from 'node:net';
import { createOrder, startTestWorld, TestServer, TestShop, TestWorld } from '../../support/app';
import {
  claim,
  createClaimed,
  createPaid,
  payNothing,
  privateStatus,
  provePaid,
  publicStatus,
  shopAt,
  unclaimBody,
  uniqueId,
} from '../orders/helpers';
import { serverBeside } from '../instances/helpers';
import { watchStatements } from '../orders/statements';
import { untilListening } from '../../integration/support/listeners';
import { LONG_MS, poll, untilAsleep } from './waiting';
import { pause, until } from '../../support/until';

const FREE = { amount: 'KUDOS:0' };
/** Below the 75 s for which connections are kept alive: a server that waits for those does not close in time. */
const SHUTDOWN_MS_MAX = 60_000;
/** A little less than it is, as timers may be early by a millisecond. */
const HEARTBEAT_MS = 9_900;

describe('long polling in several processes of one database', () => {
  let world: TestWorld;
  let here: TestShop;
  let other: TestServer;
  let there: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    here = world.shop;
    other = await serverBeside(world);
    there = shopAt(other, here);
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });

  const waitFor = { timeout_ms: LONG_MS };

  it('a payment in one wakes the waiters in the other', async () => {
    const order = await createClaimed(here, FREE);
    const polls = [
      poll(privateStatus(there, order.orderId, waitFor)),
      poll(publicStatus(there, order.orderId, { ...waitFor, h_contract: order.hContractText })),
    ];
    await untilAsleep(other, 2);
    await payNothing(here, order.orderId);
    for (const { answer } of polls) expect((await answer).status).toBe(200);
  });

  it('claim and unclaim in one wake those in the other who wait for a change', async () => {
    const order = await createOrder(here);
    const tag = async () =>
      ((await privateStatus(here, order.orderId)).headers['etag'] as string).replaceAll('"', '');
    const waiting = poll(privateStatus(here, order.orderId, { ...waitFor, lp_not_etag: await tag() }));
    await untilAsleep(world.server, 1);
    const claimed = await claim(there.api, order);
    expect((await waiting.answer).body.order_status).toBe('claimed');
    const again = poll(privateStatus(there, order.orderId, { ...waitFor, lp_not_etag: await tag() }));
    await untilAsleep(other, 1);
    await here.api.post(`orders/${order.orderId}/unclaim`, unclaimBody(claimed));
    expect((await again.answer).body.order_status).toBe('unpaid');
  });

  it('a captured session in one wakes those in the other who wait for another order', async () => {
    const article = { ...FREE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
    const session = uniqueId('s');
    const first = await createPaid(here, { order: article });
    const second = await createOrder(here, article);
    const waiting = poll(privateStatus(there, second.orderId, { ...waitFor, session_id: session }));
    await untilAsleep(other, 1);
    await provePaid(here, first, first.receipt, session);
    expect((await waiting.answer).body).toMatchObject({ already_paid_order_id: first.orderId });
  });

  it('what happened while a process could not listen is seen when it listens again', async () => {
    const order = await createClaimed(here, FREE);
    const waiting = poll(privateStatus(there, order.orderId, waitFor));
    await untilAsleep(other, 1);
    await untilListening(world.database, [world.server, other]);
    const killed = await world.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'taler-merchant listener' and datname = current_database()`,
    );
    expect(killed).toHaveLength(2);
    await payNothing(here, order.orderId);
    expect((await waiting.answer).body.order_status).toBe('paid');
    await until(async () => (await other.api.get('readyz')).status === 200, 'listening again');
  });

  it(
    'answers every waiter with the state of now when a process shuts down',
    async () => {
      const server = await serverBeside(world);
      const shop = shopAt(server, here);
      const order = await createClaimed(here, FREE);
      const tag = ((await privateStatus(shop, order.orderId)).headers['etag'] as string).replaceAll('"', '');
      const legacy = `public/instances/shop/poll-payment?order_id=${order.orderId}&h_contract=${order.hContractText}&timeout=${LONG_MS / 1000}`;
      const polls = [
        poll(privateStatus(shop, order.orderId, waitFor)),
        poll(privateStatus(shop, order.orderId, { ...waitFor, lp_not_etag: tag }, { 'if-none-match': tag })),
        poll(publicStatus(shop, order.orderId, { ...waitFor, h_contract: order.hContractText })),
        poll(server.api.get(legacy)),
      ];
      await untilAsleep(server, 4);
      await server.close();
      const answers = await Promise.all(polls.map(({ answer }) => answer));
      expect(answers.map((answer) => answer.status)).toEqual([200, 304, 402, 200]);
      expect(answers[0]?.body).toMatchObject({ order_status: 'claimed' });
      expect(answers[3]?.body).toMatchObject({ paid: false });
    },
    SHUTDOWN_MS_MAX,
  );

  it('shuts down at once although clients hold connections on which they have asked nothing yet', async () => {
    const server = await serverBeside(world);
    const { hostname, port } = new URL(server.url);
    const sockets = Array.from({ length: 3 }, () => connect(Number(port), hostname));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    // A request on another connection, so that the server has surely seen the three.
    await server.api.get('config');
    await server.close();
    await closed;
  });

  it('asks the database nothing while waiters sleep, and little when one order wakes them all', async () => {
    const COUNT = 200;
    const order = await createClaimed(here, FREE);
    const polls = Array.from({ length: COUNT }, () => poll(privateStatus(here, order.orderId, waitFor)));
    await untilAsleep(world.server, COUNT);
    await watchStatements(async (statements) => {
      const startedMs = performance.now();
      await pause(1_500);
      // The one safety that is stated: the heartbeat of the listener, every ten seconds per process.
      expect(statements.filter((text) => !/pg_notify/.test(text))).toEqual([]);
      const heartbeatsMax = 2 * Math.ceil((performance.now() - startedMs) / HEARTBEAT_MS);
      expect(statements.length).toBeLessThanOrEqual(heartbeatsMax);
      statements.length = 0;
      await payNothing(here, order.orderId);
      for (const { answer } of polls) expect((await answer).body.order_status).toBe('paid');
      // One payment, and reads that the waiters share.
      expect(statements.length).toBeLessThan(COUNT / 4);
      expect(statements.length).toBeGreaterThan(0);
    });
  });
});
