import { decodeBase32 } from '../../../src/taler/base32';
import { createShop, type TestWorld } from '../../support/app';
import { expectRefusal } from '../orders/helpers';
import { newInstance, operator, withServer } from '../instances/helpers';
import {
  authenticate,
  change,
  entryOf,
  exceedLimit,
  kyc,
  type KycExchange,
  newShop,
  operate,
  patient,
  startKycWorld,
  withExchange,
} from './support';
import { LONG_MS } from '../long-poll/waiting';
import { answerJson } from '../../unit/exchange/support';
import { KycChecker } from '../../../src/kyc/kyc-checker';
import { ASK_MS_MIN } from '../../../src/kyc/use-cases/get-kyc';
import type { JsonValue } from '../../../src/taler/json';
import { until } from '../../support/until';

const DAY = { d_us: 86_400_000_000 };
const CHECK = { path: '/kyc-check' };

describe('the KYC status with a real exchange', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startKycWorld();
  });
  beforeEach(() => operate(world.exchange, 'sandbox/kyc', { enabled: true }));
  afterEach(() => world.exchange.clearFaults());
  afterAll(() => world?.close());

  it('is ready where there is no KYC: 204 of the exchange', async () => {
    await operate(world.exchange, 'sandbox/kyc', { enabled: false });
    const shop = await newShop(world.server);
    const answer = await kyc(shop);
    expect({ status: answer.status, body: answer.body as unknown }).toEqual({
      status: 200,
      body: {
        kyc_data: [
          {
            status: 'ready',
            payto_uri: shop.payto,
            h_wire: shop.hWire,
            exchange_url: world.exchange.baseUrl,
            exchange_currency: 'KUDOS',
            exchange_http_status: 204,
            no_keys: false,
            auth_conflict: false,
          },
        ],
      },
    });
    expect(answer.headers).toMatchObject({ vary: 'Accept', 'cache-control': 'no-store' });
  });

  it('goes from unknown over authenticated, limited and reviewed to ready, each in its time', async () => {
    const shop = await newShop(world.server);
    const later = () => world.clock.advanceSeconds(61);
    const unknown = await entryOf(shop);
    const transfer = `amount=KUDOS:0.01&message=KYC:${shop.merchantPub}`;
    expect(unknown).toEqual({
      status: 'kyc-wire-required',
      payto_uri: shop.payto,
      h_wire: shop.hWire,
      exchange_url: world.exchange.baseUrl,
      exchange_currency: 'KUDOS',
      exchange_http_status: 404,
      exchange_code: 1939,
      no_keys: false,
      auth_conflict: false,
      payto_kycauths: [`payto://x-taler-bank/localhost/Exchange?receiver-name=Exchange+Company&${transfer}`],
    });

    await authenticate(world.exchange, shop);
    later();
    const known = await entryOf(shop);
    expect(known).toMatchObject({ status: 'ready', exchange_http_status: 200 });
    expect(known).not.toHaveProperty('payto_kycauths');
    expect(known).not.toHaveProperty('exchange_code');
    expect(decodeBase32(String(known['access_token']), 32)).toBeDefined();
    expect(known['limits']).toContainEqual({
      operation_type: 'DEPOSIT',
      timeframe: DAY,
      threshold: 'KUDOS:3',
      soft_limit: true,
    });
    expect(known['limits']).toContainEqual({
      operation_type: 'BALANCE',
      timeframe: DAY,
      threshold: 'KUDOS:1000',
      soft_limit: false,
    });

    await exceedLimit(world, shop);
    later();
    expect(await entryOf(shop)).toEqual({ ...known, status: 'kyc-required', exchange_http_status: 202 });

    await change(world.exchange, shop, 'aml-review-started');
    later();
    expect(await entryOf(shop)).toMatchObject({ status: 'awaiting-aml-review', exchange_http_status: 202 });

    await change(world.exchange, shop, 'aml-review-ended');
    await change(world.exchange, shop, 'passed');
    later();
    const passed = await entryOf(shop);
    expect(passed).toMatchObject({ status: 'ready', exchange_http_status: 200 });
    expect(passed['access_token']).toBe(known['access_token']);

    await change(world.exchange, shop, 'revoked');
    later();
    await exceedLimit(world, shop);
    later();
    expect(await entryOf(shop)).toMatchObject({ status: 'kyc-required' });
  });

  it('is that a transfer is needed where another key owns the account: 403 of the exchange', async () => {
    const owner = await newShop(world.server);
    await authenticate(world.exchange, owner);
    const other = await newShop(world.server, { payto: owner.payto });
    expect(await entryOf(other)).toMatchObject({
      status: 'kyc-wire-required',
      exchange_http_status: 403,
      exchange_code: 1930,
      auth_conflict: false,
      payto_kycauths: [expect.stringContaining(`message=KYC:${other.merchantPub}`) as string],
    });
    expect(await entryOf(owner)).toMatchObject({ status: 'ready' });
  });

  it('is the same where the account has no key yet: 409 of the exchange', async () => {
    const shop = await newShop(world.server);
    world.exchange.addFault({ match: CHECK, action: 'fail', status: 409, body: { code: 1940 } });
    expect(await entryOf(shop)).toMatchObject({
      status: 'kyc-wire-required',
      exchange_http_status: 409,
      exchange_code: 1940,
    });
  });

  const troubles = [
    ['500', { action: 'fail', status: 500, body: { code: 1038 } }, 'exchange-internal-error', 500, 1038],
    [
      '503',
      { action: 'fail', status: 503, body: { hint: 'no code' } },
      'exchange-status-invalid',
      503,
      undefined,
    ],
    ['504', { action: 'fail', status: 504 }, 'exchange-gateway-timeout', 504, 0],
    ['400', { action: 'fail', status: 400, body: { code: 26 } }, 'exchange-status-invalid', 400, 26],
    ['a page', { action: 'garbage' }, 'exchange-status-invalid', 200, 2013],
    ['no answer', { action: 'hang-up' }, 'exchange-unreachable', 0, undefined],
  ] as const;
  it.each(troubles)(
    'is reported per entry, with 200, when the exchange answers %s; what it said before stays',
    async (_name, fault, status, httpStatus, code) => {
      const fresh = await newShop(world.server);
      world.exchange.addFault({ match: CHECK, ...fault });
      const trouble = { status, exchange_http_status: httpStatus, exchange_code: code };
      const expected = JSON.parse(JSON.stringify(trouble)) as object;
      expect(await entryOf(fresh)).toMatchObject(expected);

      const known = await newShop(world.server);
      await authenticate(world.exchange, known);
      const before = await entryOf(known);
      world.clock.advanceSeconds(61);
      world.exchange.addFault({ match: CHECK, ...fault });
      const { access_token, limits } = before;
      expect(await entryOf(known)).toMatchObject({ ...expected, access_token, limits });
      world.clock.advanceSeconds(11);
      expect(await entryOf(known)).toEqual(before);
    },
  );

  it('does not wait for a silent exchange longer than its time, and learns of the answer when it comes', async () => {
    await withExchange(world, {}, async (shop, exchange) => {
      const calls = silence(exchange);
      expect(await entryOf(shop)).toMatchObject({ status: 'exchange-unreachable', exchange_http_status: 0 });
      // The call itself goes on, for ten seconds more.
      await until(() => calls.length === 1, 'the call');
      expect(calls[0]?.isOver).toBe(false);
      exchange.answer(404, { code: 1939 });
      calls[0]?.answer(404, { code: 1939 });
      const settled = await entryOf(shop, { lp_status: 'kyc-wire-required', timeout_ms: LONG_MS });
      expect(settled).toMatchObject({ status: 'kyc-wire-required', exchange_http_status: 404 });
    });
  });

  it('waits a second at most where the client has no more time', async () => {
    await withExchange(world, {}, async (shop, exchange, { app }) => {
      const calls = silence(exchange);
      const asked = jest.spyOn(app.get(KycChecker), 'refresh');
      expect(await entryOf(shop, { timeout_ms: 10 })).toMatchObject({ status: 'exchange-unreachable' });
      await until(() => calls.length === 1, 'the call');
      expect(calls[0]?.isOver).toBe(false);
      const [[, budgetMs]] = asked.mock.calls as [Parameters<KycChecker['refresh']>];
      expect(budgetMs).toBeLessThanOrEqual(ASK_MS_MIN);
    });
  });

  /** From now on the exchange answers no call by itself. @returns its calls */
  function silence(exchange: KycExchange) {
    const calls: { answer: (status: number, body: JsonValue) => void; isOver: boolean }[] = [];
    exchange.script = (_request, response) => {
      const call = {
        answer: (status: number, body: JsonValue) => answerJson(response, status, body),
        isOver: false,
      };
      response.on('close', () => (call.isOver = true));
      calls.push(call);
    };
    return calls;
  }

  it('names the hard limits of /keys too, and one of zero is no business without KYC', async () => {
    await operate(world.exchange, 'sandbox/kyc', { enabled: false });
    const { exchange } = world;
    exchange.setHardLimits([{ operation_type: 'AGGREGATE', threshold: 'KUDOS:0', timeframe: DAY }]);
    await withServer(world, {}, async (server) => {
      const shop = await newShop(server);
      await world.database.query('delete from exchange_keys');
      await withServer(world, {}, async (fresh) => {
        const { url, api } = patient(fresh);
        const { text, status } = await api.get(`instances/${shop.id}/private/kyc`, { token: shop.token });
        expect({ url, status }).toEqual({ url, status: 200 });
        const [entry] = (JSON.parse(text) as { kyc_data: Record<string, unknown>[] }).kyc_data;
        expect(entry).toMatchObject({
          status: 'kyc-required',
          exchange_http_status: 204,
          limits: [{ operation_type: 'AGGREGATE', timeframe: DAY, threshold: 'KUDOS:0', soft_limit: false }],
        });
      });
    });
    exchange.setHardLimits([]);
    await world.database.query('delete from exchange_keys');
  });

  describe('of several accounts', () => {
    it('has an entry for each active one that an exchange wires to, and 204 when there is none', async () => {
      const shop = await newShop(world.server);
      const { api, token } = shop;
      const add = async (payto_uri: string) =>
        (await api.post('private/accounts', { payto_uri }, { token })).body.h_wire as string;
      const iban = await add('payto://iban/DE75512108001245126199?receiver-name=Shop');
      await add('payto://cyclos/bank.example/1?receiver-name=Shop');
      const hashes = async () =>
        ((await kyc(shop)).body.kyc_data as { h_wire: string }[]).map(({ h_wire }) => h_wire);
      expect(await hashes()).toEqual([shop.hWire, iban]);
      await api.delete(`private/accounts/${shop.hWire}`, { token });
      expect(await hashes()).toEqual([iban]);
      await api.delete(`private/accounts/${iban}`, { token });
      expect(await kyc(shop)).toMatchObject({ status: 204, text: '' });
      // It is known, and yet there is nothing to say of it.
      expect((await kyc(shop, { h_wire: iban })).status).toBe(204);
    });

    it('is filtered by account and by exchange, however its URL is spelt', async () => {
      const shop = await newShop(world.server);
      const { body } = await shop.api.post(
        'private/accounts',
        { payto_uri: 'payto://iban/DE75512108001245126199?receiver-name=Shop' },
        { token: shop.token },
      );
      expect((await kyc(shop)).body.kyc_data).toHaveLength(2);
      expect(await entryOf(shop, { h_wire: body.h_wire as string })).toMatchObject({
        h_wire: body.h_wire as string,
      });
      const exchange_url = world.exchange.baseUrl.toUpperCase().replace(/\/$/, '');
      expect((await kyc(shop, { exchange_url })).body.kyc_data).toHaveLength(2);
      expect(await entryOf(shop, { exchange_url, h_wire: shop.hWire })).toMatchObject({ h_wire: shop.hWire });
      expect((await kyc(shop, { exchange_url: 'https://another.example/' })).status).toBe(204);
    });

    it('is nothing for an instance without accounts', async () => {
      await world.server.api.post('management/instances', newInstance('kyc-empty'), operator);
      const answer = await world.server.api.get('management/instances/kyc-empty/kyc', operator);
      expect(answer).toMatchObject({ status: 204, text: '' });
    });
  });

  describe('through the doors', () => {
    it('is the same for the admin', async () => {
      const shop = await newShop(world.server);
      const own = await kyc(shop);
      const path = `management/instances/${shop.id}/kyc`;
      const admins = await world.server.api.get(path, operator);
      expect(admins).toMatchObject({ status: 200, body: own.body as unknown });
      expect(admins.headers['etag']).toBe(own.headers['etag']);
      const headers = { 'if-none-match': String(own.headers['etag']) };
      expect((await world.server.api.get(path, { ...operator, headers })).status).toBe(304);
    });

    it('is 404 with 2000 or 2016 for an instance that is not there, or not any more', async () => {
      const { api } = world.server;
      expectRefusal(await api.get('management/instances/nobody/kyc', operator), 404, 2000, {
        detail: 'nobody',
      });
      const nobody = await api.get('instances/nobody/private/kyc', { token: world.shop.token });
      expectRefusal(nobody, 404, 2000, { detail: 'nobody' });
      const shop = await newShop(world.server);
      await api.delete(`management/instances/${shop.id}`, operator);
      const path = `management/instances/${shop.id}/kyc`;
      expectRefusal(await api.get(path, operator), 404, 2016, { detail: shop.id });
      expectRefusal(await kyc(shop), 404, 2016, { detail: shop.id });
      await api.delete(`management/instances/${shop.id}?purge=yes`, operator);
      expectRefusal(await api.get(path, operator), 404, 2000, { detail: shop.id });
    });

    const doors = ['private/kyc', 'management/instances/$ID/kyc'] as const;
    describe.each(doors)('%s', (door) => {
      const get = async (query: string, headers: Record<string, string> = {}, token?: string) => {
        const { shop, server } = world;
        const isOwn = door === 'private/kyc';
        const path = `${door.replace('$ID', shop.id)}${query}`;
        const known = isOwn ? shop.token : operator.token;
        return (isOwn ? shop.api : server.api).get(path, { token: token ?? known, headers });
      };

      it('refuses what is malformed: 400 with 26, 2023 and 23', async () => {
        const refused = [
          'timeout_ms=x',
          'lpt=4',
          'lpt=x',
          'lp_status=fine',
          'lp_not_status=',
          'exchange_url=x',
        ];
        for (const query of refused) {
          expectRefusal(await get(`?${query}`), 400, 26, { detail: query.split('=')[0] });
        }
        expectRefusal(await get('?h_wire=x'), 400, 2023, { detail: 'h_wire' });
        expectRefusal(await get('', { 'if-none-match': '"' }), 400, 23, { detail: 'If-None-Match' });
      });

      it('waits no longer than it may, and not at all for what is so already', async () => {
        expect((await get('?lp_not_etag=other&timeout_ms=60000')).status).toBe(200);
        expect((await get('?lp_not_status=ready&timeout_ms=60000')).status).toBe(200);
        expect((await get('?lp_status=kyc-wire-required&timeout_ms=60000&lpt=3')).status).toBe(200);
        expect((await get('?lp_status=ready&timeout_ms=50')).status).toBe(200);
      });

      it('is 404 with 2022 for an account that the instance does not have', async () => {
        const hash = '0'.repeat(103);
        expectRefusal(await get(`?h_wire=${hash}`), 404, 2022, { detail: hash });
        expectRefusal(await get(`?h_wire=${hash}&timeout_ms=60000`), 404, 2022, { detail: hash });
      });

      it('is 401 with 2015 for nobody', async () => {
        expectRefusal(await get('', {}, 'secret-token:nothing'), 401, 2015);
      });

      it('answers 304 to who has it already, quoted or bare, and 200 to others', async () => {
        const first = await get('');
        const tag = String(first.headers['etag']);
        expect(tag).toMatch(/^"[0-9A-Z]{52}"$/);
        for (const held of [tag, tag.replaceAll('"', ''), `"x", W/${tag}`, '*']) {
          const again = await get('', { 'if-none-match': held });
          expect({ held, status: again.status, text: again.text, etag: again.headers['etag'] }).toEqual({
            held,
            status: 304,
            text: '',
            etag: tag,
          });
        }
        expect((await get('', { 'if-none-match': '"other"' })).status).toBe(200);
      });

      it('is a text for people by Accept, with a tag of its own', async () => {
        const answer = await get('', { accept: 'text/plain' });
        expect(answer.status).toBe(200);
        expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
        expect(answer.text).toContain(
          `Exchange: ${world.exchange.baseUrl} (KUDOS)\nStatus: kyc-wire-required: a wire`,
        );
        expect(answer.text).toMatch(
          /^Transfer: payto:\/\/x-taler-bank\/localhost\/Exchange\?.*&message=KYC:/m,
        );
        const json = await get('', { accept: 'application/json;charset=utf-8, text/plain;q=0.5' });
        expect(json.body.kyc_data).toHaveLength(1);
        expect(json.headers['etag']).not.toBe(answer.headers['etag']);
        const held = { accept: 'text/plain', 'if-none-match': String(answer.headers['etag']) };
        expect((await get('', held)).status).toBe(304);
      });

      it('is 501 with 2048 as PDF, and 406 with 78 as anything else', async () => {
        expectRefusal(await get('', { accept: 'application/pdf' }), 501, 2048);
        for (const accept of ['text/html', 'image/png', 'application/json;q=0']) {
          expectRefusal(await get('', { accept }), 406, 78, {
            detail: 'application/json, text/plain, application/pdf',
          });
        }
      });
    });

    it('is 403 with 16 for a token that may not read it', async () => {
      const admin = await createShop(world.server, 'admin');
      const doors = [
        [world.shop, 'private/kyc'],
        [admin, 'management/instances/shop/kyc'],
      ] as const;
      for (const [shop, path] of doors) {
        const password = Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64');
        const headers = { authorization: `Basic ${password}` };
        const login = await shop.api.post('private/token', { scope: 'order-simple' }, { headers });
        const token = login.body.access_token as string;
        expectRefusal(await shop.api.get(path, { token }), 403, 16, { detail: 'instances-kyc-read' });
      }
    });
  });
});
