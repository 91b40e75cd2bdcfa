import type { EventBus } from '../../src/platform/events/event-bus';
import type { LongPollHub, Wait } from '../../src/platform/long-poll/long-poll.hub';
import { type Reply, send } from './door';
import type { Merchant } from './merchant';
import { boughtIn, type InstanceState, type OrderState } from './model';
import { listed, publicQuery } from './sight';
import type { Action, InstanceId, Session, Slot, WatchKind } from './steps';

/** Longer than any history takes: who is answered earlier was woken. */
const WATCH_MS = 600_000;
/** For what must happen; used up only where it does not. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 2;

/** One wait in the backend, as it goes on behind the request. */
interface Waiting {
  /** How often it has looked whether it has something to tell. */
  looks: number;
  /** What woke it. Counted when it is published, which is before the answer to whoever did it: looking takes its time. */
  readonly wakes: string[];
}

/** Sees into the hub and the bus of a backend, which lives in this process. */
export class HubWatcher {
  private readonly waits: Waiting[] = [];
  /** The wait that subscribes at this moment. */
  private current: Waiting | undefined;
  /** All are being woken, as after every gap in the connection that listens. */
  private isGap = false;

  /** @param serials of the instances, in the database */
  constructor(
    hub: LongPollHub,
    bus: EventBus,
    private readonly serials: ReadonlyMap<InstanceId, string>,
  ) {
    this.watchHub(hub);
    this.watchBus(bus);
  }

  get count(): number {
    return this.waits.length;
  }

  /** The wait that began as the `number`th, once it has looked for the first time. */
  asleep(number: number): Waiting | undefined {
    const waiting = this.waits[number];
    return waiting !== undefined && waiting.looks > 0 ? waiting : undefined;
  }

  /** What an exchange says of the accounts of the instance may come at any time. */
  isFromExchange(topic: string, id: InstanceId): boolean {
    return topic === `kyc:${this.serials.get(id)}`;
  }

  private watchHub(hub: LongPollHub): void {
    const honest = hub.wait.bind(hub) as LongPollHub['wait'];
    hub.wait = <State, Answer>(wait: Wait<State, Answer>): Promise<Answer | undefined> => {
      // Nobody else waits.
      if (wait.timeoutMs <= 0) return honest(wait);
      const waiting: Waiting = { looks: 0, wakes: [] };
      this.waits.push(waiting);
      const judge: typeof wait.judge = (state, last) => {
        waiting.looks += 1;
        return wait.judge(state, last);
      };
      // The hub subscribes before it awaits anything.
      this.current = waiting;
      try {
        return honest({ ...wait, judge });
      } finally {
        this.current = undefined;
      }
    };
  }

  private watchBus(bus: EventBus): void {
    const honest = { subscribe: bus.subscribe.bind(bus), deliverAll: bus.deliverAll.bind(bus) };
    bus.subscribe = (topic, listener) => {
      const waiting = this.current;
      return honest.subscribe(topic, (published) => {
        if (!this.isGap) waiting?.wakes.push(published);
        listener(published);
      });
    };
    bus.deliverAll = () => {
      this.isGap = true;
      try {
        honest.deliverAll();
      } finally {
        this.isGap = false;
      }
    };
  }
}

export type WatchAction = Extract<Action, { do: 'watch' }>;

/** What a watch has to do by the model of its own instance. */
type Due = 'wait' | 'may answer' | 'must answer';

/** A long poll under way. */
export class Watch {
  private reply: Reply | undefined;
  private failure: unknown;
  private wakesBefore: number;

  private constructor(
    readonly action: WatchAction,
    private readonly hub: HubWatcher,
    private readonly order: OrderState | undefined,
    private readonly madeBefore: number,
    private readonly waiting: Waiting,
    private readonly done: Promise<void>,
    private readonly abandon: AbortController,
    outcome: { watch?: Watch; reply?: Reply; failure?: unknown },
  ) {
    this.wakesBefore = waiting.wakes.length;
    this.reply = outcome.reply;
    this.failure = outcome.failure;
    outcome.watch = this;
  }

  /** @returns undefined where there is nothing to wait for in this state */
  static async begin(
    action: WatchAction,
    merchant: Merchant,
    state: InstanceState,
    hub: HubWatcher,
  ): Promise<Watch | undefined> {
    const path = await pathOf(action, merchant, state);
    if (path === undefined) return undefined;
    const { count } = hub;
    const abandon = new AbortController();
    const url = `${merchant.url}${path}${path.includes('?') ? '&' : '?'}timeout_ms=${WATCH_MS}`;
    const isPublic = !path.startsWith('private');
    const token = isPublic ? undefined : merchant.token;
    const outcome: { watch?: Watch; reply?: Reply; failure?: unknown } = {};
    const done = send({ method: 'GET', url, token }, abandon.signal).then(
      (reply) => void ((outcome.reply = reply), outcome.watch && (outcome.watch.reply = reply)),
      (error: unknown) => void ((outcome.failure = error), outcome.watch && (outcome.watch.failure = error)),
    );
    const endMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const waiting = hub.asleep(count);
      if (waiting) {
        const order = state.orders.get(action.slot);
        return new Watch(action, hub, order, state.made, waiting, done, abandon, outcome);
      }
      if (outcome.reply)
        throw new Error(`${path} does not wait: ${outcome.reply.status} ${outcome.reply.text}`);
      if (Date.now() > endMs) throw new Error(`${path} does not begin to wait`);
      await pause(LOOK_AGAIN_MS);
    }
  }

  get name(): string {
    const { at, kind, slot, session } = this.action;
    return `the long poll for ${kind} (${kind === 'session' ? session : slot}) of ${at}`;
  }

  /** To be called before each step. */
  remember(): void {
    this.wakesBefore = this.waiting.wakes.length;
  }

  /**
   * @returns what is wrong after something that does not concern this instance. An answer alone may be a late one, to
   *   what woke it before.
   */
  judgeForeign(): string | undefined {
    if (this.failure) return `${this.name} failed: ${String(this.failure)}`;
    const { at } = this.action;
    const wakes = this.waiting.wakes.slice(this.wakesBefore);
    const strange = wakes.filter((topic) => !this.hub.isFromExchange(topic, at));
    return strange.length > 0 ? `${this.name} was woken by ${strange.join(', ')}` : undefined;
  }

  /** @returns whether it is over by what has happened in this instance, or what is wrong */
  async judgeOwn(merchant: Merchant, state: InstanceState): Promise<boolean | string> {
    const due = this.due(state);
    if (due === 'must answer') {
      await Promise.race([this.done, pause(PATIENCE_MS)]);
      if (!this.reply) return `${this.name} was not answered`;
      const fault = this.faultOf(this.reply, merchant, state);
      return fault === undefined ? true : `${this.name}: ${fault}`;
    }
    if (!this.reply) return false;
    return due === 'may answer' ? true : `${this.name} was answered: ${this.reply.status} ${this.reply.text}`;
  }

  /** The client goes. */
  async end(): Promise<void> {
    this.abandon.abort();
    await this.done;
  }

  private due(state: InstanceState): Due {
    const { kind, slot, session } = this.action;
    const order = state.orders.get(slot);
    if (kind === 'kyc') return 'may answer';
    if (kind === 'list') return state.made > this.madeBefore ? 'must answer' : 'wait';
    if (kind === 'session') return boughtIn(state, session)?.order.isPaid ? 'must answer' : 'wait';
    // Released or deleted, its credentials are void.
    if (order !== this.order || !order) return 'may answer';
    if (kind === 'refund') return order.isRefunded ? 'must answer' : 'wait';
    if (order.isPaid) return 'must answer';
    return kind === 'public' ? 'may answer' : 'wait';
  }

  private faultOf(reply: Reply, merchant: Merchant, state: InstanceState): string | undefined {
    const { kind, session } = this.action;
    const right = `answered with ${reply.status} ${reply.text}`;
    if (kind === 'list') return fault(listed(merchant, reply), newest(merchant, state), right);
    if (reply.status !== 200) return right;
    if (kind === 'order') return fault(reply.body.order_status, 'paid', right);
    if (kind === 'refund') return fault(reply.body.refund_amount, 'KUDOS:2', right);
    if (kind !== 'session') return undefined;
    const bought: Slot | undefined = boughtIn(state, session)?.slot;
    return fault(reply.body.order_id, bought && merchant.orderId(bought), right);
  }
}

function fault(seen: unknown, expected: unknown, what: string): string | undefined {
  return JSON.stringify(seen) === JSON.stringify(expected)
    ? undefined
    : `${what}, expected ${String(expected)}`;
}

function newest(merchant: Merchant, state: InstanceState): string[] {
  const [slot] = [...state.orders].filter(([, { place }]) => place === state.made).map(([name]) => name);
  return slot === undefined ? [] : [merchant.orderId(slot)];
}

async function pathOf(
  { kind, slot, session }: { kind: WatchKind; slot: Slot; session: Session },
  merchant: Merchant,
  state: InstanceState,
): Promise<string | undefined> {
  const order = state.orders.get(slot);
  const id = merchant.orderId(slot);
  switch (kind) {
    case 'order':
      return order && !order.isPaid ? `private/orders/${id}` : undefined;
    case 'public':
      return order && !order.isPaid ? `orders/${id}?${publicQuery(merchant, state, slot)}` : undefined;
    case 'refund':
      return order?.isPaid && !order.isRefunded
        ? `orders/${id}?${publicQuery(merchant, state, slot)}&refund=KUDOS:1`
        : undefined;
    case 'session': {
      const url = encodeURIComponent(merchant.fulfillmentUrl);
      return boughtIn(state, session)?.order.isPaid
        ? undefined
        : `sessions/${merchant.sessionId(session)}?fulfillment_url=${url}`;
    }
    case 'list': {
      // Behind the newest one of its own: whatever another instance adds has a greater row id.
      const { body } = await merchant.ask('GET', 'private/orders?limit=-1');
      const [last] = body.orders as { row_id: number }[];
      return `private/orders?limit=5&offset=${last?.row_id ?? 0}`;
    }
    case 'kyc': {
      const { headers } = await merchant.ask('GET', 'private/kyc');
      const tag = String(headers['etag'] ?? '').replaceAll('"', '');
      return `private/kyc?lp_not_etag=${tag}`;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
