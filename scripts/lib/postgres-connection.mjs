import { createRequire } from 'node:module';

import { inProject } from './paths.mjs';

const CONNECT_TIMEOUT_MS = 5_000;
const NO_SUCH_DATABASE = '3D000';
/** Of two processes that create it at once the later one sees either the name or the unique index of names. */
const DUPLICATE_DATABASE = new Set(['42P04', '23505']);
const STARTING_OR_STOPPING = new Set(['57P03', '57P01', 'ECONNREFUSED', 'ECONNRESET']);

/**
 * Tries to open the database of the URL, and creates it when the server is there but the database is not.
 *
 * @returns false while nobody accepts connections there
 * @throws Error of the driver when the server refuses for a reason that waiting does not cure
 */
export async function openDatabase(url) {
  try {
    await withClient(url, () => undefined);
    return true;
  } catch (error) {
    if (STARTING_OR_STOPPING.has(error.code)) return false;
    if (error.code !== NO_SUCH_DATABASE) throw error;
    await createDatabase(url);
    return true;
  }
}

async function createDatabase(url) {
  const server = new URL(url);
  const name = server.pathname.slice(1);
  server.pathname = '/postgres';
  try {
    await withClient(server.href, (client) =>
      client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`),
    );
  } catch (error) {
    if (!DUPLICATE_DATABASE.has(error.code)) throw error;
  }
}

async function withClient(url, work) {
  // Loaded late: this file is imported before the packages are installed.
  const { Client } = createRequire(inProject('package.json'))('pg');
  // TLS off by word, because PGSSLMODE in the environment would ask for it.
  const client = new Client({
    connectionString: url,
    ssl: false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // An error outside a query would otherwise end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
