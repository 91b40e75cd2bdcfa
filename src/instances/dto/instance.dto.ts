import type { RelativeTime } from '../../taler/timestamp';
import { ROUNDING_INTERVALS, type RoundingInterval } from '../../platform/config/config';
import {
  BoolField,
  EnumField,
  ObjectField,
  RelativeTimeField,
  TextField,
  TextOptions,
} from '../../platform/http/fields';
import { TalerCode } from '../../taler/error-codes';
import { isImageDataUrl, isWebUrl } from '../../platform/http/urls';
import { isInstanceId } from '../../taler/ids';
import { LocationDto } from '../../platform/http/location.dto';

const PASSWORD: TextOptions = {
  optional: true,
  lengthMin: 1,
  lengthMax: 1024,
  description: 'the password (since v19)',
};
const OLD_TOKEN: TextOptions = {
  optional: true,
  lengthMax: 1024,
  pattern: /^secret-token:./,
  expects: 'text that starts with "secret-token:"',
  description: 'before v19; what follows the prefix becomes the password',
  deprecated: true,
};

/** How the owner of an instance proves to be it (management.md 2.1, 4.1). */
export class AuthConfigDto {
  @EnumField(['token', 'external'], { code: TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH })
  method!: 'token' | 'external';
  @TextField(PASSWORD)
  password?: string;
  @TextField(OLD_TOKEN)
  token?: string;
}

/** The same where the password is changed, with the code of that operation (management.md 4.6). */
export class ChangeAuthDto {
  @EnumField(['token', 'external'], { code: TalerCode.MERCHANT_PRIVATE_POST_INSTANCE_AUTH_BAD_AUTH })
  method!: 'token' | 'external';
  @TextField(PASSWORD)
  password?: string;
  @TextField(OLD_TOKEN)
  token?: string;
}

/** InstanceReconfigurationMessage (management.md 4.8): all that may change later. */
export class PatchInstanceDto {
  @TextField({
    lengthMin: 1,
    lengthMax: 1024,
    description: 'business name shown in contracts',
    example: 'The Shop',
  })
  name!: string;
  @TextField({ optional: true, lengthMax: 320, pattern: /^[^\s@]+@[^\s@]+$/, expects: 'an e-mail address' })
  email?: string;
  @TextField({ optional: true, lengthMax: 32, pattern: /^\+?[0-9 ()-]{3,}$/, expects: 'a phone number' })
  phone_number?: string;
  @TextField({ optional: true, lengthMax: 2048, accepts: isWebUrl, expects: 'an http(s) URL' })
  website?: string;
  @TextField({
    optional: true,
    lengthMax: 1024 * 1024,
    accepts: (text) => text === '' || isImageDataUrl(text),
    expects: 'a data: URL of an image, at most 1 MiB',
  })
  logo?: string;
  @ObjectField(() => LocationDto)
  address!: LocationDto;
  @ObjectField(() => LocationDto)
  jurisdiction!: LocationDto;
  @BoolField({ description: 'take default maximal fees from the STEFAN curve of the exchanges' })
  use_stefan!: boolean;
  @RelativeTimeField({ optional: true })
  default_pay_delay?: RelativeTime;
  @RelativeTimeField({ optional: true })
  default_refund_delay?: RelativeTime;
  @RelativeTimeField({ optional: true })
  default_wire_transfer_delay?: RelativeTime;
  @EnumField(ROUNDING_INTERVALS, { optional: true })
  default_wire_transfer_rounding_interval?: RoundingInterval;
}

/** InstanceConfigurationRequest (management.md 4.1). */
export class CreateInstanceDto extends PatchInstanceDto {
  @TextField({
    accepts: isInstanceId,
    lengthMax: 128,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_.@-]+$/,
    expects: 'two or more letters, digits, "_", ".", "@", "-"',
    example: 'shop',
  })
  id!: string;
  @ObjectField(() => AuthConfigDto)
  auth!: AuthConfigDto;
}
