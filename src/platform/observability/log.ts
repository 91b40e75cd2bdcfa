import type { Logger } from 'pino';

/** Injection token of the process's log: `constructor(@Inject(LOG) private readonly log: Log)`. */
export const LOG = Symbol('LOG');
export type Log = Logger;
