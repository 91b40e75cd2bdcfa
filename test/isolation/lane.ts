import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { makeNonce } from '../../sandbox/wallet/claim';
import { nameOf, type Reply } from './door';
import { type IntrudeAction, type Party, preparationOf, probeOf, tryIt } from './intrusions';
import { type Commons, Merchant } from './merchant';
import {
  type InstanceState,
  newState,
  nextInLife,
  nextOfChallenge,
  ordersOf,
  type Rule,
  ruleOfHouse,
  ruleOfOrder,
} from './model';
import { isAsExpected, listed, look, lookBeneath, lookFromAbove, type Rows, type Sight } from './sight';
import {
  type Action,
  describeAction,
  type HouseAction,
  type History,
  type InstanceId,
  INSTANCES,
  type OrderAction,
  type Session,
  SESSIONS,
  type Slot,
  SLOTS,
} from './steps';
import { Watch, type WatchAction } from './watches';
import type { Backend } from './backend';

/** A history in which an instance was not alone. */
export class Leak extends Error {}

/** Everything that is done to orders, as one type. */
const ORDER_ACTIONS = new Set<string>([
  'create',
  'claim',
  'unclaim',
  'pay',
  'abort',
  'refund',
  'collect',
  'prove',
  'forget',
  'delete',
] satisfies OrderAction['do'][]);

function isOrderAction(action: OrderAction | HouseAction): action is OrderAction {
  return ORDER_ACTIONS.has(action.do);
}

/**
 * One history of three instances. After every step the one that acted is what its own model says, the others are what
 * they were, row by row, and nobody who waits there was woken.
 */
export class Lane {
  private readonly log: string[] = [];
  private readonly merchants = new Map<InstanceId, Merchant>();
  private readonly states = new Map<InstanceId, InstanceState>();
  private readonly watches = new Map<string, Watch>();
  private count = 0;
  private behind = '0';
  private rows: ReadonlyMap<InstanceId, Rows> = new Map();

  constructor(
    private readonly backend: Backend,
    private readonly history: History,
    private readonly tally: Map<string, number>,
  ) {
    const name = randomUUID().slice(0, 13);
    const nonces = new Map<string, ReturnType<typeof makeNonce>>();
    const commons: Commons = {
      ...backend.commons,
      name,
      nonceOf: (slot, wallet) => {
        const key = `${slot} ${wallet}`;
        const nonce = nonces.get(key) ?? makeNonce();
        nonces.set(key, nonce);
        return nonce;
      },
    };
    for (const shop of backend.shops)
      this.merchants.set(shop.id, new Merchant(shop.id, shop.url, shop.token, commons));
  }

  /** @throws Leak */
  async run(): Promise<void> {
    try {
      await this.begin();
      for (const action of this.history) await this.takeStep(action);
      await this.lookAround(undefined);
    } catch (error) {
      if (error instanceof Leak) throw error;
      throw this.leak(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      for (const watch of this.watches.values()) await watch.end();
    }
  }

  /** Puts the houses in order; what was there before is known and checked, not swept away. */
  private async begin(): Promise<void> {
    await this.backend.tidy();
    for (const [id, merchant] of this.merchants) {
      const { accounts, hWires, hasAcceptedTerms } = await this.backend.belongings(merchant);
      for (const [bank, hWire] of hWires) merchant.hWires.set(bank, hWire);
      this.states.set(id, newState(id, accounts, hasAcceptedTerms));
      await merchant.ask('PATCH', 'private', { ...merchant.configuration(0), email: 'nobody@shops.example' });
      await merchant.ask('PATCH', 'private', merchant.configuration(0));
    }
    const { rows } = await this.backend.database.query<{ serial: string }>(
      'select coalesce(max(serial), 0)::text as serial from orders',
    );
    this.behind = rows[0]?.serial ?? '0';
    this.rows = await lookBeneath(this.backend.database, this.behind);
  }

  private async takeStep(action: Action): Promise<void> {
    this.count += 1;
    for (const watch of this.watches.values()) watch.remember();
    const actor = await this.perform(action);
    await this.lookAround(actor, focusOf(action, this.count));
  }

  /** @returns the only one who may be another than before */
  private async perform(action: Action): Promise<InstanceId | 'nobody'> {
    switch (action.do) {
      case 'guest':
        this.say(action, await this.backend.changeGuest(this.party('admin').merchant));
        return 'nobody';
      case 'watch':
        await this.watch(action);
        return 'nobody';
      case 'intrude':
        await this.intrude(action);
        return 'nobody';
      case 'advance':
        for (let time = 0; time < action.times; time++) {
          await this.actInside(nextInLife(this.party(action.at).state, action));
          // What it waits for may be over again after the next.
          await this.judgeWatches(action.at);
        }
        return action.at;
      case 'advance challenge':
        for (let time = 0; time < action.times; time++)
          await this.actInside(nextOfChallenge(this.party(action.at).state));
        return action.at;
      default:
        await this.actInside(action);
        return action.at;
    }
  }

  private async actInside(action: OrderAction | HouseAction): Promise<void> {
    const { merchant, state } = this.party(action.at);
    const rule = isOrderAction(action) ? ruleOfOrder(state, action) : ruleOfHouse(state, action);
    const reply = isOrderAction(action) ? await merchant.act(action) : await merchant.keepHouse(action);
    this.say(action, nameOf(reply));
    this.judge(rule, reply);
    const newest = merchant.tokens.at(-1);
    if (action.do === 'issue token' && newest)
      state.tokens.push({ serial: newest.serial, scope: action.scope });
  }

  private judge(rule: Rule, reply: Reply): void {
    const name = nameOf(reply);
    if (!rule.answers.includes(name))
      throw this.leak(
        `expected ${rule.answers.join(' or ')} by what it has itself; got ${name} ${reply.text}`,
      );
    if (name === rule.answers[0]) rule.then?.();
  }

  /** What the action says; where there is nothing to wait for, for another order, or else for the list. */
  private async watch(action: WatchAction): Promise<void> {
    const { merchant, state } = this.party(action.at);
    const wishes: WatchAction[] = [action.slot, ...SLOTS].map((slot) => ({ ...action, slot }));
    for (const wish of [...wishes, { ...action, kind: 'list' as const }]) {
      const key = `${wish.at} ${wish.kind}`;
      if (this.watches.has(key)) continue;
      const watch = await Watch.begin(wish, merchant, state, this.backend.hub);
      if (!watch) continue;
      this.say(wish, 'waits');
      this.watches.set(key, watch);
      return;
    }
  }

  private async intrude(action: IntrudeAction): Promise<void> {
    const [by, on] = [this.party(action.by), this.party(action.on)];
    if (action.how === 'pages') return this.turnPages(action, by, on);
    for (const needed of preparationOf(action, by, on)) {
      await this.actInside(needed);
      await this.lookAround(needed.at, focusOf(action, this.count));
      for (const watch of this.watches.values()) watch.remember();
    }
    const probe = probeOf(action, by, on);
    this.say(action, probe.what);
    const fault = await tryIt(probe);
    if (fault !== undefined) throw this.leak(fault);
  }

  /** Pages that begin at rows of the other one, and filters that its orders fulfil, too. */
  private async turnPages(action: IntrudeAction, by: Party, on: Party): Promise<void> {
    const theirs = await on.merchant.ask('GET', 'private/orders?limit=-5');
    const rows = (theirs.body.orders as { row_id: number; order_id: string }[]).map(({ row_id }) => row_id);
    const url = encodeURIComponent(by.merchant.fulfillmentUrl);
    const session = SESSIONS[action.way % SESSIONS.length] ?? 's1';
    const row = rows[action.way % Math.max(rows.length, 1)] ?? 0;
    const mine = ordersOf(by.state).map(({ slot, order }) => ({ id: by.merchant.orderId(slot), order }));
    const inSession = mine.filter(({ order }) => order.session === session);
    const paid = mine.filter(({ order }) => order.isPaid);
    const queries: [query: string, expected: string[] | undefined][] = [
      [`fulfillment_url=${url}&limit=-9`, mine.map(({ id }) => id)],
      [`session_id=${by.merchant.sessionId(session)}&limit=-9`, inSession.map(({ id }) => id)],
      [`fulfillment_url=${url}&paid=yes&limit=-9`, paid.map(({ id }) => id)],
      [`offset=${row}&limit=9`, undefined],
      [`offset=${row}&limit=-9`, undefined],
    ];
    const [query, expected] = queries[action.way % queries.length] ?? ['', []];
    this.say(action, query);
    const reply = await by.merchant.ask('GET', `private/orders?${query}`);
    const seen = listed(by.merchant, reply);
    const strange = (reply.body.orders as { row_id: number }[]).filter(({ row_id }) => rows.includes(row_id));
    const isRight = expected === undefined || isDeepStrictEqual(seen, expected);
    if (strange.length > 0 || !isRight)
      throw this.leak(`the page has ${JSON.stringify(reply.body)}, expected of its own ${String(expected)}`);
  }

  /** @param actor undefined: all are looked at, whole */
  private async lookAround(
    actor: InstanceId | 'nobody' | undefined,
    focus?: { slot: Slot; session: Session },
  ): Promise<void> {
    const looks = INSTANCES.map((id) => {
      const { merchant, state } = this.party(id);
      return look(merchant, state, focus && { ...focus, turn: id === actor ? undefined : this.count });
    });
    looks.push(this.lookFromAbove());
    for (const sight of (await Promise.all(looks)).flat()) {
      if (isAsExpected(sight)) continue;
      const { what, seen, expected } = sight;
      throw this.leak(
        `${what}\n   expected: ${JSON.stringify(expected)}\n       seen: ${JSON.stringify(seen)}`,
      );
    }
    if (actor === undefined) return;
    await this.compareRows(actor);
    await this.judgeWatches(actor);
  }

  private async lookFromAbove(): Promise<Sight[]> {
    return [await lookFromAbove([...this.merchants.values()], this.states, this.backend.hasGuest)];
  }

  private async compareRows(actor: InstanceId | 'nobody'): Promise<void> {
    const now = await lookBeneath(this.backend.database, this.behind);
    for (const id of INSTANCES) {
      if (id === actor) continue;
      const [before, after] = [this.rows.get(id) ?? {}, now.get(id) ?? {}];
      const changed = Object.keys(before).filter((table) => before[table] !== after[table]);
      if (changed.length > 0) throw this.leak(`rows of ${id} were changed: ${changed.join(', ')}`);
    }
    this.rows = now;
  }

  private async judgeWatches(actor: InstanceId | 'nobody'): Promise<void> {
    for (const [key, watch] of this.watches) await this.judgeWatch(key, watch, actor);
  }

  private async judgeWatch(key: string, watch: Watch, actor: InstanceId | 'nobody'): Promise<void> {
    const fault = watch.action.at === actor ? undefined : watch.judgeForeign();
    if (fault !== undefined) throw this.leak(fault);
    const { merchant, state } = this.party(watch.action.at);
    const outcome = await watch.judgeOwn(merchant, state);
    if (typeof outcome === 'string') throw this.leak(outcome);
    if (!outcome) return;
    this.watches.delete(key);
    this.say(watch.action, 'is answered');
  }

  private party(id: InstanceId): Party {
    const merchant = this.merchants.get(id);
    const state = this.states.get(id);
    if (!merchant || !state) throw new Error(`no instance ${id}`);
    return { merchant, state };
  }

  private say(action: Action, what: string): void {
    this.log.push(`${String(this.count).padStart(2)}. ${describeAction(action)} -> ${what}`);
    // Without what is another word in each history.
    const brief = what.replace(/=[^ &]+|of (admin|alpha|beta).*$/g, '');
    const line = `${action.do === 'watch' ? `watch ${action.kind}` : action.do} -> ${brief}`;
    this.tally.set(line, (this.tally.get(line) ?? 0) + 1);
  }

  private leak(why: string): Leak {
    return new Leak(`${this.log.join('\n')}\n=> ${why}`);
  }
}

/** What is looked at after a step: what it was about, and else all in turn. */
function focusOf(action: Action, number: number): { slot: Slot; session: Session } {
  const slot = 'slot' in action ? action.slot : SLOTS[number % SLOTS.length];
  return { slot: slot ?? 'A', session: SESSIONS[number % SESSIONS.length] ?? 's1' };
}
