import { Writable } from 'node:stream';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { closeApp, createApp } from '../../../src/bootstrap';
import { AppConfig } from '../../../src/platform/config/config';
import { Api } from '../../support/api';
import { type TestWorld, untilKeys } from '../../support/app';
import { missingTable, refusedWrites } from '../faults/trouble';
import { operator } from '../instances/helpers';
import { entryOf, IBAN, kyc, KycExchange, newShop, patient, startKycWorld, stateBody } from './support';

describe('when something is wrong on our side', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startKycWorld();
  });
  afterAll(() => world?.close());

  it('the status cannot be read: 500 with 53', async () => {
    const shop = await newShop(world.server);
    const trouble = await missingTable(world.database, 'early_tos');
    try {
      const answers = [
        await kyc(shop),
        await world.server.api.get(`management/instances/${shop.id}/kyc`, operator),
      ];
      for (const { status, body } of answers)
        expect({ status, code: body.code as number }).toEqual({ status: 500, code: 53 });
    } finally {
      await trouble.end();
    }
    expect((await kyc(shop)).status).toBe(200);
  });

  it('what the exchange said cannot be stored: 500 with 52, and the next one asks anew', async () => {
    const shop = await newShop(world.server);
    const trouble = await refusedWrites(world.database, 'kyc_status', { at: 'statement', state: 'P0001' });
    const answer = await kyc(shop).finally(() => trouble.end());
    expect({ status: answer.status, code: answer.body.code as number }).toEqual({ status: 500, code: 52 });
    expect(await entryOf(shop)).toMatchObject({ exchange_http_status: 204 });
  });

  it.each([
    ['52', 'statement', 'P0001'],
    ['54', 'commit', 'P0001'],
    ['55', 'statement', '40001'],
  ] as const)(
    'an acceptance of terms cannot be stored: 500 with %s, and there is none',
    async (code, at, state) => {
      const shop = await newShop(world.server);
      const accept = () =>
        shop.api.post(
          'private/accept-tos-early',
          { exchange_url: world.exchange.baseUrl, tos_version: 'v1' },
          { token: shop.token },
        );
      const trouble = await refusedWrites(world.database, 'early_tos', { at, state });
      const answer = await accept().finally(() => trouble.end());
      expect({ status: answer.status, code: String(answer.body.code) }).toEqual({ status: 500, code });
      expect(await entryOf(shop)).not.toHaveProperty('tos_accepted_early');
      expect((await accept()).status).toBe(204);
    },
  );

  it('the log tells neither tokens of the exchange nor our signature, whatever it answers', async () => {
    let written = '';
    const log = new Writable({
      write(chunk: Buffer, _encoding, done) {
        written += chunk.toString();
        done();
      },
    });
    const exchange = await KycExchange.start(world.clock.nowUs());
    const config = new AppConfig({ ...world.server.config, exchanges: [exchange.setting] });
    const app = await createApp(config, pino({ level: 'trace' }, log), world.clock);
    try {
      await app.listen(0, '127.0.0.1');
      const { port } = app.getHttpServer().address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/`;
      await untilKeys(patient({ app }));
      const shop = await newShop({ ...world.server, app, url, api: new Api(url) }, { payto: IBAN });
      const canary = 'CANARY0TOKEN0OF0THE0EXCHANGE';
      const answers: readonly (readonly [number, ReturnType<typeof stateBody>, string])[] = [
        [202, stateBody({ access_token: canary }), 'kyc-required'],
        [200, stateBody({ access_token: `${canary}/..` }), 'exchange-status-invalid'],
        [200, stateBody({ access_token: canary, limits: 'none' }), 'exchange-status-invalid'],
        [500, stateBody({ access_token: canary }), 'exchange-internal-error'],
        [403, stateBody({ access_token: canary }), 'kyc-wire-required'],
      ];
      for (const [status, body, expected] of answers) {
        exchange.answer(status, body);
        expect(await entryOf(shop)).toMatchObject({ status: expected, exchange_http_status: status });
        world.clock.advanceSeconds(61);
      }
      const trouble = await refusedWrites(world.database, 'kyc_status', { at: 'statement', state: 'P0001' });
      exchange.answer(202, stateBody({ access_token: canary }));
      expect((await kyc(shop).finally(() => trouble.end())).status).toBe(500);
      const [check] = exchange.checks;
      expect(written).toContain('malformed answer to kyc-check: $.access_token');
      expect(written).not.toContain(canary);
      expect(written).not.toContain(String(check?.headers['account-owner-signature']));
    } finally {
      await closeApp(app);
      await exchange.close();
    }
  });
});
