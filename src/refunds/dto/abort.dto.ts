import { COINS_MAX } from '../../payments/dto/pay.dto';
import {
  Base32Field,
  EnumField,
  IntField,
  JsonField,
  ListField,
  PublicKeyField,
  TextField,
} from '../../platform/http/fields';

/** A coin whose deposit may have to be given back. */
export class AbortingCoinDto {
  @Base32Field(32)
  coin_pub!: Buffer;
  @TextField({
    lengthMax: 2048,
    description: "base URL of the coin's exchange; where the coin was deposited is what counts",
  })
  exchange_url!: string;
}

/** AbortRequest (orders.md 5.5). */
export class AbortDto {
  @Base32Field(64, { description: 'shows that the wallet knows the contract' })
  h_contract!: Buffer;
  @ListField(() => AbortingCoinDto, { lengthMax: COINS_MAX, description: 'at least one' })
  coins!: AbortingCoinDto[];
}

/** MerchantAbortPayRefundStatus (orders.md 5.5): a success has the exchange's signature, a failure its refusal. */
export class MerchantAbortPayRefundStatus {
  @EnumField(['success', 'failure'])
  type!: string;
  @IntField({ description: '200, or the HTTP status with which the exchange refused' })
  exchange_status!: number;
  @Base32Field(64, {
    optional: true,
    description: 'refund confirmation (purpose 1038) of refund transaction 0',
  })
  exchange_sig?: string;
  @PublicKeyField({ optional: true })
  exchange_pub?: string;
  @IntField({ optional: true })
  exchange_code?: number;
  @JsonField({ optional: true, description: 'body of the refusal, as it came' })
  exchange_reply?: object;
}

/** AbortResponse (orders.md 5.5). */
export class AbortResponse {
  @ListField(() => MerchantAbortPayRefundStatus, {
    lengthMax: COINS_MAX,
    description: 'in the order of the request',
  })
  refunds!: MerchantAbortPayRefundStatus[];
}
