import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { makeOwned } from './postgres-place.mjs';

const INITDB_TIMEOUT_MS = 120_000;
const PASSWORD_BYTES = 24;

const passwordFile = ({ directory }) => join(directory, 'password');

/**
 * Makes the data directory with initdb when it is missing. It is made beside and renamed, so that what an
 * interrupted initdb leaves is never taken for a database.
 *
 * @throws Error with initdb's words
 */
export async function initialise({ place, binaries, durable, environment }) {
  if (existsSync(join(place.data, 'PG_VERSION'))) return;
  const unfinished = `${place.data}.${process.pid}`;
  const handover = join(place.home, `password.${process.pid}`);
  writePassword(place);
  makeOwned(unfinished, place.account);
  try {
    writeFileSync(handover, readPassword(place), { mode: 0o600 });
    if (place.account.uid !== undefined) chownSync(handover, place.account.uid, place.account.gid);
    await runInitdb({ place, binaries, durable, environment, data: unfinished, handover });
    renameSync(unfinished, place.data);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process may have finished first: then its database is the one.
    if (!existsSync(join(place.data, 'PG_VERSION'))) throw error;
  } finally {
    rmSync(handover, { force: true });
  }
}

async function runInitdb({ place, binaries, durable, environment, data, handover }) {
  const args = [
    '-D',
    data,
    '--username=merchant',
    `--pwfile=${handover}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
  ];
  // Sorted by code point on every machine: an index must not depend on the C library it was built with.
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions');
  if (!durable) args.push('--no-sync');
  try {
    await promisify(execFile)(binaries.initdb, args, {
      ...place.account,
      cwd: '/',
      env: environment,
      timeout: INITDB_TIMEOUT_MS,
      windowsHide: true,
    });
  } catch (error) {
    throw new Error(`initdb failed: ${(error.stderr || error.message).trim()}`, { cause: error });
  }
}

/** The first to come writes it, because two processes may get here at once and both must use one password. */
function writePassword(place) {
  try {
    writeFileSync(passwordFile(place), randomBytes(PASSWORD_BYTES).toString('base64url'), {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/**
 * The superuser's password (base64url, safe in a URL).
 *
 * @throws Error when the file is missing or belongs to somebody else
 */
export function readPassword(place) {
  try {
    return readFileSync(passwordFile(place), 'utf8').trim();
  } catch (cause) {
    throw new Error(`the password of the database in ${place.data} is not readable: ${cause.message}`, {
      cause,
    });
  }
}
