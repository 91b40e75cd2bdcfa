/**
 * Three instances of one backend, and random histories of merchants, wallets and intruders in all of them at the same
 * time: no instance sees or changes anything of another one (management.md 1.1: "nothing is shared").
 *
 * The names are the same everywhere: order ids, sessions, fulfillment URL, nonces of the wallets, bank accounts. Each
 * instance has a small model of its own (test/isolation/model.ts), which does not know of the others and says what is
 * answered. After every step
 *  - the one that acted shows what its model has, in all its lists and statuses; of the others the order in question and
 *    one more in turn, and the manager's list of instances; all of everything at the end of the history (sight.ts);
 *  - of the others no row was changed in any table, also none that no endpoint shows;
 *  - long polls of the others were not answered and not even woken, and its own are answered when they are due (watches.ts).
 * Intruders (intrusions.ts) come to the right door with what belongs to another instance, or with its ids to their own
 * door: login tokens, claim tokens, h_contract, receipts, signatures of nonces and coins, order ids, row ids, h_wire,
 * serials of tokens, ids of challenges. They get word for word what a stranger gets who has made it all up.
 *
 *   npm test -- e2e/isolation                                     # 200 histories, another seed each time; it is printed
 *   ISOLATION_RUNS=5000 npm test -- e2e/isolation                 # about half an hour
 *   ISOLATION_SEED=1014 ISOLATION_RUNS=1 npm test -- e2e/isolation   # one history again
 *   ISOLATION_TALLY=1 npm test -- e2e/isolation                   # and say how often what was done and answered
 *
 * A failure prints the history and then what is left of it when all steps are left out that it goes wrong without.
 * The second part builds mistakes into the backend, each of which must be noticed (defects.ts).
 */
import { randomInt } from 'node:crypto';
import { DEFECTS } from '../../isolation/defects';
import { Engine } from '../../isolation/engine';

const RUNS = Number(process.env['ISOLATION_RUNS'] ?? '200');
const SEED = Number(process.env['ISOLATION_SEED'] ?? randomInt(2 ** 30));
/** Far more than one takes: a busy machine may be several times slower, and stall. */
const MS_PER_HISTORY = 5000;
const MS_MAX = 300_000;

/** So many histories, always the same ones, show each of the defects. */
const DEFECT_RUNS = 60;
const DEFECT_SEED = 1;

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
}, MS_MAX);
afterAll(() => engine?.close());

it(
  'no instance can see or change what is another one’s, nor probe for it, and no long poll wakes for it',
  async () => {
    console.info(`isolation: ${RUNS} histories from seed ${SEED}`);
    await engine.run(SEED, RUNS);
    const lines = [...engine.tally].map(([line, count]) => `${String(count).padStart(6)} ${line}`).sort();
    if (process.env['ISOLATION_TALLY']) console.info(lines.join('\n'));
  },
  MS_MAX + RUNS * MS_PER_HISTORY,
);

describe('it is noticed when', () => {
  it.each(DEFECTS)(
    '$what',
    async ({ during }) => {
      await during(async () => {
        const leak = await engine.leakWithin(DEFECT_SEED, DEFECT_RUNS);
        if (process.env['ISOLATION_TALLY']) console.info(leak);
        expect(leak).toContain('=> ');
        // Not that the test itself broke down.
        expect(leak).not.toMatch(/\n {4}at /);
      });
    },
    MS_MAX,
  );
});
