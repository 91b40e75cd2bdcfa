import { randomBytes } from 'node:crypto';
import type { NextFunction, RequestHandler, Response } from 'express';
import type { Log } from '../observability/log';
import type { Metrics } from '../observability/metrics';
import type { TalerRequest } from './request';

/** Distinguishes processes; the counter distinguishes the requests of one. */
const requestIdPrefix = randomBytes(6).toString('hex');
let requestCount = 0;
/** What the log says of a client that went away before it was answered. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * What browsers are told of every answer: it is what its Content-Type says, it is no page with content of its own (pages
 * set their own policy instead), and links on it do not tell where they stood, for a URL may carry a claim token.
 */
export const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Referrer-Policy', 'no-referrer'],
];

/**
 * The edge of the server, one middleware since every request pays for each: gives the request its id, lets scripts of
 * any origin read the answer (conventions.md 5.4), answers preflights at once, and writes one log line and one
 * observation when the answer has left.
 */
export function edge(log: Log, metrics: Metrics): RequestHandler {
  return (expressRequest, response: Response, next: NextFunction) => {
    const request = expressRequest as TalerRequest;
    const startedMs = performance.now();
    request.requestId = `${requestIdPrefix}-${(++requestCount).toString(36)}`;
    response.setHeader('X-Request-Id', request.requestId);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', '*');
    for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
    response.on('close', () => observe(log, metrics, request, response, performance.now() - startedMs));
    if (request.method !== 'OPTIONS') return next();
    response.setHeader('Access-Control-Allow-Headers', '*');
    response.setHeader('Access-Control-Allow-Methods', '*');
    response.status(204).end();
  };
}

function observe(
  log: Log,
  metrics: Metrics,
  request: TalerRequest,
  response: Response,
  elapsedMs: number,
): void {
  // The pattern, never the URL: it may carry a claim token, and labels must be few.
  const route = (request.route as { path?: string } | undefined)?.path ?? 'none';
  const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST;
  const { method } = request;
  metrics.observeRequest({ method, route, status }, elapsedMs / 1000);
  log.info(
    {
      request_id: request.requestId,
      method,
      route,
      instance: request.params?.['instance'],
      status,
      ms: Math.round(elapsedMs * 10) / 10,
    },
    'request',
  );
}
