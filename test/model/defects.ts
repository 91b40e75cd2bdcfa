import { Database, type Statement } from '../../src/platform/database/database';
import { Tx } from '../../src/platform/database/tx';
import type { Action, History } from './steps';

/** A mistake that somebody could make in a statement. */
export interface Defect {
  readonly what: string;
  /** Name of the statement. */
  readonly statement: string;
  readonly change: (text: string) => string;
  /** Where only two who act at once can show it: what they do, and when the statement of the one waits for the other's. */
  readonly meeting?: { readonly history: History; readonly when: 'before' | 'after' };
}

/** For the other one to come; used up only where there is none. */
const MEETING_MS = 60_000;

const alice = { slot: 'A', wallet: 'alice', isForged: false } as const;
const claim = { ...alice, do: 'claim', token: 'right', isFresh: true } as const;
const create: Action = {
  do: 'create',
  slot: 'A',
  spec: {
    version: 0,
    withToken: true,
    session: undefined,
    withUrl: false,
    refundable: true,
    shopPaysFees: true,
  },
};
const pay: Action = {
  ...alice,
  do: 'pay',
  coins: [0, 1],
  half: false,
  choice: 0,
  session: undefined,
  spoil: 'nothing',
};
const refund = (tenths: number): Action => ({ do: 'refund', slot: 'A', tenths, currency: 'KUDOS' });

const lost = (part: string) => (text: string) => {
  if (!text.includes(part)) throw new Error(`the statement has no "${part}" to lose`);
  return text.replace(part, '');
};

const instead = (part: string, other: string) => (text: string) => {
  if (!text.includes(part)) throw new Error(`the statement has no "${part}" to change`);
  return text.replace(part, other);
};

/** One for each thing that the model watches over. */
export const DEFECTS: readonly Defect[] = [
  {
    what: 'two wallets hold one order',
    statement: 'order-claim',
    change: lost(' and nonce is null'),
    meeting: { when: 'before', history: [[[create], [claim, { ...claim, wallet: 'bob' }]]] },
  },
  {
    what: 'a refund is promised and not counted',
    statement: 'order-add-refund',
    change: instead('refund_granted + $2', 'refund_granted + $2 * 0'),
  },
  {
    what: 'a refund is collected and not counted',
    statement: 'order-add-obtained',
    change: instead('refund_obtained + $2', 'refund_obtained + $2 * 0'),
  },
  {
    what: 'a payment stays bound to its first session',
    statement: 'order-bind-session',
    change: instead('set session_id = $2', 'set session_id = coalesce(session_id, $2)'),
  },
  {
    what: 'a refunded order counts as bought before',
    statement: 'order-bought-before',
    change: instead('($5 or refund_granted = 0)', '($5 is not null)'),
  },
  {
    what: 'an order with money in it is released',
    statement: 'order-unclaim',
    change: instead(
      'not exists (select from deposits where order_serial = $1',
      'not exists (select from deposits where order_serial = -$1',
    ),
  },
  {
    what: 'grants of refunds do not wait for each other',
    statement: 'order-lock',
    change: lost(' for update'),
    meeting: { when: 'after', history: [[[create], [claim], [pay], [refund(10), refund(20)]]] },
  },
  {
    what: 'the id of a deleted order means nothing any more',
    statement: 'order-hold-id',
    change: instead('where serial = $1', 'where serial = -$1'),
  },
];

/**
 * Runs `work` while the backend, which lives in this process, makes a mistake.
 * @throws Error when the statement was never run
 */
export async function withDefect(defect: Defect, work: () => Promise<void>): Promise<void> {
  const honest = { single: Database.prototype.query, inTransaction: Tx.prototype.query };
  const when = defect.meeting?.when;
  const meet = meetingPoint();
  let uses = 0;
  const isSpoiled = ({ name }: Statement): boolean => name === defect.statement;
  const run = async <Row>(statement: Statement, query: (spoiled: Statement) => Promise<Row[]>) => {
    if (when === 'before' && isSpoiled(statement)) await meet();
    const rows = await query(spoil(statement));
    if (when === 'after' && isSpoiled(statement)) await meet();
    return rows;
  };
  const spoil = (statement: Statement): Statement => {
    if (!isSpoiled(statement)) return statement;
    uses += 1;
    // Another name, since the honest text may be prepared under its own.
    return { name: `${statement.name}-defect`, text: defect.change(statement.text) };
  };
  Database.prototype.query = function <Row>(
    this: Database,
    statement: Statement,
    values: readonly unknown[],
  ) {
    return run(statement, (spoiled) => honest.single.call(this, spoiled, values) as Promise<Row[]>);
  };
  Tx.prototype.query = function <Row>(this: Tx, statement: Statement, values: readonly unknown[]) {
    return run(statement, (spoiled) => honest.inTransaction.call(this, spoiled, values) as Promise<Row[]>);
  };
  try {
    await work();
  } finally {
    Database.prototype.query = honest.single;
    Tx.prototype.query = honest.inTransaction;
  }
  if (uses === 0) throw new Error(`${defect.statement} was never run`);
}

/** Where each waits for the next one to come, and both go on. */
function meetingPoint(): () => Promise<void> {
  let release: (() => void) | undefined;
  return async () => {
    if (release) {
      release();
      release = undefined;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      release = resolve;
      timer = setTimeout(resolve, MEETING_MS);
    });
    clearTimeout(timer);
  };
}
