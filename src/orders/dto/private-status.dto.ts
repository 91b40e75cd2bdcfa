import {
  AmountField,
  Base32Field,
  BoolField,
  EnumField,
  IntField,
  JsonField,
  ListField,
  TextField,
  TimestampField,
} from '../../platform/http/fields';

/** CheckPaymentUnpaidResponse (orders.md 4.3). */
export class CheckPaymentUnpaidResponse {
  @EnumField(['unpaid'])
  order_status!: string;
  @TextField()
  taler_pay_uri!: string;
  @TimestampField()
  creation_time!: object;
  @TimestampField({ deprecated: true })
  pay_deadline!: object;
  @TextField({ deprecated: true })
  summary!: string;
  @JsonField({ description: 'the contract terms without the nonce' })
  proto_contract_terms!: object;
  @AmountField({ optional: true, deprecated: true })
  total_amount?: string;
  @TextField({ optional: true })
  already_paid_order_id?: string;
  @TextField({ optional: true })
  already_paid_fulfillment_url?: string;
  @TextField()
  order_status_url!: string;
}

/** CheckPaymentClaimedResponse (orders.md 4.3). */
export class CheckPaymentClaimedResponse {
  @EnumField(['claimed'])
  order_status!: string;
  @JsonField()
  contract_terms!: object;
  @TextField()
  order_status_url!: string;
}

export class RefundDetails {
  @TextField()
  reason!: string;
  @BoolField()
  pending!: boolean;
  @TimestampField()
  timestamp!: object;
  @AmountField()
  amount!: string;
}

export class TransactionWireTransfer {
  @TextField()
  exchange_url!: string;
  @Base32Field(32)
  wtid!: string;
  @TimestampField()
  execution_time!: object;
  @AmountField()
  amount!: string;
  @AmountField()
  deposit_fee!: string;
  @BoolField()
  confirmed!: boolean;
  @IntField()
  expected_transfer_serial_id!: number;
}

const LIST_MAX = 10_000;

/** CheckPaymentPaidResponse (orders.md 4.3). */
export class CheckPaymentPaidResponse {
  @EnumField(['paid'])
  order_status!: string;
  @BoolField()
  refunded!: boolean;
  @BoolField()
  refund_pending!: boolean;
  @BoolField()
  wired!: boolean;
  @AmountField()
  deposit_total!: string;
  @IntField()
  exchange_code!: number;
  @IntField()
  exchange_http_status!: number;
  @AmountField()
  refund_amount!: string;
  @JsonField()
  contract_terms!: object;
  @TimestampField()
  last_payment!: object;
  @ListField(() => TransactionWireTransfer, { lengthMax: LIST_MAX })
  wire_details!: TransactionWireTransfer[];
  @ListField(() => Object, { lengthMax: 0, deprecated: true })
  wire_reports!: object[];
  @ListField(() => Object, { lengthMax: 0, deprecated: true })
  wire_groups!: object[];
  @ListField(() => RefundDetails, { lengthMax: LIST_MAX })
  refund_details!: RefundDetails[];
  @TextField()
  order_status_url!: string;
}
