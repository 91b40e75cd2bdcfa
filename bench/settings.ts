/** Every size and time of the bench in one place. */

/** Connections of the load, and the database pool of both sides. */
export const CONNECTIONS = 32;
export const POOL_SIZE = 10;

export const HOST = '127.0.0.1';
export const CURRENCY = 'KUDOS';
export const OPERATOR_TOKEN = 'secret-token:operator-of-the-bench';
export const SHOP_ID = 'shop';

export const START_TIMEOUT_MS = 60_000;
export const STOP_TIMEOUT_MS = 8_000;
export const POLL_MS = 5;
export const REQUEST_TIMEOUT_MS = 30_000;

export interface PaymentSize {
  /** Coins of one payment. */
  readonly coins: number;
  /** Payments before the first round, so that the code that pays is compiled by then. */
  readonly warmUp: number;
  readonly perRound: number;
}

/** Payments to be refunded, each with one coin. */
export interface RefundSize {
  readonly warmUp: number;
  readonly perRound: number;
}

/** How long and how much is measured; `--quick` is for a look, the figures that count come from the full size. */
export interface Sizes {
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly roundMs: number;
  /** Orders that lie there to be read. */
  readonly paidOrders: number;
  /** Most distinct orders one round can claim. */
  readonly claimsPerRound: number;
  readonly payments: readonly PaymentSize[];
  readonly refunds: RefundSize;
  /** Orders of the list beside its baseline. */
  readonly listedOrders: number;
  /** Most distinct orders whose page one round can open. */
  readonly pagesPerRound: number;
  /** How long pages are rendered without HTTP. */
  readonly renderMs: number;
  readonly waiters: number;
  /** Rounds of one waiter and one payment. */
  readonly wakeRounds: number;
  /** How long the waiters are watched for queries. */
  readonly quietMs: number;
  readonly ordersSmall: number;
  readonly ordersLarge: number;
  readonly startRounds: number;
  readonly idleMs: number;
}

const FULL: Sizes = {
  isQuick: false,
  rounds: 3,
  warmUpMs: 2_500,
  roundMs: 4_000,
  paidOrders: 1_000,
  claimsPerRound: 20_000,
  payments: [
    { coins: 1, warmUp: 1_500, perRound: 1_000 },
    { coins: 8, warmUp: 150, perRound: 200 },
  ],
  refunds: { warmUp: 1_000, perRound: 800 },
  listedOrders: 1_000,
  pagesPerRound: 12_000,
  renderMs: 4_000,
  waiters: 10_000,
  wakeRounds: 300,
  quietMs: 25_000,
  ordersSmall: 1_000,
  ordersLarge: 1_000_000,
  startRounds: 5,
  idleMs: 10_000,
};

const QUICK: Sizes = {
  isQuick: true,
  rounds: 3,
  warmUpMs: 1_000,
  roundMs: 1_500,
  paidOrders: 1_000,
  claimsPerRound: 8_000,
  payments: [
    { coins: 1, warmUp: 300, perRound: 150 },
    { coins: 8, warmUp: 40, perRound: 40 },
  ],
  refunds: { warmUp: 100, perRound: 100 },
  listedOrders: 1_000,
  pagesPerRound: 4_000,
  renderMs: 1_500,
  waiters: 2_000,
  wakeRounds: 50,
  quietMs: 12_000,
  ordersSmall: 1_000,
  ordersLarge: 100_000,
  startRounds: 3,
  idleMs: 3_000,
};

export const sizesFor = (isQuick: boolean): Sizes => (isQuick ? QUICK : FULL);
