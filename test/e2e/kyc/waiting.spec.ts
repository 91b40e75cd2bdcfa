import type { ServerResponse } from 'node:http';
import { Api } from '../../support/api';
import { settingOf, startTestServer, type TestServer, type TestWorld, untilKeys } from '../../support/app';
import { operator, serverBeside, withServer } from '../instances/helpers';
import { LONG_MS, poll, untilWaiters } from '../long-poll/waiting';
import { answerJson } from '../../unit/exchange/support';
import {
  authenticate,
  change,
  entryOf,
  exceedLimit,
  IBAN,
  kyc,
  KycExchange,
  type KycShop,
  newShop,
  operate,
  patient,
  type Query,
  startKycWorld,
  stateBody,
} from './support';
import { KycChecker } from '../../../src/kyc/kyc-checker';
import { PAUSE_FIRST_MS, WATCH_POLL_MS } from '../../../src/kyc/kyc-watch';
import { until } from '../../support/until';

describe('waiting for KYC', () => {
  let world: TestWorld;
  let other: TestServer;
  beforeAll(async () => {
    world = await startKycWorld();
    other = patient(await serverBeside(world));
    await operate(world.exchange, 'sandbox/kyc', { enabled: true });
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });

  /** The same shop as another server serves it. */
  const at = (server: TestServer, shop: KycShop): KycShop => {
    const url = `${server.url}instances/${shop.id}/`;
    return { ...shop, url, api: new Api(url) };
  };
  const tagOf = async (shop: KycShop) => String((await kyc(shop)).headers['etag']);

  describe('with a real exchange', () => {
    it('ends as soon as the exchange sees the transfer, in all processes, whatever was waited for', async () => {
      const here = await newShop(world.server);
      const there = at(other, here);
      const tag = await tagOf(here);
      const conditions: Query[] = [
        {},
        { lpt: 1 },
        { lpt: 3 },
        { lp_status: 'ready' },
        { lp_not_status: 'kyc-wire-required' },
        { lp_not_etag: tag },
      ];
      const polls = conditions.flatMap((condition) =>
        [here, there].map((shop) => poll(kyc(shop, { ...condition, timeout_ms: LONG_MS }))),
      );
      await untilWaiters(world.server, conditions.length);
      await untilWaiters(other, conditions.length);
      expect(polls.some((each) => each.isAnswered())).toBe(false);
      await authenticate(world.exchange, here);
      for (const { answer } of polls) {
        const { status, body } = await answer;
        expect({ status, entry: body.kyc_data[0] as object }).toMatchObject({
          status: 200,
          entry: { status: 'ready', exchange_http_status: 200, access_token: expect.any(String) as string },
        });
      }
    });

    it('ends with the form that the owner fills in, and with the end of a review', async () => {
      const shop = await newShop(world.server);
      await authenticate(world.exchange, shop);
      await exceedLimit(world, shop);
      expect(await entryOf(shop)).toMatchObject({ status: 'kyc-required' });
      const done = poll(kyc(shop, { lp_status: 'ready', timeout_ms: LONG_MS }));
      await untilWaiters(world.server, 1);
      await change(world.exchange, shop, 'passed');
      expect((await done.answer).body.kyc_data[0]).toMatchObject({ status: 'ready' });

      await change(world.exchange, shop, 'aml-review-started');
      world.clock.advanceSeconds(61);
      expect(await entryOf(shop)).toMatchObject({ status: 'awaiting-aml-review' });
      const reviewed = poll(kyc(shop, { lpt: 2, timeout_ms: LONG_MS }));
      await untilWaiters(world.server, 1);
      await change(world.exchange, shop, 'aml-review-ended');
      expect((await reviewed.answer).body.kyc_data[0]).toMatchObject({ status: 'ready' });
    });

    it('answers at once where the condition holds already', async () => {
      const shop = await newShop(world.server);
      const wait = { timeout_ms: LONG_MS };
      const conditions: Query[] = [
        { lp_status: 'kyc-wire-required' },
        { lp_not_status: 'ready' },
        { lp_not_etag: 'another' },
        { lp_status: 'ready', lp_not_etag: 'another' },
      ];
      for (const condition of conditions) {
        expect((await kyc(shop, { ...condition, ...wait })).status).toBe(200);
      }
    });

    it('ends with the time, with the state of then: 200, 204 or 304', async () => {
      const shop = await newShop(world.server);
      const tag = await tagOf(shop);
      const wait = { timeout_ms: 1_100 };
      expect((await kyc(shop, { ...wait, lp_status: 'ready' })).body.kyc_data).toHaveLength(1);
      const unchanged = await kyc(shop, { ...wait, lp_not_etag: tag }, { 'if-none-match': tag });
      expect(unchanged).toMatchObject({ status: 304, text: '' });
      await shop.api.delete(`private/accounts/${shop.hWire}`, { token: shop.token });
      expect((await kyc(shop, { ...wait, lp_status: 'ready' })).status).toBe(204);
    });

    it('ends with an account that comes or goes', async () => {
      const shop = await newShop(world.server);
      const { api, token } = shop;
      await api.delete(`private/accounts/${shop.hWire}`, { token });
      const comes = poll(kyc(at(other, shop), { lp_not_status: 'ready', timeout_ms: LONG_MS }));
      await untilWaiters(other, 1);
      await api.post('private/accounts', { payto_uri: shop.payto }, { token });
      expect((await comes.answer).body.kyc_data[0]).toMatchObject({ payto_uri: shop.payto });
      const goes = poll(kyc(at(other, shop), { lp_not_etag: await tagOf(shop), timeout_ms: LONG_MS }));
      await untilWaiters(other, 1);
      await api.delete(`private/accounts/${shop.hWire}`, { token });
      expect((await goes.answer).status).toBe(204);
    });

    it('ends with the instance: 404', async () => {
      const shop = await newShop(world.server);
      const waiting = poll(kyc(shop, { lp_status: 'ready', timeout_ms: LONG_MS }));
      await untilWaiters(world.server, 1);
      await world.server.api.delete(`management/instances/${shop.id}?purge=yes`, operator);
      const { status, body } = await waiting.answer;
      expect(status).toBe(404);
      // It is deleted first, and then it is gone.
      expect([2000, 2016]).toContain(body.code);
    });
  });

  describe('with an exchange whose calls are counted', () => {
    let exchange: KycExchange;
    let server: TestServer;
    let held: ServerResponse[];
    beforeEach(async () => {
      exchange = await KycExchange.start(world.clock.nowUs());
      held = [];
      // Long polls are held, others are answered.
      exchange.script = (request, response) => {
        if (request.url?.includes('timeout_ms=')) held.push(response);
        else answerJson(response, 404, { code: 1939 });
      };
      const { database, clock } = world;
      server = await startTestServer({ database, clock, exchanges: [exchange.setting] });
      await untilKeys(patient(server));
    });
    afterEach(async () => {
      await server.close();
      await exchange.close();
    });
    const shopAt = () => newShop(server, { payto: IBAN });

    it('asks once for many who ask at the same moment, and not again within the minute', async () => {
      const shop = await shopAt();
      exchange.script = (_request, response) => void held.push(response);
      const asked = jest.spyOn(server.app.get(KycChecker), 'refresh');
      const requests = Array.from({ length: 20 }, () => kyc(shop));
      await until(() => held.length === 1 && asked.mock.calls.length === 20, 'all of them to ask');
      exchange.script = (_request, response) => void response.writeHead(204).end();
      held[0]?.writeHead(204).end();
      const answers = await Promise.all(requests);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(exchange.checks).toHaveLength(1);
      world.clock.advanceSeconds(59);
      await kyc(shop);
      expect(exchange.checks).toHaveLength(1);
      world.clock.advanceSeconds(1);
      await kyc(shop);
      expect(exchange.checks).toHaveLength(2);
    });

    it('looks again after ten seconds while something is wanted', async () => {
      const shop = await shopAt();
      exchange.answer(202, stateBody());
      await kyc(shop);
      world.clock.advanceSeconds(9);
      await kyc(shop);
      expect(exchange.checks).toHaveLength(1);
      world.clock.advanceSeconds(1);
      await kyc(shop);
      expect(exchange.checks).toHaveLength(2);
    });

    it('has one long poll at the exchange for all who wait, which ends with the last of them', async () => {
      const shop = await shopAt();
      const leave = [new AbortController(), new AbortController(), new AbortController()] as const;
      const path = `private/kyc?lp_status=ready&timeout_ms=${LONG_MS}`;
      const start = ({ signal }: AbortController) => poll(shop.api.get(path, { token: shop.token, signal }));
      const [last, ...others] = leave;
      const polls = [start(last)];
      await until(() => held.length === 1, 'the long poll at the exchange');
      let isGivenUp = false;
      held[0]?.on('close', () => (isGivenUp = true));
      polls.push(...others.map(start));
      await untilWaiters(server, 3);
      for (const each of others) each.abort();
      await untilWaiters(server, 1);
      // Who asks without waiting does not disturb it.
      world.clock.advanceSeconds(600);
      expect((await kyc(shop)).status).toBe(200);
      expect({ isGivenUp, calls: exchange.checks.length }).toEqual({ isGivenUp: false, calls: 2 });
      last.abort();
      await until(() => isGivenUp, 'the end of the long poll at the exchange');
      await untilWaiters(server, 0);
      await Promise.allSettled(polls.map(({ answer }) => answer));
      // The next one who waits starts another.
      const next = poll(kyc(shop, { lp_status: 'ready', timeout_ms: LONG_MS }));
      await until(() => held.length === 2, 'the next long poll');
      answerJson(held[1] as ServerResponse, 200, stateBody());
      expect((await next.answer).body.kyc_data[0]).toMatchObject({ status: 'ready' });
    });

    it('tells the exchange who asks, what is awaited and which rules are known', async () => {
      const shop = await shopAt();
      const waits: URLSearchParams[] = [];
      const answers: readonly (readonly [number, object])[] = [
        [404, { code: 1939 }],
        [202, stateBody({ rule_gen: 3 })],
        [202, stateBody({ rule_gen: 4, aml_review: true })],
        [200, stateBody({ rule_gen: 5 })],
      ];
      let step = 0;
      exchange.script = (request, response) => {
        const query = new URL(request.url ?? '', exchange.baseUrl).searchParams;
        if (query.has('timeout_ms')) waits.push(query);
        const [status, body] = answers[Math.min(step++, 3)] ?? [500, {}];
        answerJson(response, status, body as Record<string, never>);
      };
      expect((await kyc(shop, { lp_status: 'ready', timeout_ms: LONG_MS })).status).toBe(200);
      const [first] = exchange.checks;
      expect(first?.headers['account-owner-pub']).toBe(shop.merchantPub);
      expect(first?.headers['account-owner-signature']).toMatch(/^[0-9A-Z]{103}$/);
      expect(first?.url).toMatch(/^\/kyc-check\/[0-9A-Z]{52}$/);
      expect(waits.map((query) => Object.fromEntries(query))).toEqual([
        { timeout_ms: '30000', lpt: '1' },
        { timeout_ms: '30000', lpt: '3', min_rule: '3' },
        { timeout_ms: '30000', lpt: '2', min_rule: '4' },
      ]);
    });

    it('does not hammer an exchange that does not hold its answers', async () => {
      const shop = await shopAt();
      const askedMs: number[] = [];
      exchange.script = (_request, response) => {
        askedMs.push(performance.now());
        answerJson(response, 404, { code: 1939 });
      };
      const leave = new AbortController();
      const path = `private/kyc?lp_status=ready&timeout_ms=${LONG_MS}`;
      const waiting = poll(shop.api.get(path, { token: shop.token, signal: leave.signal }));
      await until(() => askedMs.length >= 5, 'five questions');
      leave.abort();
      await waiting.answer.catch(() => undefined);
      // The request asks, who follows asks, and then there is a pause before each question. Timers may be late, and one
      // millisecond early.
      const pauses = askedMs.slice(2).map((ms, index) => ms - (askedMs[index + 1] ?? ms));
      for (const pause of pauses) expect(pause).toBeGreaterThan(PAUSE_FIRST_MS - 2);
    });

    it('waits for keys where the exchange has sent none, and goes on with them', async () => {
      const { keys } = exchange;
      await server.close();
      await world.database.query('delete from exchange_keys');
      exchange.keys = undefined;
      server = await startTestServer({
        database: world.database,
        clock: world.clock,
        exchanges: [exchange.setting],
      });
      const shop = await shopAt();
      expect(await entryOf(shop)).toMatchObject({
        status: 'no-exchange-keys',
        no_keys: true,
        auth_conflict: false,
        exchange_http_status: 0,
      });
      const waiting = poll(kyc(shop, { lp_status: 'kyc-wire-required', timeout_ms: LONG_MS }));
      await untilWaiters(server, 1);
      exchange.keys = keys;
      // After a failure nobody asks for a second.
      world.clock.advanceSeconds(2);
      expect((await waiting.answer).body.kyc_data[0]).toMatchObject({
        no_keys: false,
        exchange_http_status: 404,
      });
    });

    it('leaves nobody waiting when the server ends', async () => {
      const shop = await shopAt();
      const ending = await startTestServer({
        database: world.database,
        clock: world.clock,
        exchanges: [exchange.setting],
      });
      const waiting = poll(kyc(at(ending, shop), { lp_status: 'ready', timeout_ms: LONG_MS }));
      await untilWaiters(ending, 1);
      await until(() => held.length === 1, 'the long poll at the exchange');
      let isGivenUp = false;
      held[0]?.on('close', () => (isGivenUp = true));
      const startMs = performance.now();
      await ending.close();
      // It waits neither for its clients nor for the exchange, which holds its answer for half a minute.
      expect(performance.now() - startMs).toBeLessThan(WATCH_POLL_MS);
      expect((await waiting.answer).status).toBe(200);
      await until(() => isGivenUp, 'the end of the long poll at the exchange');
    });

    it('reports each exchange on its own: one is silent, the other is not', async () => {
      const exchanges = [settingOf(world.exchange), exchange.setting];
      exchange.script = () => undefined;
      const { database, clock } = world;
      const both = await startTestServer({ database, clock, exchanges });
      try {
        await untilKeys(both);
        const shop = await newShop(both, { payto: IBAN });
        const { status, body } = await kyc(shop, { lp_status: 'kyc-wire-required', timeout_ms: LONG_MS });
        expect(status).toBe(200);
        expect(body.kyc_data).toMatchObject([
          { exchange_url: world.exchange.baseUrl, status: 'kyc-wire-required' },
          { exchange_url: exchange.baseUrl, status: 'exchange-unreachable', exchange_http_status: 0 },
        ]);
      } finally {
        await both.close();
      }
    });
  });

  it('is shared by two processes that ask at once: both tell the same, and the table has one row', async () => {
    const shop = await newShop(world.server);
    await withServer(world, {}, async (third) => {
      const shops = [shop, at(other, shop), at(third, shop)];
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) => kyc(shops[index % 3] ?? shop)),
      );
      const statuses = answers.map(({ status, body }) => [status, body.kyc_data[0].status as string]);
      expect(statuses).toEqual(answers.map(() => [200, 'kyc-wire-required']));
      const rows = await world.database.query(
        'select from kyc_status join accounts on accounts.serial = account_serial where payto_uri = $1',
        [shop.payto],
      );
      expect(rows).toHaveLength(1);
    });
  });
});
