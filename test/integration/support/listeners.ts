import { PgNotifyTransport } from '../../../src/platform/events/pg-notify.transport';
import type { TestServer } from '../../support/app';
import type { TestDatabase } from '../../support/database';
import { until } from '../../support/until';

const LISTENERS = `from pg_stat_activity
  where application_name = 'taler-merchant listener' and datname = current_database()`;

/** Cuts the LISTEN connections of all servers on a database, as a failover would. They come back by themselves. */
export async function cutListeners(database: TestDatabase, servers: readonly TestServer[]): Promise<void> {
  // Whoever closed a server a moment ago may find its connection still.
  await untilListening(database, servers);
  const before = await pids(database);
  await database.query(`select pg_terminate_backend(pid) ${LISTENERS}`);
  await until(async () => !(await pids(database)).some((pid) => before.includes(pid)), 'the cut');
}

/** Waits until every server listens on a connection of its own again. */
export async function untilListening(database: TestDatabase, servers: readonly TestServer[]): Promise<void> {
  const areHealthy = () => servers.every(({ app }) => app.get(PgNotifyTransport).healthy);
  // In this order: while the connections are counted, a server may find that its own is lost, and begin another.
  await until(async () => (await pids(database)).length === servers.length && areHealthy(), 'all listen');
}

async function pids(database: TestDatabase): Promise<number[]> {
  return (await database.query<{ pid: number }>(`select pid ${LISTENERS}`)).map(({ pid }) => pid);
}
