/** Machines of CI stall for seconds; whoever waits in vain is told before the time of the test is up. */
const CONDITION_MS_MAX = 60_000;
const LOOK_AGAIN_MS = 10;

/**
 * Waits for a state instead of for milliseconds.
 * @param condition what it throws ends the waiting
 * @param what is waited for, in words where the condition does not say it
 */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what = condition.toString(),
): Promise<void> {
  const endMs = performance.now() + CONDITION_MS_MAX;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${CONDITION_MS_MAX} ms`);
    await pause(LOOK_AGAIN_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
