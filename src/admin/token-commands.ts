import type { INestApplicationContext } from '@nestjs/common';
import type { LoginTokenRequest } from '../auth/dto';
import { isTokenScope, TOKEN_SCOPES } from '../auth/token-scopes';
import { TokensRepository } from '../auth/tokens.repository';
import { IssueToken } from '../auth/use-cases/issue-token';
import { RevokeBySerial } from '../auth/use-cases/revoke-by-serial';
import type { Instance } from '../instances/instance';
import { InstanceDirectory } from '../instances/instance-directory';
import { Clock } from '../platform/clock';
import { Transactor } from '../platform/database/transactor';
import { EventBus } from '../platform/events/event-bus';
import { ALL_TOKENS_TOPIC } from '../platform/events/topics';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { DAY_US, FOREVER, NEVER, RelativeTime } from '../taler/timestamp';
import type { Arguments, Command } from './command';
import { instanceIdOf, plain } from './instance-commands';
import { UsageError } from './usage';

type Context = INestApplicationContext;

/** Lines that `token list` prints: more tokens than there can be at 1,000 for each scope. */
const TOKENS_LISTED_MAX = 10_000;
/** A century: `--forever` says it better. */
const DAYS_MAX = 36_500;
const DESCRIPTION_LENGTH_MAX = 1024;

export const TOKEN_COMMANDS: Readonly<Record<string, Command>> = {
  'token issue': {
    options: { scope: 'text', days: 'text', forever: 'flag', description: 'text' },
    positionals: 1,
    check: (args) => void readWish(args),
    run: issue,
  },
  'token list': { options: {}, positionals: 1, run: list },
  'token revoke': { options: {}, positionals: 2, check: (args) => void serialOf(args), run: revoke },
};

async function issue(context: Context, args: Arguments): Promise<string> {
  const instance = await findInstance(context, args);
  const issued = await context.get(IssueToken, { strict: false }).run(instance, undefined, readWish(args));
  return `${issued.accessToken}\n`;
}

async function list(context: Context, args: Arguments): Promise<string> {
  const { serial } = await findInstance(context, args);
  const nowUs = context.get(Clock, { strict: false }).nowUs();
  const tokens = await context
    .get(TokensRepository, { strict: false })
    .list(serial, nowUs, TOKENS_LISTED_MAX, undefined);
  const lines = tokens.map((token) => {
    const scope = `${token.scope}${token.refreshable ? ':refreshable' : ''}`;
    return [token.serial, scope, dateOf(token.expiresUs), plain(token.description ?? '')].join('\t');
  });
  return lines.map((line) => `${line}\n`).join('');
}

async function revoke(context: Context, args: Arguments): Promise<string> {
  const serial = serialOf(args);
  const instance = await findInstance(context, args);
  if (serial === 'all') {
    await revokeAll(context, instance);
    return `revoked all tokens of ${instance.id}\n`;
  }
  await context.get(RevokeBySerial, { strict: false }).run(instance.serial, serial);
  return `revoked token ${serial} of ${instance.id}\n`;
}

async function revokeAll(context: Context, instance: Instance): Promise<void> {
  const tokens = context.get(TokensRepository, { strict: false });
  const bus = context.get(EventBus, { strict: false });
  await context.get(Transactor, { strict: false }).run('revoke-all-tokens', async (tx) => {
    await tokens.deleteOfInstance(tx, instance.serial);
    tx.afterCommit(() => bus.publish(ALL_TOKENS_TOPIC));
  });
}

async function findInstance(context: Context, args: Arguments): Promise<Instance> {
  const instance = await context.get(InstanceDirectory, { strict: false }).get(instanceIdOf(args));
  if (!instance.deleted) return instance;
  throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_DELETED, { detail: instance.id });
}

function readWish(args: Arguments): LoginTokenRequest {
  const description = args.text('description');
  if (description !== undefined && description.length > DESCRIPTION_LENGTH_MAX) {
    throw new UsageError(`--description takes at most ${DESCRIPTION_LENGTH_MAX} characters`);
  }
  return { scope: scopeOf(args), duration: durationOf(args), description };
}

function scopeOf(args: Arguments): string {
  const scope = args.text('scope') ?? '';
  if (isTokenScope(scope.replace(/:refreshable$/, ''))) return scope;
  const names = Object.keys(TOKEN_SCOPES).join(', ');
  throw new UsageError(`--scope is one of ${names}, each also with ":refreshable"`);
}

function durationOf(args: Arguments): RelativeTime | undefined {
  const days = args.text('days');
  if (args.flag('forever')) {
    if (days !== undefined) throw new UsageError('--days and --forever exclude each other');
    return FOREVER;
  }
  if (days === undefined) return undefined;
  if (!/^\d{1,5}$/.test(days) || Number(days) < 1 || Number(days) > DAYS_MAX) {
    throw new UsageError(`--days takes a whole number from 1 to ${DAYS_MAX}`);
  }
  return BigInt(days) * DAY_US;
}

function serialOf(args: Arguments): bigint | 'all' {
  const which = args.positional(1);
  if (which === 'all') return which;
  if (!/^\d{1,18}$/.test(which)) throw new UsageError('SERIAL is a number, or "all"');
  return BigInt(which);
}

function dateOf(timeUs: bigint): string {
  return timeUs >= NEVER ? 'never' : new Date(Number(timeUs / 1000n)).toISOString();
}
