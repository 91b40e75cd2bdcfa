import { DataSource } from 'typeorm';
import { dataSourceOptions } from './platform/database/data-source-options';
import { migrate } from './platform/database/migrate';
import { dumpSchema } from './platform/database/schema-dump';

const HEADER = `-- The schema that the migrations make, for reading; written by "npm run generate". Not run by anything:
-- databases are made and changed by src/platform/database/migrations alone. The job queue's own schema is left out.
`;

/** Prints schema.sql. `DATABASE_URL` names an empty database, which is migrated first. */
async function main(): Promise<void> {
  const url = process.env['DATABASE_URL'];
  if (!url) throw new Error('DATABASE_URL is missing');
  await migrate(url);
  const dataSource = await new DataSource(dataSourceOptions({ url, poolSize: 1 })).initialize();
  try {
    process.stdout.write(HEADER + (await dumpSchema(dataSource)));
  } finally {
    await dataSource.destroy();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`the schema cannot be written: ${String(error)}\n`);
  process.exitCode = 1;
});
