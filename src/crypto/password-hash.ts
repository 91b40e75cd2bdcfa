import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { tooMany } from '../platform/http/too-many';
import { TalerCode } from '../taler/error-codes';
import { WorkQueue } from './work-queue';

/** scrypt at 16 MiB and about 50 ms: slow for a guesser, bearable at a login. */
const COST = { N: 16_384, r: 8, p: 1 };
const SALT_BYTES = 32;
const HASH_BYTES = 64;
/** Of the four threads that Node has for this; files, names and compression need some, too, when logins come in floods. */
const HASHES_AT_ONCE = 2;
/** Some five seconds of work, which is as long as a person waits. */
const HASHES_WAITING_MAX = 200;
const BUSY_WAIT_S = 5;

const derive = promisify<string, Buffer, number, typeof COST, Buffer>(scrypt);
const queue = new WorkQueue(HASHES_AT_ONCE, HASHES_WAITING_MAX);

export interface PasswordHash {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Compared with where there is no password, so that it takes as long. */
const NOBODY: PasswordHash = { salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };

/**
 * Hashes a password for storage; runs on the thread pool.
 * @throws TalerError 2015 with 429 when too many are waiting already
 */
export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  return { salt, hash: await hashWith(password, salt) };
}

/**
 * Compares in constant time; takes as long where nothing is stored.
 * @throws TalerError 2015 with 429 when too many are waiting already
 */
export async function isPassword(password: string, stored: PasswordHash | undefined): Promise<boolean> {
  const { salt, hash } = stored ?? NOBODY;
  const isSame = timingSafeEqual(await hashWith(password, salt), hash);
  // scrypt takes a password for the same with NULs behind it, since HMAC pads its key with them.
  return isSame && stored !== undefined && !password.includes('\0');
}

function hashWith(password: string, salt: Buffer): Promise<Buffer> {
  return queue.run(
    () => derive(password, salt, HASH_BYTES, COST),
    () => tooMany(TalerCode.MERCHANT_GENERIC_UNAUTHORIZED, BUSY_WAIT_S, 'too many passwords at this moment'),
  );
}
