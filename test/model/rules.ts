import {
  balanceOf,
  granted,
  grossOf,
  heldDeposits,
  isExpired,
  isPastRetention,
  isPastWireDeadline,
  type Model,
  type ModelDeposit,
  type ModelOrder,
  type ModelRefund,
  neededFor,
  pricesOf,
  refundAtExchange,
  UNIT,
  valueOf,
  withOrder,
} from './model';
import type { Action, SlotName } from './steps';

/** What the backend said, as far as the rules look at it. */
export interface Answer {
  readonly status: number;
  readonly code: number | undefined;
  /** Of 409 code 2160: coins that the wallet may take back, as indices into the purse. */
  readonly takeBack: readonly number[];
  /** Of a proof of payment: whether the order is refunded. */
  readonly isRefunded: boolean | undefined;
  /** Of an abort: for each coin asked for, whether the exchange has confirmed. */
  readonly confirmed: readonly boolean[];
  /** Of a collection: total, and what each success brought, in units. */
  readonly refunds:
    | { readonly total: bigint; readonly successes: readonly ModelRefund[]; readonly failures: number }
    | undefined;
}

/** An action with the circumstances that only who performs it knows. */
export interface Call {
  readonly action: Action;
  /** The request of a creation, exactly. */
  readonly body: string;
  /** The contract that the wallet has in hand: what it signs for, and whose hash it shows. */
  readonly contract: string | undefined;
  /** The contract of the receipt that the wallet has in hand. */
  readonly receipt: string | undefined;
}

/** Collects what the rules would have liked to see, for the message of a failure. */
export class Expectations {
  private readonly texts = new Set<string>();

  add(text: string): void {
    this.texts.add(text);
  }

  toString(): string {
    return [...this.texts].join(', or ');
  }
}

/**
 * The rules of orders.md, on their own: what may follow when an action is answered like this.
 * @param rival what somebody else does at the same time
 * @returns the states that explain the answer; none if it is wrong. Several where the reference leaves room.
 */
export function explain(
  model: Model,
  call: Call,
  answer: Answer,
  { rival, expected }: { rival: Action | undefined; expected: Expectations },
): Model[] {
  return new Rules(model, answer, rival, expected).explain(call);
}

type ActionOf<D extends Action['do']> = Extract<Action, { do: D }>;

class Rules {
  constructor(
    private readonly model: Model,
    private readonly answer: Answer,
    private readonly rival: Action | undefined,
    private readonly expected: Expectations,
  ) {}

  explain(call: Call): Model[] {
    const { action } = call;
    const order = this.model.orders[action.slot];
    switch (action.do) {
      case 'create':
        return this.create(action, order, call);
      case 'claim':
        return this.claim(action, order, call);
      case 'unclaim':
        return this.unclaim(action, order, call);
      case 'pay':
        return this.pay(action, order, call);
      case 'abort':
        return this.abort(action, order, call);
      case 'refund':
        return this.grant(action, order);
      case 'collect':
        return this.collect(action, order, call);
      case 'prove':
        return this.prove(action, order, call);
      case 'forget':
        return this.forget(action, order);
      case 'delete':
        return this.delete(action, order);
    }
  }

  /** One of these refusals, and nothing changes. */
  private refused(...codes: readonly (readonly [number, number])[]): Model[] {
    for (const [status, code] of codes) this.expected.add(`${status} (${code})`);
    const { status, code } = this.answer;
    return codes.some((wanted) => wanted[0] === status && wanted[1] === code) ? [this.model] : [];
  }

  /** A success, with what follows. */
  private granted(status: number, next: Model): Model[] {
    this.expected.add(String(status));
    return this.answer.status === status ? [next] : [];
  }

  /** While a payment is under way nobody knows whose the order will be; even if the payment fails in the end. */
  private isBeingPaid(slot: SlotName): boolean {
    return this.rival?.do === 'pay' && this.rival.slot === slot;
  }

  /** orders.md 4.1 */
  private create({ slot, spec }: ActionOf<'create'>, order: ModelOrder | undefined, { body }: Call): Model[] {
    const { model } = this;
    if (order) return order.body === body ? this.granted(200, model) : this.refused([409, 2503]);
    const deleted = model.deleted[slot];
    const isHeld = deleted !== undefined && model.era <= deleted.era;
    // A wallet may still hold the contract of the order that had this id (orders.md 13, mistake 17).
    if (isHeld && deleted.body !== body) return this.refused([409, 2503]);
    const made: ModelOrder = {
      spec,
      body,
      generation: model.generations[slot],
      place: model.created,
      era: model.era,
      contract: undefined,
      session: spec.session,
      isForgotten: false,
      payment: undefined,
      deposits: [],
      refunds: [],
    };
    return this.granted(200, withOrder({ ...model, created: model.created + 1 }, slot, made));
  }

  /** orders.md 5.1 */
  private claim(
    { slot, token }: ActionOf<'claim'>,
    order: ModelOrder | undefined,
    { contract }: Call,
  ): Model[] {
    if (!order) return this.refused([404, 2300]);
    if (order.contract !== undefined && order.contract === contract) return this.granted(200, this.model);
    // Whether a wrong token is told before or after that somebody else was faster is not said.
    const isWrong = order.spec.withToken && token !== 'right';
    if (order.contract !== undefined) {
      return isWrong ? this.refused([409, 2301], [404, 2300]) : this.refused([409, 2301]);
    }
    if (isWrong) return this.refused([404, 2300]);
    // Its coins went back, and the exchange would confirm their deposit again: this contract is never made again.
    const wasAborted = this.model.exchange.some((deposit) => deposit.contract === contract);
    if (wasAborted) return this.refused([409, 2301]);
    const claimed = this.granted(200, withOrder(this.model, slot, { ...order, contract }));
    // A token where none is needed: not said either.
    return !order.spec.withToken && token === 'wrong' ? [...claimed, ...this.refused([404, 2300])] : claimed;
  }

  /** orders.md 5.2 */
  private unclaim(
    { slot, isForged }: ActionOf<'unclaim'>,
    order: ModelOrder | undefined,
    { contract }: Call,
  ): Model[] {
    if (isForged) return this.refused([403, 2303]);
    const isHolder = contract !== undefined && order?.contract === contract;
    if (!order || !isHolder || order.payment || holdsMoney(order)) return this.refused([404, 2300]);
    const busy = this.isBeingPaid(slot) ? this.refused([404, 2300]) : [];
    // Whether coins that came back are remembered beyond the contract that they were for is not said.
    const free: ModelOrder = { ...order, contract: undefined };
    return [
      ...busy,
      ...this.granted(204, withOrder(this.model, slot, { ...free, deposits: [] })),
      ...(order.deposits.length > 0 ? this.granted(204, withOrder(this.model, slot, free)) : []),
    ];
  }

  /** orders.md 5.3, in its order of checks */
  private pay(action: ActionOf<'pay'>, order: ModelOrder | undefined, call: Call): Model[] {
    if (!order || order.contract === undefined) return this.refused([404, 2005]);
    const isV1 = order.spec.version === 1;
    if (order.payment) {
      const answers = this.payAgain(action, order, call);
      // Not said: whether the choice is looked at when the order is paid.
      if (isV1 && action.choice === undefined) answers.push(...this.refused([400, 2176]));
      if (isV1 && action.choice === 2) answers.push(...this.refused([400, 2177]));
      return answers;
    }
    if (isV1 && action.choice === undefined) return this.refused([400, 2176]);
    if (isV1 && action.choice === 2) return this.refused([400, 2177]);
    if (isExpired(this.model, order)) return this.refused([410, 2161]);
    return this.payNow(action, order, call);
  }

  /** An order that can be paid. Several faults at once: the reference orders them loosely, so any may be named. */
  private payNow(action: ActionOf<'pay'>, order: ModelOrder, call: Call): Model[] {
    const { coins, spoil } = action;
    const choice = order.spec.version === 1 ? action.choice : undefined;
    const stored = new Map(order.deposits.map((deposit) => [deposit.coin, deposit]));
    const fresh = coins.filter((coin) => !stored.has(coin));
    const isForeign = call.contract !== order.contract;
    const faults: (readonly [number, number])[] = [];
    const hasComeBack = (coin: number): boolean =>
      (stored.get(coin)?.back ?? 'no') !== 'no' || this.cameBackFrom(order.contract, coin);
    if (coins.some(hasComeBack)) faults.push([402, 2167]);
    // Coins were deposited for another choice of this contract, even if they came back since: an exchange takes no coin
    // for other wallet data than the first one (1206), and the backend may know before.
    const isOtherChoice = this.model.exchange.some(
      (deposit) => deposit.contract === order.contract && deposit.choice !== choice,
    );
    if (isOtherChoice) faults.push([400, 26], [502, 2014]);
    const [first] = coins;
    const isFirstFresh = first !== undefined && fresh.includes(first);
    if (spoil === 'denomination' && isFirstFresh) faults.push([400, 2151]);
    const hasBadSignature =
      isForeign || (spoil === 'signature' && isFirstFresh) || (spoil === 'denomination' && isFirstFresh);
    if (hasBadSignature && fresh.length > 0) faults.push([403, 2157]);
    if (faults.length > 0) return this.refused(...faults);
    // Coins that are stored need not be looked at again.
    const mayLook = isForeign || spoil !== 'nothing' ? this.refused([403, 2157], [400, 2151]) : [];
    return [...mayLook, ...this.deposit(action, order, fresh, choice)];
  }

  /**
   * True if the exchange has given the coin back for this very contract. It would confirm the deposit again, as it does
   * any repetition, without taking money: such a coin must never count as paid.
   */
  private cameBackFrom(contract: string | undefined, coin: number): boolean {
    return this.model.exchange.some(
      (deposit) =>
        deposit.contract === contract && deposit.coin === coin && deposit.refunds.some(({ id }) => id === 0),
    );
  }

  private deposit(
    action: ActionOf<'pay'>,
    order: ModelOrder,
    fresh: readonly number[],
    choice: number | undefined,
  ): Model[] {
    const { slot, half, session } = action;
    const contract = order.contract ?? '';
    const contributionOf = (coin: number): bigint => (half ? valueOf(coin) / 2n : valueOf(coin));
    // All coins of the request at one exchange stand or fall together.
    if (fresh.some((coin) => balanceOf(this.model, coin) < contributionOf(coin)))
      return this.refused([409, 2150]);
    const added = fresh.map((coin): ModelDeposit => ({
      coin,
      contribution: contributionOf(coin),
      choice,
      back: 'no',
    }));
    const deposits = [...order.deposits, ...added];
    const held = deposits.filter(({ back }) => back === 'no');
    const gross = grossOf(held);
    const price = pricesOf(order.spec)[choice ?? 0] ?? 0n;
    const isPaid = gross >= neededFor(order.spec, choice ?? 0, held);
    const next: ModelOrder = isPaid
      ? { ...order, deposits, session, payment: { choice, era: this.model.era } }
      : { ...order, deposits };
    const model: Model = {
      ...withOrder(this.model, slot, next),
      exchange: [
        ...this.model.exchange,
        ...added.map(({ coin, contribution }) => ({ coin, contract, contribution, choice, refunds: [] })),
      ],
    };
    if (isPaid) return this.granted(200, model);
    // What was accepted is kept although it was not enough.
    const code = gross >= price ? 2155 : 2156;
    return this.refused([400, code]).map(() => model);
  }

  private payAgain(action: ActionOf<'pay'>, order: ModelOrder, call: Call): Model[] {
    const { slot, coins, session, spoil } = action;
    const backOf = new Map(order.deposits.map(({ coin, back }) => [coin, back]));
    const answers: Model[] = [];
    const areKnown = coins.every((coin) => backOf.has(coin));
    const isHeld = coins.some((coin) => backOf.get(coin) === 'no');
    if (areKnown) {
      // Coins are known by their keys; a wallet that signs nonsense may be told.
      const isForeign = call.contract !== order.contract;
      if (isForeign || spoil !== 'nothing') answers.push(...this.refused([403, 2157], [400, 2151]));
      if (isHeld && isShort(order)) return [...answers, ...this.refused([402, 2167])];
      if (isHeld)
        return [...answers, ...this.granted(200, withOrder(this.model, slot, { ...order, session }))];
      answers.push(...this.refused([402, 2167]));
    }
    return [...answers, ...this.otherCoins(action, order)];
  }

  /** 409 code 2160: the coins of the request that the order holds without needing them go back. */
  private otherCoins({ slot, coins }: ActionOf<'pay'>, order: ModelOrder): Model[] {
    this.expected.add('409 (2160)');
    const { status, code, takeBack } = this.answer;
    if (status !== 409 || code !== 2160) return [];
    const refunded = new Set(order.refunds.map(({ coin }) => coin));
    const isOwed = (coin: number): boolean => {
      const deposit = order.deposits.find((one) => one.coin === coin);
      return deposit !== undefined && coins.includes(coin) && !refunded.has(coin);
    };
    if (!takeBack.every(isOwed)) return [];
    const deposits = order.deposits.map((deposit) =>
      takeBack.includes(deposit.coin) && deposit.back === 'no'
        ? { ...deposit, back: 'promised' as const }
        : deposit,
    );
    const next = { ...order, deposits };
    const held = heldDeposits(next);
    // The rest has to cover the price, before refunds.
    const isCovered = grossOf(held) >= neededFor(order.spec, order.payment?.choice ?? 0, held);
    if (takeBack.length > 0 && !isCovered) return [];
    let model = withOrder(this.model, slot, next);
    // The permission is shown to the exchange at once.
    for (const { coin, contribution } of deposits.filter((deposit) => takeBack.includes(deposit.coin))) {
      model = refundAtExchange(model, {
        coin,
        contract: order.contract ?? '',
        id: 0,
        amount: contribution,
      });
    }
    return [model];
  }

  /** orders.md 5.5 */
  private abort(
    { slot, coins, isForged }: ActionOf<'abort'>,
    order: ModelOrder | undefined,
    call: Call,
  ): Model[] {
    if (!order) return this.refused([404, 2005]);
    if (order.contract === undefined) return this.refused([404, 2253]);
    const contract = order.contract;
    if (isForged || call.contract !== contract) return this.refused([403, 2255]);
    if (order.payment) return this.refused([412, 2254]);
    const given = order.deposits.filter((deposit) => coins.includes(deposit.coin));
    const deposits = order.deposits.map((deposit) =>
      coins.includes(deposit.coin) ? { ...deposit, back: 'confirmed' as const } : deposit,
    );
    let model = withOrder(this.model, slot, { ...order, deposits });
    for (const { coin, contribution } of given) {
      model = refundAtExchange(model, { coin, contract: contract ?? '', id: 0, amount: contribution });
    }
    const known = new Set(given.map(({ coin }) => coin));
    const isRight =
      this.answer.confirmed.length === coins.length &&
      coins.every((coin, index) => this.answer.confirmed[index] === known.has(coin));
    this.expected.add(`success for ${[...known].map((coin) => `c${coin}`).join(', ') || 'no coin'}`);
    return isRight ? this.granted(200, model) : [];
  }

  /** orders.md 4.6, in its order of checks */
  private grant({ slot, tenths, currency }: ActionOf<'refund'>, order: ModelOrder | undefined): Model[] {
    if (!order || order.contract === undefined) return this.refused([404, 2005]);
    if (!order.spec.refundable) return this.refused([403, 2532]);
    if (isPastWireDeadline(this.model, order)) return this.refused([410, 2169]);
    if (!order.payment) return this.refused([409, 2531]);
    if (currency !== 'KUDOS') return this.refused([409, 2024]);
    const wanted = (BigInt(tenths) * UNIT) / 10n;
    if (wanted <= granted(order)) return this.granted(200, this.model);
    const held = heldDeposits(order);
    if (wanted > grossOf(held)) return this.refused([409, 2530]);
    const refunds = [...order.refunds, ...allocate(order, held, wanted - granted(order))];
    return this.granted(200, withOrder(this.model, slot, { ...order, refunds }));
  }

  /** orders.md 5.6 */
  private collect(
    { slot, isForged }: ActionOf<'collect'>,
    order: ModelOrder | undefined,
    call: Call,
  ): Model[] {
    if (!order || order.contract === undefined) return this.refused([404, 2005]);
    const contract = order.contract ?? '';
    if (isForged || call.contract !== contract) return this.refused([403, 2009]);
    if (order.refunds.length === 0) return this.granted(204, this.model);
    const isPending = order.refunds.some(({ isConfirmed }) => !isConfirmed);
    if (isPending && isPastWireDeadline(this.model, order)) return this.refused([410, 2169]);
    const refunds = order.refunds.map((refund) => ({ ...refund, isConfirmed: true }));
    let model = withOrder(this.model, slot, { ...order, refunds });
    for (const { coin, id, amount } of refunds)
      model = refundAtExchange(model, { coin, contract, id, amount });
    this.expected.add(`all of ${refunds.length} refunds`);
    return isWhole(this.answer, refunds) ? this.granted(200, model) : [];
  }

  /** orders.md 5.4 */
  private prove(
    { slot, session, isForged }: ActionOf<'prove'>,
    order: ModelOrder | undefined,
    { receipt }: Call,
  ): Model[] {
    if (isForged || receipt === undefined) return this.refused([403, 2201]);
    if (!order) return this.refused([404, 2005]);
    const isCurrent = receipt === order.contract;
    // The receipt of an order that had this id before, whose retention is over.
    if (!isCurrent || !order.payment) return this.refused([400, 2200], [404, 2005]);
    this.expected.add(`refunded: ${granted(order) > 0n}`);
    if (this.answer.isRefunded !== granted(order) > 0n) return [];
    return this.granted(200, withOrder(this.model, slot, { ...order, session }));
  }

  /** orders.md 4.5 */
  private forget({ slot, what }: ActionOf<'forget'>, order: ModelOrder | undefined): Model[] {
    if (what === 'malformed') return this.refused([400, 2510]);
    if (!order || order.contract === undefined) return this.refused([404, 2005]);
    if (what === 'kept') return this.refused([409, 2511]);
    if (what === 'nothing' || order.isForgotten) return this.granted(204, this.model);
    return this.granted(200, withOrder(this.model, slot, { ...order, isForgotten: true }));
  }

  /** orders.md 4.4 */
  private delete({ slot, force }: ActionOf<'delete'>, order: ModelOrder | undefined): Model[] {
    if (!order) return this.refused([404, 2005]);
    const gone: Model = {
      ...withOrder(this.model, slot, undefined),
      generations: { ...this.model.generations, [slot]: order.generation + 1 },
    };
    if (order.payment) {
      if (!isPastRetention(this.model, order)) return this.refused([409, 2521]);
      const isOwing = order.deposits.some(({ back }) => back === 'promised');
      // Coins that were promised to a wallet are a reason to keep the order; the reference does not know of them.
      return isOwing ? [...this.refused([409, 2521]), ...this.granted(204, gone)] : this.granted(204, gone);
    }
    if (order.contract === undefined && !holdsMoney(order)) return this.granted(204, gone);
    // Nobody may lose money by it, whatever force says.
    if (holdsMoney(order)) return this.refused([409, 2520]);
    if (!force && !isExpired(this.model, order)) return this.refused([409, 2520]);
    const { body, era } = order;
    const busy = this.isBeingPaid(slot) ? this.refused([409, 2520]) : [];
    return [...busy, ...this.granted(204, { ...gone, deleted: { ...gone.deleted, [slot]: { body, era } } })];
  }
}

/** Coins of a wallet that have not come back. */
function holdsMoney(order: ModelOrder): boolean {
  return order.deposits.some(({ back }) => back !== 'confirmed');
}

/** True when refunds have taken from what covers the price (orders.md 5.3: net < needed). */
function isShort(order: ModelOrder): boolean {
  if (granted(order) === 0n) return false;
  const held = heldDeposits(order);
  return grossOf(held) - granted(order) < neededFor(order.spec, order.payment?.choice ?? 0, held);
}

/** Coin by coin in the order of the deposits, up to what is left of each (orders.md 4.6, allocation). */
function allocate(order: ModelOrder, held: readonly ModelDeposit[], raise: bigint): ModelRefund[] {
  const added: ModelRefund[] = [];
  let rest = raise;
  for (const { coin, contribution } of held) {
    const earlier = order.refunds.filter((refund) => refund.coin === coin);
    const left = contribution - earlier.reduce((sum, { amount }) => sum + amount, 0n);
    const amount = left < rest ? left : rest;
    if (amount <= 0n) continue;
    added.push({ coin, id: earlier.length + 1, amount, isConfirmed: false });
    rest -= amount;
  }
  return added;
}

/** Every granted refund is there once, confirmed by the exchange, and the total is their sum. */
function isWhole({ refunds }: Answer, wanted: readonly ModelRefund[]): boolean {
  if (refunds === undefined || refunds.failures > 0 || refunds.successes.length !== wanted.length)
    return false;
  const names = new Set(refunds.successes.map(({ coin, id, amount }) => `${coin} ${id} ${amount}`));
  const isThere = wanted.every(({ coin, id, amount }) => names.has(`${coin} ${id} ${amount}`));
  return isThere && refunds.total === wanted.reduce((sum, { amount }) => sum + amount, 0n);
}
