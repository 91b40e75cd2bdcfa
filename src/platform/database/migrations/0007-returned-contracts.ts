import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Contracts that must not come to life again, since the exchange has given their coins back (docs/adr/0007). */
export class ReturnedContracts1795651200000 implements MigrationInterface {
  readonly name = 'ReturnedContracts1795651200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table returned_contracts (
  -- the exchange confirms a deposit again that it has refunded since, without taking any money: a claim with the same
  -- nonce would make the same contract, and the same coins would seem to pay for it
  instance_serial int8 not null constraint returned_contracts_instance_fkey references instances (serial) on delete cascade,
  h_contract bytea not null,
  payable_until_us int8 not null,
  constraint returned_contracts_pkey primary key (instance_serial, h_contract)
);
`);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
