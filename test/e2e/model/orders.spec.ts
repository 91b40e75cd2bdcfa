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
/** Far more than one takes: a busy machine may be several times slower, and stall. */
const MS_PER_HISTORY = 2000;
const MS_MAX = 300_000;

/** So many histories, always the same ones, show each of the defects but those that two have to meet for. */
const DEFECT_RUNS = 240;
const DEFECT_SEED = 1;

let world: TestWorld;
let engine: Engine;
beforeAll(async () => {
  world = await startTestWorld({ config: { legalPreservation: RETENTION_US } });
  engine = await Engine.start(world);
}, MS_MAX);
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
  MS_MAX + RUNS * MS_PER_HISTORY,
);

describe('the model notices when', () => {
  it.each(DEFECTS)(
    '$what',
    async (defect) => {
      const { meeting } = defect;
      if (meeting) expect(await engine.disagreesOn(meeting.history)).toBe(false);
      await withDefect(defect, async () => {
        const isNoticed = meeting
          ? await engine.disagreesOn(meeting.history)
          : await engine.disagreesWithin(DEFECT_SEED, DEFECT_RUNS);
        expect(isNoticed).toBe(true);
      });
    },
    MS_MAX,
  );
});
