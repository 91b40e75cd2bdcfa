import { OrderPage, pageQuery } from '../../../src/orders/order-list.repository';
import { OrdersRepository } from '../../../src/orders/orders.repository';
import { SessionOrdersRepository } from '../../../src/orders/session-orders.repository';
import { Database } from '../../../src/platform/database/database';
import { createShop, startTestWorld, TestWorld } from '../../support/app';
import { copyOrder } from './copies';
import { createPaid } from './helpers';

/** Enough to tell a page from a table; LIST_ROWS=1000000 takes a minute. */
const ROWS = Number(process.env['LIST_ROWS'] ?? 25_000);
/** Blocks of a page of twenty orders, of which each may lie in a block of its own, and of the way down an index. */
const BLOCKS_MAX = 120;

/** What EXPLAIN tells of the uppermost step: the sums of all below. */
interface Plan {
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
}

describe('a page among many orders', () => {
  let world: TestWorld;
  let instanceSerial: bigint;
  let orderId: string;
  beforeAll(async () => {
    world = await startTestWorld();
    const order = { fulfillment_url: 'https://shop.example/0', summary: 'x'.repeat(200) };
    const paid = await createPaid(world.shop, { order, sessionId: 's0' });
    ({ orderId } = paid);
    // Another shop has as many orders, all of them newer.
    const busy = await createShop(world.server, 'busy');
    await copyOrder(world.database, paid.orderId, 2 * ROWS, {
      instance_serial: `case when n <= ${ROWS} then instance_serial
        else (select serial from instances where id = '${busy.id}') end`,
      paid_us: 'case when n % 2 = 0 then paid_us end',
      last_payment_us: 'case when n % 2 = 0 then paid_us end',
      refund_granted: 'case when n % 10000 = 0 then 1 else 0 end',
      session_id: `'s' || n`,
      fulfillment_url: `'https://shop.example/' || n % 100`,
      created_us: 'created_us + n * 1000000::int8',
    });
    const [row] = await world.database.query<{ instance_serial: string }>(
      'select min(instance_serial) as instance_serial from orders',
    );
    instanceSerial = BigInt(row?.instance_serial ?? 0);
  }, 600_000);
  afterAll(() => world?.close());

  const EVERYTHING = {
    ascending: false,
    length: 20,
    after: undefined,
    paid: undefined,
    refunded: undefined,
    createdFrom: undefined,
    createdUntil: undefined,
    sessionId: undefined,
    fulfillmentUrl: undefined,
    summaryPart: undefined,
  } satisfies Omit<OrderPage, 'instanceSerial'>;

  /** Blocks that the page touches, and the plan for whoever looks at a failure. */
  function explain(page: Partial<OrderPage>): Promise<{ blocks: number; plan: string }> {
    return explainQuery(pageQuery({ ...EVERYTHING, instanceSerial, ...page }));
  }
  async function explainQuery({ text, values }: { text: string; values: readonly unknown[] }) {
    const [row] = await world.database.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, buffers, timing off, format json) ${text}`,
      [...values],
    );
    const plan = row?.['QUERY PLAN'][0].Plan;
    if (!plan) throw new Error('no plan');
    // Of the whole plan, but not of the planning, which reads the catalogue.
    const blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    return { blocks, plan: JSON.stringify(plan, undefined, 1) };
  }

  /** Without them PostgreSQL takes one row in two hundred for unpaid, and sorts those few. */
  const NEEDS_STATISTICS = new Set(['the unpaid', 'the not refunded']);
  const PAGES: readonly (readonly [string, Partial<OrderPage>])[] = [
    ['the first', {}],
    ['the oldest', { ascending: true }],
    ['one in the middle', { after: BigInt(ROWS / 2) }],
    ['the paid', { paid: true }],
    ['the unpaid', { paid: false }],
    ['the refunded', { refunded: true }],
    ['the not refunded', { refunded: false }],
    ['of a session', { sessionId: 's5' }],
    ['of a session, oldest first', { sessionId: 's5', ascending: true }],
    ['of a session that nobody has', { sessionId: 'nobody' }],
    ['of a session and a URL', { sessionId: 's5', fulfillmentUrl: 'https://shop.example/5' }],
  ];

  it.each(PAGES.filter(([name]) => !NEEDS_STATISTICS.has(name)))(
    'reads no more than its rows before anybody has counted them: %s',
    async (_name, page) => {
      const { blocks, plan } = await explain(page);
      if (blocks > BLOCKS_MAX) throw new Error(`${blocks} blocks:\n${plan}`);
    },
  );

  describe('with the statistics that PostgreSQL gathers by itself', () => {
    beforeAll(async () => {
      await world.database.query('vacuum analyze orders');
    }, 600_000);

    it.each(PAGES)('reads no more than its rows: %s', async (_name, page) => {
      const { blocks, plan } = await explain(page);
      if (blocks > BLOCKS_MAX) throw new Error(`${blocks} blocks:\n${plan}`);
    });

    it.each(PAGES)('does so with a plan for whatever values: %s', async (_name, page) => {
      await world.database.query('set plan_cache_mode = force_generic_plan');
      try {
        const { blocks, plan } = await explain(page);
        expect({ plan, few: blocks <= BLOCKS_MAX }).toEqual({ plan, few: true });
      } finally {
        await world.database.query('reset plan_cache_mode');
      }
    });

    it('finds what a session has bought, and what it has bought before', async () => {
      const { app } = world.server;
      const [session, url] = ['s6', 'https://shop.example/6'];
      const sold = await app.get(OrdersRepository).find(instanceSerial, `${orderId}-6`);
      if (!sold) throw new Error('no such order');
      const query = jest.spyOn(app.get(Database), 'query');
      const question = { order: { ...sold, orderId: 'another' }, allowRefunded: false };
      const before = await app
        .get(OrdersRepository)
        .findBoughtBefore({ ...question, sessionId: session, fulfillmentUrl: url });
      const bought = await app.get(SessionOrdersRepository).find(instanceSerial, session, url);
      const statements = query.mock.calls.map(([{ text }, values]) => ({ text, values }));
      query.mockRestore();
      expect([before?.orderId, bought?.orderId]).toEqual([sold.orderId, sold.orderId]);
      expect(statements).toHaveLength(2);
      for (const statement of statements) {
        const { blocks, plan } = await explainQuery(statement);
        if (blocks > BLOCKS_MAX) throw new Error(`${blocks} blocks:\n${plan}`);
      }
    });
  });
});
