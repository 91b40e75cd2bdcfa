import { Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn, UnitsColumn } from '../platform/database/columns';

/** Table `refunds`: part of a coin that the merchant gives back. */
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
}
