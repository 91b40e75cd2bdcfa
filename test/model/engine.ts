import fc from 'fast-check';
import { Pool } from 'pg';
import type { Coin } from '../e2e/payments/support/purse';
import { createShop, type TestShop, type TestWorld } from '../support/app';
import { Actors, ERA_SECONDS } from './actors';
import { Lane } from './lane';
import { PursePool } from './purse-pool';
import { type History, history } from './steps';

/** Histories that run at the same time, each in a shop of its own. */
const LANES = 24;
/** Connections that look into the backend's tables beside it. */
const LOOKERS = 4;
/** A race that went wrong once need not go wrong again; so often a history is tried while it is made shorter. */
const TRIES = 3;

interface Outcome {
  readonly lane: Lane;
  readonly error: unknown;
}

/** Runs histories against one world, many at a time. Time is the same for all, so they leap together. */
export class Engine {
  private readonly purses: PursePool;
  private readonly database: Pool;

  private constructor(
    private readonly world: TestWorld,
    private readonly shops: readonly TestShop[],
  ) {
    this.database = new Pool({ connectionString: world.database.url, max: LOOKERS });
    this.purses = new PursePool(world.exchange, () => world.clock.nowUs());
  }

  static async start(world: TestWorld): Promise<Engine> {
    const shops: TestShop[] = [];
    for (let number = 0; number < LANES; number++)
      shops.push(await createShop(world.server, `lane-${number}`));
    return new Engine(world, shops);
  }

  close(): Promise<void> {
    return this.database.end();
  }

  /**
   * Runs the histories of the seeds from `seed` on, until one goes wrong.
   * @throws Error with the shortest history found that goes wrong, readable and with its seed
   */
  async run(seed: number, count: number): Promise<void> {
    const found = await this.findDisagreement(seed, count);
    if (found) throw await this.shorten(found.seed, found.error);
  }

  /** True if this history goes wrong. */
  async disagreesOn(one: History): Promise<boolean> {
    const [outcome] = await this.runTogether([one]);
    return outcome?.error !== undefined;
  }

  /** True if one of the histories goes wrong, as it must when the backend has a defect. */
  async disagreesWithin(seed: number, count: number): Promise<boolean> {
    return (await this.findDisagreement(seed, count)) !== undefined;
  }

  private async findDisagreement(
    seed: number,
    count: number,
  ): Promise<{ seed: number; error: unknown } | undefined> {
    for (let start = 0; start < count; start += LANES) {
      const seeds = Array.from(
        { length: Math.min(LANES, count - start) },
        (_, index) => seed + start + index,
      );
      const outcomes = await this.runTogether(seeds.map(historyOf));
      for (const [index, { error }] of outcomes.entries()) {
        if (error !== undefined) return { seed: seeds[index] ?? seed, error };
      }
    }
    return undefined;
  }

  private async runTogether(histories: readonly History[]): Promise<Outcome[]> {
    const purses = await this.drawPurses(histories.length);
    const lanes = histories.map((one, index) => this.laneOf(one, index, purses[index] ?? []));
    const errors = new Map<Lane, unknown>();
    const eras = Math.max(...lanes.map((lane) => lane.eras));
    for (let era = 0; era < eras; era++) {
      if (era > 0) this.world.clock.advanceSeconds(ERA_SECONDS);
      await Promise.all(
        lanes.map(async (lane) => {
          if (errors.has(lane)) return;
          await lane.runEra(era).catch((error: unknown) => errors.set(lane, error));
        }),
      );
    }
    for (const purse of purses) this.purses.giveBack(purse);
    return lanes.map((lane) => ({ lane, error: errors.get(lane) }));
  }

  /** One after the other, so that two purses do not wait for a withdrawal each. */
  private async drawPurses(count: number): Promise<Coin[][]> {
    const purses: Coin[][] = [];
    for (let number = 0; number < count; number++) purses.push(await this.purses.take());
    return purses;
  }

  private laneOf(one: History, index: number, purse: readonly Coin[]): Lane {
    const { exchange, clock } = this.world;
    const shop = this.shops[index % this.shops.length] ?? this.world.shop;
    const actors = new Actors(shop, exchange, purse, () => clock.nowUs());
    return new Lane({ actors, exchange, database: this.database }, one);
  }

  /** Runs the history of a seed alone, leaving out what it goes wrong without. */
  private async shorten(seed: number, error: unknown): Promise<Error> {
    const found = `history of seed ${seed}:\n${error instanceof Error ? error.message : String(error)}`;
    let shortest: string | undefined;
    const property = fc.asyncProperty(history, async (one) => {
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const [outcome] = await this.runTogether([one]);
        if (outcome?.error === undefined) continue;
        shortest = outcome.error instanceof Error ? outcome.error.message : String(outcome.error);
        throw outcome.error;
      }
    });
    await fc.check(property, { seed, numRuns: 1, endOnFailure: false });
    const conclusion =
      shortest === undefined
        ? 'Alone it did not go wrong again: a race, or something between histories.'
        : `The shortest that goes wrong:\n${shortest}`;
    return new Error(`${found}\n\n${conclusion}\n\nRun it again: MODEL_SEED=${seed} MODEL_RUNS=1`);
  }
}

/** The same as a property of that seed gets for its first run, so that it can be shortened by the library. */
function historyOf(seed: number): History {
  const [first] = fc.sample(fc.tuple(history), { seed, numRuns: 1 });
  if (!first) throw new Error('no history');
  return first[0];
}
