import type { LoggerService } from '@nestjs/common';
import pino, { Logger } from 'pino';

/** Bytes gathered before a write: one system call for some dozens of lines. Flushed each second and at exit. */
const BUFFER_BYTES = 4096;
const FLUSH_INTERVAL_MS = 1000;

const destinations = new Set<ReturnType<typeof pino.destination>>();

/**
 * The structured log of the process: one JSON object per line on standard output. Secrets are never passed to it: no
 * headers, no URLs, no bodies. (pino's redaction by path cost a twentieth of a status request, and names what it hides.)
 */
export function createLogger(level: string): Logger {
  const destination = pino.destination({ dest: 1, sync: false, minLength: BUFFER_BYTES });
  destinations.add(destination);
  setInterval(() => destination.flush(), FLUSH_INTERVAL_MS).unref();
  return pino({ level, base: { pid: process.pid } }, destination);
}

/** Writes what is still buffered; called last before the process exits. */
export function flushLogs(): void {
  for (const destination of destinations) {
    try {
      destination.flushSync();
    } catch {
      // Nothing was ever written to it, or standard output is gone: there is nowhere left to complain.
    }
  }
}

/** Lets Nest's own messages go to the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }
  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, String(message));
  }
  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }
  debug(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }
  verbose(message: unknown, context?: string): void {
    this.logger.trace({ context }, String(message));
  }
}
