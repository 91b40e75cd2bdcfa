import type { TestDatabase } from '../../support/database';
import { ask } from '../../integration/support/empty-database';
import { until } from '../../support/until';

/** Something wrong with the database, until `end`. */
export interface Trouble {
  end(): Promise<void>;
}

/** Connections of the backend, those that listen included. */
const OF_BACKEND = `application_name like 'taler-merchant%'`;

/** A table that is not where it was: every statement about it fails. */
export async function missingTable(database: TestDatabase, table: string): Promise<Trouble> {
  await database.query(`alter table ${table} rename to ${table}_away`);
  return {
    end: async () => void (await database.query(`alter table ${table}_away rename to ${table}`)),
  };
}

/**
 * Every change of a row of the table fails.
 * @param at 'commit': the statement is done, and the commit is refused
 * @param state SQLSTATE that PostgreSQL reports
 */
export async function refusedWrites(
  database: TestDatabase,
  table: string,
  { at, state }: { at: 'statement' | 'commit'; state: string },
): Promise<Trouble> {
  await database.query(`create function refuse_write() returns trigger language plpgsql as
    $$ begin raise exception 'a secret of the row' using errcode = '${state}'; end $$`);
  await database.query(
    at === 'statement'
      ? `create trigger refuse_write before insert or update or delete on ${table}
          for each row execute function refuse_write()`
      : `create constraint trigger refuse_write after insert or update or delete on ${table}
          deferrable initially deferred for each row execute function refuse_write()`,
  );
  return { end: async () => void (await database.query('drop function refuse_write cascade')) };
}

/** No connection is left, and none is let in. */
export async function shutDatabase(database: TestDatabase): Promise<Trouble> {
  const server = process.env['TEST_DATABASE_URL'] ?? '';
  const name = new URL(database.url).pathname.slice(1);
  const backends = `from pg_stat_activity where datname = '${name}' and ${OF_BACKEND}`;
  await ask(server, `alter database ${name} allow_connections false`);
  await ask(server, `select pg_terminate_backend(pid) ${backends}`);
  await until(async () => (await ask(server, `select pid ${backends}`)).length === 0);
  return { end: async () => void (await ask(server, `alter database ${name} allow_connections true`)) };
}
