import { randomInt } from 'node:crypto';
import { closeActors } from '../../model/actors';
import { DEFECTS, withDefect } from '../../model/defects';
import { Engine } from '../../model/engine';
import { startTestWorld, type TestWorld } from '../../support/app';

/** How many histories; ten thousands make a night's work: MODEL_RUNS=30000 npm test -- e2e/model. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? '1000');
/** Where to begin; printed, and taken from there to repeat a run. */
const SEED = Number(process.env['MODEL_SEED'] ?? randomInt(2 ** 30));
/** Paid orders are kept a little longer than two eras of the model. */
const RETENTION_US = 2_500_000_000n;
const MS_PER_HISTORY = 1000;

/** So many histories, always the same ones, show each of the defects. */
const DEFECT_RUNS = 240;
const DEFECT_SEED = 1;

let world: TestWorld;
let engine: Engine;
beforeAll(async () => {
  world = await startTestWorld({ config: { legalPreservation: RETENTION_US } });
  engine = await Engine.start(world);
}, 60_000);
afterAll(async () => {
  await engine.close();
  await closeActors();
  await world.close();
});

it(
  'the backend and a simple model of an order agree on random histories, also when two act at once',
  async () => {
    console.info(`model: ${RUNS} histories from seed ${SEED}`);
    await engine.run(SEED, RUNS);
  },
  60_000 + RUNS * MS_PER_HISTORY,
);

describe('the model notices when', () => {
  it.each(DEFECTS)(
    '$what',
    async (defect) => {
      await withDefect(defect, async () => {
        expect(await engine.disagreesWithin(DEFECT_SEED, DEFECT_RUNS)).toBe(true);
      });
    },
    120_000,
  );
});
