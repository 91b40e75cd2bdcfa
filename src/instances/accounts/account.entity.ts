import { Column, Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn } from '../../platform/database/columns';

/** Table `accounts`: a bank account; deleting one only deactivates it, old contracts still name it. */
@Entity({ name: 'accounts' })
export class AccountEntity {
  @PrimaryColumn({
    name: 'serial',
    type: 'int8',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'accounts_pkey',
  })
  serial!: string;
  @BigintColumn('instance_serial')
  instanceSerial!: bigint;
  @TextColumn('payto_uri')
  paytoUri!: string;
  @BytesColumn('salt')
  salt!: Buffer;
  @BytesColumn('h_wire')
  hWire!: Buffer;
  @TextColumn('credit_facade_url', { nullable: true })
  creditFacadeUrl!: string | null;
  /** JSON, or a sealed box of it; never shown again */
  @BytesColumn('credit_facade_credentials', { nullable: true })
  creditFacadeCredentials!: Buffer | null;
  @Column({ name: 'credentials_encrypted', type: 'boolean', default: false })
  credentialsEncrypted!: boolean;
  @TextColumn('extra_wire_subject_metadata', { nullable: true })
  extraWireSubjectMetadata!: string | null;
  @Column({ name: 'active', type: 'boolean' })
  active!: boolean;
}
