import { DataSource } from 'typeorm';
import { ENTITIES } from '../../src/entities';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { migrate } from '../../src/platform/database/migrate';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { runProgram } from '../e2e/payments/support/server-process';
import { ask, createEmptyDatabase, type EmptyDatabase } from './support/empty-database';

// Four programs start, after a build where there was none.
jest.setTimeout(300_000);

describe('the schema that the migrations make', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  it('is the one that the entities describe', async () => {
    const source = new DataSource(dataSourceOptions({ url: database.url, poolSize: 2, entities: ENTITIES }));
    await source.initialize();
    try {
      const { upQueries } = await source.driver.createSchemaBuilder().log();
      // Entities describe columns only: keys, checks and indexes live in SQL and are looked at by name below.
      const ofColumns = upQueries
        .map(({ query }) => query)
        .filter((query) => !/^(ALTER TABLE "\w+" DROP CONSTRAINT|DROP INDEX) \S+$/.test(query));
      expect(ofColumns).toEqual([]);
    } finally {
      await source.destroy();
    }
  });

  it('notices a column that differs, so that the comparison above proves something', async () => {
    const drifted = await createTestDatabase();
    await drifted.query(
      'alter table orders drop column public_reorder_url, alter column summary drop not null',
    );
    const source = new DataSource(dataSourceOptions({ url: drifted.url, poolSize: 2, entities: ENTITIES }));
    await source.initialize();
    try {
      const { upQueries } = await source.driver.createSchemaBuilder().log();
      const text = upQueries.map(({ query }) => query).join('\n');
      expect(text).toContain('public_reorder_url');
      expect(text).toContain('summary');
    } finally {
      await source.destroy();
      await drifted.drop();
    }
  });

  it('has no table without an entity', async () => {
    const rows = await database.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    );
    const source = new DataSource(dataSourceOptions({ url: database.url, poolSize: 1, entities: ENTITIES }));
    await source.initialize();
    const known = source.entityMetadatas.map(({ tableName }) => tableName);
    await source.destroy();
    expect(rows.map(({ name }) => name)).toEqual([...known, 'migrations'].sort());
  });

  it('gives every constraint a name of ours', async () => {
    const rows = await database.query<{ table: string; name: string; type: string; columns: string[] }>(
      `select conrelid::regclass::text as table, conname as name, contype as type,
         array(select attname::text from pg_attribute where attrelid = conrelid and attnum = any (conkey)) as columns
       from pg_constraint where connamespace = 'public'::regnamespace and contype in ('u', 'p', 'f', 'c')
         and conrelid::regclass::text <> 'migrations'`,
    );
    expect(rows.length).toBeGreaterThan(20);
    const suffix: Record<string, string> = { p: '_pkey', u: '_key', f: '_fkey', c: '_check' };
    for (const { table, name, type } of rows) {
      expect(name.startsWith(`${table}_`) && name.endsWith(suffix[type] ?? '?')).toBe(true);
    }
  });

  it('has each of the constraints that code relies on to lose a race', async () => {
    const rows = await database.query<{ name: string }>(
      `select i.relname as name from pg_index join pg_class i on i.oid = indexrelid
       where indisunique and not indisprimary and i.relnamespace = 'public'::regnamespace order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(
      [
        'accounts_instance_h_wire_key',
        'accounts_instance_payto_key',
        'deposits_order_coin_key',
        'instances_id_key',
        'login_tokens_hash_key',
        'orders_instance_order_key',
        'payment_attempts_in_flight_key',
        'payment_attempts_order_coins_key',
        'refunds_order_coin_transaction_key',
      ].sort(),
    );
  });
});

describe('migrations', () => {
  let database: EmptyDatabase;

  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(() => database?.drop());

  const tables = () =>
    ask<{ name: string }>(
      database.url,
      `select table_schema || '.' || table_name as name from information_schema.tables
       where table_schema in ('public', 'graphile_worker') order by 1`,
    );

  it('say what they did, and nothing when run again', async () => {
    const done = await migrate(database.url);
    expect(done.length).toBeGreaterThan(0);
    const before = await tables();
    expect(await migrate(database.url)).toEqual([]);
    expect(await tables()).toEqual(before);
    expect(before.map(({ name }) => name)).toContain('graphile_worker.migrations');
  });

  it('run once when four processes start at once on an empty database', async () => {
    const exits = await Promise.all(
      [1, 2, 3, 4].map(() => runProgram('src/migrate.js', { DATABASE_URL: database.url })),
    );
    expect(exits.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(exits.filter(({ output }) => output.startsWith('migrated: '))).toHaveLength(1);
    expect(exits.filter(({ output }) => output === 'the schema is up to date\n')).toHaveLength(3);
    const rows = await ask<{ name: string }>(database.url, 'select name from migrations');
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it('go on where a process was cut off between our tables and those of the job queue', async () => {
    await migrate(database.url);
    await ask(database.url, 'drop schema graphile_worker cascade');
    expect(await migrate(database.url)).toEqual([]);
    expect((await tables()).map(({ name }) => name)).toContain('graphile_worker.migrations');
  });
});
