// npm run migrate: brings the database to the schema of this version and ends. The server does the same at its start.
import { runToEnd } from './lib/children.mjs';
import { prepare } from './lib/install.mjs';
import { dataDirectory, inProject } from './lib/paths.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { isSet } from './lib/secrets.mjs';
import { join } from 'node:path';

prepare();
process.exit(await migrate());

async function migrate() {
  const script = inProject('dist', 'src', 'migrate.js');
  if (isSet(process.env, 'DATABASE_URL') || process.env.NODE_ENV === 'production') return runToEnd(script);
  const postgres = await startPostgres({ directory: join(dataDirectory(), 'postgres'), durable: true });
  try {
    return await runToEnd(script, [], { ...process.env, DATABASE_URL: postgres.url });
  } finally {
    await postgres.stop();
  }
}
