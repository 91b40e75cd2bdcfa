import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, setGlobalDispatcher, getGlobalDispatcher } from 'undici';
import type { ApiAnswer } from '../../support/api';
import { createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { LONG_MS, poll, type Poll, untilAsleep, untilWaiters } from '../long-poll/waiting';
import {
  ClaimedOrder,
  createClaimed,
  createPaid,
  expectRefusal,
  payNothing,
  provePaid,
  unclaimBody,
} from '../orders/helpers';

interface RecordedCase {
  readonly case: string;
  readonly group: string;
  readonly request: { method: string; path: string; headers?: Record<string, string>; body?: string };
  readonly status: number | null;
  readonly body: { code?: number } & Record<string, unknown>;
  readonly answered_after_ms?: number;
}

const RECORDING = join(__dirname, '../../fixtures/poll-payment-2020.json');
const recorded = (JSON.parse(readFileSync(RECORDING, 'utf8')) as { cases: RecordedCase[] }).cases.filter(
  ({ group }) => group === 'poll-payment',
);

const CODE_MISSING_2020 = 1008;
const CODE_MALFORMED_2020 = 1009;
const CODE_NO_PROPOSAL_2020 = 2250;
/** Timers may fire this much early. */
const TIMER_SLACK_MS = 15;
const WAITERS = 1_500;
/** A part of them that comes at once. */
const ARRIVALS = 250;
const LONG_S = LONG_MS / 1000;

/** Where we answer otherwise than the original, and why. Everything not named here is answered alike. */
const DIFFERENCES: Readonly<
  Record<string, { why: string; check: (answer: ApiAnswer, paths: Replay) => void }>
> = {
  'poll: order_id unknown but h_contract known (order_id is echoed, not checked)': {
    why: 'order_id must fit the contract (orders.md 6): else a pay URI for an order of nobody would be handed out',
    check: (answer) => expectRefusal(answer, 404, 2005, { detail: 'nonsense' }),
  },
  'poll: timeout=1.9 (digits up to the dot count)': {
    why: 'the timeout is an unsigned integer (orders.md 6); the original read as far as it understood',
    check: (answer) => expectRefusal(answer, 400, 26, { detail: 'timeout' }),
  },
  'poll: timeout=1abc (trailing text ignored)': {
    why: 'as before',
    check: (answer) => expectRefusal(answer, 400, 26, { detail: 'timeout' }),
  },
  'poll: timeout=-1': {
    why: 'the original took it for 136 years and never answered',
    check: (answer) => expectRefusal(answer, 400, 26, { detail: 'timeout' }),
  },
  'poll: X-Forwarded-Host and -Prefix and -Proto': {
    why: 'the base URL was fixed with the contract, so that wallet and contract agree (orders.md 5.1)',
    check: (answer, { unpaid }) =>
      expect(answer).toMatchObject({ status: 200, body: unpaid('claimed-1795149530') }),
  },
  'poll: X-Forwarded-Host only': {
    why: 'as before',
    check: (answer, { unpaid }) =>
      expect(answer).toMatchObject({ status: 200, body: unpaid('claimed-1795149530') }),
  },
  'poll: also reachable without /public': {
    why: 'the reference names the two paths below /public only (orders.md 6)',
    check: (answer) => expectRefusal(answer, 404, 21, { detail: '/poll-payment' }),
  },
  'poll: POST': {
    why: 'a wrong method gets the code, and the Allow header, of all others (conventions.md 5.3)',
    check: (answer) => {
      expectRefusal(answer, 405, 20, { detail: 'POST' });
      expect(answer.headers['allow']).toBe('GET, HEAD');
    },
  },
  'poll: HEAD': {
    why: 'HEAD is answered like GET without body (conventions.md 5.3)',
    check: (answer) => expect(answer).toMatchObject({ status: 200, text: '' }),
  },
  'poll: unpaid order, but its fulfillment_url was paid in this session through order 1': {
    why:
      'nobody paid this order: orders.md 6 and 7.4 name the order that was paid, as the modern calls do; the original ' +
      'was recorded saying "paid"',
    check: (answer, { unpaid }) =>
      expect(answer).toMatchObject({
        status: 200,
        text: JSON.stringify({ ...unpaid('1-unpaid', 'sess-1'), already_paid_order_id: '1' }),
      }),
  },
};

/** These wait for something to happen; they are replayed one by one below. */
const DYNAMIC = [
  'poll: timeout=1 on an idle server; some other request arrives after 4 s',
  'poll: waiting with timeout=60 when the order is paid with real coins (POST /pay, exchange of the same date)',
  'poll: waiting with timeout=120 on an order paid but not yet refunded in the meantime, then POST /refund grants KUDOS:1',
];

interface Replay {
  /** The whole body for an unpaid order. */
  unpaid(orderId: string, sessionId?: string): Record<string, unknown>;
}

describe('GET /public/poll-payment of 2019', () => {
  let world: TestWorld;
  let shop: TestShop;
  let tor: TestShop;
  /** By order id: the orders of the recording, made anew. */
  const orders = new Map<string, ClaimedOrder>();

  beforeAll(async () => {
    world = await startTestWorld();
    shop = await createShop(world.server, 'admin');
    tor = await createShop(world.server, 'tor');
    const article = { amount: 'KUDOS:0', fulfillment_url: 'https://shop.example/thanks' };
    const noToken = { create_token: false };
    const unclaimed = { order: { ...article, summary: 's', order_id: 'unclaimed-1795149530' }, ...noToken };
    await shop.api.post('private/orders', unclaimed, { token: shop.token });
    for (const id of ['claimed-1795149530', 'unclaimed-1795149530-x']) {
      orders.set(id, await createClaimed(shop, { ...article, order_id: id }, noToken));
    }
    // The recorded orders that were truly paid share one fulfillment URL, with an unpaid one.
    const shared = { ...article, fulfillment_url: 'https://shop.example/shared' };
    for (const id of ['11', '1-unpaid']) {
      orders.set(id, await createClaimed(shop, { ...shared, order_id: id }, noToken));
    }
    for (const id of ['1r', '1']) {
      const options = { order: { ...shared, order_id: id }, request: noToken, sessionId: 'sess-1' };
      orders.set(id, await createPaid(shop, options));
    }
    await refund('1r', 10_000_000);
  });
  afterAll(() => world?.close());

  /** What a refund leaves behind (a later issue grants them), announced as another process announces it. */
  async function refund(orderId: string, units: number): Promise<void> {
    const [row] = await world.database.query<{ instance_serial: string }>(
      'update orders set refund_granted = $2 where order_id = $1 returning instance_serial',
      [orderId, units],
    );
    const topic = `order:${row?.instance_serial}:${orderId}`;
    await world.database.query(`select pg_notify('taler_merchant', $1)`, [`0\n${topic}`]);
  }

  function unpaid(orderId: string, sessionId = ''): Record<string, unknown> {
    const host = shop.url.replace('http://', '');
    return { paid: false, taler_pay_uri: `taler+http://pay/${host}${orderId}/${sessionId}` };
  }

  /** The recorded request for the orders made anew: their hashes, and KUDOS where the recording had paid in EUR. */
  function send({ request }: RecordedCase): Promise<ApiAnswer> {
    const orderId = /order_id=([^&]+)/.exec(request.path)?.[1] ?? 'claimed-1795149530';
    const { hContractText } = orders.get(orderId) ?? (orders.get('claimed-1795149530') as ClaimedOrder);
    const isEuro = /^1(r|1|-unpaid)?$/.test(orderId);
    const path = request.path
      .slice(1)
      .replace(/(h_contract=)([1-9A-Z][0-9A-Z]{102})/, `$1${hContractText}`)
      .replace(/(h_contract=)([1-9a-z][0-9a-z]{102})/, `$1${hContractText.toLowerCase()}`)
      .replace(/(h_contract=)([1-9A-Z][0-9A-Z]{40,60})(&|$)/, `$1${hContractText.slice(0, 52)}$3`)
      .replace('EUR:', isEuro ? 'KUDOS:' : 'EUR:');
    return world.server.api.call(request.method, path, { headers: request.headers, raw: request.body });
  }

  /** Holds our answer against the recorded one, old codes and shapes brought up to date. */
  function expectAlike(old: RecordedCase, answer: ApiAnswer): void {
    const query = new URL(old.request.path, 'http://x/').searchParams;
    const orderId = query.get('order_id') ?? '';
    switch (old.body.code) {
      case CODE_MISSING_2020:
        return expectRefusal(answer, 400, 25, { detail: query.has('order_id') ? 'h_contract' : 'order_id' });
      case CODE_MALFORMED_2020: {
        const detail = ['timeout', 'refund'].find((name) => query.has(name)) ?? 'h_contract';
        return expectRefusal(answer, 400, 26, { detail });
      }
      case CODE_NO_PROPOSAL_2020:
        return expectRefusal(answer, 404, 2005, { detail: orderId });
      case 2000:
        return expectRefusal(answer, 404, 2000, { detail: 'nosuch' });
      default:
        break;
    }
    expect(answer.status).toBe(old.status);
    if (old.status === 204) return expect(answer.text).toBe('');
    if (old.body['paid'] === true) {
      // Only the currency of the recording differs.
      return expect(answer.body).toEqual(JSON.parse(JSON.stringify(old.body).replace('EUR', 'KUDOS')));
    }
    // Absent members are left out now; contract_url was made up by the backend of 2020 unless it was given.
    const contractUrl = query.get('contract_url');
    expect(answer.body).toEqual({
      ...unpaid(orderId, query.get('session_id') ?? ''),
      ...(contractUrl === null ? {} : { contract_url: contractUrl }),
    });
  }

  const statics = recorded.filter((old) => !DYNAMIC.includes(old.case));
  it.each(statics.map((old) => [old.case, old] as const))('%s', async (name, old) => {
    const startedMs = performance.now();
    const answer = await send(old);
    const elapsedMs = performance.now() - startedMs;
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    const difference = DIFFERENCES[name];
    if (difference) return difference.check(answer, { unpaid });
    expectAlike(old, answer);
    if ((old.answered_after_ms ?? 0) >= 1000) expect(elapsedMs).toBeGreaterThanOrEqual(1000 - TIMER_SLACK_MS);
  });

  it('replays every case of the recording', () => {
    const names = recorded.map((old) => old.case);
    expect(names).toHaveLength(47);
    for (const name of [...DYNAMIC, ...Object.keys(DIFFERENCES)]) expect(names).toContain(name);
  });

  function pollLegacy(order: ClaimedOrder, query = '', path = 'public/poll-payment') {
    const text = `order_id=${order.orderId}&h_contract=${order.hContractText}${query}`;
    return poll(world.server.api.get(`${path}?${text}`));
  }

  it('answers on an idle server when the time is up, which the original did not', async () => {
    const order = orders.get('claimed-1795149530') as ClaimedOrder;
    const startedMs = performance.now();
    const waiting = pollLegacy(order, '&timeout=1');
    expect((await waiting.answer).body).toEqual(unpaid(order.orderId));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1000 - TIMER_SLACK_MS);
  });

  it('is released by the payment', async () => {
    const order = await createClaimed(shop, { amount: 'KUDOS:0' });
    const waiting = pollLegacy(order, `&timeout=${LONG_S}`);
    await untilWaiters(world.server, 1);
    await payNothing(shop, order.orderId);
    expect(await waiting.answer).toMatchObject({ status: 200, text: '{"paid":true,"refunded":false}' });
  });

  it('is released by the payment in its session, and by no other', async () => {
    const order = await createClaimed(shop, { amount: 'KUDOS:0' });
    const mine = pollLegacy(order, `&timeout=${LONG_S}&session_id=mine`);
    const yours = pollLegacy(order, `&timeout=${LONG_S}&session_id=yours`);
    await untilWaiters(world.server, 2);
    const receipt = await payNothing(shop, order.orderId, 'mine');
    expect((await mine.answer).body).toEqual({ paid: true, refunded: false });
    await untilAsleep(world.server, 1);
    expect(yours.isAnswered()).toBe(false);
    // Until the payment moves over to it.
    await provePaid(shop, order, receipt, 'yours');
    expect((await yours.answer).body).toEqual({ paid: true, refunded: false });
  });

  it('is released by a refund above the amount it names', async () => {
    const order = await createPaid(shop);
    const waiting = pollLegacy(order, `&timeout=${LONG_S}&refund=KUDOS:0.5`);
    await untilWaiters(world.server, 1);
    await refund(order.orderId, 100_000_000);
    expect((await waiting.answer).body).toEqual({ paid: true, refunded: true, refund_amount: 'KUDOS:1' });
  });

  it('ends with 404 when the claim is given up: there is no such contract any more', async () => {
    const order = await createClaimed(shop);
    const waiting = pollLegacy(order, `&timeout=${LONG_S}`);
    await untilWaiters(world.server, 1);
    await shop.api.post(`orders/${order.orderId}/unclaim`, unclaimBody(order));
    expectRefusal(await waiting.answer, 404, 2005, { detail: order.orderId });
  });

  it('serves every instance below its own path', async () => {
    const order = await createPaid(tor);
    const found = await pollLegacy(order, '', 'public/instances/tor/poll-payment').answer;
    expect(found).toMatchObject({ status: 200, text: '{"paid":true,"refunded":false}' });
    expectRefusal(await pollLegacy(order).answer, 404, 2005, { detail: order.orderId });
    const admin = await createPaid(shop);
    for (const id of ['default', 'admin']) {
      const answer = await pollLegacy(admin, '', `public/instances/${id}/poll-payment`).answer;
      expect(answer.body).toEqual({ paid: true, refunded: false });
    }
  });

  it(`holds ${WAITERS} waiters, more than the original could, and answers them all`, async () => {
    const order = await createClaimed(shop, { amount: 'KUDOS:0' });
    const usual = getGlobalDispatcher();
    const agent = new Agent({ connect: { timeout: 60_000 }, headersTimeout: 2 * LONG_MS });
    setGlobalDispatcher(agent);
    try {
      const polls: Poll[] = [];
      // Not all at the same moment: a slow machine would be long about it, and what is here waits with patience.
      while (polls.length < WAITERS) {
        polls.push(...Array.from({ length: ARRIVALS }, () => pollLegacy(order, `&timeout=${LONG_S}`)));
        await untilWaiters(world.server, polls.length);
      }
      await payNothing(shop, order.orderId);
      const answers = await Promise.all(polls.map(({ answer }) => answer));
      const texts = answers.map((answer) => `${answer.status} ${answer.text}`);
      expect([...new Set(texts)]).toEqual(['200 {"paid":true,"refunded":false}']);
      await untilWaiters(world.server, 0);
    } finally {
      setGlobalDispatcher(usual);
      await agent.close();
    }
  });
});
