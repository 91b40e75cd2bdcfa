import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../taler/base32';
import type { Timestamp } from '../taler/timestamp';

const RANDOM_BYTES = 8;

/** `YYYY.DDD-` and 64 random bits in base32: `2022.268-03G33PTAY2C6T` (orders.md 9.1). The date is UTC. */
export function generateOrderId(now: Timestamp): string {
  const date = new Date(Number(now / 1000n));
  const year = date.getUTCFullYear();
  const day = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  return `${year}.${String(day).padStart(3, '0')}-${encodeBase32(randomBytes(RANDOM_BYTES))}`;
}
