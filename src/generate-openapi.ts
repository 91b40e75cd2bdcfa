import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import pino from 'pino';
import { AppModule } from './app.module';
import { PROTOCOL_VERSION } from './instances/config.controller';
import { loadConfig } from './platform/config/load-config';
import { buildApiDocument } from './platform/openapi/document';

/**
 * Prints openapi.json. Only the decorators are read: in preview mode Nest makes no provider, so nothing connects to
 * the database that the configuration has to name.
 */
async function main(): Promise<void> {
  const config = loadConfig({ DATABASE_URL: 'postgresql://nobody@localhost/unused' });
  const app = await NestFactory.create(AppModule.with(config, pino({ level: 'silent' })), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  process.stdout.write(`${JSON.stringify(buildApiDocument(app, PROTOCOL_VERSION), undefined, 2)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`the API document cannot be made: ${String(error)}\n`);
  process.exitCode = 1;
});
