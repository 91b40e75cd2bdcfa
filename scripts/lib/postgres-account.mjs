import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

const CHECK_TIMEOUT_MS = 20_000;

/**
 * The account the database runs under, as options for spawn: {} when this process is not root (then it is the
 * caller's own account). PostgreSQL refuses to run as root, so root hands it to the owner of the existing data,
 * else to `postgres`, else to `nobody`.
 *
 * @param existingData data directory of an earlier start, if there is one
 * @throws Error when this process is root and neither account exists
 */
export function databaseAccount(existingData) {
  if (process.platform === 'win32' || process.getuid() !== 0) return {};
  if (existingData !== undefined) {
    const { uid, gid } = statSync(existingData);
    if (uid !== 0) return { uid, gid };
  }
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = accounts.find((fields) => fields[0] === name);
    // macOS writes nobody as -2.
    if (entry !== undefined) return { uid: Number(entry[2]) >>> 0, gid: Number(entry[3]) >>> 0 };
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as: ' +
      'start as another user, or set DATABASE_URL.',
  );
}

/**
 * True when the account can go into the directory and write there. Tried for real, because mode bits of every
 * folder on the way, access lists and mount options all have a say.
 */
export function canWrite(account, directory) {
  if (isSelf(account)) return true;
  return runsAs(account, '/bin/sh', ['-c', 'cd "$1" && test -w . && test -x .', 'sh', directory]);
}

/** True when the account can run the PostgreSQL in this folder and read what initdb needs. */
export function canRun(account, binaries) {
  if (isSelf(account)) return true;
  if (!runsAs(account, binaries.postgres, ['--version'])) return false;
  return runsAs(account, '/bin/sh', [
    '-c',
    'test -r "$1"',
    'sh',
    `${binaries.native}/share/postgresql/postgres.bki`,
  ]);
}

/** The caller's own account needs no look from outside: what is wrong there shows at the first real call. */
const isSelf = (account) => account.uid === undefined;

function runsAs(account, command, args) {
  const { status } = spawnSync(command, args, {
    ...account,
    cwd: '/',
    stdio: 'ignore',
    timeout: CHECK_TIMEOUT_MS,
  });
  return status === 0;
}
