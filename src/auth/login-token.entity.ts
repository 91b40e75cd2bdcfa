import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn } from '../platform/database/columns';

/** Table `login_tokens`: what opens the private endpoints of one instance; only the hash is stored. */
@Entity({ name: 'login_tokens' })
export class LoginTokenEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'login_tokens_pkey',
  })
  serial!: string;
  @BigintColumn('instance_serial')
  instanceSerial!: bigint;
  @BytesColumn('token_hash')
  tokenHash!: Buffer;
  @TextColumn('scope')
  scope!: string;
  @Column({ name: 'refreshable', type: 'boolean' })
  refreshable!: boolean;
  @TextColumn('description', { nullable: true })
  description!: string | null;
  @BigintColumn('created_us')
  createdUs!: bigint;
  @BigintColumn('expires_us')
  expiresUs!: bigint;
  /** The password itself, in the form of before v19 (management.md 2.1). */
  @Column({ name: 'from_password', type: 'boolean', default: false })
  fromPassword!: boolean;
}
