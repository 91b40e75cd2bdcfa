import { Injectable, OnModuleDestroy } from '@nestjs/common';
import { EventBus } from '../events/event-bus';
import type { Topic } from '../events/topics';
import { Metrics } from '../observability/metrics';

/** Waiters of one process; past it an answer is given at once, as if the time were up. */
const WAITERS_MAX = 50_000;

export interface Wait<State, Answer> {
  readonly topic: Topic;
  /** Names what `load` reads: waiters of the same topic and the same name share one read after each wake-up. */
  readonly reads: string;
  /** Further topics that wake this waiter. */
  readonly alsoTopics?: readonly Topic[];
  readonly timeoutMs: number;
  /** Calls back when the client has gone; undefined while it may still be there. */
  readonly onGone?: (callback: () => void) => void;
  /** Reads the state that all waiters of `topic` and `reads` judge. */
  readonly load: () => Promise<State>;
  /** The answer, or undefined to go on waiting; `last` is true when there is no time left: answer now. */
  readonly judge: (state: State, last: boolean) => Answer | undefined | Promise<Answer | undefined>;
}

/** Those who wait for one topic and read the same. */
interface Room<State> {
  waiters: number;
  /** The read under way since the latest wake-up, shared by everybody who was woken by it. */
  shared: Promise<State> | undefined;
}

/**
 * Long polling (orders.md 10): subscribe, read, wait; look again at each wake-up; answer at the deadline with the
 * state of then. A waiter holds no connection and asks no query while it sleeps.
 */
@Injectable()
export class LongPollHub implements OnModuleDestroy {
  private readonly rooms = new Map<string, Room<unknown>>();
  private readonly sleepers = new Set<() => void>();
  private waiting = 0;
  private closing = false;

  constructor(
    private readonly bus: EventBus,
    private readonly metrics: Metrics,
  ) {}

  /** @returns the answer, or undefined when the client has gone and nobody needs one */
  async wait<State, Answer>(wait: Wait<State, Answer>): Promise<Answer | undefined> {
    if (wait.timeoutMs <= 0 || this.closing || this.waiting >= WAITERS_MAX) {
      return wait.judge(await wait.load(), true);
    }
    const sleeper = new Sleeper(wait.timeoutMs);
    wait.onGone?.(() => sleeper.leave());
    const roomKey = `${wait.reads} ${wait.topic}`;
    const room = this.enter(roomKey);
    const wake = () => {
      // A read that began before the event is stale: whoever wakes first starts a new one.
      room.shared = undefined;
      sleeper.wake();
    };
    const unsubscribe = [wait.topic, ...(wait.alsoTopics ?? [])].map((topic) =>
      this.bus.subscribe(topic, wake),
    );
    const release = () => sleeper.expire();
    this.sleepers.add(release);
    this.metrics.longPollWaiters.set(++this.waiting);
    try {
      // The first read is the waiter's own: a shared one may have begun before we subscribed.
      let answer = await wait.judge(await wait.load(), sleeper.expired || this.closing);
      while (answer === undefined) {
        await sleeper.sleep();
        if (sleeper.gone) return undefined;
        const last = sleeper.expired || this.closing;
        answer = await wait.judge(await this.share(room, wait.load), last);
        if (last) break;
      }
      return answer;
    } finally {
      sleeper.end();
      for (const end of unsubscribe) end();
      this.sleepers.delete(release);
      this.leave(roomKey, room);
      this.metrics.longPollWaiters.set(--this.waiting);
    }
  }

  /** Answers every waiter with the state of now: `app.close()` would else wait for their time-outs. */
  onModuleDestroy(): void {
    this.release();
  }

  release(): void {
    this.closing = true;
    for (const release of [...this.sleepers]) release();
  }

  private enter(key: string): Room<unknown> {
    let room = this.rooms.get(key);
    if (!room) this.rooms.set(key, (room = { waiters: 0, shared: undefined }));
    room.waiters++;
    return room;
  }

  private leave(key: string, room: Room<unknown>): void {
    if (--room.waiters === 0) this.rooms.delete(key);
  }

  private share<State>(room: Room<unknown>, load: () => Promise<State>): Promise<State> {
    if (room.shared) return room.shared as Promise<State>;
    const loading = load().finally(() => {
      if (room.shared === loading) room.shared = undefined;
    });
    room.shared = loading;
    return loading;
  }
}

/** Sleeps until woken, until the time is up or until the client has gone; a wake-up while awake is not lost. */
class Sleeper {
  expired = false;
  gone = false;
  private woken = false;
  private resume: (() => void) | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.timer = setTimeout(() => this.expire(), timeoutMs);
  }

  wake(): void {
    this.woken = true;
    this.resume?.();
  }
  expire(): void {
    this.expired = true;
    this.wake();
  }
  leave(): void {
    this.gone = true;
    this.wake();
  }
  end(): void {
    clearTimeout(this.timer);
  }

  async sleep(): Promise<void> {
    if (!this.woken) await new Promise<void>((resolve) => (this.resume = resolve));
    this.woken = false;
    this.resume = undefined;
  }
}
