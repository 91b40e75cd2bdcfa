// Starts the embedded PostgreSQL of a library folder on a directory, prints its URL, and keeps it until SIGTERM.
const [library, directory] = process.argv.slice(2);
const { startPostgres } = await import(new URL('postgres.mjs', library).href);
const postgres = await startPostgres({ directory, durable: false });
process.stdout.write(`${postgres.url}\n`);
const alive = setInterval(() => undefined, 60_000);
process.once('SIGTERM', async () => {
  clearInterval(alive);
  await postgres.stop();
});
