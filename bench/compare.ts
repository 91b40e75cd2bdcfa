import { median } from './clock';
import type { LoadProcess } from './load/load-process';
import type { LoadJob, LoadResult } from './load/jobs';
import { processorTimeUs } from './processes';
import { CONNECTIONS, type Sizes } from './settings';

/** One side of a comparison: where requests go and which. */
export interface Side {
  readonly port: number;
  /** Whose processor time is measured; absent: nobody's. */
  readonly processes?: () => readonly number[];
  readonly status: number;
  readonly order: LoadJob['order'];
  /** @param round 0 is the warm-up */
  readonly requests: (round: number) => readonly Uint8Array[];
}

export interface Measured {
  /** Median of the rounds, requests per second. */
  readonly perSecond: number;
  readonly rounds: readonly number[];
  /** Medians of the rounds, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bodyBytes: number;
  /** Requests of all rounds. */
  readonly answered: number;
  /** Processor time of the server per request, microseconds; undefined where it is not known. */
  readonly cpuUs: number | undefined;
}

/** Long enough for every list of requests: such a round ends with its list. */
export const WHOLE_LIST_MS = 600_000;

/** Cuts requests that are sent once each into a warm-up and rounds, as Side.requests wants them. */
export const inRounds =
  (requests: readonly Buffer[], { warmUp, perRound }: { warmUp: number; perRound: number }) =>
  (round: number): readonly Buffer[] => {
    if (round === 0) return requests.slice(0, warmUp);
    const first = warmUp + (round - 1) * perRound;
    return requests.slice(first, first + perRound);
  };

interface Round extends LoadResult {
  readonly cpuUs: number | undefined;
}

/** A warm-up and the rounds of one side. */
export async function measure(load: LoadProcess, sizes: Sizes, side: Side): Promise<Measured> {
  const results: Round[] = [];
  for (let round = 0; round <= sizes.rounds; round++) {
    const result = await runRound(load, sizes, side, round);
    if (round > 0) results.push(result);
  }
  return summarise(results);
}

/** Rounds of both sides in turn, so that a machine that gets slower or faster does so for both. */
export async function compare(
  load: LoadProcess,
  sizes: Sizes,
  sides: { ours: Side; baseline: Side },
): Promise<{ ours: Measured; baseline: Measured }> {
  const ours: Round[] = [];
  const baseline: Round[] = [];
  for (let round = 0; round <= sizes.rounds; round++) {
    const first = await runRound(load, sizes, sides.ours, round);
    const second = await runRound(load, sizes, sides.baseline, round);
    if (round === 0) continue;
    ours.push(first);
    baseline.push(second);
  }
  return { ours: summarise(ours), baseline: summarise(baseline) };
}

async function runRound(load: LoadProcess, sizes: Sizes, side: Side, round: number): Promise<Round> {
  const job = {
    kind: 'load',
    port: side.port,
    connections: CONNECTIONS,
    requests: side.requests(round),
    order: side.order,
    durationMs: round === 0 ? sizes.warmUpMs : sizes.roundMs,
    status: side.status,
    keepBodies: false,
  } as const;
  const processes = side.processes?.();
  const before = processes && processorTimeUs(processes);
  const result = await load.run(job);
  const after = processes && processorTimeUs(processes);
  const isKnown = before !== undefined && after !== undefined;
  return { ...result, cpuUs: isKnown ? (after - before) / result.answered : undefined };
}

function summarise(results: readonly Round[]): Measured {
  const cpu = results.flatMap(({ cpuUs }) => (cpuUs === undefined ? [] : [cpuUs]));
  return {
    perSecond: median(results.map(({ perSecond }) => perSecond)),
    rounds: results.map(({ perSecond }) => Math.round(perSecond)),
    p50Ms: median(results.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(results.map(({ p99Ms }) => p99Ms)),
    bodyBytes: results[0]?.bodyBytes ?? 0,
    answered: results.reduce((sum, { answered }) => sum + answered, 0),
    cpuUs: cpu.length === results.length ? median(cpu) : undefined,
  };
}
