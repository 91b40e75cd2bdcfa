import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { destroyPostgres } from './postgres.mjs';
import { isAlive } from './processes.mjs';
import { stopOrphans } from './run-file.mjs';

/** Machines that share /tmp (containers) do not share process ids, so the name tells the machine. */
const PREFIX = `taler-merchant-${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-`;

/**
 * A data directory that is deleted at the end of a run. Those of runs that were killed are deleted now, with the
 * processes that still use them.
 */
export async function makeTemporaryDirectory() {
  await sweepAbandoned();
  const directory = join(tmpdir(), `${PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(directory);
  // The account of the database must be able to pass through; only names in it that it knows open to it.
  chmodSync(directory, 0o711);
  return directory;
}

/** Deletes a directory of makeTemporaryDirectory, including what root had to put elsewhere. */
export async function removeTemporaryDirectory(directory) {
  await stopOrphans(directory);
  const postgres = join(directory, 'postgres');
  if (existsSync(postgres)) await destroyPostgres(postgres);
  rmSync(directory, { recursive: true, force: true });
}

async function sweepAbandoned() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const directory = join(tmpdir(), name);
    const owner = Number(name.slice(PREFIX.length).split('-')[0]);
    if (isAlive(owner) || !isMine(directory)) continue;
    // What another run deletes at the same moment is deleted, and that is all that was wanted.
    await removeTemporaryDirectory(directory).catch(() => undefined);
  }
}

function isMine(directory) {
  const uid = process.getuid?.();
  return uid === undefined || statSync(directory, { throwIfNoEntry: false })?.uid === uid;
}
