import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Challenges of two-factor authentication (management.md 3). */
export class Challenges1795478400000 implements MigrationInterface {
  readonly name = 'Challenges1795478400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CHALLENGES);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}

const CHALLENGES = `
create table challenges (
  serial int8 generated always as identity constraint challenges_pkey primary key,
  -- null: of an instance that is still to be created
  instance_serial int8 constraint challenges_instance_fkey references instances (serial) on delete cascade,
  operation text not null,
  -- Only the id, which its client holds, has the secret: without it neither the request (it may hold a new password)
  -- nor the code can be guessed from these hashes.
  secret_hash bytea not null,
  request_hash bytea not null,
  channel text not null constraint challenges_channel_check check (channel in ('sms', 'email')),
  address text not null,
  expires_us int8 not null,
  -- of the code sent last; null: none was sent
  code_hash bytea,
  code_expires_us int8,
  retransmission_us int8,
  attempts_left int4 not null default 0 constraint challenges_attempts_check check (attempts_left >= 0),
  solved_us int8,
  -- when its operation was done: a challenge serves once
  used_us int8
);
create index challenges_expiry_idx on challenges (expires_us);
create index challenges_instance_idx on challenges (instance_serial) where instance_serial is not null;
`;
