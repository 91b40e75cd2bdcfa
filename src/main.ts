import cluster from 'node:cluster';
import { ConfigError, loadConfig } from './platform/config/load-config';
import type { AppConfig } from './platform/config/config';
import { migrate } from './platform/database/migrate';
import { createLogger, flushLogs } from './platform/observability/logger';
import { runPrimary } from './primary';
import { runServer } from './server';

/** Reads the configuration or says in one message all that is wrong with it. */
function readConfig(): AppConfig | undefined {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

async function main(): Promise<void> {
  const config = readConfig();
  if (!config) {
    process.exitCode = 1;
    return;
  }
  const log = createLogger(config.logLevel);
  try {
    if (cluster.isPrimary) await migrate(config.databaseUrl);
    if (cluster.isPrimary && config.workers > 1) runPrimary(config, log);
    else await runServer(config, log);
  } catch (error) {
    log.fatal({ err: error }, 'cannot start');
    process.stderr.write(`cannot start: ${(error as Error).message}\n`);
    flushLogs();
    process.exit(1);
  }
}

void main();
