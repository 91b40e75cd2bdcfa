/** Distinct or equal requests over a number of connections, each with one request under way. */
export interface LoadJob {
  readonly kind: 'load';
  readonly port: number;
  readonly connections: number;
  readonly requests: readonly Uint8Array[];
  /** repeat: from the beginning when all were sent; once: each request one time. */
  readonly order: 'repeat' | 'once';
  readonly durationMs: number;
  /** Another status is a fault of the bench or of the server, and the run fails. */
  readonly status: number;
  /** Whether the bodies of all answers come back, in the order of the requests. */
  readonly keepBodies: boolean;
}

export interface LoadResult {
  readonly answered: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the first answer. */
  readonly bodyBytes: number;
  readonly bodies: readonly string[];
}

/** Opens one connection per request, sends it, and leaves all of them waiting. */
export interface OpenWaitersJob {
  readonly kind: 'open-waiters';
  readonly port: number;
  readonly requests: readonly Uint8Array[];
}

/** Waits until all waiters have been answered; those of `open-waiters` in their order. */
export interface CollectWaitersJob {
  readonly kind: 'collect-waiters';
  readonly timeoutMs: number;
  readonly status: number;
}

export interface CollectedWaiters {
  /** On the monotonic clock, per waiter. */
  readonly answeredMs: Float64Array;
}

/** One waiter and one trigger, again and again on two connections. */
export interface WakeRoundsJob {
  readonly kind: 'wake-rounds';
  readonly port: number;
  readonly rounds: readonly { readonly waiter: Uint8Array; readonly trigger: Uint8Array }[];
  /** Between sending the waiter and sending the trigger. */
  readonly pauseMs: number;
}

export interface WakeRounds {
  /** From sending the trigger to the waiter's answer. */
  readonly latenciesMs: Float64Array;
  /** From sending the trigger to its own answer. */
  readonly triggersMs: Float64Array;
}

/** Sends each request once and notes when. */
export interface TriggerJob {
  readonly kind: 'trigger';
  readonly port: number;
  readonly connections: number;
  readonly requests: readonly Uint8Array[];
}

export interface Triggered {
  /** On the monotonic clock, per request. */
  readonly sentMs: Float64Array;
  readonly answeredMs: Float64Array;
}

export interface Results {
  readonly load: LoadResult;
  readonly 'open-waiters': { readonly open: number };
  readonly 'collect-waiters': CollectedWaiters;
  readonly 'wake-rounds': WakeRounds;
  readonly trigger: Triggered;
}

export type Job = LoadJob | OpenWaitersJob | CollectWaitersJob | WakeRoundsJob | TriggerJob;
export type ResultOf<J extends Job> = Results[J['kind']];

export type Reply = { readonly result: Results[keyof Results] } | { readonly error: string };
