import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { canWrite, databaseAccount } from './postgres-account.mjs';
import { makeShared } from './postgres-binaries.mjs';

/** Where root puts what the database account must reach when it cannot reach the project. */
export const SHARED_ROOT = '/var/lib/taler-merchant';

const NOTE = 'where-the-data-is.json';

/**
 * Decides where the data of `directory` lies and which account owns it: in `directory` itself, or, when this
 * process is root and the database account cannot go there (a project below /root, say), in a folder of its own
 * below SHARED_ROOT. A note in `directory` then says where.
 *
 * @param directory existing folder
 * @returns { home, data, account }: folder of the log and of initdb's scratch files, data directory, spawn options
 * @throws Error when existing data cannot be used by the account it has to run under
 */
export function findPlace(directory) {
  const here = realpathSync(directory);
  const own = { home: here, data: join(here, 'data') };
  const noted = readNote(here);
  const existing = [own, noted].find(
    (place) => place !== undefined && existsSync(join(place.data, 'PG_VERSION')),
  );
  const account = databaseAccount(existing?.data);
  if (existing !== undefined) {
    if (canWrite(account, existing.data)) return { ...existing, account };
    throw new Error(
      `the database in ${existing.data} exists, but its owner (user id ${account.uid}) cannot go there: ` +
        'open the folders above it (chmod a+x), or start as that user.',
    );
  }
  if (account.uid === undefined) {
    if (existsSync(own.data))
      throw new Error(`the database in ${own.data} belongs to another user: start as that user.`);
    return { ...own, account };
  }
  const probe = join(here, `probe.${process.pid}`);
  makeOwned(probe, account);
  const isReachable = canWrite(account, probe);
  rmSync(probe, { recursive: true });
  if (isReachable) return { ...own, account };
  makeShared(SHARED_ROOT);
  const elsewhere = newPlaceElsewhere();
  makeShared(elsewhere.home);
  writeNote(here, elsewhere);
  return { ...elsewhere, account };
}

/** An empty folder that only the account can read. */
export function makeOwned(directory, account) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  if (account.uid === undefined) return;
  try {
    chownSync(directory, account.uid, account.gid);
  } catch (cause) {
    // Root of a user namespace with no other user in it.
    throw new Error(
      `PostgreSQL does not run as root, and ${directory} cannot be given to user id ${account.uid}`,
      {
        cause,
      },
    );
  }
}

/** Named by chance and not by the project's path: another project may come to lie at the path of one that moved. */
function newPlaceElsewhere() {
  const home = join(SHARED_ROOT, `data-${randomBytes(8).toString('hex')}`);
  return { home, data: join(home, 'data') };
}

/**
 * The place an earlier start noted. A project that was moved keeps its data; one that was copied must not share
 * them with the original, which is recognised by the original still being there.
 */
function readNote(directory) {
  const path = join(directory, NOTE);
  if (!existsSync(path)) return undefined;
  const note = JSON.parse(readFileSync(path, 'utf8'));
  if (note.directory === directory) return { home: note.home, data: join(note.home, 'data') };
  if (existsSync(join(note.directory, NOTE))) return undefined;
  const moved = { home: note.home, data: join(note.home, 'data') };
  writeNote(directory, moved);
  return moved;
}

function writeNote(directory, { home }) {
  const why =
    'PostgreSQL does not run as root, and the account it runs under cannot enter this folder: the data lie in home.';
  writeFileSync(join(directory, NOTE), `${JSON.stringify({ why, directory, home }, null, 2)}\n`);
}
