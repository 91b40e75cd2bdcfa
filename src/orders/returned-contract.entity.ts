import { Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn } from '../platform/database/columns';

/** Table `returned_contracts`: contracts let go of after their coins went back to the wallet; never claimed again. */
@Entity({ name: 'returned_contracts' })
export class ReturnedContractEntity {
  @PrimaryColumn({
    name: 'instance_serial',
    type: 'int8',
    primaryKeyConstraintName: 'returned_contracts_pkey',
  })
  instanceSerial!: string;
  @PrimaryColumn({ name: 'h_contract', type: 'bytea', primaryKeyConstraintName: 'returned_contracts_pkey' })
  hContract!: Buffer;
  @BigintColumn('payable_until_us')
  payableUntilUs!: bigint;
}
