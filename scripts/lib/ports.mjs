import { createServer } from 'node:net';

const PORT_ATTEMPTS_MAX = 5;

/** True when a TCP server can listen on host:port right now. */
export function isPortFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A TCP port of host nobody listens on, different from those in `except`. */
export async function findFreePort(host = '127.0.0.1', except = []) {
  for (let attempt = 0; attempt < PORT_ATTEMPTS_MAX; attempt += 1) {
    const port = await new Promise((resolve, reject) => {
      const probe = createServer();
      probe.once('error', reject);
      probe.listen({ port: 0, host }, () => {
        const { port: found } = probe.address();
        probe.close(() => resolve(found));
      });
    });
    if (!except.includes(port)) return port;
  }
  throw new Error(`no free TCP port found on ${host}`);
}
