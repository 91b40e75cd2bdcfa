import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When and how often an exchange was asked for a refund: coins that go back whole are asked for until it answers. */
export class AskedRefunds1795737600000 implements MigrationInterface {
  readonly name = 'AskedRefunds1795737600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table refunds
  add column asked_us int8,
  add column asks int4 not null default 0;
-- what return-coins looks for each minute: hardly ever a row
create index refunds_owed_idx on refunds (granted_us) where rtransaction_id = 0 and exchange_sig is null;
`);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
