import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const unusedOf = new WeakMap<Server, Set<Socket>>();

/**
 * Remembers the connections over which nothing was asked yet. Node counts them among the busy ones, so that closing
 * the server would wait for the time-out of a load balancer's connections in stock.
 */
export function watchUnusedConnections(http: Server): void {
  const unused = new Set<Socket>();
  unusedOf.set(http, unused);
  http.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  http.prependListener('request', (request) => unused.delete(request.socket));
}

/** Ends those connections. A request that is on its way there is lost unread, hence may be sent again. */
export function closeUnusedConnections(http: Server): void {
  for (const socket of unusedOf.get(http) ?? []) socket.destroy();
}
