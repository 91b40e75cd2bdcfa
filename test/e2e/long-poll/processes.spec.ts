import { once } from 'node:events';
import { connect } from 'node:net';
import { Client } from 'pg';
import { Api } from '../../support/api';
import {
  createOrder,
  startTestServer,
  startTestWorld,
  settingOf,
  TestServer,
  TestShop,
  TestWorld,
} from '../../support/app';
import {
  claim,
  createClaimed,
  createPaid,
  payNothing,
  privateStatus,
  provePaid,
  publicStatus,
  unclaimBody,
  uniqueId,
} from '../orders/helpers';
import { LONG_MS, pause, poll, until, untilWaiters } from './waiting';

const FREE = { amount: 'KUDOS:0' };
/** Above this a shutdown would be noticed by whoever runs the server. */
const SHUTDOWN_MS_MAX = 5_000;

describe('long polling in several processes of one database', () => {
  let world: TestWorld;
  let here: TestShop;
  let other: TestServer;
  let there: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    here = world.shop;
    other = await anotherServer();
    there = at(other);
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });

  function anotherServer(): Promise<TestServer> {
    const { database, clock, exchange } = world;
    return startTestServer({ database, clock, exchanges: [settingOf(exchange)] });
  }

  /** The same shop as another server serves it. */
  function at(server: TestServer): TestShop {
    const url = `${server.url}instances/shop/`;
    return { ...here, url, api: new Api(url) };
  }

  const waitFor = { timeout_ms: LONG_MS };

  it('a payment in one wakes the waiters in the other', async () => {
    const order = await createClaimed(here, FREE);
    const polls = [
      poll(privateStatus(there, order.orderId, waitFor)),
      poll(publicStatus(there, order.orderId, { ...waitFor, h_contract: order.hContractText })),
    ];
    await untilWaiters(other, 2);
    await payNothing(here, order.orderId);
    for (const { answer } of polls) expect((await answer).status).toBe(200);
  });

  it('claim and unclaim in one wake those in the other who wait for a change', async () => {
    const order = await createOrder(here);
    const tag = async () =>
      ((await privateStatus(here, order.orderId)).headers['etag'] as string).replaceAll('"', '');
    const waiting = poll(privateStatus(here, order.orderId, { ...waitFor, lp_not_etag: await tag() }));
    await untilWaiters(world.server, 1);
    const claimed = await claim(there.api, order);
    expect((await waiting.answer).body.order_status).toBe('claimed');
    const again = poll(privateStatus(there, order.orderId, { ...waitFor, lp_not_etag: await tag() }));
    await untilWaiters(other, 1);
    await here.api.post(`orders/${order.orderId}/unclaim`, unclaimBody(claimed));
    expect((await again.answer).body.order_status).toBe('unpaid');
  });

  it('a captured session in one wakes those in the other who wait for another order', async () => {
    const article = { ...FREE, fulfillment_url: `https://shop.example/${uniqueId('a')}` };
    const session = uniqueId('s');
    const first = await createPaid(here, { order: article });
    const second = await createOrder(here, article);
    const waiting = poll(privateStatus(there, second.orderId, { ...waitFor, session_id: session }));
    await untilWaiters(other, 1);
    await provePaid(here, first, first.receipt, session);
    expect((await waiting.answer).body).toMatchObject({ already_paid_order_id: first.orderId });
  });

  it('what happened while a process could not listen is seen when it listens again', async () => {
    const order = await createClaimed(here, FREE);
    const waiting = poll(privateStatus(there, order.orderId, waitFor));
    await untilWaiters(other, 1);
    const killed = await world.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'taler-merchant listener' and datname = current_database()`,
    );
    expect(killed.length).toBeGreaterThanOrEqual(2);
    await payNothing(here, order.orderId);
    expect((await waiting.answer).body.order_status).toBe('paid');
    await until(async () => (await other.api.get('readyz')).status === 200, 'listening again');
  });

  it('answers every waiter with the state of now when a process shuts down', async () => {
    const server = await anotherServer();
    const shop = at(server);
    const order = await createClaimed(here, FREE);
    const tag = ((await privateStatus(shop, order.orderId)).headers['etag'] as string).replaceAll('"', '');
    const legacy = `public/instances/shop/poll-payment?order_id=${order.orderId}&h_contract=${order.hContractText}&timeout=100`;
    const polls = [
      poll(privateStatus(shop, order.orderId, waitFor)),
      poll(privateStatus(shop, order.orderId, { ...waitFor, lp_not_etag: tag }, { 'if-none-match': tag })),
      poll(publicStatus(shop, order.orderId, { ...waitFor, h_contract: order.hContractText })),
      poll(server.api.get(legacy)),
    ];
    await untilWaiters(server, 4);
    const startedMs = performance.now();
    await server.close();
    expect(performance.now() - startedMs).toBeLessThan(SHUTDOWN_MS_MAX);
    const answers = await Promise.all(polls.map(({ answer }) => answer));
    expect(answers.map((answer) => answer.status)).toEqual([200, 304, 402, 200]);
    expect(answers[0]?.body).toMatchObject({ order_status: 'claimed' });
    expect(answers[3]?.body).toMatchObject({ paid: false });
  });

  it('shuts down at once although clients hold connections on which they have asked nothing yet', async () => {
    const server = await anotherServer();
    const { hostname, port } = new URL(server.url);
    const sockets = Array.from({ length: 3 }, () => connect(Number(port), hostname));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    // A request on another connection, so that the server has surely seen the three.
    await server.api.get('config');
    const startedMs = performance.now();
    await server.close();
    expect(performance.now() - startedMs).toBeLessThan(SHUTDOWN_MS_MAX);
    await closed;
  });

  it('asks the database nothing while waiters sleep, and little when one order wakes them all', async () => {
    const COUNT = 200;
    const order = await createClaimed(here, FREE);
    const polls = Array.from({ length: COUNT }, () => poll(privateStatus(here, order.orderId, waitFor)));
    await untilWaiters(world.server, COUNT);
    await pause(200);
    const statements: string[] = [];
    const query = jest.spyOn(Client.prototype, 'query');
    function counted(this: Client, ...args: unknown[]): unknown {
      statements.push(textOf(args[0]));
      return Reflect.apply(unspied, this, args);
    }
    // The overloads of query() cannot be written as one function.
    query.mockImplementation(counted as never);
    try {
      await pause(1_500);
      // The one safety that is stated: the heartbeat of the listener, every ten seconds per process.
      expect(statements.filter((text) => !/pg_notify/.test(text))).toEqual([]);
      expect(statements.length).toBeLessThanOrEqual(2);
      statements.length = 0;
      await payNothing(here, order.orderId);
      for (const { answer } of polls) expect((await answer).body.order_status).toBe('paid');
      // One payment, and reads that the waiters share.
      expect(statements.length).toBeLessThan(COUNT / 4);
      expect(statements.length).toBeGreaterThan(0);
    } finally {
      query.mockRestore();
    }
  });
});

// Taken before anybody spies on it.
const unspied = Client.prototype.query as (...args: unknown[]) => unknown;

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return (query as { text?: string } | undefined)?.text ?? '';
}
