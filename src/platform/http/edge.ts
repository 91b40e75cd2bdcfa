import { randomBytes } from 'node:crypto';
import type { NextFunction, RequestHandler, Response } from 'express';
import type { Log } from '../observability/log';
import type { Metrics } from '../observability/metrics';
import type { TalerRequest } from './request';

/** Distinguishes processes; the counter distinguishes the requests of one. */
const requestIdPrefix = randomBytes(6).toString('hex');
let requestCount = 0;

/** CORS for everybody, on every answer; a preflight is answered at once (conventions.md 5.4). */
export function cors(): RequestHandler {
  return (request, response, next) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', '*');
    if (request.method !== 'OPTIONS') return next();
    response.setHeader('Access-Control-Allow-Headers', '*');
    response.setHeader('Access-Control-Allow-Methods', '*');
    response.status(204).end();
  };
}

/** Gives the request its id, and the log one line and the metrics one observation when it is answered. */
export function accessLog(log: Log, metrics: Metrics): RequestHandler {
  return (expressRequest, response: Response, next: NextFunction) => {
    const request = expressRequest as TalerRequest;
    const startedMs = performance.now();
    request.requestId = `${requestIdPrefix}-${(++requestCount).toString(36)}`;
    response.setHeader('X-Request-Id', request.requestId);
    response.once('close', () => {
      const elapsedMs = performance.now() - startedMs;
      // The pattern, never the URL: it may carry a claim token, and labels must be few.
      const route = (request.route as { path?: string } | undefined)?.path ?? 'none';
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.httpRequests.observe({ method: request.method, route, status }, elapsedMs / 1000);
      log.info(
        {
          request_id: request.requestId,
          method: request.method,
          route,
          instance: request.params?.['instance'],
          status,
          ms: Math.round(elapsedMs * 10) / 10,
        },
        'request',
      );
    });
    next();
  };
}
