import type { ApiAnswer } from '../../support/api';
import type { TestServer } from '../../support/app';

/** Longer than any test takes: who is answered earlier was woken. */
export const LONG_MS = 100_000;
const CONDITION_MS_MAX = 30_000;
const LOOK_AGAIN_MS = 10;

/** Waits for a condition instead of for milliseconds. */
export async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const endMs = Date.now() + CONDITION_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`${what}: not within ${CONDITION_MS_MAX} ms`);
    await pause(LOOK_AGAIN_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What the server's metrics say of the requests that wait. */
export async function waitersOf(server: TestServer): Promise<number> {
  const { text } = await server.api.get('metrics');
  return Number(/^taler_merchant_long_poll_waiters (\d+)$/m.exec(text)?.[1]);
}

export function untilWaiters(server: TestServer, count: number): Promise<void> {
  return until(async () => (await waitersOf(server)) === count, `${count} waiters`);
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
