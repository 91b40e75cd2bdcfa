import { median } from './clock';
import type { LoadProcess } from './load/load-process';
import type { LoadJob, LoadResult } from './load/jobs';
import { CONNECTIONS, type Sizes } from './settings';

/** One side of a comparison: where requests go and which. */
export interface Side {
  readonly port: number;
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
}

/** A warm-up and the rounds of one side. */
export async function measure(load: LoadProcess, sizes: Sizes, side: Side): Promise<Measured> {
  const results: LoadResult[] = [];
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
  const ours: LoadResult[] = [];
  const baseline: LoadResult[] = [];
  for (let round = 0; round <= sizes.rounds; round++) {
    const first = await runRound(load, sizes, sides.ours, round);
    const second = await runRound(load, sizes, sides.baseline, round);
    if (round === 0) continue;
    ours.push(first);
    baseline.push(second);
  }
  return { ours: summarise(ours), baseline: summarise(baseline) };
}

function runRound(load: LoadProcess, sizes: Sizes, side: Side, round: number): Promise<LoadResult> {
  return load.run({
    kind: 'load',
    port: side.port,
    connections: CONNECTIONS,
    requests: side.requests(round),
    order: side.order,
    durationMs: round === 0 ? sizes.warmUpMs : sizes.roundMs,
    status: side.status,
    keepBodies: false,
  });
}

function summarise(results: readonly LoadResult[]): Measured {
  return {
    perSecond: median(results.map(({ perSecond }) => perSecond)),
    rounds: results.map(({ perSecond }) => Math.round(perSecond)),
    p50Ms: median(results.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(results.map(({ p99Ms }) => p99Ms)),
    bodyBytes: results[0]?.bodyBytes ?? 0,
    answered: results.reduce((sum, { answered }) => sum + answered, 0),
  };
}
