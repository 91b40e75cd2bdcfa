import { ConfigError, loadConfig } from './platform/config/load-config';
import { migrate } from './platform/database/migrate';

/** `npm run migrate`: migrations alone. */
async function main(): Promise<void> {
  try {
    const done = await migrate(loadConfig().databaseUrl);
    process.stdout.write(done.length === 0 ? 'the schema is up to date\n' : `migrated: ${done.join(', ')}\n`);
  } catch (error) {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : `migration failed: ${String(error)}`}\n`,
    );
    process.exitCode = 1;
  }
}

void main();
