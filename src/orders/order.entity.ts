import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn, UnitsColumn } from '../platform/database/columns';

/** Table `orders`: one row for the whole life of an order, from posting to the end of its legal retention. */
@Entity({ name: 'orders' })
export class OrderEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'orders_pkey',
  })
  serial!: string;
  @BigintColumn('instance_serial')
  instanceSerial!: bigint;
  @TextColumn('order_id')
  orderId!: string;
  @BytesColumn('request_hash')
  requestHash!: Buffer;
  @BytesColumn('claim_token', { nullable: true })
  claimToken!: Buffer | null;
  /** JSON text; never re-serialised */
  @TextColumn('proto_contract')
  protoContract!: string;
  @Column({ name: 'contract_version', type: 'int2', default: 0 })
  contractVersion!: number;
  @TextColumn('summary')
  summary!: string;
  @TextColumn('currency')
  currency!: string;
  @UnitsColumn('amount')
  amount!: bigint;
  @TextColumn('merchant_base_url')
  merchantBaseUrl!: string;
  @TextColumn('fulfillment_url', { nullable: true })
  fulfillmentUrl!: string | null;
  @TextColumn('public_reorder_url', { nullable: true })
  publicReorderUrl!: string | null;
  @TextColumn('session_id', { nullable: true })
  sessionId!: string | null;
  @BigintColumn('created_us')
  createdUs!: bigint;
  @BigintColumn('pay_deadline_us')
  payDeadlineUs!: bigint;
  @BigintColumn('refund_deadline_us')
  refundDeadlineUs!: bigint;
  @BigintColumn('wire_deadline_us')
  wireDeadlineUs!: bigint;
  @BytesColumn('h_wire')
  hWire!: Buffer;
  @TextColumn('nonce', { nullable: true })
  nonce!: string | null;
  @BytesColumn('h_contract', { nullable: true })
  hContract!: Buffer | null;
  @BigintColumn('claimed_us', { nullable: true })
  claimedUs!: bigint | null;
  @BigintColumn('paid_us', { nullable: true })
  paidUs!: bigint | null;
  @BigintColumn('last_payment_us', { nullable: true })
  lastPaymentUs!: bigint | null;
  @Column({ name: 'choice_index', type: 'int4', nullable: true })
  choiceIndex!: number | null;
  @UnitsColumn('refund_granted', { default: 0 })
  refundGranted!: bigint;
  @UnitsColumn('refund_obtained', { default: 0 })
  refundObtained!: bigint;
}
