import type { INestApplicationContext } from '@nestjs/common';
import { canonicalInstanceId } from '../instances/instance-directory';
import { ADMIN_INSTANCE } from '../instances/instance-scope.guard';
import { InstancesRepository } from '../instances/instances.repository';
import { CreateInstance } from '../instances/use-cases/create-instance';
import { ChangeAuth } from '../provisioning/use-cases/change-auth';
import { DeleteInstance } from '../provisioning/use-cases/delete-instance';
import { isInstanceId } from '../taler/ids';
import type { Arguments, Command } from './command';
import { UsageError } from './usage';

type Context = INestApplicationContext;

export const INSTANCE_COMMANDS: Readonly<Record<string, Command>> = {
  'instance create': { options: { name: 'text' }, positionals: 1, needsPassword: true, run: create },
  'instance passwd': { options: {}, positionals: 1, needsPassword: true, run: changePassword },
  'instance list': { options: {}, positionals: 0, run: list },
  'instance purge': { options: { yes: 'flag' }, positionals: 1, check: requireYes, run: purge },
};

async function create(context: Context, args: Arguments): Promise<string> {
  const id = instanceIdOf(args);
  if (!(await createWith(context, id, args.text('name') ?? id, args.password()))) {
    throw new Error(`${id} exists already; "instance passwd" sets its password`);
  }
  return `created ${canonicalInstanceId(id)}\n`;
}

/** @returns false: it was there */
async function createWith(context: Context, id: string, name: string, password: string): Promise<boolean> {
  const { isNew } = await context.get(CreateInstance, { strict: false }).run({
    id,
    name,
    auth: { method: 'token', password },
    address: {},
    jurisdiction: {},
    use_stefan: true,
  });
  return isNew;
}

async function changePassword(context: Context, args: Arguments): Promise<string> {
  const id = canonicalInstanceId(instanceIdOf(args));
  const known = await context.get(InstancesRepository, { strict: false }).findById(id);
  if (!known && id === ADMIN_INSTANCE) {
    await createWith(context, id, 'Administration', args.password());
    return `created ${id}\n`;
  }
  const auth = { method: 'token', password: args.password() } as const;
  await context.get(ChangeAuth, { strict: false }).run(id, auth);
  return `changed the password of ${id} and revoked its tokens\n`;
}

async function list(context: Context): Promise<string> {
  const instances = await context.get(InstancesRepository, { strict: false }).list();
  const lines = instances.map(
    ({ id, name, deleted }) => `${id}\t${deleted ? 'deleted' : 'active'}\t${plain(name)}\n`,
  );
  return lines.join('');
}

async function purge(context: Context, args: Arguments): Promise<string> {
  const id = instanceIdOf(args);
  await context.get(DeleteInstance, { strict: false }).run(id, { purge: true });
  return `purged ${canonicalInstanceId(id)}\n`;
}

/** @throws UsageError when no instance can have this id */
export function instanceIdOf(args: Arguments): string {
  const id = args.positional(0);
  if (isInstanceId(id)) return id;
  throw new UsageError('the id of an instance has two or more letters, digits, "_", ".", "@", "-"');
}

/** A line stays a line, and its columns stay columns; names come from whoever made the instance. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

function requireYes(args: Arguments): void {
  if (!args.flag('yes')) throw new UsageError('nothing brings back what is purged: --yes is wanted');
}
