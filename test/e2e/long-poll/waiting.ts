import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { EventBus } from '../../../src/platform/events/event-bus';
import { orderTopic } from '../../../src/platform/events/topics';
import type { ApiAnswer } from '../../support/api';
import type { TestServer } from '../../support/app';
import { until } from '../../support/until';

/** Longer than any test may take: who is answered at all was woken. Below the most that servers wait. */
export const LONG_MS = 240_000;

/** What the server's metrics say of the requests that wait. */
export async function waitersOf(server: TestServer): Promise<number> {
  const { text } = await server.api.get('metrics');
  return Number(/^taler_merchant_long_poll_waiters (\d+)$/m.exec(text)?.[1]);
}

export function untilWaiters(server: TestServer, count: number): Promise<void> {
  return until(async () => (await waitersOf(server)) === count, `${count} waiters`);
}

/**
 * Waits until so many requests sleep: what each had to read is read, also after the latest event, and none is answered.
 * Events of this process wake before whoever caused them has the answer; for those of others see `untilHeard`.
 */
export function untilAsleep(server: TestServer, count: number): Promise<void> {
  const pool = (server.app.get(DataSource).driver as unknown as { master: Pool }).master;
  // Whoever looks again asks in the very turn in which it wakes, so that between two turns nobody is about to.
  const isIdle = () => pool.waitingCount === 0 && pool.idleCount === pool.totalCount;
  return until(async () => (await waitersOf(server)) === count && isIdle(), `${count} waiters asleep`);
}

/** Waits until all that `from` has published so far has woken whom it should at `to`: events arrive in their order. */
export async function untilHeard(from: TestServer, to: TestServer): Promise<void> {
  const topic = orderTopic(0n, randomUUID());
  let isHeard = false;
  const end = to.app.get(EventBus).subscribe(topic, () => (isHeard = true));
  try {
    from.app.get(EventBus).publish(topic);
    await until(() => isHeard, 'the events of the other process');
  } finally {
    end();
  }
}

/** A request under way, and whether it is answered yet. */
export interface Poll {
  readonly answer: Promise<ApiAnswer>;
  isAnswered(): boolean;
}

export function poll(request: Promise<ApiAnswer>): Poll {
  let answered = false;
  const answer = request.finally(() => (answered = true));
  // Whoever awaits it sees the failure; until then it is no unhandled one.
  answer.catch(() => undefined);
  return { answer, isAnswered: () => answered };
}
