import 'reflect-metadata';
import type { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, NestExpressApplication } from '@nestjs/platform-express';
import express, { Application } from 'express';
import { AppModule } from './app.module';
import { checkOrderLife } from './orders/order-life';
import { Clock } from './platform/clock';
import { AppConfig } from './platform/config/config';
import { answerClientError } from './platform/http/client-error';
import { edge } from './platform/http/edge';
import { RouteAudit } from './platform/http/route-audit';
import { TalerExceptionFilter } from './platform/http/taler-exception.filter';
import { TalerValidationPipe } from './platform/http/taler-validation.pipe';
import { closeUnusedConnections, watchUnusedConnections } from './platform/http/unused-connections';
import { LongPollHub } from './platform/long-poll/long-poll.hub';
import type { Log } from './platform/observability/log';
import { NestLogger } from './platform/observability/logger';
import { Metrics } from './platform/observability/metrics';
import { serveApiDocument } from './platform/openapi/serve';

/** Above the idle time-outs of the usual proxies, so that the proxy closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** To receive a request; long polls wait after it. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Builds the application without listening. The server, the e2e tests and the generator of the API document call
 * this same function.
 */
export async function createApp(config: AppConfig, log: Log, clock?: Clock): Promise<NestExpressApplication> {
  const server: Application = express();
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.with(config, log, clock),
    new ExpressAdapter(server),
    { bodyParser: false, logger: new NestLogger(log), abortOnError: false },
  );
  const filter = new TalerExceptionFilter(server, log);
  server.disable('x-powered-by');
  server.disable('etag');
  app.use(edge(log, app.get(Metrics)));
  serveApiDocument(server);
  app.useGlobalPipes(new TalerValidationPipe());
  app.useGlobalFilters(filter);
  try {
    app.get(RouteAudit).check();
    checkOrderLife();
    await app.init();
  } catch (error) {
    // What was opened on the way, connections above all, is closed again.
    await app.close().catch(() => undefined);
    throw error;
  }
  const http = app.getHttpServer() as Server;
  http.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  http.requestTimeout = REQUEST_TIMEOUT_MS;
  watchUnusedConnections(http);
  http.on('clientError', answerClientError);
  // Left to the application, which answers in JSON: a missing Host matters only where URLs are made of it, and an
  // expectation that nobody knows may be ignored (RFC 9110 10.1.1).
  Object.assign(http, { requireHostHeader: false });
  http.on('checkExpectation', server);
  return app;
}

/** How often a closing server looks for connections that are idle by now. */
const CLOSE_SWEEP_INTERVAL_MS = 20;

/** Answers the waiters, lets requests finish, closes everything. */
export async function closeApp(app: NestExpressApplication): Promise<void> {
  app.get(LongPollHub).release();
  const http = app.getHttpServer() as Server;
  const closeIdle = () => {
    http.closeIdleConnections();
    closeUnusedConnections(http);
  };
  closeIdle();
  // A connection that is answered after the close began is kept alive like any other: without us the close would
  // wait for its time-out.
  const sweep = setInterval(closeIdle, CLOSE_SWEEP_INTERVAL_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}
