import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Validated addresses of instances; credentials of bank accounts that are encrypted like private keys. */
export class Instances1795305600000 implements MigrationInterface {
  readonly name = 'Instances1795305600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INSTANCES);
    await runner.query(ACCOUNTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}

const INSTANCES = `
-- a code that was sent to the address came back (management.md 3.1); a new address begins without
alter table instances add column email_validated boolean not null default false;
alter table instances add column phone_validated boolean not null default false;
`;

const ACCOUNTS = `
-- JSON, or nonce + ciphertext + tag of it when credentials_encrypted; null: none
update accounts set credit_facade_credentials = null where credit_facade_credentials = '{"type":"none"}';
alter table accounts alter column credit_facade_credentials type bytea
  using convert_to(credit_facade_credentials, 'UTF8');
alter table accounts add column credentials_encrypted boolean not null default false;
`;
