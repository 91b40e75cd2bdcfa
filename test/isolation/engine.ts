import fc from 'fast-check';
import { startSandboxExchange } from '../../sandbox/exchange/exchange-server';
import { PostOffice } from '../e2e/mfa/post-office';
import { TestClock } from '../support/clock';
import { Backend, type Surroundings } from './backend';
import { CoinBox } from './coin-box';
import { closeDoors } from './door';
import { Lane } from './lane';
import { history, type History } from './steps';

/** Histories that run at the same time, each in a backend of its own. */
const LANES = 4;
/** Limits on challenges and codes are per hour. */
const BETWEEN_HISTORIES_SECONDS = 3_700;

interface Finding {
  readonly seed: number;
  readonly error: unknown;
}

/** Runs histories, some at a time. Time is the same for all, so they begin together. */
export class Engine {
  /** What happened how often. */
  readonly tally = new Map<string, number>();

  private constructor(
    private readonly surroundings: Surroundings,
    private readonly backends: readonly Backend[],
  ) {}

  static async start(): Promise<Engine> {
    const clock = new TestClock();
    const exchange = await startSandboxExchange({
      rsaBits: 1024,
      nowUs: () => clock.nowUs(),
      aggregationIntervalMs: 0,
    });
    const office = await PostOffice.open();
    const coins = new CoinBox(exchange, () => clock.nowUs());
    const surroundings = { exchange, clock, office, coins };
    const numbers = Array.from({ length: LANES }, (_, number) => number);
    const backends = await Promise.all(numbers.map((number) => Backend.start(number, surroundings)));
    return new Engine(surroundings, backends);
  }

  async close(): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.close()));
    await closeDoors();
    await this.surroundings.office.close();
    await this.surroundings.exchange.close();
  }

  /**
   * Runs the histories of the seeds from `seed` on, until one goes wrong.
   * @throws Error with the shortest history found that goes wrong, readable and with its seed
   */
  async run(seed: number, count: number): Promise<void> {
    const found = await this.findLeak(seed, count);
    if (found) throw await this.shorten(found);
  }

  /** @returns the message of the first history that goes wrong, as one must when the backend has a defect */
  async leakWithin(seed: number, count: number): Promise<string | undefined> {
    const found = await this.findLeak(seed, count);
    return found && messageOf(found.error);
  }

  private async findLeak(seed: number, count: number): Promise<Finding | undefined> {
    for (let start = 0; start < count; start += LANES) {
      const seeds = Array.from(
        { length: Math.min(LANES, count - start) },
        (_, index) => seed + start + index,
      );
      const errors = await this.runTogether(seeds.map(historyOf));
      for (const [index, error] of errors.entries()) {
        if (error !== undefined) return { seed: seeds[index] ?? seed, error };
      }
    }
    return undefined;
  }

  private async runTogether(histories: readonly History[]): Promise<unknown[]> {
    this.surroundings.clock.advanceSeconds(BETWEEN_HISTORIES_SECONDS);
    return Promise.all(
      histories.map(async (one, index) => {
        const backend = this.backends[index];
        if (!backend) throw new Error(`no backend ${index}`);
        try {
          await new Lane(backend, one, this.tally).run();
          return undefined;
        } catch (error) {
          return error;
        }
      }),
    );
  }

  /** Runs the history alone, leaving out one after the other of the steps that it goes wrong without, last ones first. */
  private async shorten({ seed, error }: Finding): Promise<Error> {
    let rest = historyOf(seed);
    let shortest = await this.leakOf(rest);
    for (let index = rest.length - 1; index >= 0 && shortest !== undefined; index--) {
      const without = rest.filter((_, other) => other !== index);
      const message = await this.leakOf(without);
      if (message === undefined) continue;
      [rest, shortest] = [without, message];
      index = Math.min(index, rest.length);
    }
    const conclusion =
      shortest === undefined
        ? 'Alone it did not go wrong again: a race, or something that was left from a history before.'
        : `The shortest that goes wrong:\n${shortest}`;
    const again = `Run it again: ISOLATION_SEED=${seed} ISOLATION_RUNS=1`;
    return new Error(`history of seed ${seed}:\n${messageOf(error)}\n\n${conclusion}\n\n${again}`);
  }

  private async leakOf(one: History): Promise<string | undefined> {
    const [error] = await this.runTogether([one]);
    return error === undefined ? undefined : messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function historyOf(seed: number): History {
  const [first] = fc.sample(history, { seed, numRuns: 1 });
  if (!first) throw new Error('no history');
  return first;
}
