import { Inject, Injectable, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Runner, TaskList } from 'graphile-worker';
import { AppConfig } from '../config/config';
import { LOG, type Log } from '../observability/log';

const CONCURRENCY = 2;
const CONNECTIONS = 3;
/** New jobs are announced by LISTEN; this only bounds how long one could be overlooked. */
const POLL_INTERVAL_MS = 60_000;
/** A run that failed is tried again by the next minute; the queue itself repeats it little. */
const ATTEMPTS_MAX = 3;

type Handler = () => Promise<void>;

/**
 * Work that must happen later, over graphile-worker: rows in PostgreSQL, taken by whichever process is free, run at
 * least once. Handlers are idempotent.
 */
@Injectable()
export class Jobs implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly handlers = new Map<string, Handler>();
  private runner: Promise<Runner> | undefined;

  constructor(
    private readonly config: AppConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Registers `handler` to be run once a minute by one of the processes. Call from onModuleInit. */
  everyMinute(name: string, handler: Handler): void {
    this.handlers.set(name, handler);
  }

  /** Runs every registered job once, here and now, and waits for it: what `npm run worker -- --once` and tests do. */
  async runOnce(): Promise<void> {
    for (const handler of this.handlers.values()) await handler();
  }

  onApplicationBootstrap(): void {
    if (!this.config.runJobs || this.handlers.size === 0) return;
    this.runner = this.start();
    this.runner.catch((error: unknown) => this.log.error({ err: error }, 'the job runner did not start'));
  }

  async onModuleDestroy(): Promise<void> {
    const runner = await this.runner?.catch(() => undefined);
    await runner
      ?.stop()
      .catch((error: unknown) => this.log.warn({ err: error }, 'the job runner did not stop well'));
  }

  private async start(): Promise<Runner> {
    // Loaded only where jobs run, and after the server listens: it adds some 50 ms to a start.
    const { Logger, parseCronItems, run } = await import('graphile-worker');
    const names = [...this.handlers.keys()];
    const taskList: TaskList = Object.fromEntries(
      names.map((name) => [name, () => this.handlers.get(name)?.()]),
    );
    return run({
      connectionString: this.config.databaseUrl,
      maxPoolSize: CONNECTIONS,
      concurrency: CONCURRENCY,
      pollInterval: POLL_INTERVAL_MS,
      noHandleSignals: true,
      taskList,
      parsedCronItems: parseCronItems(
        names.map((name) => ({
          task: name,
          match: '* * * * *',
          options: { maxAttempts: ATTEMPTS_MAX, jobKey: name, backfillPeriod: 0 },
        })),
      ),
      logger: new Logger(() => (level, message) => this.forward(level, message)),
    });
  }

  private forward(level: string, message: string): void {
    if (level === 'error') this.log.error({ job_queue: true }, message);
    else if (level === 'warning') this.log.warn({ job_queue: true }, message);
    else this.log.debug({ job_queue: true }, message);
  }
}
