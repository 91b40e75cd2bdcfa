import { Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, TextColumn } from '../platform/database/columns';

/** Table `early_tos`: terms of an exchange that the merchant accepted before any KYC (management.md 6.8). */
@Entity({ name: 'early_tos' })
export class EarlyTosEntity {
  @PrimaryColumn({ name: 'instance_serial', type: 'int8', primaryKeyConstraintName: 'early_tos_pkey' })
  instanceSerial!: string;
  @PrimaryColumn({ name: 'exchange_url', type: 'text', primaryKeyConstraintName: 'early_tos_pkey' })
  exchangeUrl!: string;
  @TextColumn('tos_version')
  tosVersion!: string;
  @BigintColumn('accepted_us')
  acceptedUs!: bigint;
}
