import { createRequire } from 'node:module';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options';

/** Any constant of ours: processes that start together migrate one after the other. */
const MIGRATION_LOCK = 7_415_116_001;

/**
 * Brings the database to the schema of this version: our tables and those of the job queue.
 * Safe to call from many processes at once.
 * @param url connection URL of the database
 * @returns names of the migrations that were run now
 */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = new DataSource(dataSourceOptions({ url, poolSize: 2 }));
  await dataSource.initialize();
  try {
    const lock = dataSource.createQueryRunner();
    try {
      await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const pending = await dataSource.showMigrations();
      const done = pending ? await dataSource.runMigrations() : [];
      if (pending || !(await hasJobQueue(dataSource))) await migrateJobQueue(url);
      return done.map((migration) => migration.name);
    } finally {
      await lock.query('select pg_advisory_unlock_all()').catch(() => undefined);
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

async function migrateJobQueue(url: string): Promise<void> {
  // Loaded when needed only: the usual start finds everything migrated. Not by import(), which Jest refuses in CommonJS.
  const load = createRequire(__filename);
  const { runMigrations } = load('graphile-worker') as typeof import('graphile-worker');
  await runMigrations({ connectionString: url });
}

async function hasJobQueue(dataSource: DataSource): Promise<boolean> {
  const [row] = await dataSource.query<{ found: boolean }[]>(
    `select to_regclass('graphile_worker.migrations') is not null as found`,
  );
  return row?.found === true;
}
