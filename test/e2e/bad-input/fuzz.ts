import fc from 'fast-check';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 200);
/** A property that gets no further within this time ends with the runs it has made; no run is cut short. */
const PROPERTY_MS_MAX = 60_000;
/** For Jest: the last run may begin just before the time is up, and shrinking repeats runs. */
export const PROPERTY_TEST_MS_MAX = 180_000;

/** Every run is another one, unless FUZZ_SEED asks for one that is known. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 0x7fffffff));

/** Says how to repeat what is about to happen. */
export function announceSeed(): void {
  process.stdout.write(`bad input: FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}\n`);
}

/** Checks a property over HTTP many times, always with the seed of this process. */
export async function checkProperty<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, property), {
    seed: SEED,
    numRuns: RUNS,
    interruptAfterTimeLimit: PROPERTY_MS_MAX,
    markInterruptAsFailure: false,
  });
}
