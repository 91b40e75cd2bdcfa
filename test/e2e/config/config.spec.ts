import { PROTOCOL_VERSION } from '../../../src/instances/config.controller';
import { encodeBase32 } from '../../../src/taler/base32';
import {
  createOrder,
  createShop,
  startTestServer,
  startTestWorld,
  settingOf,
  TestWorld,
} from '../../support/app';
import type { AppConfig } from '../../../src/platform/config/config';
import { withServer } from '../instances/helpers';
import { expectRefusal, privateStatus } from '../orders/helpers';

describe('GET config', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  it('tells versions, currencies, exchanges and defaults, and may be cached', async () => {
    const answer = await world.server.api.get('config');
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'cache-control': expect.stringContaining('max-age=') },
    });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body).toEqual({
      version: PROTOCOL_VERSION,
      name: 'taler-merchant',
      implementation: expect.stringMatching(/^urn:/),
      currency: 'KUDOS',
      default_persona: 'expert',
      currencies: {
        KUDOS: {
          name: expect.any(String),
          currency: 'KUDOS',
          num_fractional_input_digits: 2,
          num_fractional_normal_digits: 2,
          num_fractional_trailing_zero_digits: 2,
          alt_unit_names: { '0': 'ク' },
          common_amounts: [],
        },
      },
      exchanges: [
        {
          base_url: world.exchange.baseUrl,
          currency: 'KUDOS',
          master_pub: encodeBase32(world.exchange.masterPublicKey),
        },
      ],
      report_generators: {},
      have_self_provisioning: false,
      have_donau: false,
      payment_target_types: '*',
      default_pay_delay: { d_us: 86_400_000_000 },
      default_refund_delay: { d_us: 15 * 86_400_000_000 },
      default_wire_transfer_delay: { d_us: 86_400_000_000 },
      default_wire_transfer_rounding_interval: 'NONE',
    });
  });

  it('tells what the operator has set', async () => {
    const config: Partial<AppConfig> = {
      defaultPersona: 'point-of-sale',
      selfProvisioning: true,
      mandatoryTanChannels: ['email'],
      phoneRegex: { text: '^[+]', regExp: /^[+]/ },
      paymentTargetTypes: ['iban', 'x-taler-bank'],
      paymentTargetRegex: { text: '/CH', regExp: /\/CH/ },
      defaultPayDelay: 60_000_000n,
      defaultRefundDelay: 0n,
      defaultWireTransferDelay: 120_000_000n,
      defaultWireTransferRoundingInterval: 'WEEK',
    };
    await withServer(world, config, async (server) => {
      for (const path of ['config', 'instances/shop/config']) {
        expect(await server.api.get(path)).toMatchObject({
          status: 200,
          body: {
            default_persona: 'point-of-sale',
            have_self_provisioning: true,
            mandatory_tan_channels: ['email'],
            phone_regex: '^[+]',
            payment_target_types: 'iban x-taler-bank',
            payment_target_regex: '/CH',
            default_pay_delay: { d_us: 60_000_000 },
            default_refund_delay: { d_us: 0 },
            default_wire_transfer_delay: { d_us: 120_000_000 },
            default_wire_transfer_rounding_interval: 'WEEK',
          },
        });
      }
    });
  });

  it('announces no stage whose calls are missing: current:revision:age, down to v20', () => {
    const [current, , age] = PROTOCOL_VERSION.split(':').map(Number);
    expect(PROTOCOL_VERSION).toMatch(/^\d+:\d+:\d+$/);
    // unclaim needs v26 (orders.md 2.1).
    expect(current).toBeGreaterThanOrEqual(26);
    expect((current ?? 0) - (age ?? 0)).toBe(20);
  });

  it('is the same below every instance that exists, and needs no admin instance at the root', async () => {
    const root = await world.server.api.get('config');
    for (const id of ['shop', 'SHOP', 'default']) {
      expect(await world.server.api.get(`instances/${id}/config`)).toMatchObject({
        status: 200,
        text: root.text,
      });
    }
    expectRefusal(await world.server.api.get('instances/nobody/config'), 404, 2000, { detail: 'nobody' });
  });

  it('lists every currency of the exchanges beside its own', async () => {
    const euro = {
      baseUrl: 'http://127.0.0.1:1/',
      masterPub: world.exchange.masterPublicKey,
      currency: 'EUR',
    };
    const server = await startTestServer({
      database: world.database,
      exchanges: [settingOf(world.exchange), euro],
      clock: world.clock,
    });
    try {
      const { body } = await server.api.get('config');
      expect(Object.keys(body.currencies)).toEqual(['KUDOS', 'EUR']);
      expect(body.currencies.EUR).toMatchObject({ currency: 'EUR', alt_unit_names: { '0': 'EUR' } });
    } finally {
      await server.close();
    }
  });

  describe('base URL', () => {
    const PROXY = {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
      'x-forwarded-prefix': '/taler',
    };

    async function urlsOf(config: { trustProxy?: boolean; baseUrl?: string }) {
      return withServer(world, config, async (server) => {
        const options = { token: world.shop.token, headers: PROXY };
        const path = 'instances/shop/private/orders';
        const created = await server.api.post(
          path,
          { order: { amount: 'KUDOS:1', summary: 's' }, create_token: false },
          options,
        );
        expect(created.status).toBe(200);
        const id = created.body.order_id as string;
        const { body } = await server.api.get(`${path}/${id}`, options);
        const strip = (text: string) =>
          text.replace(id, '$ID').replace(server.url, '$SERVER/').replace(server.url.slice(7), '$HOST/');
        return [body.proto_contract_terms.merchant_base_url, body.taler_pay_uri, body.order_status_url].map(
          strip,
        );
      });
    }

    it('is that of the request, whatever an untrusted proxy says', async () => {
      expect(await urlsOf({})).toEqual([
        '$SERVER/instances/shop/',
        'taler+http://pay/$HOST/instances/shop/$ID/',
        '$SERVER/instances/shop/orders/$ID',
      ]);
    });

    it('is that of a trusted proxy', async () => {
      expect(await urlsOf({ trustProxy: true })).toEqual([
        'https://shop.example/taler/instances/shop/',
        'taler://pay/shop.example/taler/instances/shop/$ID/',
        'https://shop.example/taler/instances/shop/orders/$ID',
      ]);
    });

    it('is the configured one before all', async () => {
      expect(await urlsOf({ trustProxy: true, baseUrl: 'https://fixed.example:8443/' })).toEqual([
        'https://fixed.example:8443/instances/shop/',
        'taler://pay/fixed.example:8443/instances/shop/$ID/',
        'https://fixed.example:8443/instances/shop/orders/$ID',
      ]);
    });

    it('of the admin instance has no instance part, also where it is addressed by name', async () => {
      const admin = await createShop(world.server, 'admin');
      const viaName = { ...admin, api: admin.api };
      const created = await world.server.api.post(
        'instances/admin/private/orders',
        { order: { amount: 'KUDOS:1', summary: 's' } },
        { token: admin.token },
      );
      const { body } = await privateStatus(viaName, created.body.order_id);
      expect(body.proto_contract_terms.merchant_base_url).toBe(world.server.url);
    });

    it('cannot be made of a Host header that is none: 400 with 23', async () => {
      const order = { order: { amount: 'KUDOS:1', summary: 's' } };
      const refused = await world.shop.api.post('private/orders', order, {
        token: world.shop.token,
        headers: { host: 'a/b' },
      });
      expectRefusal(refused, 400, 23, { detail: 'Host' });
    });

    it('names a session in the pay URI of what is asked with one', async () => {
      const { orderId } = await createOrder(world.shop, {}, { create_token: false });
      const { body } = await privateStatus(world.shop, orderId, { session_id: 'a b' });
      expect(body.taler_pay_uri).toMatch(new RegExp(`/${orderId}/a%20b$`));
    });
  });
});
