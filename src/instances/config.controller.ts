import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ExchangeDirectory } from '../exchange/exchange-directory';
import { AppConfig } from '../platform/config/config';
import { Public } from '../platform/http/permission';
import { Operation } from '../platform/openapi/answers';
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { relativeTimeToJson } from '../taler/timestamp';
import { MerchantVersionResponse } from './dto/config.response';
import { InstanceDirectory } from './instance-directory';

/**
 * Protocol version, libtool style (conventions.md 6). v26 is the newest stage whose order endpoints are all there
 * (unclaim); down to v20 they are compatible (orders.md 2.1, 12). Raised as further stages are built.
 */
export const PROTOCOL_VERSION = '26:0:6';
const IMPLEMENTATION = 'urn:taler-merchant:nestjs';

/** `GET config`: how clients recognise a merchant backend (orders.md 3). */
@ApiTags('Configuration')
@Controller()
export class ConfigController {
  constructor(
    private readonly config: AppConfig,
    private readonly exchanges: ExchangeDirectory,
    private readonly instances: InstanceDirectory,
  ) {}

  @Get(['config', 'instances/:instance/config'])
  @Public()
  @Header('Cache-Control', 'public, max-age=60')
  @Operation({
    summary: 'Protocol version, currencies and trusted exchanges',
    good: { 200: { description: 'the configuration of the server', body: MerchantVersionResponse } },
    errors: [TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN],
  })
  async read(@Param('instance') instanceId: string | undefined) {
    // The same answer everywhere, but an instance that does not exist has none (orders.md 3). The root answers even
    // before the admin instance was created, so that clients can find out what they talk to.
    if (instanceId !== undefined && instanceId !== 'default') await this.instances.get(instanceId);
    const { config } = this;
    const { mandatoryTanChannels: mandatory } = config;
    const exchanges = this.exchanges.list();
    const currencies = new Set([config.currency, ...exchanges.map((exchange) => exchange.currency)]);
    return {
      version: PROTOCOL_VERSION,
      name: 'taler-merchant',
      implementation: IMPLEMENTATION,
      currency: config.currency,
      default_persona: config.defaultPersona,
      currencies: Object.fromEntries(
        [...currencies].map((currency) => [currency, specificationOf(currency)]),
      ),
      exchanges: exchanges.map((exchange) => ({
        base_url: exchange.baseUrl,
        currency: exchange.currency,
        master_pub: encodeBase32(exchange.masterPub),
      })),
      report_generators: {},
      phone_regex: config.phoneRegex?.text,
      have_self_provisioning: config.selfProvisioning,
      have_donau: false,
      mandatory_tan_channels: mandatory.length === 0 ? undefined : mandatory,
      payment_target_types: config.paymentTargetTypes?.join(' ') ?? '*',
      payment_target_regex: config.paymentTargetRegex?.text,
      default_pay_delay: relativeTimeToJson(config.defaultPayDelay),
      default_refund_delay: relativeTimeToJson(config.defaultRefundDelay),
      default_wire_transfer_delay: relativeTimeToJson(config.defaultWireTransferDelay),
      default_wire_transfer_rounding_interval: config.defaultWireTransferRoundingInterval,
    };
  }
}

/** Digits and symbols of a currency; those of KUDOS as the public demonstration shows them (management.md 5.1). */
function specificationOf(currency: string) {
  const known = currency === 'KUDOS' ? { name: 'Kudos (Taler Demonstrator)', symbol: 'ク' } : undefined;
  return {
    name: known?.name ?? currency,
    currency,
    num_fractional_input_digits: 2,
    num_fractional_normal_digits: 2,
    num_fractional_trailing_zero_digits: 2,
    alt_unit_names: { '0': known?.symbol ?? currency },
    common_amounts: [],
  };
}
