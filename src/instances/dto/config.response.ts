import {
  BoolField,
  EnumField,
  JsonField,
  ListField,
  PublicKeyField,
  RelativeTimeField,
  TextField,
} from '../../platform/http/fields';
import { ROUNDING_INTERVALS } from '../../platform/config/config';

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
  @TextField({ optional: true })
  default_persona?: string;
  @JsonField({ description: 'currency -> CurrencySpecification' })
  currencies!: object;
  @ListField(() => ExchangeConfigInfo, { lengthMax: 1000 })
  exchanges!: ExchangeConfigInfo[];
  @JsonField({ optional: true })
  report_generators?: object;
  @BoolField()
  have_self_provisioning!: boolean;
  @BoolField()
  have_donau!: boolean;
  @TextField()
  payment_target_types!: string;
  @RelativeTimeField()
  default_pay_delay!: object;
  @RelativeTimeField()
  default_refund_delay!: object;
  @RelativeTimeField()
  default_wire_transfer_delay!: object;
  @EnumField(ROUNDING_INTERVALS, { optional: true })
  default_wire_transfer_rounding_interval?: string;
}
