/** Signals that end a run early: the database must not outlive it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const INTERRUPTED = 130;

/**
 * One PostgreSQL for the integration and the e2e tests of a run. Jest calls this once for both projects, because
 * both name this file. TEST_DATABASE_URL is the URL of a role that may create databases: each suite makes its own.
 * When the caller set it (a PostgreSQL of another version, say), that server is used and left alone.
 */
module.exports = async function globalSetup() {
  if (process.env.TEST_DATABASE_URL) return;
  const { makeTemporaryDirectory, removeTemporaryDirectory } =
    await import('../../scripts/lib/temporary.mjs');
  const { startPostgres } = await import('../../scripts/lib/postgres.mjs');
  const directory = await makeTemporaryDirectory();
  const postgres = await startPostgres({
    directory: `${directory}/postgres`,
    durable: false,
    database: 'postgres',
  });
  process.env.TEST_DATABASE_URL = postgres.url;
  const interrupt = () => globalThis.stopTestDatabase?.().finally(() => process.exit(INTERRUPTED));
  for (const signal of SIGNALS) process.once(signal, interrupt);
  globalThis.stopTestDatabase = async () => {
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
    delete process.env.TEST_DATABASE_URL;
    await postgres.stop();
    await removeTemporaryDirectory(directory);
  };
};
