import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below what systems give to those who ask for any port, else one of them might get ours while nobody listens there:
 * between the choice and the start of a server, and between its death and the start of the next one.
 */
const FIRST_PORT = 10_000;
/** Each worker of Jest has ports of its own. */
const PORTS_PER_WORKER = 5_000;
const WORKERS_MAX = 4;

const worker = Number(process.env['JEST_WORKER_ID'] ?? 1) % WORKERS_MAX;
/** At random within those of the worker, for other test runs on the same machine. */
let next = randomInt(PORTS_PER_WORKER);

/** A port of 127.0.0.1 on which nobody listens, and that nobody else is given. */
export async function takePort(): Promise<number> {
  for (let tries = 0; tries < PORTS_PER_WORKER; tries++) {
    const port = FIRST_PORT + worker * PORTS_PER_WORKER + (next++ % PORTS_PER_WORKER);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
