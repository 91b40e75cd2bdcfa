import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../clock';
import { HOST } from '../settings';
import { Connection, type Answer } from './connection';
import type {
  CollectedWaiters,
  CollectWaitersJob,
  OpenWaitersJob,
  Triggered,
  TriggerJob,
  WakeRounds,
  WakeRoundsJob,
} from './jobs';

/** Connections that are opened at the same time; more overflow the queue of the listening socket. */
const OPENING_AT_ONCE = 100;

interface Waiter {
  readonly connection: Connection;
  readonly answer: Promise<{ answer: Answer; atMs: number }>;
}

/** Long polls that wait in this process. */
export class Waiters {
  private waiters: Waiter[] = [];

  async open(job: OpenWaitersJob): Promise<{ open: number }> {
    for (let at = 0; at < job.requests.length; at += OPENING_AT_ONCE) {
      const requests = job.requests.slice(at, at + OPENING_AT_ONCE);
      this.waiters.push(...(await Promise.all(requests.map((request) => this.openOne(job.port, request)))));
    }
    return { open: this.waiters.length };
  }

  private async openOne(port: number, request: Uint8Array): Promise<Waiter> {
    const connection = await Connection.open(port, HOST);
    const answer = connection.send(request).then((whole) => ({ answer: whole, atMs: monotonicMs() }));
    // Looked at when they are collected; an early end must not count as nobody's error.
    answer.catch(() => undefined);
    return { connection, answer };
  }

  /** @throws Error for a waiter that was answered with another status or not in time */
  async collect(job: CollectWaitersJob): Promise<CollectedWaiters> {
    const abort = new AbortController();
    const late = delay(job.timeoutMs, undefined, { signal: abort.signal }).then(() => {
      throw new Error(`waiters were not answered within ${job.timeoutMs} ms`);
    });
    try {
      const answers = await Promise.race([Promise.all(this.waiters.map(({ answer }) => answer)), late]);
      const wrong = answers.find(({ answer }) => answer.status !== job.status);
      if (wrong) throw new Error(`a waiter got ${wrong.answer.status}: ${wrong.answer.body.toString()}`);
      return { answeredMs: Float64Array.from(answers, ({ atMs }) => atMs) };
    } finally {
      abort.abort();
      late.catch(() => undefined);
      for (const { connection } of this.waiters) connection.close();
      this.waiters = [];
    }
  }
}

/** @throws Error when a trigger or a waiter is not answered with 200, or the waiter before its trigger */
export async function runWakeRounds(job: WakeRoundsJob): Promise<WakeRounds> {
  const waiter = await Connection.open(job.port, HOST);
  const trigger = await Connection.open(job.port, HOST);
  const latencies: number[] = [];
  const triggers: number[] = [];
  for (const round of job.rounds) {
    let answeredMs: number | undefined;
    const waiting = waiter.send(round.waiter).then((answer) => {
      answeredMs = monotonicMs();
      return answer;
    });
    await delay(job.pauseMs);
    if (answeredMs !== undefined) throw new Error('the waiter did not wait');
    const sentMs = monotonicMs();
    const triggered = await trigger.send(round.trigger);
    triggers.push(monotonicMs() - sentMs);
    const woken = await waiting;
    if (triggered.status !== 200) throw new Error(`the trigger got ${triggered.status}`);
    if (woken.status !== 200) throw new Error(`the waiter got ${woken.status}`);
    latencies.push((answeredMs ?? Number.NaN) - sentMs);
  }
  waiter.close();
  trigger.close();
  return { latenciesMs: Float64Array.from(latencies), triggersMs: Float64Array.from(triggers) };
}

/** @throws Error when a trigger is not answered with 200 */
export async function runTriggers(job: TriggerJob): Promise<Triggered> {
  const sentMs = new Float64Array(job.requests.length);
  const answeredMs = new Float64Array(job.requests.length);
  let next = 0;
  const work = async (): Promise<void> => {
    const connection = await Connection.open(job.port, HOST);
    for (let index = next++; index < job.requests.length; index = next++) {
      sentMs[index] = monotonicMs();
      const answer = await connection.send(job.requests[index] ?? Buffer.alloc(0));
      answeredMs[index] = monotonicMs();
      if (answer.status !== 200) throw new Error(`a trigger got ${answer.status}: ${answer.body.toString()}`);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: job.connections }, work));
  return { sentMs, answeredMs };
}
