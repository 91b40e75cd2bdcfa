import {
  AmountField,
  Base32Field,
  BoolField,
  EnumField,
  IntField,
  ListField,
  ObjectField,
  RelativeTimeField,
  TextField,
  TextListField,
  TimestampField,
} from '../platform/http/fields';
import { normalizeBaseUrl } from '../exchange/exchange-directory';
import { KYC_STATUSES } from './kyc-status';

const URL_LENGTH_MAX = 2048;
/** Bounds of lists in answers, far above what exchanges have. */
const LIMITS_MAX = 1024;
const ACCOUNTS_MAX = 1024;
const ENTRIES_MAX = 1_000_000;

const ExchangeUrlField = () =>
  TextField({
    lengthMax: URL_LENGTH_MAX,
    accepts: (text) => normalizeBaseUrl(text) !== undefined,
    expects: 'base URL of an exchange',
  });

/** Body of `POST private/accounts/$H_WIRE/kycauth` (management.md 6.7). */
export class KycAuthDto {
  @ExchangeUrlField()
  exchange_url!: string;
}

/** TosAcceptedEarlyRequest (management.md 6.8). */
export class TosAcceptedEarlyDto {
  @ExchangeUrlField()
  exchange_url!: string;
  @TextField({ lengthMin: 1, lengthMax: 128, description: 'Taler-Terms-Version of its /terms' })
  tos_version!: string;
}

/** TransferSubject (management.md 6.7), of its variants the one without a bank gateway. */
export class SimpleTransferSubject {
  @EnumField(['SIMPLE'])
  type!: string;
  @AmountField()
  credit_amount!: string;
  @TextField()
  subject!: string;
}

export class WireTransferInstructionDetail {
  @AmountField({ description: 'the least to wire' })
  amount!: string;
  @TextField({ description: 'bank account of the exchange' })
  target_payto!: string;
  @ObjectField(() => SimpleTransferSubject)
  subject!: SimpleTransferSubject;
  @TimestampField({ description: 'afterwards the subject may mean somebody else' })
  expiration!: object;
}

/** KycAuthWireTransferInstructionResponse (management.md 6.7). */
export class KycAuthWireTransferInstructionResponse {
  @ListField(() => WireTransferInstructionDetail, {
    lengthMax: ACCOUNTS_MAX,
    description: 'alternatives: any one of them will do',
  })
  wire_instructions!: WireTransferInstructionDetail[];
}

/** AccountLimit (management.md 7). */
export class AccountLimitDetail {
  @TextField({ description: 'DEPOSIT, AGGREGATE, …' })
  operation_type!: string;
  @RelativeTimeField()
  timeframe!: object;
  @AmountField()
  threshold!: string;
  @BoolField({ description: 'KYC can lift it' })
  soft_limit!: boolean;
}

/** MerchantAccountKycRedirect (management.md 7). */
export class MerchantAccountKycRedirect {
  @EnumField(KYC_STATUSES)
  status!: string;
  @TextField({ description: 'our account' })
  payto_uri!: string;
  @Base32Field(64)
  h_wire!: string;
  @TextField()
  exchange_url!: string;
  @TextField()
  exchange_currency!: string;
  @IntField({ maximum: 999, description: 'last answer of the exchange; 0: none' })
  exchange_http_status!: number;
  @BoolField({ description: 'the exchange has sent no /keys yet' })
  no_keys!: boolean;
  @BoolField({ description: 'no wire transfer can prove who owns the account' })
  auth_conflict!: boolean;
  @IntField({ optional: true, description: 'error code of the exchange' })
  exchange_code?: number;
  @TextField({ optional: true, description: 'a secret: open $exchange_url/kyc-spa/$access_token' })
  access_token?: string;
  @ListField(() => AccountLimitDetail, { optional: true, lengthMax: LIMITS_MAX })
  limits?: AccountLimitDetail[];
  @BoolField({ optional: true, description: 'the terms of the exchange must be accepted' })
  tos_required?: boolean;
  @TextField({ optional: true, description: 'version of the terms that were accepted early' })
  tos_accepted_early?: string;
  @TextListField({
    optional: true,
    lengthMax: ACCOUNTS_MAX,
    textLengthMax: 8192,
    description: 'wire transfers that would prove who owns the account, with kyc-wire-required',
  })
  payto_kycauths?: string[];
}

/** MerchantAccountKycRedirectsResponse (management.md 7). */
export class MerchantAccountKycRedirectsResponse {
  @ListField(() => MerchantAccountKycRedirect, { lengthMax: ENTRIES_MAX })
  kyc_data!: MerchantAccountKycRedirect[];
}
