import { isDeepStrictEqual } from 'node:util';
import type { SandboxExchange } from '../../sandbox/exchange/exchange-server';
import type { Pool } from 'pg';
import { Actors, type Performed } from './actors';
import { EMPTY, type Model } from './model';
import {
  expectedCoins,
  expectedList,
  expectedPrivate,
  expectedPublic,
  expectedRows,
  expectedSession,
  heldForDeleted,
  type Question,
  requireMoneyHeld,
  seeCoins,
  seeList,
  seePrivate,
  seePublic,
  seeRows,
  seeSession,
} from './observe';
import { Expectations, explain } from './rules';
import { type Action, describeAction, type History, type Step } from './steps';

/** More explanations than this of one history mean that the rules leave too much room. */
const CANDIDATES_MAX = 64;

/** A history in which the backend did what no rule explains. */
export class Disagreement extends Error {}

export interface LaneParts {
  readonly actors: Actors;
  readonly exchange: SandboxExchange;
  readonly database: Pool;
}

/**
 * One history on the running backend: after every step the answers must be explained by the model, and everything that
 * can be seen must be what the model has. Where the reference leaves room, and where two act at once, the model follows
 * all explanations; what is seen afterwards rules out the wrong ones.
 */
export class Lane {
  private candidates: readonly Model[] = [EMPTY];
  private readonly log: string[] = [];
  private count = 0;

  constructor(
    private readonly parts: LaneParts,
    private readonly history: History,
  ) {}

  get eras(): number {
    return this.history.length;
  }

  /** Everything that happened, for humans. */
  get story(): string {
    return this.log.join('\n');
  }

  /** @throws Disagreement */
  async runEra(era: number): Promise<void> {
    const steps = this.history[era];
    if (steps === undefined) return;
    if (era > 0) await this.leap();
    for (const step of steps) await this.takeStep(step);
  }

  private async leap(): Promise<void> {
    this.log.push(`   --- time passes: ${LEAPS[this.candidates[0]?.era ?? 0] ?? 'much'} ---`);
    this.parts.actors.beginEra();
    this.candidates = this.candidates.map((model) => ({ ...model, era: model.era + 1 }));
    await this.look([]);
  }

  private async takeStep(step: Step): Promise<void> {
    this.count += 1;
    const { actors } = this.parts;
    // Both know what they know before either has begun.
    const calls = step.map((action) => actors.prepare(action));
    const performed = await Promise.all(calls.map((call) => actors.perform(call)));
    const at = step.length === 2 ? ' at once' : '';
    for (const one of performed) this.log.push(`${String(this.count).padStart(2)}.${at} ${describe(one)}`);
    const expected = new Expectations();
    const next = this.candidates.flatMap((model) => explainAll(model, performed, expected));
    if (next.length === 0) {
      const what =
        step.length === 2 ? 'no order of the two explains these answers' : 'the answer is not explained';
      throw this.disagree(`${what}; expected: ${expected.toString()}`);
    }
    this.candidates = distinct(next);
    if (this.candidates.length > CANDIDATES_MAX) throw this.disagree('too many explanations');
    await this.look(step);
  }

  /** Compares what can be seen. Of an order that was not touched, only the list and the books. */
  private async look(step: readonly Action[]): Promise<void> {
    const { actors, database, exchange } = this.parts;
    const slots = new Set(step.map(({ slot }) => slot));
    const questions = [...slots].map((slot, index) => questionFor(slot, this.count + index));
    const [first = EMPTY] = this.candidates;
    const session = this.count % 2 === 0 ? 's1' : 's2';
    const [privates, publics, list, rows, bought] = await Promise.all([
      Promise.all(questions.map((question) => seePrivate(actors, question))),
      Promise.all(questions.map((question) => seePublic(first, actors, question))),
      seeList(actors),
      seeRows(actors, database),
      seeSession(actors, session),
    ]);
    const coins = seeCoins(actors, (coinPub) => exchange.bookOfCoin(coinPub));
    questions.forEach((question, index) => {
      const how = describeQuestion(question);
      this.keep(`private status ${how}`, privates[index], (model) =>
        expectedPrivate(model, actors, question),
      );
      this.keep(`public status ${how}`, publics[index], (model) => expectedPublic(model, actors, question));
    });
    this.keep('list', list, (model) => expectedList(model, actors));
    this.keep(`session ${session}`, bought, (model) => expectedSession(model, actors, session) ?? bought);
    this.keep('books of the backend', rows.lines, (model) => expectedRows(model));
    this.keep('books of the exchange', coins.lines, (model) => expectedCoins(model, actors));
    try {
      requireMoneyHeld(rows, coins, heldForDeleted(this.candidates[0] ?? EMPTY));
    } catch (error) {
      throw this.disagree(error instanceof Error ? error.message : String(error));
    }
  }

  /** Drops the explanations that would show something else. */
  private keep(what: string, seen: unknown, expect: (model: Model) => unknown): void {
    const right = this.candidates.filter((model) => isDeepStrictEqual(plain(expect(model)), plain(seen)));
    if (right.length === 0) {
      const wanted = this.candidates.map((model) => JSON.stringify(expect(model))).join('\n     or: ');
      throw this.disagree(`${what}\n   expected: ${wanted}\n       seen: ${JSON.stringify(seen)}`);
    }
    this.candidates = right;
  }

  private disagree(why: string): Disagreement {
    return new Disagreement(`${this.story}\n=> ${why}`);
  }
}

const LEAPS = [
  'past the pay deadline',
  'past the wire deadline',
  'past the next deadline',
  'past the retention',
];

/** For two at once: the one before the other, or the other way round. */
function explainAll(model: Model, performed: readonly Performed[], expected: Expectations): Model[] {
  const [first, second] = performed;
  if (!first) return [model];
  if (!second) return explain(model, first.call, first.answer, { rival: undefined, expected });
  return [
    [first, second],
    [second, first],
  ].flatMap((order) => {
    let states = [model];
    for (const { call, answer } of order) {
      const rival = order.find((other) => other.call !== call)?.call.action;
      states = states.flatMap((state) => explain(state, call, answer, { rival, expected }));
    }
    return states;
  });
}

function distinct(models: readonly Model[]): Model[] {
  return models.filter(
    (model, index) => models.findIndex((other) => isDeepStrictEqual(other, model)) === index,
  );
}

/** Undefined members and absent ones are the same. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

const SESSIONS = [undefined, 's1', 's2', 's1', undefined] as const;
const CREDENTIALS = ['contract', 'token', 'none', 'wrong contract', 'contract', 'wrong token'] as const;

/** Asks in turn with all sessions and credentials. */
function questionFor(slot: Question['slot'], number: number): Question {
  const session = SESSIONS[number % SESSIONS.length];
  const credential = CREDENTIALS[number % CREDENTIALS.length] ?? 'none';
  return { slot, session, credential, allowRefunded: number % 7 === 0 };
}

function describeQuestion({ slot, session, credential, allowRefunded }: Question): string {
  const refunded = allowRefunded ? ', refunded ones allowed' : '';
  return `of ${slot} (session ${session ?? 'none'}, ${credential}${refunded})`;
}

function describe({ call, answer }: Performed): string {
  const code = answer.code === undefined ? '' : ` (${answer.code})`;
  return `${describeAction(call.action)} -> ${answer.status}${code}`;
}
