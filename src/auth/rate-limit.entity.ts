import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn } from '../platform/database/columns';

/** Table `rate_limits`: attempts within a window of time, shared by all processes. */
@Entity({ name: 'rate_limits' })
export class RateLimitEntity {
  @PrimaryColumn({ name: 'key', type: 'bytea', primaryKeyConstraintName: 'rate_limits_pkey' })
  key!: Buffer;
  @BigintColumn('instance_serial', { nullable: true })
  instanceSerial!: bigint | null;
  @Column({ name: 'attempts', type: 'int4' })
  attempts!: number;
  @BigintColumn('ends_us')
  endsUs!: bigint;
}
