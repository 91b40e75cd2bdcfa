import {
  AmountField,
  Base32Field,
  EnumField,
  IntField,
  JsonField,
  ListField,
  PublicKeyField,
  TimestampField,
} from '../../platform/http/fields';

/** Refunds of one order in an answer: each coin may have several. */
const REFUNDS_MAX = 10_000;

/** WalletRefundRequest (orders.md 5.6). */
export class WalletRefundDto {
  @Base32Field(64, { description: 'shows that the wallet knows the contract' })
  h_contract!: Buffer;
}

/** MerchantCoinRefundStatus (orders.md 5.6): a success has the exchange's signature, a failure its refusal. */
export class MerchantCoinRefundStatus {
  @EnumField(['success', 'failure'])
  type!: string;
  @IntField({ description: '200, or the HTTP status with which the exchange refused' })
  exchange_status!: number;
  @Base32Field(64, { optional: true, description: 'refund confirmation (purpose 1038)' })
  exchange_sig?: string;
  @PublicKeyField({ optional: true })
  exchange_pub?: string;
  @IntField({ optional: true })
  exchange_code?: number;
  @JsonField({ optional: true, description: 'body of the refusal, as it came' })
  exchange_reply?: object;
  @IntField({ description: 'counts the refunds of the coin' })
  rtransaction_id!: number;
  @PublicKeyField()
  coin_pub!: string;
  @AmountField({ description: 'refund fee included' })
  refund_amount!: string;
  @TimestampField({ description: 'when the shop granted it' })
  execution_time!: object;
}

/** WalletRefundResponse (orders.md 5.6). */
export class WalletRefundResponse {
  @AmountField({ description: 'granted in all' })
  refund_amount!: string;
  @ListField(() => MerchantCoinRefundStatus, {
    lengthMax: REFUNDS_MAX,
    description: 'in the order in which they were granted',
  })
  refunds!: MerchantCoinRefundStatus[];
  @PublicKeyField()
  merchant_pub!: string;
}
