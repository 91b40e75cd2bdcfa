import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Database, Statement } from '../database/database';
import { PgNotifyTransport } from '../events/pg-notify.transport';
import { Public } from '../http/permission';
import { sendJsonText } from '../http/send-json';
import { Operation } from '../openapi/answers';
import { Metrics } from './metrics';

const PROBE: Statement = { name: 'health', text: 'select count(*) as migrations from migrations' };

const LIVENESS = {
  type: 'object' as const,
  properties: { status: { type: 'string', enum: ['ok'] } },
  required: ['status'],
  additionalProperties: false,
};

const READINESS = {
  type: 'object' as const,
  properties: { ready: { type: 'boolean' }, database: { type: 'boolean' }, listener: { type: 'boolean' } },
  required: ['ready', 'database', 'listener'],
  additionalProperties: false,
};

/** What operators and their machines ask for. */
@ApiTags('Operation')
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly transport: PgNotifyTransport,
    private readonly metrics: Metrics,
  ) {}

  @Get('healthz')
  @Public()
  @Operation({
    summary: 'Is the process alive?',
    good: {
      200: { description: 'yes', body: LIVENESS },
    },
    errors: [],
  })
  alive() {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Public()
  @Operation({
    summary: 'Can the process serve?',
    good: {
      200: { description: 'database, migrations and listener are there', body: READINESS },
      503: { description: 'something is missing', body: READINESS },
    },
    errors: [],
  })
  async ready(@Res() response: Response): Promise<void> {
    const database = await this.database.query(PROBE, []).then(
      () => true,
      () => false,
    );
    const listener = this.transport.healthy;
    const isReady = database && listener;
    sendJsonText(response, isReady ? 200 : 503, JSON.stringify({ ready: isReady, database, listener }));
  }

  @Get('metrics')
  @Public()
  @Header('Cache-Control', 'no-store')
  @Operation({
    summary: 'Prometheus metrics',
    good: { 200: { description: 'text format', contentType: 'text/plain', body: { type: 'string' } } },
    errors: [],
  })
  async scrape(@Res() response: Response): Promise<void> {
    const text = await this.metrics.registry.metrics();
    response.setHeader('Content-Type', this.metrics.registry.contentType);
    response.end(text);
  }
}
