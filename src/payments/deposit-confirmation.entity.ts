import { Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn, UnitsColumn } from '../platform/database/columns';

/** Table `deposit_confirmations`: what an exchange signed for one batch of coins (crypto.md 5, purpose 1033). */
@Entity({ name: 'deposit_confirmations' })
export class DepositConfirmationEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'deposit_confirmations_pkey',
  })
  serial!: string;
  @BigintColumn('order_serial')
  orderSerial!: bigint;
  @TextColumn('exchange_url')
  exchangeUrl!: string;
  @BytesColumn('exchange_pub')
  exchangePub!: Buffer;
  @BytesColumn('exchange_sig')
  exchangeSig!: Buffer;
  @BigintColumn('exchange_timestamp_us')
  exchangeTimestampUs!: bigint;
  @TextColumn('currency')
  currency!: string;
  @UnitsColumn('total_without_fee')
  totalWithoutFee!: bigint;
  @BytesColumn('wallet_data_hash', { nullable: true })
  walletDataHash!: Buffer | null;
  @BigintColumn('received_us')
  receivedUs!: bigint;
}
