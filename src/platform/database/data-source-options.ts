import type { DataSourceOptions } from 'typeorm';
import { MIGRATIONS } from './migrations';

/** A statement that runs longer has lost its way; the limit frees its connection. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A transaction never waits for the network, so one that idles this long is a bug. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The one description of the database connection: the application, the TypeORM command line (ormconfig.ts)
 * and the tests use it. `synchronize` is never on: the schema is what the migrations say.
 */
export function dataSourceOptions(settings: {
  url: string;
  poolSize: number;
  entities?: DataSourceOptions['entities'];
}): DataSourceOptions {
  return {
    type: 'postgres',
    url: settings.url,
    applicationName: 'taler-merchant',
    poolSize: settings.poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    entities: settings.entities ?? [],
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    logging: false,
    extra: {
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    },
  };
}
