import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between the backend and an exchange and notes every call. */
export interface CallLog {
  /** With final slash; what the exchange must take for its own base URL. */
  readonly baseUrl: string;
  /** `METHOD /path` of each call so far, without the query. */
  readonly calls: readonly string[];
  /** Sends what comes to the exchange at this port of this machine. */
  forwardTo(port: number): void;
  close(): Promise<void>;
}

/** Starts the listener first, since the exchange has to be told its address. */
export async function startCallLog(): Promise<CallLog> {
  const calls: string[] = [];
  let target = 0;
  const server = createServer((incoming, answer) => {
    const { method, headers, url = '/' } = incoming;
    calls.push(`${method ?? ''} ${url.split('?')[0] ?? ''}`);
    const outgoing = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  const port = await listen(server);
  return {
    baseUrl: `http://127.0.0.1:${port}/`,
    calls,
    forwardTo: (exchangePort) => void (target = exchangePort),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
