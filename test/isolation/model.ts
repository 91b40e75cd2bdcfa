import {
  type Bank,
  type HouseAction,
  type InstanceId,
  type OrderAction,
  type OrderSpec,
  type Session,
  type Slot,
  SLOTS,
  type TokenScope,
  type Wallet,
} from './steps';

export interface OrderState {
  readonly spec: OrderSpec;
  /** Orders that were made later stand before it. */
  readonly place: number;
  holder: Wallet | undefined;
  session: Session | undefined;
  isPaid: boolean;
  /** Coins that are not enough each, and are held. */
  parts: number;
  /** Coins of this order went back: to whom the contract was made, it is never made again. */
  readonly returnedTo: Set<Wallet>;
  isRefunded: boolean;
  isCollected: boolean;
  isForgotten: boolean;
}

export interface TokenState {
  readonly serial: number;
  readonly scope: TokenScope;
}

/** All there is to know of one instance. It does not know that there are others. */
export interface InstanceState {
  readonly id: InstanceId;
  readonly orders: Map<Slot, OrderState>;
  /** Ids of deleted orders that wallets may still hold a contract of. */
  readonly held: Map<Slot, OrderSpec>;
  readonly returnedBefore: Set<string>;
  /** By bank; absent: never added. */
  readonly accounts: Map<Bank, { isActive: boolean; facade: number | undefined }>;
  tokens: TokenState[];
  number: number;
  isValidated: boolean;
  /** Of the challenge that was made last. */
  challenge: { isSent: boolean; isSolved: boolean } | undefined;
  hasAcceptedTerms: boolean;
  made: number;
}

export function newState(
  id: InstanceId,
  accounts: InstanceState['accounts'],
  hasAcceptedTerms: boolean,
): InstanceState {
  return {
    id,
    orders: new Map(),
    held: new Map(),
    returnedBefore: new Set(),
    accounts,
    tokens: [],
    number: 0,
    isValidated: false,
    challenge: undefined,
    hasAcceptedTerms,
    made: 0,
  };
}

/** What may be answered: status, and the code of an error behind it. `then` follows the first of them. */
export interface Rule {
  readonly answers: readonly string[];
  readonly then?: () => void;
}

const refused = (...answers: string[]): Rule => ({ answers });
const UNKNOWN = '404 2005';

/** What the instance answers to this, by what it has itself (orders.md 7.1, in small). */
export function ruleOfOrder(state: InstanceState, action: OrderAction): Rule {
  const { slot } = action;
  const order = state.orders.get(slot);
  if (action.do === 'create') return createRule(state, slot, action.spec, order);
  if (!order) return refused(action.do === 'claim' || action.do === 'unclaim' ? '404 2300' : absent(action));
  switch (action.do) {
    case 'claim':
      return claimRule(state, order, action);
    case 'unclaim': {
      if (!order.holder || order.isPaid || order.parts > 0) return refused('404 2300');
      return { answers: ['204'], then: () => (order.holder = undefined) };
    }
    case 'pay':
      return payRule(order, action);
    case 'abort': {
      if (!order.holder) return refused('404 2253');
      if (order.isPaid) return refused('412 2254');
      return { answers: ['200'], then: () => takeBack(state, slot, order) };
    }
    case 'refund': {
      if (!order.holder) return refused(UNKNOWN);
      if (!order.isPaid) return refused('409 2531');
      if (order.spec.isFree) return refused('409 2530');
      return { answers: ['200'], then: () => (order.isRefunded = true) };
    }
    case 'collect': {
      if (!order.holder) return refused(UNKNOWN);
      if (!order.isRefunded) return refused('204');
      return { answers: ['200'], then: () => (order.isCollected = true) };
    }
    case 'prove':
      if (!order.isPaid) return refused('403 2201');
      return { answers: ['200'], then: () => (order.session = action.session) };
    case 'forget':
      if (!order.holder) return refused(UNKNOWN);
      return { answers: [order.isForgotten ? '204' : '200'], then: () => (order.isForgotten = true) };
    case 'delete':
      return deleteRule(state, order, action);
  }
}

function absent({ do: what }: OrderAction): string {
  return what === 'prove' ? '403 2201' : UNKNOWN;
}

function createRule(state: InstanceState, slot: Slot, spec: OrderSpec, order: OrderState | undefined): Rule {
  const isSame = (other: OrderSpec) => JSON.stringify(other) === JSON.stringify(spec);
  if (order) return isSame(order.spec) ? { answers: ['200'] } : refused('409 2503');
  const held = state.held.get(slot);
  if (held && !isSame(held)) return refused('409 2503');
  const then = () => {
    const made: OrderState = {
      spec,
      place: ++state.made,
      holder: undefined,
      session: spec.session,
      isPaid: false,
      parts: 0,
      returnedTo: new Set(),
      isRefunded: false,
      isCollected: false,
      isForgotten: false,
    };
    state.orders.set(slot, made);
  };
  return { answers: ['200'], then };
}

function claimRule(
  state: InstanceState,
  order: OrderState,
  { slot, wallet, showsToken }: Extract<OrderAction, { do: 'claim' }>,
): Rule {
  if (order.holder === wallet) return { answers: ['200'] };
  const isWrong = order.spec.withToken && !showsToken;
  if (order.holder) return isWrong ? refused('409 2301', '404 2300') : refused('409 2301');
  if (isWrong) return refused('404 2300');
  if (order.returnedTo.has(wallet)) return refused('409 2301');
  // The same order made anew within a second gives the same contract.
  const wasReturned = state.returnedBefore.has(`${slot} ${wallet}`);
  return {
    answers: wasReturned ? ['200', '409 2301'] : ['200'],
    then: () => (order.holder = wallet),
  };
}

function payRule(order: OrderState, { session, isPart }: Extract<OrderAction, { do: 'pay' }>): Rule {
  if (!order.holder) return refused(UNKNOWN);
  const isNowPaid = () => {
    order.isPaid = true;
    order.session = session;
  };
  if (order.isPaid) return order.isRefunded ? refused('402 2167') : { answers: ['200'], then: isNowPaid };
  if (order.spec.isFree || !isPart || order.parts > 0) return { answers: ['200'], then: isNowPaid };
  return { answers: ['400 2156'], then: () => (order.parts += 1) };
}

function takeBack(state: InstanceState, slot: Slot, order: OrderState): void {
  if (order.parts === 0 || !order.holder) return;
  order.parts = 0;
  order.returnedTo.add(order.holder);
  state.returnedBefore.add(`${slot} ${order.holder}`);
}

function deleteRule(
  state: InstanceState,
  order: OrderState,
  { slot, force }: Extract<OrderAction, { do: 'delete' }>,
): Rule {
  if (order.isPaid) return refused('409 2521');
  if (order.parts > 0 || (order.holder && !force)) return refused('409 2520');
  const then = () => {
    state.orders.delete(slot);
    if (order.holder) state.held.set(slot, order.spec);
  };
  return { answers: ['204'], then };
}

/** What the instance answers to this, by what it has itself (management.md 2 to 7, in small). */
export function ruleOfHouse(state: InstanceState, action: HouseAction): Rule {
  switch (action.do) {
    case 'add account': {
      // Who has shown an address has to show it again (management.md 3.1).
      if (state.isValidated) return refused('202');
      const account = state.accounts.get(action.bank);
      if (account?.isActive && account.facade !== undefined) return refused('409 2627');
      const then = () => void state.accounts.set(action.bank, { isActive: true, facade: undefined });
      return { answers: ['200'], then };
    }
    case 'close account': {
      const account = state.accounts.get(action.bank);
      if (!account?.isActive) return refused('404 2022');
      return { answers: ['204'], then: () => (account.isActive = false) };
    }
    case 'patch account': {
      const account = state.accounts.get(action.bank);
      if (!account) return refused('404 2022');
      return { answers: ['204'], then: () => (account.facade = action.facade) };
    }
    case 'issue token':
      return { answers: ['200'] };
    case 'revoke token':
    case 'leave token': {
      const token = state.tokens[action.nth];
      if (!token) return refused(action.do === 'revoke token' ? '404 2042' : '401 2015');
      return { answers: ['204'], then: () => (state.tokens = state.tokens.filter((one) => one !== token)) };
    }
    case 'use token':
      return refused(state.tokens[action.nth] ? '200' : '401 2015');
    case 'patch':
      return { answers: ['204'], then: () => (state.number = action.number) };
    case 'set password':
      return state.isValidated ? refused('202') : { answers: ['204'], then: () => (state.tokens = []) };
    case 'forget password': {
      if (state.id === 'admin') return refused('403 2031');
      return { answers: ['202'], then: () => (state.challenge = { isSent: false, isSolved: false }) };
    }
    case 'send code':
      return sendRule(state);
    case 'confirm code':
      return confirmRule(state, action.isRight);
    case 'accept terms':
      return { answers: ['204'], then: () => (state.hasAcceptedTerms = true) };
  }
}

function sendRule({ challenge }: InstanceState): Rule {
  if (!challenge) return refused('404 2126');
  if (challenge.isSolved) return refused('410 2129');
  if (challenge.isSent) return refused('429 2130');
  return { answers: ['200'], then: () => (challenge.isSent = true) };
}

function confirmRule(state: InstanceState, isRight: boolean): Rule {
  const { challenge } = state;
  if (!challenge) return refused('404 2126');
  if (challenge.isSolved) return refused('204');
  if (!challenge.isSent) return refused('429 2127');
  // Three attempts for each code.
  if (!isRight) return refused('409 2125', '429 2127');
  const then = () => {
    challenge.isSolved = true;
    state.isValidated = true;
  };
  return { answers: ['204', '429 2127'], then };
}

/** Orders of the instance, newest first. */
export function ordersOf(state: InstanceState): { slot: Slot; order: OrderState }[] {
  return SLOTS.flatMap((slot) => {
    const order = state.orders.get(slot);
    return order ? [{ slot, order }] : [];
  }).sort((a, b) => b.order.place - a.order.place);
}

/** What a browser session has (orders.md 5.8): the newest paid one, else the newest; nothing that was given back. */
export function boughtIn(
  state: InstanceState,
  session: Session,
): { slot: Slot; order: OrderState } | undefined {
  const ours = ordersOf(state).filter(({ order }) => order.session === session && !order.isRefunded);
  return ours.find(({ order }) => order.isPaid) ?? ours[0];
}

/** What comes next in the life of an order. */
export function nextInLife(
  state: InstanceState,
  {
    at,
    slot,
    spec,
    wallet,
    session,
  }: { at: InstanceId; slot: Slot; spec: OrderSpec; wallet: Wallet; session: Session | undefined },
): OrderAction {
  const order = state.orders.get(slot);
  if (!order) return { do: 'create', at, slot, spec: state.held.get(slot) ?? spec };
  if (!order.holder) return { do: 'claim', at, slot, wallet, showsToken: true };
  if (!order.isPaid) return { do: 'pay', at, slot, session, isPart: false };
  if (order.spec.isFree) return { do: 'prove', at, slot, session: session ?? 's1' };
  return order.isRefunded ? { do: 'collect', at, slot } : { do: 'refund', at, slot };
}

/** What comes next in the life of a challenge. */
export function nextOfChallenge({ id, challenge }: InstanceState): HouseAction {
  if (!challenge || challenge.isSolved) return { do: 'forget password', at: id };
  return challenge.isSent ? { do: 'confirm code', at: id, isRight: true } : { do: 'send code', at: id };
}
