import cluster from 'node:cluster';
import type { AppConfig } from './platform/config/config';
import type { Log } from './platform/observability/log';
import { flushLogs } from './platform/observability/logger';

/** A worker that dies sooner than this after its start would only die again. */
const RESTART_AFTER_MS_MIN = 1_000;

/** Keeps `config.workers` serving processes on one port (node:cluster); every one of them is alike. */
export function runPrimary(config: AppConfig, log: Log): void {
  let isClosing = false;
  const startedMs = new Map<number, number>();
  const fork = () => {
    const worker = cluster.fork();
    startedMs.set(worker.id, performance.now());
  };
  cluster.on('exit', (worker, code) => {
    const livedMs = performance.now() - (startedMs.get(worker.id) ?? 0);
    startedMs.delete(worker.id);
    if (isClosing) {
      if (startedMs.size === 0) leave(0);
      return;
    }
    log.error({ worker: worker.id, code }, 'a worker died');
    if (livedMs >= RESTART_AFTER_MS_MIN) fork();
    else if (startedMs.size === 0) leave(1);
    else setTimeout(fork, RESTART_AFTER_MS_MIN);
  });
  const shutDown = () => {
    isClosing = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
  for (let count = 0; count < config.workers; count++) fork();
}

function leave(code: number): void {
  flushLogs();
  process.exit(code);
}
