import { PgNotifyTransport } from '../../../src/platform/events/pg-notify.transport';
import type { TestServer } from '../../support/app';
import type { TestDatabase } from '../../support/database';
import { eventually } from '../../e2e/payments/support/server-process';

const LISTENERS = `from pg_stat_activity
  where application_name = 'taler-merchant listener' and datname = current_database()`;

/** Cuts the LISTEN connections of all servers on a database, as a failover would. They come back by themselves. */
export async function cutListeners(database: TestDatabase, servers: readonly TestServer[]): Promise<void> {
  const before = await pids(database);
  expect(before).toHaveLength(servers.length);
  await database.query(`select pg_terminate_backend(pid) ${LISTENERS}`);
  await eventually(async () => !(await pids(database)).some((pid) => before.includes(pid)));
}

/** Waits until every server listens on a connection of its own again. */
export async function untilListening(database: TestDatabase, servers: readonly TestServer[]): Promise<void> {
  const areHealthy = () => servers.every(({ app }) => app.get(PgNotifyTransport).healthy);
  await eventually(async () => areHealthy() && (await pids(database)).length === servers.length);
}

async function pids(database: TestDatabase): Promise<number[]> {
  return (await database.query<{ pid: number }>(`select pid ${LISTENERS}`)).map(({ pid }) => pid);
}
