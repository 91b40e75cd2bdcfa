import { Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, BytesColumn, TextColumn } from '../platform/database/columns';

/** Table `exchange_keys`: the last verified /keys of each trusted exchange. */
@Entity({ name: 'exchange_keys' })
export class ExchangeKeysEntity {
  @PrimaryColumn({ name: 'base_url', type: 'text', primaryKeyConstraintName: 'exchange_keys_pkey' })
  baseUrl!: string;
  @BytesColumn('master_pub')
  masterPub!: Buffer;
  @TextColumn('body')
  body!: string;
  @BigintColumn('fetched_us')
  fetchedUs!: bigint;
  @BigintColumn('expires_us')
  expiresUs!: bigint;
}
