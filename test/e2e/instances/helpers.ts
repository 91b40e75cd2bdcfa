import type { ApiAnswer } from '../../support/api';
import {
  OPERATOR_TOKEN,
  settingOf,
  startTestServer,
  startTestWorld,
  TestServer,
  TestShop,
  TestWorld,
  untilKeys,
} from '../../support/app';
import type { TestDatabase } from '../../support/database';
import type { AppConfig } from '../../../src/platform/config/config';
import { until } from '../../support/until';

export const operator = { token: OPERATOR_TOKEN };

/** What an instance must say of itself; `id` and `auth` are added where it is created. */
export const CONFIGURATION = { name: 'Plain', address: {}, jurisdiction: {}, use_stefan: true };

export function newInstance(id: string, more: object = {}): object {
  return { ...CONFIGURATION, id, auth: { method: 'token', password: `password of ${id}` }, ...more };
}

/** Logs in with a password. */
export function login(server: TestServer, id: string, password: string, scope = 'all'): Promise<ApiAnswer> {
  const credential = Buffer.from(`${id}:${password}`).toString('base64');
  return server.api.post(
    `instances/${id}/private/token`,
    { scope },
    { headers: { authorization: `Basic ${credential}` } },
  );
}

export async function tokenOf(server: TestServer, shop: TestShop, scope = 'all'): Promise<string> {
  const answer = await login(server, shop.id, `password of ${shop.id}`, scope);
  if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
  return answer.body.access_token as string;
}

/** A world in which nothing happens by itself: the clock stands still. */
export async function startStillWorld(config: Partial<AppConfig> = {}): Promise<TestWorld> {
  const world = await startTestWorld({ config });
  world.clock.stop();
  return world;
}

/** Another server on the database of the world, with the keys of its exchange; close it. */
export async function serverBeside(world: TestWorld, config: Partial<AppConfig> = {}): Promise<TestServer> {
  const { database, clock, exchange } = world;
  const server = await startTestServer({ database, clock, exchanges: [settingOf(exchange)], config });
  await untilKeys(server);
  return server;
}

/** Runs `work` with a server of other settings on the database of the world. */
export async function withServer<T>(
  world: TestWorld,
  config: Partial<AppConfig>,
  work: (server: TestServer) => Promise<T>,
): Promise<T> {
  const server = await serverBeside(world, config);
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

/** Waits until so many requests wait for a lock that the caller's open transaction holds. */
export async function untilBlocked(database: TestDatabase, count: number): Promise<void> {
  await until(async () => {
    // Within a transaction PostgreSQL shows the same snapshot of its activity again and again.
    await database.query('select pg_stat_clear_snapshot()');
    const waiting = await database.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    return waiting.length === count;
  }, `${count} requests that wait for a lock`);
}
