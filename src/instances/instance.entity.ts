import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn } from '../platform/database/columns';

/** Table `instances`: one merchant. Columns only; joins are written in the repository. */
@Entity({ name: 'instances' })
export class InstanceEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'instances_pkey',
  })
  serial!: string;
  @TextColumn('id')
  id!: string;
  @TextColumn('name')
  name!: string;
  @TextColumn('email', { nullable: true })
  email!: string | null;
  @Column({ name: 'email_validated', type: 'boolean', default: false })
  emailValidated!: boolean;
  @TextColumn('phone_number', { nullable: true })
  phoneNumber!: string | null;
  @Column({ name: 'phone_validated', type: 'boolean', default: false })
  phoneValidated!: boolean;
  @TextColumn('website', { nullable: true })
  website!: string | null;
  @TextColumn('logo', { nullable: true })
  logo!: string | null;
  /** JSON text */
  @TextColumn('address')
  address!: string;
  /** JSON text */
  @TextColumn('jurisdiction')
  jurisdiction!: string;
  @Column({ name: 'use_stefan', type: 'boolean' })
  useStefan!: boolean;
  @BigintColumn('default_pay_delay_us', { nullable: true })
  defaultPayDelayUs!: bigint | null;
  @BigintColumn('default_refund_delay_us', { nullable: true })
  defaultRefundDelayUs!: bigint | null;
  @BigintColumn('default_wire_transfer_delay_us', { nullable: true })
  defaultWireTransferDelayUs!: bigint | null;
  @TextColumn('default_wire_transfer_rounding_interval', { nullable: true })
  defaultWireTransferRoundingInterval!: string | null;
  @BytesColumn('merchant_pub')
  merchantPub!: Buffer;
  @BytesColumn('private_key', { nullable: true, select: false })
  privateKey!: Buffer | null;
  @Column({ name: 'key_encrypted', type: 'boolean' })
  keyEncrypted!: boolean;
  @BytesColumn('password_salt', { nullable: true })
  passwordSalt!: Buffer | null;
  @BytesColumn('password_hash', { nullable: true })
  passwordHash!: Buffer | null;
  @BigintColumn('created_us')
  createdUs!: bigint;
  @BigintColumn('deleted_us', { nullable: true })
  deletedUs!: bigint | null;
}
