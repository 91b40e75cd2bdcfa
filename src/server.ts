import cluster from 'node:cluster';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { closeApp, createApp } from './bootstrap';
import type { AppConfig } from './platform/config/config';
import type { Log } from './platform/observability/log';
import { flushLogs } from './platform/observability/logger';

/** After SIGTERM everything is over within 5 s; what hangs by then is cut. */
const SHUTDOWN_MS_MAX = 4_500;

/** One serving process. */
export async function runServer(config: AppConfig, log: Log): Promise<void> {
  const app = await createApp(config, log);
  await app.listen(config.port, config.host);
  log.info({ host: config.host, port: config.port, worker: cluster.worker?.id }, 'listening');
  let isClosing = false;
  const shutDown = (signal: string) => {
    if (isClosing) return;
    isClosing = true;
    log.info({ signal }, 'shutting down');
    void close(app, log);
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
  // The primary has died: nobody would restart or stop us any more.
  process.on('disconnect', () => shutDown('disconnect'));
}

async function close(app: NestExpressApplication, log: Log): Promise<void> {
  const timer = setTimeout(() => {
    log.error('requests did not finish in time');
    flushLogs();
    process.exit(1);
  }, SHUTDOWN_MS_MAX);
  await closeApp(app);
  clearTimeout(timer);
  flushLogs();
  process.exit(0);
}
