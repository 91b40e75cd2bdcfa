import { setTimeout as delay } from 'node:timers/promises';
import type { Metrics } from '../observability/metrics';
import { isRetryable } from './pg-errors';

/** Runs of one piece of work, the first included. */
const ATTEMPTS_MAX = 5;
/** Those that collided start again at different moments. */
const RETRY_DELAY_MS_MAX = 50;

/**
 * Runs `work` again after a serialization failure or deadlock, which has undone all of it.
 * @param name label of the metric
 * @throws the last collision when every attempt collided; whatever else `work` throws at once
 */
export async function retryCollisions<T>(name: string, metrics: Metrics, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      metrics.transactionRetries.inc({ name });
      if (attempt >= ATTEMPTS_MAX) throw error;
      await delay(Math.random() * RETRY_DELAY_MS_MAX);
    }
  }
}
