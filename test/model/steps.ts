import fc from 'fast-check';

export type SlotName = 'A' | 'B';
export type WalletName = 'alice' | 'bob';
export type Session = 's1' | 's2';

/** Coins of a history, by value in KUDOS; both wallets hold copies of them, as a wallet and its backup do. */
export const PURSE = [2, 2, 2, 5, 1] as const;

/** What an order is like. */
export interface OrderSpec {
  /** 0: KUDOS:4. 1: a choice of KUDOS:4 and KUDOS:2. */
  readonly version: 0 | 1;
  readonly withToken: boolean;
  readonly session: Session | undefined;
  /** With the one fulfillment URL of the history, so that two orders are for the same thing. */
  readonly withUrl: boolean;
  readonly refundable: boolean;
  /** The shop takes deposit fees of up to one unit upon itself; else the customer pays them all. */
  readonly shopPaysFees: boolean;
}

/** One thing that somebody does. */
export type Action =
  | { readonly do: 'create'; readonly slot: SlotName; readonly spec: OrderSpec }
  | {
      readonly do: 'claim';
      readonly slot: SlotName;
      readonly wallet: WalletName;
      readonly token: 'right' | 'wrong' | 'none';
      /** With a nonce of its own, or with the last one of this wallet for this order: a repetition. */
      readonly isFresh: boolean;
    }
  | {
      readonly do: 'unclaim';
      readonly slot: SlotName;
      readonly wallet: WalletName;
      readonly isForged: boolean;
    }
  | {
      readonly do: 'pay';
      readonly slot: SlotName;
      readonly wallet: WalletName;
      /** Indices into the purse, at least one, no one twice. */
      readonly coins: readonly number[];
      /** Each coin gives all of its value, or half. */
      readonly half: boolean;
      readonly choice: number | undefined;
      readonly session: Session | undefined;
      /** What is wrong with the first coin. */
      readonly spoil: 'nothing' | 'signature' | 'denomination';
    }
  | {
      readonly do: 'abort';
      readonly slot: SlotName;
      readonly wallet: WalletName;
      readonly coins: readonly number[];
      readonly isForged: boolean;
    }
  | {
      readonly do: 'refund';
      readonly slot: SlotName;
      /** New total, in tenths of KUDOS. */
      readonly tenths: number;
      readonly currency: 'KUDOS' | 'EUR';
    }
  | {
      readonly do: 'collect';
      readonly slot: SlotName;
      readonly wallet: WalletName;
      readonly isForged: boolean;
    }
  | {
      readonly do: 'prove';
      readonly slot: SlotName;
      readonly wallet: WalletName;
      readonly session: Session | undefined;
      readonly isForged: boolean;
    }
  | {
      readonly do: 'forget';
      readonly slot: SlotName;
      readonly what: 'forgettable' | 'kept' | 'nothing' | 'malformed';
    }
  | { readonly do: 'delete'; readonly slot: SlotName; readonly force: boolean };

/** One actor, or two at once. */
export type Step = readonly Action[];

/** What happens between two leaps of time. The leaps pass the pay deadline, the wire deadline, the legal retention. */
export type History = readonly (readonly Step[])[];

const slot = fc.constantFrom<SlotName>('A', 'A', 'A', 'A', 'B');
const wallet = fc.constantFrom<WalletName>('alice', 'alice', 'alice', 'bob');
const session = fc.constantFrom<Session | undefined>(undefined, 's1', 's2');
/** Mostly what one would expect, now and then what not. */
const rarely = fc.constantFrom(false, false, false, false, true);
const mostly = fc.constantFrom(true, true, true, false);

const spec: fc.Arbitrary<OrderSpec> = fc.record({
  version: fc.constantFrom<0 | 1>(0, 0, 1),
  withToken: mostly,
  session: fc.constantFrom<Session | undefined>(undefined, undefined, 's1'),
  withUrl: mostly,
  refundable: mostly,
  shopPaysFees: mostly,
});

/** Sets of coins that pay exactly, in part, with the fees, or too much. */
const coins = fc.constantFrom<readonly number[]>(
  [0, 1],
  [0, 1],
  [0, 1],
  [1, 0],
  [1, 2],
  [0],
  [1],
  [2],
  [3],
  [3],
  [0, 1, 4],
  [2, 4],
  [3, 0],
  [0, 1, 2],
);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), slot, spec }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      slot,
      wallet,
      token: fc.constantFrom(
        'right' as const,
        'right' as const,
        'right' as const,
        'wrong' as const,
        'none' as const,
      ),
      isFresh: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('unclaim' as const), slot, wallet, isForged: rarely }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      slot,
      wallet,
      coins,
      half: fc.constantFrom(false, false, false, true),
      choice: fc.constantFrom<number | undefined>(0, 0, 0, 1, 1, undefined, 2),
      session,
      spoil: fc.constantFrom(
        'nothing' as const,
        'nothing' as const,
        'nothing' as const,
        'nothing' as const,
        'nothing' as const,
        'nothing' as const,
        'signature' as const,
        'denomination' as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('abort' as const), slot, wallet, coins, isForged: rarely }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('refund' as const),
      slot,
      tenths: fc.constantFrom(5, 10, 20, 25, 40, 45, 50, 70),
      currency: fc.constantFrom(
        'KUDOS' as const,
        'KUDOS' as const,
        'KUDOS' as const,
        'KUDOS' as const,
        'EUR' as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('collect' as const), slot, wallet, isForged: rarely }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('prove' as const), slot, wallet, session, isForged: rarely }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('forget' as const),
      slot,
      what: fc.constantFrom(
        'forgettable' as const,
        'forgettable' as const,
        'kept' as const,
        'nothing' as const,
        'malformed' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete' as const), slot, force: fc.boolean() }),
  },
);

/** The same by the other wallet, or once more. */
function twinOf(one: Action): Action {
  return 'wallet' in one ? { ...one, wallet: one.wallet === 'alice' ? 'bob' : 'alice' } : one;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { withCrossShrink: true },
  { weight: 6, arbitrary: fc.array(action, { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: action.map((one): Step => [one, twinOf(one)]) },
  { weight: 1, arbitrary: action.map((one): Step => [one, one]) },
);

/** How far an order has come when a history begins to be random; each goes on from the one before it or its start. */
const OPENINGS = {
  nothing: [],
  created: ['create'],
  claimed: ['create', 'claim'],
  paid: ['create', 'claim', 'pay'],
  refunded: ['create', 'claim', 'pay', 'refund'],
  collected: ['create', 'claim', 'pay', 'refund', 'collect'],
  'part paid': ['create', 'claim', 'pay a part'],
  aborted: ['create', 'claim', 'pay a part', 'abort'],
  released: ['create', 'claim', 'pay a part', 'abort', 'unclaim'],
  'claimed again': ['create', 'claim', 'pay a part', 'abort', 'unclaim', 'claim'],
} as const;

type Opening = keyof typeof OPENINGS;
type OpeningStep = (typeof OPENINGS)[Opening][number];

/** What most histories begin with, since little can be done to an order that nobody has made or claimed. */
const opening = (slot: SlotName, names: readonly Opening[]): fc.Arbitrary<readonly Step[]> =>
  fc
    .record({
      chosen: spec,
      name: fc.constantFrom(...names),
      session,
      coins: fc.constantFrom<readonly number[]>([0, 1], [3], [0, 1, 2]),
      tenths: fc.constantFrom(5, 20, 40),
      isSame: rarely,
    })
    .map(({ chosen, name, session: paidIn, coins: paidWith, tenths, isSame }) => {
      const who = { slot, wallet: 'alice', isForged: false } as const;
      const pay = { ...who, do: 'pay', half: false, choice: 0, session: paidIn, spoil: 'nothing' } as const;
      const actions: Record<OpeningStep, Action> = {
        create: { do: 'create', slot, spec: chosen },
        claim: {
          do: 'claim',
          slot,
          wallet: 'alice',
          token: chosen.withToken ? 'right' : 'none',
          isFresh: !isSame,
        },
        pay: { ...pay, coins: paidWith },
        'pay a part': { ...pay, coins: [0] },
        refund: { do: 'refund', slot, tenths, currency: 'KUDOS' },
        collect: { ...who, do: 'collect' },
        abort: { ...who, do: 'abort', coins: [0] },
        unclaim: { ...who, do: 'unclaim' },
      };
      return OPENINGS[name].map((step): Step => [actions[step]]);
    });

const segment = (most: number): fc.Arbitrary<readonly Step[]> => fc.array(step, { maxLength: most });

const A_BEGINS: readonly Opening[] = [
  'nothing',
  'created',
  'created',
  'claimed',
  'claimed',
  'claimed',
  'paid',
  'paid',
  'paid',
  'refunded',
  'collected',
  'part paid',
  'part paid',
  'aborted',
  'released',
  'claimed again',
];
const B_BEGINS: readonly Opening[] = [
  'nothing',
  'nothing',
  'nothing',
  'nothing',
  'created',
  'claimed',
  'paid',
];

/** Most histories know no leap of time, some up to three; some are about two orders from the beginning. */
export const history: fc.Arbitrary<History> = fc
  .tuple(
    opening('A', A_BEGINS),
    opening('B', B_BEGINS),
    segment(9),
    fc.oneof(
      { weight: 5, arbitrary: fc.constant<readonly (readonly Step[])[]>([]) },
      { weight: 4, arbitrary: fc.array(segment(4), { minLength: 1, maxLength: 3 }) },
    ),
  )
  .map(([first, second, rest, later]) => [[...first, ...second, ...rest], ...later]);

/** One line for humans. */
export function describeAction(action: Action): string {
  switch (action.do) {
    case 'create': {
      const { version, withToken, session, withUrl, refundable, shopPaysFees } = action.spec;
      const facts = [
        `v${version}`,
        ...(withToken ? ['token'] : []),
        ...(session === undefined ? [] : [session]),
        ...(withUrl ? ['url'] : []),
        ...(refundable ? ['refundable'] : []),
        ...(shopPaysFees ? [] : ['customer pays the fees']),
      ];
      return `the shop creates ${action.slot} (${facts.join(', ')})`;
    }
    case 'claim':
      return `${action.wallet} claims ${action.slot} (token: ${action.token}${action.isFresh ? '' : ', same nonce'})`;
    case 'unclaim':
      return `${action.wallet} unclaims ${action.slot}${forged(action.isForged)}`;
    case 'pay': {
      const { coins: paid, half, choice, session, spoil } = action;
      const coinText = paid.map((coin) => `c${coin}`).join('+');
      const spoiled = spoil === 'nothing' ? '' : `, bad ${spoil}`;
      const facts = `${half ? 'half of ' : ''}${coinText}, choice ${choice ?? 'none'}, session ${session ?? 'none'}`;
      return `${action.wallet} pays ${action.slot} (${facts}${spoiled})`;
    }
    case 'abort':
      return `${action.wallet} aborts ${action.slot} (${action.coins.map((coin) => `c${coin}`).join('+')})${forged(action.isForged)}`;
    case 'refund':
      return `the shop refunds ${action.currency}:${action.tenths / 10} of ${action.slot}`;
    case 'collect':
      return `${action.wallet} collects the refunds of ${action.slot}${forged(action.isForged)}`;
    case 'prove':
      return `${action.wallet} proves the payment of ${action.slot} for session ${action.session ?? 'none'}${forged(action.isForged)}`;
    case 'forget':
      return `the shop forgets of ${action.slot}: ${action.what}`;
    case 'delete':
      return `the shop deletes ${action.slot}${action.force ? ' by force' : ''}`;
  }
}

function forged(isForged: boolean): string {
  return isForged ? ', forged' : '';
}
