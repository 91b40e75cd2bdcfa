import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn } from '../platform/database/columns';

/** Table `payment_attempts`: a pay request on its way to the exchanges, until every outcome is recorded. */
@Entity({ name: 'payment_attempts' })
export class PaymentAttemptEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'payment_attempts_pkey',
  })
  serial!: string;
  @BigintColumn('order_serial')
  orderSerial!: bigint;
  @BytesColumn('coins_hash')
  coinsHash!: Buffer;
  /** JSON text of the pay request */
  @TextColumn('request')
  request!: string;
  @BigintColumn('received_us')
  receivedUs!: bigint;
  /** Process that deposits right now */
  @BigintColumn('owner', { nullable: true })
  owner!: bigint | null;
  @BigintColumn('owned_until_us')
  ownedUntilUs!: bigint;
  @BigintColumn('retry_us')
  retryUs!: bigint;
  @Column({ name: 'retries', type: 'int4', default: 0 })
  retries!: number;
}
