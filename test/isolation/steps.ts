import fc from 'fast-check';

/** Three merchants of one backend; the first one is addressed without prefix and manages the others. */
export const INSTANCES = ['admin', 'alpha', 'beta'] as const;
export type InstanceId = (typeof INSTANCES)[number];

/** `A` and `B` have the same order id in all instances, `own` has one that no other instance has. */
export const SLOTS = ['A', 'B', 'own'] as const;
export type Slot = (typeof SLOTS)[number];
/** Both wallets use the same nonce for a slot in all instances. */
export type Wallet = 'alice' | 'bob';
export const SESSIONS = ['s1', 's2'] as const;
export type Session = (typeof SESSIONS)[number];
/** Bank accounts that all instances may add: the same payto in each. */
export type Bank = 0 | 1;
export const TOKEN_SCOPES = ['readonly', 'order-simple', 'order-full', 'all'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

export interface OrderSpec {
  /** KUDOS:0 or KUDOS:2. */
  readonly isFree: boolean;
  readonly withToken: boolean;
  readonly session: Session | undefined;
}

export const WATCHES = ['order', 'public', 'refund', 'session', 'list', 'kyc'] as const;
export type WatchKind = (typeof WATCHES)[number];

/** Whose credential is shown at whose door. */
export const INTRUSIONS = [
  'bearer',
  'management',
  'order id',
  'contract',
  'account',
  'token serial',
  'challenge',
  'pages',
] as const;
export type Intrusion = (typeof INTRUSIONS)[number];

interface OfOrder {
  readonly at: InstanceId;
  readonly slot: Slot;
}

/** What happens to an order. */
export type OrderAction = OfOrder &
  (
    | { readonly do: 'create'; readonly spec: OrderSpec }
    | { readonly do: 'claim'; readonly wallet: Wallet; readonly showsToken: boolean }
    | { readonly do: 'unclaim' }
    /** `isPart`: with a coin that is not enough. */
    | { readonly do: 'pay'; readonly session: Session | undefined; readonly isPart: boolean }
    | { readonly do: 'abort' }
    | { readonly do: 'refund' }
    | { readonly do: 'collect' }
    | { readonly do: 'prove'; readonly session: Session }
    | { readonly do: 'forget' }
    | { readonly do: 'delete'; readonly force: boolean }
  );

/** What happens to anything else of an instance. */
export type HouseAction = { readonly at: InstanceId } & (
  | { readonly do: 'add account' | 'close account'; readonly bank: Bank }
  | { readonly do: 'patch account'; readonly bank: Bank; readonly facade: number }
  | { readonly do: 'issue token'; readonly scope: TokenScope }
  /** By its serial, by itself, or just used. */
  | { readonly do: 'revoke token' | 'leave token' | 'use token'; readonly nth: number }
  | { readonly do: 'patch'; readonly number: number; readonly byAdmin: boolean }
  | { readonly do: 'set password' | 'accept terms' }
  | { readonly do: 'forget password' | 'send code' }
  | { readonly do: 'confirm code'; readonly isRight: boolean }
);

export type Action =
  | OrderAction
  | HouseAction
  /** So many times the next thing in the life of an order, whatever that is. */
  | (OfOrder & {
      readonly do: 'advance';
      readonly times: number;
      readonly spec: OrderSpec;
      readonly wallet: Wallet;
      readonly session: Session | undefined;
    })
  /** The next thing in the life of a challenge. */
  | { readonly do: 'advance challenge'; readonly at: InstanceId; readonly times: number }
  /** A fourth merchant comes, does business under the same names, and is purged. */
  | { readonly do: 'guest' }
  /** A long poll is begun. */
  | (OfOrder & { readonly do: 'watch'; readonly kind: WatchKind; readonly session: Session })
  | {
      readonly do: 'intrude';
      readonly by: InstanceId;
      readonly on: InstanceId;
      readonly how: Intrusion;
      readonly slot: Slot;
      /** Which of the ways there are. */
      readonly way: number;
    };

export type History = readonly Action[];

const at = fc.constantFrom(...INSTANCES);
const slot = fc.constantFrom<Slot>('A', 'A', 'A', 'A', 'own', 'own', 'B');
const wallet = fc.constantFrom<Wallet>('alice', 'alice', 'bob');
const session = fc.constantFrom<Session | undefined>(undefined, 's1', 's1', 's2');
const someSession = fc.constantFrom<Session>('s1', 's1', 's2');
const half = fc.boolean();
const mostly = fc.constantFrom(true, true, true, false);
const rarely = fc.constantFrom(false, false, false, true);
const bank = fc.constantFrom<Bank>(0, 0, 1);
const nth = fc.constantFrom(0, 0, 1);
const spec: fc.Arbitrary<OrderSpec> = fc.record({ isFree: half, withToken: mostly, session });

const does = <D extends string>(what: D): fc.Arbitrary<D> => fc.constant(what);

const times = fc.constantFrom(1, 1, 2, 3, 4);
const advance = fc.record({ do: does('advance'), at, slot, times, spec, wallet, session });
/** An order of the same id in each instance, somewhere in its life. */
const scene = fc.tuple(
  ...INSTANCES.map((id) =>
    fc.record({
      do: does('advance'),
      at: fc.constant(id),
      slot: fc.constant<Slot>('A'),
      times: fc.constantFrom(0, 1, 2, 3, 3, 4),
      spec,
      wallet,
      session,
    }),
  ),
);
const ofOrder: fc.Arbitrary<OrderAction> = fc.oneof(
  fc.record({ do: does('create'), at, slot, spec }),
  fc.record({ do: does('claim'), at, slot, wallet, showsToken: mostly }),
  fc.record({ do: does('unclaim'), at, slot }),
  fc.record({ do: does('pay'), at, slot, session, isPart: rarely }),
  fc.record({ do: does('abort'), at, slot }),
  fc.record({ do: does('refund'), at, slot }),
  fc.record({ do: does('collect'), at, slot }),
  fc.record({ do: does('prove'), at, slot, session: someSession }),
  fc.record({ do: does('forget'), at, slot }),
  fc.record({ do: does('delete'), at, slot, force: mostly }),
);
const accounts: fc.Arbitrary<HouseAction> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: does('add account'), at, bank }) },
  { weight: 1, arbitrary: fc.record({ do: does('close account'), at, bank }) },
  { weight: 2, arbitrary: fc.record({ do: does('patch account'), at, bank, facade: nth }) },
);
const tokens: fc.Arbitrary<HouseAction> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: does('issue token'), at, scope: fc.constantFrom(...TOKEN_SCOPES) }),
  },
  { weight: 1, arbitrary: fc.record({ do: does('revoke token'), at, nth }) },
  { weight: 1, arbitrary: fc.record({ do: does('leave token'), at, nth }) },
  { weight: 1, arbitrary: fc.record({ do: does('use token'), at, nth }) },
);
const challenges: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: does('advance challenge'), at, times: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('forget password', 'send code'), at }) },
  { weight: 1, arbitrary: fc.record({ do: does('confirm code'), at, isRight: half }) },
);
const ofHouse: fc.Arbitrary<Action> = fc.oneof(
  accounts,
  tokens,
  challenges,
  fc.oneof(
    fc.record({ do: does('patch'), at, number: nth, byAdmin: half }),
    fc.record({ do: does('accept terms'), at }),
  ),
);
/** A password costs some fifty milliseconds of a processor. */
const costly: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: does('guest') }),
  fc.record({ do: does('set password'), at }),
);
const watch = fc.record({
  do: does('watch'),
  at,
  slot,
  kind: fc.constantFrom(...WATCHES),
  session: someSession,
});
const intrude = fc
  .record({
    do: does('intrude'),
    by: at,
    on: at,
    how: fc.constantFrom(...INTRUSIONS),
    slot,
    way: fc.nat({ max: 99 }),
  })
  .filter(({ by, on }) => by !== on);

const step: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: advance },
  { weight: 10, arbitrary: ofOrder },
  { weight: 12, arbitrary: ofHouse },
  { weight: 8, arbitrary: watch },
  { weight: 16, arbitrary: intrude },
  { weight: 1, arbitrary: costly },
);

/** Lives of orders in all three, with everything else in between. */
export const history: fc.Arbitrary<History> = fc.noBias(
  fc
    .tuple(scene, fc.array(step, { minLength: 6, maxLength: 16, size: 'max' }))
    .map(([orders, steps]) => [...orders, ...steps]),
);

/** As it stands in the story of a history. */
export function describeAction(action: Action): string {
  const { do: what, ...rest } = action;
  const parts = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [what, ...parts].join(', ').replaceAll('"', '');
}
