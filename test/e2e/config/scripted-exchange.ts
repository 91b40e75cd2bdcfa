import { createServer, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An exchange that gives one answer to everything, or none until it is released. */
export interface ScriptedExchange {
  readonly baseUrl: string;
  /** undefined: requests wait. */
  answer: { readonly status: number; readonly body: string } | undefined;
  /** Hangs up on those who wait. */
  release(): void;
  close(): Promise<void>;
}

export async function startScriptedExchange(): Promise<ScriptedExchange> {
  const waiting = new Set<ServerResponse>();
  const server: Server = createServer((_request, response) => {
    const { answer } = exchange;
    if (!answer) return void waiting.add(response);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const exchange: ScriptedExchange = {
    baseUrl: `http://127.0.0.1:${port}/`,
    answer: undefined,
    release: () => {
      for (const response of waiting) response.destroy();
      waiting.clear();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return exchange;
}
