import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const SECRET_BYTES = 32;

/** The value of a variable, or the content of the file that NAME_FILE points to; undefined when neither is there. */
export function setting(env, name) {
  const file = env[`${name}_FILE`];
  if (!file) return env[name]?.trim() || undefined;
  return readFileSync(file, 'utf8').trim() || undefined;
}

/** Whether the caller gave this variable, directly or as a file. */
export const isSet = (env, name) => Boolean(env[name]?.trim() || env[`${name}_FILE`]?.trim());

/** A secret that is made once and kept in a file only its owner can read. */
export function keptSecret(path, prefix = '') {
  const known = readSecret(path);
  if (known !== undefined) return known;
  const secret = `${prefix}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  writeSecret(path, secret);
  return secret;
}

export function readSecret(path) {
  if (!existsSync(path)) return undefined;
  return readFileSync(path, 'utf8').trim() || undefined;
}

/** Written beside and renamed, so that a reader never sees half of it. */
export function writeSecret(path, secret) {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, `${secret}\n`, { mode: 0o600 });
  chmodSync(unfinished, 0o600);
  renameSync(unfinished, path);
}
