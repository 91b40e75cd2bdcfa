import {
  Base32Field,
  BoolField,
  EnumField,
  ListField,
  ObjectField,
  PublicKeyField,
  RelativeTimeField,
  TextField,
  TextListField,
} from '../../platform/http/fields';
import { ROUNDING_INTERVALS } from '../../platform/config/config';
import { LocationDto } from '../../platform/http/location.dto';
import { ACCOUNTS_MAX } from './account.dto';

/** Answers of the instances feature as the API document shows them. */
export class AccountAddResponse {
  @Base32Field(64)
  h_wire!: string;
  @Base32Field(16)
  salt!: string;
}

export class AccountSummary {
  @TextField()
  payto_uri!: string;
  @Base32Field(64)
  h_wire!: string;
  @BoolField()
  active!: boolean;
}

export class AccountsResponse {
  @ListField(() => AccountSummary, { lengthMax: ACCOUNTS_MAX })
  accounts!: AccountSummary[];
}

export class BankAccountDetail extends AccountSummary {
  @Base32Field(16)
  salt!: string;
  @TextField({ optional: true })
  credit_facade_url?: string;
  @TextField({ optional: true })
  extra_wire_subject_metadata?: string;
}

export class InstanceSummary {
  @TextField()
  name!: string;
  @TextField({ optional: true })
  website?: string;
  @TextField({ optional: true, lengthMax: 1024 * 1024 })
  logo?: string;
  @TextField()
  id!: string;
  @PublicKeyField()
  merchant_pub!: string;
  @TextListField({ lengthMax: 1000, textLengthMax: 64 })
  payment_targets!: string[];
  @BoolField()
  deleted!: boolean;
}

export class InstancesResponse {
  @ListField(() => InstanceSummary, { lengthMax: 1_000_000 })
  instances!: InstanceSummary[];
}

export class AuthMethod {
  @EnumField(['token', 'external'])
  method!: string;
}

export class QueryInstancesResponse {
  @TextField()
  name!: string;
  @TextField({ optional: true })
  email?: string;
  @BoolField({ optional: true })
  email_validated?: boolean;
  @TextField({ optional: true })
  phone_number?: string;
  @BoolField({ optional: true })
  phone_validated?: boolean;
  @TextField({ optional: true })
  website?: string;
  @TextField({ optional: true, lengthMax: 1024 * 1024 })
  logo?: string;
  @PublicKeyField()
  merchant_pub!: string;
  @ObjectField(() => LocationDto)
  address!: LocationDto;
  @ObjectField(() => LocationDto)
  jurisdiction!: LocationDto;
  @BoolField()
  use_stefan!: boolean;
  @RelativeTimeField()
  default_pay_delay!: object;
  @RelativeTimeField()
  default_refund_delay!: object;
  @RelativeTimeField()
  default_wire_transfer_delay!: object;
  @EnumField(ROUNDING_INTERVALS)
  default_wire_transfer_rounding_interval!: string;
  @ObjectField(() => AuthMethod)
  auth!: AuthMethod;
}
