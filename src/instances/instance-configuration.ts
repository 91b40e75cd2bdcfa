import type { AppConfig, TanChannel } from '../platform/config/config';
import type { NewAddress } from '../platform/http/second-factor';
import { malformedField } from '../platform/http/malformed';
import type { PatchInstanceDto } from './dto/instance.dto';
import type { NewInstance } from './instances.repository';

/** Columns that hold what a merchant says of himself; absent members are none (management.md 4.8). */
export function configurationColumns(request: PatchInstanceDto) {
  return {
    name: request.name,
    email: request.email ?? null,
    phoneNumber: request.phone_number ?? null,
    website: request.website ?? null,
    logo: request.logo || null,
    address: JSON.stringify(request.address),
    jurisdiction: JSON.stringify(request.jurisdiction),
    useStefan: request.use_stefan,
  } satisfies Partial<NewInstance>;
}

/** Columns of the delays that the request names: the others are those of the server, or stay (v22). */
export function delayColumns(request: PatchInstanceDto): Partial<NewInstance> {
  const columns: Partial<NewInstance> = {};
  if (request.default_pay_delay !== undefined) columns.defaultPayDelayUs = request.default_pay_delay;
  if (request.default_refund_delay !== undefined) columns.defaultRefundDelayUs = request.default_refund_delay;
  if (request.default_wire_transfer_delay !== undefined) {
    columns.defaultWireTransferDelayUs = request.default_wire_transfer_delay;
  }
  if (request.default_wire_transfer_rounding_interval !== undefined) {
    columns.defaultWireTransferRoundingInterval = request.default_wire_transfer_rounding_interval;
  }
  return columns;
}

/** @throws TalerError GENERIC_PARAMETER_MALFORMED when `/config` allows only other phone numbers */
export function requireAllowedPhone(
  { phoneRegex }: Pick<AppConfig, 'phoneRegex'>,
  request: PatchInstanceDto,
): void {
  const { phone_number: number } = request;
  if (!phoneRegex || number === undefined || phoneRegex.regExp.test(number)) return;
  throw malformedField('phone_number', `must be one that matches ${phoneRegex.text}`);
}

const FIELD_OF_CHANNEL = { sms: 'phone_number', email: 'email' } as const satisfies Record<
  TanChannel,
  keyof PatchInstanceDto
>;

/**
 * The addresses of the mandatory channels.
 * @throws TalerError GENERIC_PARAMETER_MALFORMED when one is missing (4.2)
 */
export function requireAddresses(channels: readonly TanChannel[], request: PatchInstanceDto): NewAddress[] {
  return channels.map((channel) => {
    const address = request[FIELD_OF_CHANNEL[channel]];
    if (address === undefined)
      throw malformedField(FIELD_OF_CHANNEL[channel], 'must be present: codes are sent there');
    return { channel, address };
  });
}
