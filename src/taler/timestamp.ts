import { isJsonObject } from './json';

/** Microseconds since 1970 UTC, always whole seconds, or NEVER (conventions.md 3). */
export type Timestamp = bigint;
/** A span in microseconds, or FOREVER. */
export type RelativeTime = bigint;

/** The largest value of a PostgreSQL int8; on the wire it is "never", in signed data all ones. */
export const NEVER: Timestamp = 9223372036854775807n;
export const FOREVER: RelativeTime = 9223372036854775807n;

export const SECOND_US = 1_000_000n;
export const MINUTE_US = 60n * SECOND_US;
export const HOUR_US = 60n * MINUTE_US;
export const DAY_US = 24n * HOUR_US;

const PACKED_BYTES = 8;
const ALL_ONES = 2n ** 64n - 1n;

/**
 * Reads `{"t_s": n}` or `{"t_s": "never"}`. n counts seconds; n·10^6 must be below NEVER (292 thousand years;
 * C goes on to 2^64, but no database column of ours could hold that).
 *
 * @returns undefined for anything else: bare numbers, fractions, ISO strings
 */
export function parseTimestamp(json: unknown): Timestamp | undefined {
  if (!isJsonObject(json)) return undefined;
  const seconds = json.t_s;
  if (typeof seconds === 'string') return seconds.toLowerCase() === 'never' ? NEVER : undefined;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds) || seconds < 0) return undefined;
  const microseconds = BigInt(seconds) * SECOND_US;
  return microseconds < NEVER ? microseconds : undefined;
}

export function timestampToJson(time: Timestamp): { t_s: number | 'never' } {
  return { t_s: time >= NEVER ? 'never' : Number(time / SECOND_US) };
}

/** Reads `{"d_us": n}` with 0 <= n < 2^53 microseconds, or `{"d_us": "forever"}`. */
export function parseRelativeTime(json: unknown): RelativeTime | undefined {
  if (!isJsonObject(json)) return undefined;
  const microseconds = json.d_us;
  if (typeof microseconds === 'string') return microseconds.toLowerCase() === 'forever' ? FOREVER : undefined;
  if (typeof microseconds !== 'number' || !Number.isSafeInteger(microseconds) || microseconds < 0)
    return undefined;
  return BigInt(microseconds);
}

/** @throws RangeError for a finite span of 2^53 microseconds or more, which JSON cannot carry exactly */
export function relativeTimeToJson(duration: RelativeTime): { d_us: number | 'forever' } {
  if (duration >= FOREVER) return { d_us: 'forever' };
  if (duration > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RangeError('relative time beyond 2^53 microseconds');
  return { d_us: Number(duration) };
}

/** Rounds microseconds down to the full second, as every time is before it is stored, sent or signed. */
export function floorToSecond(microseconds: bigint): Timestamp {
  return microseconds >= NEVER ? NEVER : microseconds - (microseconds % SECOND_US);
}

/** @param milliseconds since 1970, as `Date.now()` gives them */
export function timestampFromMs(milliseconds: number): Timestamp {
  return BigInt(Math.floor(milliseconds / 1000)) * SECOND_US;
}

/** @param seconds whole seconds since 1970 */
export function timestampFromSeconds(seconds: number | bigint): Timestamp {
  return BigInt(seconds) * SECOND_US;
}

/** Later by a span, rounded down to the second; saturates at NEVER. */
export function addRelative(time: Timestamp, duration: RelativeTime): Timestamp {
  if (time >= NEVER || duration >= FOREVER) return NEVER;
  return floorToSecond(time + duration);
}

/** uint64 microseconds, big-endian; NEVER is all ones. */
export function packTimestamp(time: Timestamp): Buffer {
  const packed = Buffer.allocUnsafe(PACKED_BYTES);
  packed.writeBigUInt64BE(time >= NEVER ? ALL_ONES : time);
  return packed;
}

/** uint64 microseconds, big-endian; FOREVER is all ones. */
export function packRelativeTime(duration: RelativeTime): Buffer {
  return packTimestamp(duration);
}
