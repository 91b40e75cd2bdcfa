import { type OrderSpec, PURSE, type Session, type SlotName, type WalletName } from './steps';

/** Units of 10^-8. */
export const UNIT = 100_000_000n;
const CENT = UNIT / 100n;

/** What a coin of a value costs: deposit and refund fee of the sandbox's denominations. */
const FEES = new Map<number, { readonly deposit: bigint; readonly refund: bigint }>([
  [1, { deposit: CENT, refund: CENT }],
  [2, { deposit: 2n * CENT, refund: CENT }],
  [5, { deposit: 2n * CENT, refund: 2n * CENT }],
]);

export function feesOf(coin: number): { readonly deposit: bigint; readonly refund: bigint } {
  const fees = FEES.get(PURSE[coin] ?? 0);
  if (!fees) throw new Error(`no coin ${coin} in the purse`);
  return fees;
}

export function valueOf(coin: number): bigint {
  return BigInt(PURSE[coin] ?? 0) * UNIT;
}

/** A coin that the backend has recorded for an order. */
export interface ModelDeposit {
  readonly coin: number;
  readonly contribution: bigint;
  /** For which choice of a contract with choices. */
  readonly choice: number | undefined;
  /** Given back whole: promised to the wallet, or confirmed by the exchange too. */
  readonly back: 'no' | 'promised' | 'confirmed';
}

/** A part of a coin that the shop gives back. */
export interface ModelRefund {
  readonly coin: number;
  readonly id: number;
  readonly amount: bigint;
  readonly isConfirmed: boolean;
}

export interface ModelOrder {
  readonly spec: OrderSpec;
  /** What was posted; the same again is a repetition. */
  readonly body: string;
  /** How many orders of this id were there before. */
  readonly generation: number;
  /** Place in the list: orders made later stand before it. */
  readonly place: number;
  /** The leap of time that it was made after. */
  readonly era: number;
  /** The contract that a wallet holds, and with it the order. */
  readonly contract: string | undefined;
  readonly session: Session | undefined;
  readonly isForgotten: boolean;
  readonly payment: { readonly choice: number | undefined; readonly era: number } | undefined;
  /** In the order in which they were recorded. */
  readonly deposits: readonly ModelDeposit[];
  readonly refunds: readonly ModelRefund[];
}

/** What the exchange holds of a coin for a contract. */
export interface ExchangeDeposit {
  readonly coin: number;
  readonly contract: string;
  readonly contribution: bigint;
  readonly choice: number | undefined;
  readonly refunds: readonly { readonly id: number; readonly amount: bigint }[];
}

/** Everything there is to know; never changed, only replaced. */
export interface Model {
  /** Leaps of time so far. */
  readonly era: number;
  readonly orders: Readonly<Record<SlotName, ModelOrder | undefined>>;
  /** The last order of the id that was deleted while a wallet held it: its id keeps its meaning until the pay deadline. */
  readonly deleted: Readonly<Record<SlotName, { readonly body: string; readonly era: number } | undefined>>;
  readonly generations: Readonly<Record<SlotName, number>>;
  readonly created: number;
  readonly exchange: readonly ExchangeDeposit[];
}

export const EMPTY: Model = {
  era: 0,
  orders: { A: undefined, B: undefined },
  deleted: { A: undefined, B: undefined },
  generations: { A: 0, B: 0 },
  created: 0,
  exchange: [],
};

/** Names the contract that a wallet gets for an order: another wallet, nonce, or order makes another contract. */
export function contractOf(slot: SlotName, generation: number, wallet: WalletName, nonce: number): string {
  return `${slot}${generation} ${wallet} ${nonce}`;
}

/** True if a contract is for the present order of an id, not for one before it. */
export function isOf(contract: string, slot: SlotName, generation: number): boolean {
  return contract.startsWith(`${slot}${generation} `);
}

// The leaps are as long as the distances between the deadlines: an order of era n can be paid in era n, refunded up to
// n + 1, and its payment is kept until two eras after the one in which it was made.

export function isExpired(model: Model, order: ModelOrder): boolean {
  return model.era > order.era;
}

export function isPastRefundDeadline(model: Model, order: ModelOrder): boolean {
  return model.era > order.era + 1;
}

export function isPastWireDeadline(model: Model, order: ModelOrder): boolean {
  return model.era > order.era + 1;
}

export function isPastRetention(model: Model, order: ModelOrder): boolean {
  return order.payment !== undefined && model.era > order.payment.era + 2;
}

/** The prices of an order; one unless it has choices. */
export function pricesOf(spec: OrderSpec): readonly bigint[] {
  return spec.version === 0 ? [4n * UNIT] : [4n * UNIT, 2n * UNIT];
}

export function granted(order: ModelOrder): bigint {
  return order.refunds.reduce((sum, { amount }) => sum + amount, 0n);
}

export function obtained(order: ModelOrder): bigint {
  return order.refunds.reduce((sum, { amount, isConfirmed }) => sum + (isConfirmed ? amount : 0n), 0n);
}

/** Deposits that count as money of the order. */
export function heldDeposits(order: ModelOrder): readonly ModelDeposit[] {
  return order.deposits.filter(({ back }) => back === 'no');
}

export function grossOf(deposits: readonly { readonly contribution: bigint }[]): bigint {
  return deposits.reduce((sum, { contribution }) => sum + contribution, 0n);
}

/** Price plus the fees that the shop does not take upon itself (orders.md 5.3, sufficiency). */
export function neededFor(
  spec: OrderSpec,
  choice: number,
  deposits: readonly { readonly coin: number }[],
): bigint {
  const fees = deposits.reduce((sum, { coin }) => sum + feesOf(coin).deposit, 0n);
  const absorbed = spec.shopPaysFees ? UNIT : 0n;
  return (pricesOf(spec)[choice] ?? 0n) + (fees > absorbed ? fees - absorbed : 0n);
}

/** What an exchange deposit has given back to its coin (sandbox recordings 094, 096). */
export function returnedToCoin(deposit: ExchangeDeposit): bigint {
  const refunded = deposit.refunds.reduce((sum, { amount }) => sum + amount, 0n);
  const { deposit: depositFee, refund: refundFee } = feesOf(deposit.coin);
  const returned = refunded - refundFee * BigInt(deposit.refunds.length);
  if (refunded < deposit.contribution) return returned;
  const most = deposit.contribution - (deposit.refunds.length > 0 ? refundFee : 0n);
  return returned + depositFee < most ? returned + depositFee : most;
}

/** What the exchange would still take of a coin. */
export function balanceOf(model: Model, coin: number): bigint {
  return model.exchange
    .filter((deposit) => deposit.coin === coin)
    .reduce((left, deposit) => left - deposit.contribution + returnedToCoin(deposit), valueOf(coin));
}

export function withOrder(model: Model, slot: SlotName, order: ModelOrder | undefined): Model {
  return { ...model, orders: { ...model.orders, [slot]: order } };
}

/** Adds a refund at the exchange; one that is there already stays as it is. */
export function refundAtExchange(
  model: Model,
  refund: { readonly coin: number; readonly contract: string; readonly id: number; readonly amount: bigint },
): Model {
  const { coin, contract, id, amount } = refund;
  return {
    ...model,
    exchange: model.exchange.map((deposit) => {
      if (deposit.coin !== coin || deposit.contract !== contract) return deposit;
      if (deposit.refunds.some((known) => known.id === id)) return deposit;
      return { ...deposit, refunds: [...deposit.refunds, { id, amount }] };
    }),
  };
}
