import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { migrate } from '../../src/platform/database/migrate';

const TEMPLATE = 'merchant_template';
/** Any constant of ours: the first suite of a run makes the template, the others wait for it. */
const TEMPLATE_LOCK = 7_415_116_002;

/** A database of a suite's own. */
export interface TestDatabase {
  readonly url: string;
  /** For questions and facts that the API has no words for. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Ends all connections and removes the database. */
  drop(): Promise<void>;
}

function serverUrl(): string {
  const url = process.env['TEST_DATABASE_URL'];
  if (!url)
    throw new Error(
      'TEST_DATABASE_URL is missing: run through npm test, whose global set-up starts PostgreSQL',
    );
  return url;
}

function urlOf(database: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${database}`;
  return url.href;
}

async function withServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes a migrated database by cloning the template, which the first caller makes by running the migrations. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `merchant_${randomBytes(6).toString('hex')}`;
  await withServer(async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    try {
      const { rowCount } = await client.query('select from pg_database where datname = $1', [TEMPLATE]);
      if (rowCount === 0) await makeTemplate(client);
      await client.query(`create database ${name} template ${TEMPLATE} strategy wal_log`);
    } finally {
      await client.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
    }
  });
  const client = new Client({ connectionString: urlOf(name) });
  await client.connect();
  return {
    url: urlOf(name),
    query: async <Row extends object>(text: string, values: unknown[] = []) =>
      (await client.query<Row>(text, values)).rows,
    drop: async () => {
      await client.end();
      await withServer((server) => server.query(`drop database ${name} with (force)`));
    },
  };
}

async function makeTemplate(client: Client): Promise<void> {
  const building = `${TEMPLATE}_${randomBytes(4).toString('hex')}`;
  await client.query(`create database ${building}`);
  await migrate(urlOf(building));
  // Renamed when whole, so that a run that died in between leaves no half template.
  await client.query(`alter database ${building} rename to ${TEMPLATE}`);
}
