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
import type { QueryParameter } from '../../platform/openapi/answers';
import { WAIT, YES_NO } from '../../platform/openapi/named-schemas';

/** The query of `GET private/orders/$ID` (orders.md 4.3). */
export const STATUS_PARAMETERS: readonly QueryParameter[] = [
  { name: 'session_id', description: 'the payment must be bound to this browser session' },
  { name: 'timeout_ms', description: 'long poll, at most 5 minutes', schema: WAIT },
  { name: 'lp_not_etag', description: 'wait until the entity tag would differ from this one' },
  {
    name: 'allow_refunded_for_repurchase',
    description: 'YES: a refunded order counts as bought before',
    schema: YES_NO,
  },
  { name: 'transfer', description: 'ignored since v6' },
];

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
  @AmountField({ optional: true, deprecated: true, description: 'absent for a contract with choices' })
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
  @BoolField({ description: 'the wallet has not collected it yet' })
  pending!: boolean;
  @TimestampField({ description: 'when it was granted; the same for all coins of one grant' })
  timestamp!: object;
  @AmountField({ description: 'gross: the exchange keeps its fee of it' })
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
  @IntField({ optional: true, description: 'which choice was paid; of a contract with choices only' })
  choice_index?: number;
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
