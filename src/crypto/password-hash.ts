import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** scrypt at 16 MiB and about 50 ms: slow for a guesser, bearable at a login. */
const COST = { N: 16_384, r: 8, p: 1 };
const SALT_BYTES = 32;
const HASH_BYTES = 64;

const derive = promisify<string, Buffer, number, typeof COST, Buffer>(scrypt);

export interface PasswordHash {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Hashes a password for storage; runs on the thread pool. */
export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  return { salt, hash: await derive(password, salt, HASH_BYTES, COST) };
}

/** Compares in constant time. */
export async function isPassword(password: string, stored: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, stored.salt, HASH_BYTES, COST), stored.hash);
}
