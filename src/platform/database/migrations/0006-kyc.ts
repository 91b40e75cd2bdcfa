import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What exchanges say of the KYC of merchants, and their terms that merchants accepted beforehand. */
export class Kyc1795564800000 implements MigrationInterface {
  readonly name = 'Kyc1795564800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KYC_STATUS);
    await runner.query(EARLY_TOS);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}

const KYC_STATUS = `
create table kyc_status (
  account_serial int8 not null constraint kyc_status_account_fkey references accounts (serial) on delete cascade,
  exchange_url text not null,
  -- of the last kyc-check; 0: no answer
  http_status int4 not null,
  exchange_code int4,
  -- what follows is of the last answer that said something of the account: trouble does not erase it
  access_token text,
  aml_review boolean not null,
  tos_required boolean,
  limits text,
  rule_gen int8,
  checked_us int8 not null,
  constraint kyc_status_pkey primary key (account_serial, exchange_url)
);
`;

const EARLY_TOS = `
create table early_tos (
  instance_serial int8 not null constraint early_tos_instance_fkey references instances (serial) on delete cascade,
  exchange_url text not null,
  tos_version text not null,
  accepted_us int8 not null,
  constraint early_tos_pkey primary key (instance_serial, exchange_url)
);
`;
