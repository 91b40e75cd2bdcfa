import {
  BoolField,
  EnumField,
  JsonField,
  ListField,
  PublicKeyField,
  RelativeTimeField,
  TextField,
  TextListField,
} from '../../platform/http/fields';
import { PERSONAS, ROUNDING_INTERVALS } from '../../platform/config/config';

export class ExchangeConfigInfo {
  @TextField()
  base_url!: string;
  @TextField()
  currency!: string;
  @PublicKeyField()
  master_pub!: string;
}

/** MerchantVersionResponse (orders.md 3, management.md 5.1). */
export class MerchantVersionResponse {
  @TextField({ pattern: /^\d+:\d+:\d+$/, example: '26:0:6' })
  version!: string;
  @EnumField(['taler-merchant'])
  name!: string;
  @TextField({ optional: true })
  implementation?: string;
  @TextField()
  currency!: string;
  @EnumField(PERSONAS)
  default_persona!: string;
  @JsonField({ description: 'currency -> CurrencySpecification' })
  currencies!: object;
  @ListField(() => ExchangeConfigInfo, { lengthMax: 1000 })
  exchanges!: ExchangeConfigInfo[];
  @JsonField({ optional: true })
  report_generators?: object;
  @TextField({ optional: true, description: 'POSIX extended regular expression of phone numbers' })
  phone_regex?: string;
  @BoolField()
  have_self_provisioning!: boolean;
  @BoolField()
  have_donau!: boolean;
  @TextListField({
    optional: true,
    lengthMax: 2,
    textLengthMax: 5,
    description: '"sms", "email": where new instances must be reached',
  })
  mandatory_tan_channels?: string[];
  @TextField({ description: 'payto target types of bank accounts with blanks between, or "*"' })
  payment_target_types!: string;
  @TextField({ optional: true, description: 'POSIX extended regular expression of their payto URIs' })
  payment_target_regex?: string;
  @RelativeTimeField()
  default_pay_delay!: object;
  @RelativeTimeField()
  default_refund_delay!: object;
  @RelativeTimeField()
  default_wire_transfer_delay!: object;
  @EnumField(ROUNDING_INTERVALS, { optional: true })
  default_wire_transfer_rounding_interval?: string;
}
