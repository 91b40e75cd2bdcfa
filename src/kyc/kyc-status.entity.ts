import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, TextColumn } from '../platform/database/columns';

/** Table `kyc_status`: what an exchange last said of a bank account (management.md 7). */
@Entity({ name: 'kyc_status' })
export class KycStatusEntity {
  @PrimaryColumn({ name: 'account_serial', type: 'int8', primaryKeyConstraintName: 'kyc_status_pkey' })
  accountSerial!: string;
  @PrimaryColumn({ name: 'exchange_url', type: 'text', primaryKeyConstraintName: 'kyc_status_pkey' })
  exchangeUrl!: string;
  /** 0: no answer */
  @Column({ name: 'http_status', type: 'int4' })
  httpStatus!: number;
  @Column({ name: 'exchange_code', type: 'int4', nullable: true })
  exchangeCode!: number | null;
  @TextColumn('access_token', { nullable: true })
  accessToken!: string | null;
  @Column({ name: 'aml_review', type: 'boolean' })
  amlReview!: boolean;
  @Column({ name: 'tos_required', type: 'boolean', nullable: true })
  tosRequired!: boolean | null;
  /** JSON text: AccountLimit[] */
  @TextColumn('limits', { nullable: true })
  limits!: string | null;
  @BigintColumn('rule_gen', { nullable: true })
  ruleGen!: bigint | null;
  @BigintColumn('checked_us')
  checkedUs!: bigint;
}
