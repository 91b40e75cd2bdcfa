import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import pino from 'pino';
import type { AppConfig } from '../platform/config/config';
import { ConfigError, loadConfig } from '../platform/config/load-config';
import { databaseFaultOf } from '../platform/database/database-fault';
import { migrate } from '../platform/database/migrate';
import { NestLogger } from '../platform/observability/logger';
import { TalerError } from '../taler/taler-error';
import { AdminModule } from './admin.module';
import { Arguments, Command, parseArguments } from './command';
import { INSTANCE_COMMANDS, instanceIdOf } from './instance-commands';
import { KEY_COMMANDS } from './key-commands';
import { readPassword } from './read-password';
import { TOKEN_COMMANDS } from './token-commands';
import { USAGE, UsageError } from './usage';

const COMMANDS: Readonly<Record<string, Command>> = {
  ...INSTANCE_COMMANDS,
  ...TOKEN_COMMANDS,
  ...KEY_COMMANDS,
};
const FAILED = 1;
const NOT_UNDERSTOOD = 2;

/**
 * Everything that can be said wrong is found out before the database is touched.
 * @returns exit code
 */
async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.length === 0) {
    process.stdout.write(USAGE);
    return words.length === 0 ? NOT_UNDERSTOOD : 0;
  }
  const name = words.slice(0, 2).join(' ');
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError('there is no such command');
  let password = '';
  const args = parseArguments(command, words.slice(2), () => password);
  if (command.positionals > 0) instanceIdOf(args);
  command.check?.(args);
  const config = loadConfig();
  if (command.needsPassword) password = await readPassword(process.stdin, process.stderr);
  process.stdout.write(await runIn(config, command, args));
  return 0;
}

/** Runs the command with the use cases of the backend, on a database of this version. */
async function runIn(config: AppConfig, command: Command, args: Arguments): Promise<string> {
  await migrate(config.databaseUrl);
  // Standard output belongs to the result.
  const level = config.logLevel === 'silent' ? 'silent' : 'error';
  const log = pino({ level }, pino.destination({ dest: 2, sync: true }));
  const context = await NestFactory.createApplicationContext(AdminModule.with(config, log), {
    logger: new NestLogger(log),
    abortOnError: false,
  });
  try {
    return await command.run(context, args);
  } finally {
    await context.close();
  }
}

/** What went wrong, in one line that holds no secret, SQL or values. */
function reasonOf(error: unknown): string {
  if (error instanceof TalerError) {
    const detail = error.detail === undefined ? '' : ` (${error.detail})`;
    return `${error.hint}${detail} [${error.code}]`;
  }
  const fault = databaseFaultOf(error);
  return fault ? `the database: ${fault.message}` : (error as Error).message;
}

function fail(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return NOT_UNDERSTOOD;
  }
  process.stderr.write(`${error instanceof ConfigError ? error.message : reasonOf(error)}\n`);
  return FAILED;
}

// An application that could not be put together leaves connections open, which would keep the process.
void main(process.argv.slice(2))
  .catch(fail)
  .then((code) => process.exit(code));
