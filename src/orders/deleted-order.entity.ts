import { Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn } from '../platform/database/columns';

/** Table `deleted_orders`: ids that wallets may still hold a contract of. */
@Entity({ name: 'deleted_orders' })
export class DeletedOrderEntity {
  @PrimaryColumn({ name: 'instance_serial', type: 'int8', primaryKeyConstraintName: 'deleted_orders_pkey' })
  instanceSerial!: string;
  @PrimaryColumn({ name: 'order_id', type: 'text', primaryKeyConstraintName: 'deleted_orders_pkey' })
  orderId!: string;
  @BytesColumn('request_hash')
  requestHash!: Buffer;
  @BigintColumn('held_until_us')
  heldUntilUs!: bigint;
}
