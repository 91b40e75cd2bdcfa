import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn, UnitsColumn } from '../platform/database/columns';

/** Table `refunds`: part of a coin that the merchant gives back; transaction 0 gives back the whole coin. */
@Entity({ name: 'refunds' })
export class RefundEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'refunds_pkey',
  })
  serial!: string;
  @BigintColumn('order_serial')
  orderSerial!: bigint;
  @BytesColumn('coin_pub')
  coinPub!: Buffer;
  @BigintColumn('rtransaction_id')
  rtransactionId!: bigint;
  @TextColumn('currency')
  currency!: string;
  @UnitsColumn('amount')
  amount!: bigint;
  @TextColumn('reason')
  reason!: string;
  @BigintColumn('granted_us')
  grantedUs!: bigint;
  /** The exchange's confirmation (purpose 1038), once the wallet has collected the refund */
  @BytesColumn('exchange_pub', { nullable: true })
  exchangePub!: Buffer | null;
  @BytesColumn('exchange_sig', { nullable: true })
  exchangeSig!: Buffer | null;
  @BigintColumn('obtained_us', { nullable: true })
  obtainedUs!: bigint | null;
  /** When the exchange was asked last */
  @BigintColumn('asked_us', { nullable: true })
  askedUs!: bigint | null;
  @Column({ name: 'asks', type: 'int4', default: 0 })
  asks!: number;
  /** The exchange's last refusal; 0: no answer */
  @Column({ name: 'failure_status', type: 'int4', nullable: true })
  failureStatus!: number | null;
  @Column({ name: 'failure_code', type: 'int4', nullable: true })
  failureCode!: number | null;
  /** JSON text */
  @TextColumn('failure_reply', { nullable: true })
  failureReply!: string | null;
}
