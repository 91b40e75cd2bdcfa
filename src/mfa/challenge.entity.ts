import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn } from '../platform/database/columns';

/** Table `challenges`: codes that are to come back before a protected operation (management.md 3). */
@Entity({ name: 'challenges' })
export class ChallengeEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'challenges_pkey',
  })
  serial!: string;
  @BigintColumn('instance_serial', { nullable: true })
  instanceSerial!: bigint | null;
  @TextColumn('operation')
  operation!: string;
  @BytesColumn('secret_hash')
  secretHash!: Buffer;
  @BytesColumn('request_hash')
  requestHash!: Buffer;
  @TextColumn('channel')
  channel!: string;
  @TextColumn('address')
  address!: string;
  @BigintColumn('expires_us')
  expiresUs!: bigint;
  @BytesColumn('code_hash', { nullable: true })
  codeHash!: Buffer | null;
  @BigintColumn('code_expires_us', { nullable: true })
  codeExpiresUs!: bigint | null;
  @BigintColumn('retransmission_us', { nullable: true })
  retransmissionUs!: bigint | null;
  @Column({ name: 'attempts_left', type: 'int4', default: 0 })
  attemptsLeft!: number;
  @BigintColumn('solved_us', { nullable: true })
  solvedUs!: bigint | null;
  @BigintColumn('used_us', { nullable: true })
  usedUs!: bigint | null;
}
