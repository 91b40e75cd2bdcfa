import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between the backend and an exchange and notes every call. */
export interface CallLog {
  /** With final slash; what the exchange must take for its own base URL. */
  readonly baseUrl: string;
  /** `METHOD /path` of each call so far, without the query. */
  readonly calls: readonly string[];
  /** Sends what comes to the exchange at this port of this machine. */
  forwardTo(port: number): void;
  /** Stops the next call of this kind on its way to the exchange. @param call `METHOD /path` */
  hold(call: string): HeldCall;
  close(): Promise<void>;
}

export interface HeldCall {
  /** The call has come. */
  readonly begun: Promise<void>;
  letGo(): void;
}

/** Starts the listener first, since the exchange has to be told its address. */
export async function startCallLog(): Promise<CallLog> {
  const calls: string[] = [];
  let target = 0;
  /** What the next call of a kind waits for. */
  const gates = new Map<string, () => Promise<void>>();
  const forward = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const { method, headers, url = '/' } = incoming;
    const call = `${method ?? ''} ${url.split('?')[0] ?? ''}`;
    calls.push(call);
    const gate = gates.get(call);
    gates.delete(call);
    await gate?.();
    const outgoing = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  };
  const server = createServer((incoming, answer) => void forward(incoming, answer));
  const port = await listen(server);
  return {
    baseUrl: `http://127.0.0.1:${port}/`,
    calls,
    forwardTo: (exchangePort) => void (target = exchangePort),
    hold: (call) => {
      let begin = (): void => undefined;
      let letGo = (): void => undefined;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const released = new Promise<void>((resolve) => (letGo = resolve));
      gates.set(call, () => {
        begin();
        return released;
      });
      return { begun, letGo };
    },
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
