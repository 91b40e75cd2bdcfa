import { EventBus } from '../../src/platform/events/event-bus';
import { orderTopic } from '../../src/platform/events/topics';
import { LongPollHub } from '../../src/platform/long-poll/long-poll.hub';
import { Metrics } from '../../src/platform/observability/metrics';
import pino from 'pino';

const TOPIC = orderTopic(1n, 'order');
const OTHER_TOPIC = orderTopic(1n, 'other');
/** Longer than any test may take: who is answered was woken. */
const TIMEOUT_MS = 240_000;

/** A value with a version, read by a load that a test can hold up. */
class Source {
  version = 1;
  loads = 0;
  failure: Error | undefined;
  private gate: Promise<void> | undefined;

  load = async (): Promise<number> => {
    this.loads++;
    const seen = this.version;
    if (this.failure) throw this.failure;
    await this.gate;
    return seen;
  };

  /** Holds up the loads that begin from now; the result lets them go. */
  holdUp(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    return () => {
      this.gate = undefined;
      open();
    };
  }
}

describe('a long poll', () => {
  let bus: EventBus;
  let hub: LongPollHub;
  let source: Source;

  beforeEach(() => {
    bus = new EventBus(pino({ level: 'silent' }));
    hub = new LongPollHub(bus, new Metrics());
    source = new Source();
  });
  afterEach(() => hub.release());

  const tick = () => new Promise((resolve) => setTimeout(resolve, 10));
  const wait = (
    wanted: number,
    options: { timeoutMs?: number; onGone?: (callback: () => void) => void } = {},
  ) =>
    hub.wait<number, string>({
      topic: TOPIC,
      reads: 'version',
      alsoTopics: [OTHER_TOPIC],
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      onGone: options.onGone,
      load: source.load,
      judge: (version, last) => (version >= wanted ? `v${version}` : last ? `still v${version}` : undefined),
    });
  const change = () => {
    source.version++;
    bus.publish(TOPIC);
  };

  it('is answered at once when there is nothing to wait for', async () => {
    expect(await wait(1)).toBe('v1');
    expect(source.loads).toBe(1);
  });

  it('does not lose an event between its subscription and the end of its first read', async () => {
    const letGo = source.holdUp();
    const waiting = wait(2);
    await tick();
    change();
    letGo();
    expect(await waiting).toBe('v2');
  });

  it('does not lose an event while it judges', async () => {
    let judged = 0;
    const waiting = hub.wait<number, string>({
      topic: TOPIC,
      reads: 'version',
      timeoutMs: TIMEOUT_MS,
      load: source.load,
      judge: async (version) => {
        if (judged++ === 0) change();
        await tick();
        return version >= 2 ? `v${version}` : undefined;
      },
    });
    expect(await waiting).toBe('v2');
  });

  it('does not take the result of a read that began before the event', async () => {
    const [first, second] = [wait(2), wait(3)];
    await tick();
    const letGo = source.holdUp();
    source.version = 2;
    bus.publish(TOPIC); // both read version 2, and are held up
    await tick();
    source.version = 3;
    bus.publish(TOPIC);
    letGo();
    expect(await first).toMatch(/^v[23]$/);
    expect(await second).toBe('v3');
  });

  it('shares one read with all that were woken by the same event', async () => {
    const waiters = Array.from({ length: 100 }, () => wait(2));
    await tick();
    source.loads = 0;
    change();
    expect(new Set(await Promise.all(waiters))).toEqual(new Set(['v2']));
    expect(source.loads).toBe(1);
  });

  it('is woken by each of its topics', async () => {
    const waiting = wait(2);
    await tick();
    source.version = 2;
    bus.publish(OTHER_TOPIC);
    expect(await waiting).toBe('v2');
  });

  it('asks nothing while it sleeps, and goes back to sleep after an event that was not meant for it', async () => {
    const waiting = wait(3);
    await tick();
    expect(source.loads).toBe(1);
    change();
    await tick();
    expect(source.loads).toBe(2);
    change();
    expect(await waiting).toBe('v3');
  });

  it('is answered with the state of then when the time is up', async () => {
    const startedMs = performance.now();
    expect(await wait(2, { timeoutMs: 50 })).toBe('still v1');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(45);
  });

  it('needs no answer when the client has gone', async () => {
    let leave: () => void = () => undefined;
    const waiting = wait(2, { onGone: (callback) => (leave = callback) });
    await tick();
    leave();
    expect(await waiting).toBeUndefined();
  });

  it('is answered at shutdown, also when the event comes in the same moment', async () => {
    const waiters = [wait(2), wait(3)];
    await tick();
    change();
    hub.release();
    expect(await Promise.all(waiters)).toEqual(['v2', 'still v2']);
    expect(await wait(9)).toBe('still v2');
  });

  it('fails when its read fails, for all that shared the read, and leaves nobody asleep', async () => {
    const waiters = [wait(2), wait(2)].map((waiting) => waiting.catch((error: Error) => error.message));
    await tick();
    source.failure = new Error('database down');
    change();
    expect(await Promise.all(waiters)).toEqual(['database down', 'database down']);
    source.failure = undefined;
    expect(await wait(2)).toBe('v2');
  });
});
