import { startTestServer, type TestWorld } from '../../support/app';
import type { JsonValue } from '../../../src/taler/json';
import { operator, untilBlocked } from '../instances/helpers';
import { expectRefusal } from '../orders/helpers';
import type { MintOptions } from '../../unit/exchange/support';
import { LONG_MS, poll, untilWaiters } from '../long-poll/waiting';
import {
  entryOf,
  kyc,
  type KycExchange,
  type KycShop,
  newShop,
  patient,
  startKycWorld,
  stateBody,
  withExchange,
} from './support';
import { until } from '../../support/until';

const EXCHANGE_IBAN = 'payto://iban/DE89370400440532013000?receiver-name=Exchange';

describe('the steps of a merchant', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startKycWorld();
  });
  afterAll(() => world?.close());

  const askAuth = (shop: KycShop, json: unknown, hWire = shop.hWire) =>
    shop.api.post(`private/accounts/${hWire}/kycauth`, json, { token: shop.token });

  /** As withExchange, with a server that waits for its answers. */
  const withPatience = (
    options: MintOptions,
    members: object,
    work: (shop: KycShop, exchange: KycExchange) => Promise<void>,
  ) =>
    withExchange(world, { options, members }, (shop, exchange, server) => {
      patient(server);
      return work(shop, exchange);
    });

  describe('the proof by a wire transfer', () => {
    it('is told: how much, to which account, with which subject', async () => {
      const shop = await newShop(world.server);
      const answer = await askAuth(shop, { exchange_url: world.exchange.baseUrl });
      expect({ status: answer.status, body: answer.body as unknown }).toEqual({
        status: 200,
        body: {
          wire_instructions: [
            {
              amount: 'KUDOS:0.01',
              target_payto: 'payto://x-taler-bank/localhost/Exchange?receiver-name=Exchange+Company',
              subject: { type: 'SIMPLE', credit_amount: 'KUDOS:0.01', subject: `KYC:${shop.merchantPub}` },
              expiration: { t_s: 'never' },
            },
          ],
        },
      });
    });

    it('is told for each account of the exchange that takes money from ours', async () => {
      const german = [{ type: 'regex', payto_regex: 'payto://iban/DE.*', human_hint: 'from Germany' }];
      const swiss = [{ type: 'regex', payto_regex: 'payto://iban/CH.*', human_hint: 'from Switzerland' }];
      const accounts = [
        { payto: EXCHANGE_IBAN, credit: german as JsonValue },
        { payto: 'payto://iban/DE75512108001245126199?receiver-name=Exchange', credit: swiss as JsonValue },
        { payto: 'payto://iban/CH9300762011623852957?receiver-name=Exchange' },
        { payto: 'payto://x-taler-bank/localhost/Exchange?receiver-name=Exchange' },
      ];
      await withPatience({ accounts }, { tiny_amount: 'KUDOS:0.02' }, async (shop, exchange) => {
        const { body } = await askAuth(shop, { exchange_url: exchange.baseUrl.replace(/\/$/, '') });
        expect(body.wire_instructions).toMatchObject([
          { target_payto: EXCHANGE_IBAN, amount: 'KUDOS:0.02' },
          { target_payto: 'payto://iban/CH9300762011623852957?receiver-name=Exchange' },
        ]);
        exchange.answer(404, { code: 1939 });
        const subject = `amount=KUDOS:0.02&message=KYC:${shop.merchantPub}`;
        expect((await entryOf(shop))['payto_kycauths']).toEqual([
          `${EXCHANGE_IBAN}&${subject}`,
          `payto://iban/CH9300762011623852957?receiver-name=Exchange&${subject}`,
        ]);
      });
    });

    it('is impossible where no account of the exchange takes money from ours: 409 with 2628', async () => {
      const accounts = [{ payto: EXCHANGE_IBAN, credit: [{ type: 'deny' }] }];
      await withPatience({ accounts }, { tiny_amount: 'KUDOS:0.02' }, async (shop, exchange) => {
        const refused = { detail: shop.payto };
        expectRefusal(await askAuth(shop, { exchange_url: exchange.baseUrl }), 409, 2628, refused);
        exchange.answer(409, { code: 1940 });
        const entry = await entryOf(shop);
        expect(entry).toMatchObject({ status: 'kyc-wire-impossible', auth_conflict: true });
        expect(entry).not.toHaveProperty('payto_kycauths');
        const payto_uri = 'payto://cyclos/bank.example/1?receiver-name=Shop';
        const { body } = await shop.api.post('private/accounts', { payto_uri }, { token: shop.token });
        const other = await askAuth(shop, { exchange_url: exchange.baseUrl }, body.h_wire as string);
        expectRefusal(other, 409, 2628, { detail: payto_uri });
      });
    });

    it('cannot be told where the exchange does not say how much: 502 with 2276', async () => {
      await withPatience({}, {}, async (shop, exchange) => {
        const refused = { detail: exchange.baseUrl };
        expectRefusal(await askAuth(shop, { exchange_url: exchange.baseUrl }), 502, 2276, refused);
        exchange.answer(404, { code: 1939 });
        expect((await entryOf(shop))['payto_kycauths']).toEqual([
          `${EXCHANGE_IBAN}&message=KYC:${shop.merchantPub}`,
        ]);
      });
    });

    it('cannot be told while the exchange gives no keys: 502 with 2277', async () => {
      await withPatience({}, {}, async (shop, exchange) => {
        await world.database.query('delete from exchange_keys');
        exchange.keys = undefined;
        const { database, clock } = world;
        const server = await startTestServer({ database, clock, exchanges: [exchange.setting] });
        try {
          const path = `instances/${shop.id}/private/accounts/${shop.hWire}/kycauth`;
          const body = { exchange_url: exchange.baseUrl };
          const answer = await server.api.post(path, body, { token: shop.token });
          expectRefusal(answer, 502, 2277, {
            detail: exchange.baseUrl,
            exchange_url: exchange.baseUrl,
            exchange_http_status: 503,
          });
        } finally {
          await server.close();
        }
      });
    });

    it('is refused for what is malformed, unknown, inactive or not trusted: 400 with 26, 22, 2023, 2025; 404 with 2022', async () => {
      const shop = await newShop(world.server);
      const good = { exchange_url: world.exchange.baseUrl };
      const expects = 'exchange_url: must be base URL of an exchange';
      for (const exchange_url of [7, 'exchange', 'ftp://exchange.example/', 'http://a@b.example/']) {
        const refused = { field: 'exchange_url', detail: expects };
        expectRefusal(await askAuth(shop, { exchange_url }), 400, 26, refused);
      }
      expect(await askAuth(shop, {})).toMatchObject({ status: 400, body: { field: 'exchange_url' } });
      const raw = { token: shop.token, raw: '{' };
      const broken = await shop.api.call('POST', `private/accounts/${shop.hWire}/kycauth`, raw);
      expect(broken).toMatchObject({ status: 400, body: { code: 22 } });
      expectRefusal(await askAuth(shop, good, 'x'), 400, 2023, { detail: 'h_wire' });
      const unknown = '0'.repeat(103);
      expectRefusal(await askAuth(shop, good, unknown), 404, 2022, { detail: unknown });
      const stranger = 'https://stranger.example/';
      expectRefusal(await askAuth(shop, { exchange_url: 'https://Stranger.example' }), 400, 2025, {
        detail: stranger,
        exchange_url: stranger,
      });
      await shop.api.delete(`private/accounts/${shop.hWire}`, { token: shop.token });
      expectRefusal(await askAuth(shop, good), 404, 2022, { detail: shop.hWire });
    });

    it('is told to whoever may read accounts: 401 with 2015, 403 with 16, 404 with 2000 and 2016', async () => {
      const shop = await newShop(world.server);
      const good = { exchange_url: world.exchange.baseUrl };
      const paths = [`private/accounts/${shop.hWire}/kycauth`, 'private/accept-tos-early'];
      const basic = Buffer.from(`${shop.id}:password of ${shop.id}`).toString('base64');
      const headers = { authorization: `Basic ${basic}` };
      const login = await shop.api.post('private/token', { scope: 'order-simple' }, { headers });
      const token = login.body.access_token as string;
      for (const [index, path] of paths.entries()) {
        const detail = index === 0 ? 'accounts-read' : 'accounts-write';
        expectRefusal(await shop.api.post(path, good), 401, 2015);
        expectRefusal(await shop.api.post(path, good, { token }), 403, 16, { detail });
        const nobody = await world.server.api.post(`instances/nobody/${path}`, good, { token });
        expectRefusal(nobody, 404, 2000, { detail: 'nobody' });
        const large = { raw: Buffer.alloc(9 * 1024 * 1024, 0x20), token: shop.token };
        expect(await shop.api.call('POST', path, large)).toMatchObject({ status: 413, body: { code: 32 } });
      }
      await world.server.api.delete(`management/instances/${shop.id}`, operator);
      for (const path of paths) {
        expectRefusal(await shop.api.post(path, good, { token: shop.token }), 404, 2016, { detail: shop.id });
      }
    });
  });

  describe('terms accepted early', () => {
    const accept = (shop: KycShop, json: unknown) =>
      shop.api.post('private/accept-tos-early', json, { token: shop.token });

    it('are told back, the latest word counts, and waiters see it', async () => {
      const shop = await newShop(world.server);
      const { baseUrl } = world.exchange;
      const before = await kyc(shop);
      expect(before.body.kyc_data[0]).not.toHaveProperty('tos_accepted_early');
      const waiting = poll(kyc(shop, { lp_not_etag: String(before.headers['etag']), timeout_ms: LONG_MS }));
      await untilWaiters(world.server, 1);
      const first = await accept(shop, { exchange_url: baseUrl, tos_version: 'v1' });
      expect(first).toMatchObject({ status: 204, text: '' });
      expect((await waiting.answer).body.kyc_data[0]).toMatchObject({ tos_accepted_early: 'v1' });
      const spelt = { exchange_url: baseUrl.toUpperCase(), tos_version: 'v2' };
      expect((await accept(shop, spelt)).status).toBe(204);
      expect((await accept(shop, spelt)).status).toBe(204);
      expect(await entryOf(shop)).toMatchObject({ tos_accepted_early: 'v2' });
      const other = await newShop(world.server);
      expect(await entryOf(other)).not.toHaveProperty('tos_accepted_early');
    });

    it('are one row, however many accept at once', async () => {
      const shop = await newShop(world.server);
      const exchange_url = world.exchange.baseUrl;
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => accept(shop, { exchange_url, tos_version: `v${index}` })),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 204));
      expect((await entryOf(shop))['tos_accepted_early']).toMatch(/^v\d$/);
    });

    it('are refused when malformed or of an exchange that is not trusted: 400 with 26, 22 and 2025', async () => {
      const shop = await newShop(world.server);
      const good = { exchange_url: world.exchange.baseUrl, tos_version: 'v1' };
      const faulty: readonly (readonly [string, unknown])[] = [
        ['exchange_url', undefined],
        ['exchange_url', 'exchange'],
        ['tos_version', undefined],
        ['tos_version', ''],
        ['tos_version', 1],
        ['tos_version', 'v'.repeat(129)],
        ['tos_version', 'a\0'],
      ];
      for (const [field, value] of faulty) {
        const answer = await accept(shop, { ...good, [field]: value });
        expect({ field, status: answer.status, body: answer.body as object }).toMatchObject({
          field,
          status: 400,
          body: { code: 26, field },
        });
      }
      const broken = await shop.api.call('POST', 'private/accept-tos-early', { token: shop.token, raw: '{' });
      expect(broken).toMatchObject({ status: 400, body: { code: 22 } });
      const exchange_url = 'https://stranger.example/';
      expectRefusal(await accept(shop, { ...good, exchange_url }), 400, 2025, {
        detail: exchange_url,
        exchange_url,
      });
      expect(await entryOf(shop)).not.toHaveProperty('tos_accepted_early');
    });

    it('of an instance that is purged at that moment find nobody: 404 with 2000', async () => {
      const shop = await newShop(world.server);
      const { database } = world;
      await database.query('begin');
      await database.query('delete from instances where id = $1', [shop.id]);
      const late = accept(shop, { exchange_url: world.exchange.baseUrl, tos_version: 'v1' });
      await untilBlocked(database, 1);
      await database.query('commit');
      expectRefusal(await late, 404, 2000);
    });
  });

  describe('what the exchange says', () => {
    it('is passed on: tos_required, and limits without the names of rules', async () => {
      await withPatience({}, {}, async (shop, exchange) => {
        const timeframe = { d_us: 'forever' };
        const limits: JsonValue = [
          { operation_type: 'DEPOSIT', timeframe, threshold: 'KUDOS:7', rule_name: 'internal' },
          { operation_type: 'TRANSACTION', timeframe, threshold: 'KUDOS:1', soft_limit: true },
        ];
        exchange.answer(202, stateBody({ limits, tos_required: true }));
        expect(await entryOf(shop)).toMatchObject({
          status: 'kyc-required',
          access_token: 'K7FTJ0RZ71NQA1WC',
          tos_required: true,
          limits: [
            { operation_type: 'DEPOSIT', timeframe, threshold: 'KUDOS:7', soft_limit: false },
            { operation_type: 'TRANSACTION', timeframe, threshold: 'KUDOS:1', soft_limit: true },
          ],
        });
        const text = await kyc(shop, {}, { accept: 'text/plain' });
        expect(text.text).toContain(`Form: ${exchange.baseUrl}kyc-spa/K7FTJ0RZ71NQA1WC\n`);
        expect(text.text).toContain('Limit: TRANSACTION KUDOS:1 in all, more with KYC\n');
      });
    });

    it('is zero for what wants KYC first, as long as it does not know the account', async () => {
      const members = {
        hard_limits: [{ operation_type: 'REFUND', timeframe: { d_us: 'forever' }, threshold: 'KUDOS:9' }],
        zero_limits: [{ operation_type: 'DEPOSIT' }],
      };
      await withPatience({}, members, async (shop, exchange) => {
        exchange.answer(404, { code: 1939 });
        const timeframe = { d_us: 'forever' };
        const hard = { operation_type: 'REFUND', timeframe, threshold: 'KUDOS:9', soft_limit: false };
        expect(await entryOf(shop)).toMatchObject({
          status: 'kyc-wire-required',
          limits: [hard, { operation_type: 'DEPOSIT', timeframe, threshold: 'KUDOS:0', soft_limit: true }],
        });
        exchange.answer(200, stateBody());
        world.clock.advanceSeconds(61);
        expect(await entryOf(shop)).toMatchObject({ status: 'ready', limits: [hard] });
      });
    });

    it('is not asked for an account that the exchange does not wire to: unsupported-account', async () => {
      const accounts = [{ payto: EXCHANGE_IBAN, debit: [{ type: 'deny' }] }];
      await withPatience({ accounts }, {}, async (shop, exchange) => {
        const entry = await entryOf(shop);
        expect(entry).toMatchObject({
          status: 'unsupported-account',
          exchange_http_status: 0,
          no_keys: false,
        });
        expect(exchange.checks).toEqual([]);
      });
    });

    it.each([
      ['no JSON object', []],
      [
        'another currency',
        stateBody({ limits: [{ operation_type: 'DEPOSIT', timeframe: { d_us: 1 }, threshold: 'EUR:1' }] }),
      ],
      ['a token that is no part of a path', stateBody({ access_token: '../admin' })],
      ['a review that is no truth value', stateBody({ aml_review: 'no' })],
      ['limits that are none', stateBody({ limits: 'none' })],
    ])('does not count when it is %s: exchange-status-invalid', async (_name, body) => {
      await withPatience({}, {}, async (shop, exchange) => {
        exchange.answer(200, body as JsonValue);
        const entry = await entryOf(shop);
        expect(entry).toMatchObject({
          status: 'exchange-status-invalid',
          exchange_http_status: 200,
          exchange_code: 2013,
        });
        expect(entry).not.toHaveProperty('access_token');
      });
    });
  });

  it('find nobody when the instance is purged while the exchange is asked: 404', async () => {
    await withPatience({}, {}, async (shop, exchange) => {
      let answer: () => void = () => undefined;
      exchange.script = (_request, response) => (answer = () => void response.writeHead(204).end());
      // Another server purges: one that hears of it only after the exchange has answered waits until it does.
      const late = kyc(shop, { lp_status: 'kyc-required', timeout_ms: LONG_MS });
      await until(() => exchange.checks.length === 1, 'the question at the exchange');
      await world.server.api.delete(`management/instances/${shop.id}?purge=yes`, operator);
      answer();
      const { status, body } = await late;
      expect(status).toBe(404);
      expect([2000, 2016]).toContain(body.code);
    });
  });

  it('all end with the instance: a purge leaves no row of them', async () => {
    const shop = await newShop(world.server);
    const exchange_url = world.exchange.baseUrl;
    await shop.api.post(
      'private/accept-tos-early',
      { exchange_url, tos_version: 'v1' },
      { token: shop.token },
    );
    await kyc(shop);
    const { database } = world;
    const [serials] = await database.query<{ instance: string; account: string }>(
      `select instances.serial as instance, accounts.serial as account
       from instances join accounts on instance_serial = instances.serial where id = $1`,
      [shop.id],
    );
    const rows = () =>
      database.query(
        `select 'status' as row from kyc_status where account_serial = $1
         union all select 'terms' from early_tos where instance_serial = $2`,
        [serials?.account, serials?.instance],
      );
    expect(await rows()).toEqual([{ row: 'status' }, { row: 'terms' }]);
    await world.server.api.delete(`management/instances/${shop.id}?purge=yes`, operator);
    expect(await rows()).toEqual([]);
  });
});
