import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn, UnitsColumn } from '../platform/database/columns';

/** Table `deposits`: a coin an exchange has accepted for an order. */
@Entity({ name: 'deposits' })
export class DepositEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'deposits_pkey',
  })
  serial!: string;
  @BigintColumn('order_serial')
  orderSerial!: bigint;
  @BigintColumn('confirmation_serial')
  confirmationSerial!: bigint;
  /** Place in the batch: the confirmation covers the coin signatures in this order. */
  @Column({ name: 'position', type: 'int4' })
  position!: number;
  @TextColumn('exchange_url')
  exchangeUrl!: string;
  @BytesColumn('coin_pub')
  coinPub!: Buffer;
  @BytesColumn('coin_sig')
  coinSig!: Buffer;
  @BytesColumn('h_denom')
  hDenom!: Buffer;
  @TextColumn('currency')
  currency!: string;
  /** Deposit fee included */
  @UnitsColumn('contribution')
  contribution!: bigint;
  @UnitsColumn('deposit_fee')
  depositFee!: bigint;
  @UnitsColumn('refund_fee')
  refundFee!: bigint;
}
