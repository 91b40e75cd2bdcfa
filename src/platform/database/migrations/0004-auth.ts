import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens that are an old-style password, and counters that slow down whoever guesses passwords and codes. */
export class Auth1795392000000 implements MigrationInterface {
  readonly name = 'Auth1795392000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LOGIN_TOKENS);
    await runner.query(RATE_LIMITS);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}

const LOGIN_TOKENS = `
-- the password itself, set in the form of before v19: shops go on showing it as bearer token (management.md 2.1)
alter table login_tokens add column from_password boolean not null default false;
-- which of too many have to go
create index login_tokens_scope_idx on login_tokens (instance_serial, scope, expires_us desc, serial desc);
create index login_tokens_expiry_idx on login_tokens (expires_us);
`;

const RATE_LIMITS = `
create table rate_limits (
  -- hash of what is limited and for whom: addresses of people are not kept
  key bytea not null constraint rate_limits_pkey primary key,
  -- null: not about one instance
  instance_serial int8 constraint rate_limits_instance_fkey references instances (serial) on delete cascade,
  attempts int4 not null,
  ends_us int8 not null
);
create index rate_limits_ends_idx on rate_limits (ends_us);
create index rate_limits_instance_idx on rate_limits (instance_serial) where instance_serial is not null;
`;
