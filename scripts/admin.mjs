// npm run admin -- <command>: instances, tokens and keys, on the database directly; without arguments it says how.
import { join } from 'node:path';

import { runToEnd } from './lib/children.mjs';
import { prepare } from './lib/install.mjs';
import { dataDirectory, inProject } from './lib/paths.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { isSet } from './lib/secrets.mjs';

prepare();
process.exit(await administrate(process.argv.slice(2)));

async function administrate(args) {
  const script = inProject('dist', 'src', 'admin', 'main.js');
  if (isSet(process.env, 'DATABASE_URL') || process.env.NODE_ENV === 'production')
    return runToEnd(script, args);
  // The database of `npm start`, whether or not it runs at the moment.
  const postgres = await startPostgres({ directory: join(dataDirectory(), 'postgres'), durable: true });
  try {
    return await runToEnd(script, args, { ...process.env, DATABASE_URL: postgres.url });
  } finally {
    await postgres.stop();
  }
}
