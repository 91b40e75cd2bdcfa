import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds on the machine's monotonic clock, the same in every process of one machine. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * Asks until the answer is true.
 * @throws Error naming `what` when the time is up
 */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  pollMs: number,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const deadline = monotonicMs() + timeoutMs;
  while (!(await isSo())) {
    if (monotonicMs() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(pollMs);
  }
}

/** The middle of a list, the mean of the two in the middle when there are two. @throws RangeError for no values */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return (low + high) / 2;
}

/** The value that a share (0 to 1) of all does not exceed. @throws RangeError for no values */
export function quantile(values: readonly number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError('no values');
  return value;
}
