import { EventBus } from '../../src/platform/events/event-bus';
import { orderTopic, type Topic } from '../../src/platform/events/topics';
import { createShop, startTestWorld } from '../support/app';
import type { TestServer, TestWorld } from '../support/app';
import { Customer } from '../e2e/payments/support/customer';
import { coinsOf, withdrawCoins } from '../e2e/payments/support/purse';
import { serverBeside } from '../e2e/instances/helpers';
import { LONG_MS, untilAsleep, untilHeard } from '../e2e/long-poll/waiting';
import { ask } from './support/empty-database';
import { cutListeners, untilListening } from './support/listeners';

/** The database in which suites make theirs. */
const serverUrl = process.env['TEST_DATABASE_URL'] ?? '';

describe('events between two servers on one database', () => {
  let world: TestWorld;
  let other: TestServer;

  beforeAll(async () => {
    world = await startTestWorld();
    other = await serverBeside(world);
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });

  const here = () => world.server.app.get(EventBus);
  const there = () => other.app.get(EventBus);
  const servers = () => [world.server, other];
  /** Whatever was published until now has come to both, back to its sender too. */
  const quiet = async () => {
    await untilHeard(world.server, other);
    await untilHeard(other, world.server);
  };

  const cutAll = async () => {
    await cutListeners(world.database, servers());
    await untilListening(world.database, servers());
  };

  it('arrive at the other, once, and at the sender at once and only once', async () => {
    const topic = orderTopic(1n, 'once');
    const heard = { here: 0, there: 0 };
    const ends = [here().subscribe(topic, () => heard.here++), there().subscribe(topic, () => heard.there++)];
    here().publish(topic);
    expect(heard).toEqual({ here: 1, there: 0 });
    await quiet();
    expect(heard).toEqual({ here: 1, there: 1 });
    for (const end of ends) end();
    here().publish(topic);
    await quiet();
    expect(heard).toEqual({ here: 1, there: 1 });
  });

  it('arrive in any number at once, however long: one message holds less than 8000 bytes', async () => {
    const topics = Array.from({ length: 2_000 }, (_, index) =>
      orderTopic(1n, `${'long'.repeat(20)}-${index}`),
    );
    const heard = new Set<Topic>();
    const ends = topics.map((topic) => there().subscribe(topic, () => heard.add(topic)));
    for (const topic of topics) here().publish(topic);
    await untilHeard(world.server, other);
    expect(heard.size).toBe(topics.length);
    for (const end of ends) end();
  });

  it('reach every listener also when one of them throws', async () => {
    const topic = orderTopic(1n, 'throws');
    let heard = 0;
    const ends = [
      there().subscribe(topic, () => {
        throw new Error('a bug');
      }),
      there().subscribe(topic, () => heard++),
    ];
    here().publish(topic);
    await untilHeard(world.server, other);
    expect(heard).toBe(1);
    for (const end of ends) end();
  });

  it('wake a long poll at the other server', async () => {
    const { shop } = world;
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    const customer = await Customer.order(shop);
    const path = `instances/shop/private/orders/${customer.orderId}?timeout_ms=${LONG_MS}`;
    const waiting = other.api.get(path, { token: shop.token });
    await untilAsleep(other, 1);
    expect((await customer.spend(coins)).status).toBe(200);
    expect((await waiting).body).toMatchObject({ order_status: 'paid' });
  });

  it('drop what the other server remembers of an instance', async () => {
    const late = await createShop(world.server, 'late');
    const orderAt = (server: TestServer) => {
      const body = { order: { amount: 'KUDOS:1', summary: 'by bank' }, payment_target: 'iban' };
      return server.api.post('instances/late/private/orders', body, { token: late.token });
    };
    expect(await orderAt(other)).toMatchObject({ status: 404, body: { code: 2500 } });
    const payto_uri = 'payto://iban/DE75512108001245126199?receiver-name=Shop';
    const added = await late.api.post('private/accounts', { payto_uri }, { token: late.token });
    expect(added.status).toBe(200);
    await untilHeard(world.server, other);
    expect((await orderAt(other)).status).toBe(200);
  });

  describe('after the connections were cut', () => {
    it('arrive again', async () => {
      await cutAll();
      const topic = orderTopic(1n, 'again');
      let heard = 0;
      const end = there().subscribe(topic, () => heard++);
      here().publish(topic);
      await untilHeard(world.server, other);
      expect(heard).toBe(1);
      end();
    });

    it('let every waiter look again, since nobody knows what was missed', async () => {
      const topics = [orderTopic(1n, 'a'), orderTopic(2n, 'b')];
      const heard = new Set<Topic>();
      const ends = topics.map((topic) => there().subscribe(topic, () => heard.add(topic)));
      const kinds: Topic[] = [];
      ends.push(there().subscribeKind('instance', (topic) => kinds.push(topic)));
      await cutAll();
      expect([...heard].sort()).toEqual([...topics].sort());
      expect(kinds).toContain('instance:');
      for (const end of ends) end();
    });

    it('still release a long poll whose event fell into the gap', async () => {
      const { shop, database } = world;
      const customer = await Customer.order(shop);
      const path = `instances/shop/private/orders/${customer.orderId}?timeout_ms=${LONG_MS}`;
      const waiting = other.api.get(path, { token: shop.token });
      await untilAsleep(other, 1);
      const [{ name } = { name: '' }] = await database.query<{ name: string }>(
        'select current_database() as name',
      );
      // Nobody can listen again before the gap ends.
      const admit = (isOpen: boolean) =>
        ask(serverUrl, `alter database ${name} allow_connections ${String(isOpen)}`);
      await admit(false);
      await cutListeners(database, servers());
      const paidUs = world.clock.nowUs();
      await database.query('update orders set paid_us = $1, last_payment_us = $1 where order_id = $2', [
        paidUs,
        customer.orderId,
      ]);
      await admit(true);
      expect((await waiting).body).toMatchObject({ order_status: 'paid' });
      await untilListening(database, servers());
    });
  });
});
