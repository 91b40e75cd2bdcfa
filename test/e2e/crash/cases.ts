import {
  abortion,
  abortionOfLostPayment,
  collection,
  completedPayment,
  excess,
  firstGrant,
  freeOrder,
  insufficientPayment,
  repeatedInsufficientPayment,
  payment,
  paymentAtTwoExchanges,
  raisedGrant,
  secondCollection,
  DEPOSIT,
  type Story,
} from './stories';
import { REFUND_CALL } from '../refunds/support';
import type { Stage } from './stage';

/** Where a story is broken off: at the place, when it is passed for the nth time since the request has begun. */
export interface CrashCase {
  readonly story: Story;
  readonly place: string;
  readonly nth: number;
  /** Keeps back what would come after the place the first time, so that the repeat is sure to pass it again. */
  readonly freeze?: (stage: Stage) => void;
}

const BEFORE_DEPOSIT = 'pay: before a deposit';
const DEPOSITED = 'pay: confirmed by the exchange';
const RECORDED = 'pay: batch recorded';
const BEFORE_REFUND = 'before the exchange is asked';
const REFUNDED = 'confirmed by exchange';
const REFUND_RECORDED = 'confirmation recorded';

const at = (story: Story, place: string, nth = 1): CrashCase => ({ story, place, nth });

/** Far longer than any test. */
const FROZEN_MS = 600_000;
const FROZEN = { action: 'slow', ms: FROZEN_MS, after: true } as const;

/** What goes to the second exchange is done there, and nobody hears of it. */
export const freezeSecondDeposit = ({ second }: Stage) => second.addFault({ match: DEPOSIT, ...FROZEN });
const freezeFurtherRefunds = ({ exchange }: Stage) =>
  exchange.addFault({ match: REFUND_CALL, nth: 2, times: 0, ...FROZEN });

/** What concerns single coins is tried at the first and at the last one of three. */
const atEachCoin = (story: Story, prefix: string): CrashCase[] => [
  at(story, `${prefix}: ${BEFORE_REFUND}`, 2),
  ...[REFUNDED, REFUND_RECORDED].flatMap((place) =>
    [1, 3].map((nth) => at(story, `${prefix}: ${place}`, nth)),
  ),
];

/** Every waypoint, in every story that passes it in its own way. */
export const CRASHES: readonly CrashCase[] = [
  at(payment, 'pay: attempt stored'),
  at(payment, BEFORE_DEPOSIT),
  at(payment, DEPOSITED),
  at(payment, RECORDED),
  at(payment, 'pay: all recorded'),
  ...[BEFORE_DEPOSIT, DEPOSITED, RECORDED].flatMap((place) =>
    [1, 2].map((nth) => at(paymentAtTwoExchanges, place, nth)),
  ),
  at(paymentAtTwoExchanges, 'pay: all recorded'),
  at(freeOrder, 'pay: settled from what was stored'),
  at(insufficientPayment, 'pay: all recorded'),
  at(repeatedInsufficientPayment, 'pay: settled from what was stored'),
  at(completedPayment, DEPOSITED),
  at(completedPayment, RECORDED),
  at(excess, 'pay: excess booked'),
  at(firstGrant, 'refund: granted'),
  at(raisedGrant, 'refund: granted'),
  ...atEachCoin(collection, 'refund'),
  at(secondCollection, `refund: ${REFUNDED}`),
  at(abortion, 'abort: given back'),
  ...atEachCoin(abortion, 'abort'),
  at(abortionOfLostPayment, 'recover: coins found at their exchange'),
  at(abortionOfLostPayment, BEFORE_DEPOSIT),
  at(abortionOfLostPayment, DEPOSITED),
  at(abortionOfLostPayment, RECORDED),
  at(abortionOfLostPayment, `abort: ${REFUNDED}`, 2),
];

/** Every waypoint once, in a story that passes it again when its request is repeated. */
export const REPEATED_CRASHES: readonly CrashCase[] = [
  at(payment, 'pay: attempt stored'),
  at(payment, BEFORE_DEPOSIT),
  at(payment, DEPOSITED),
  { ...at(paymentAtTwoExchanges, RECORDED), freeze: freezeSecondDeposit },
  at(insufficientPayment, 'pay: all recorded'),
  at(repeatedInsufficientPayment, 'pay: settled from what was stored'),
  at(excess, 'pay: excess booked'),
  at(firstGrant, 'refund: granted'),
  at(collection, `refund: ${BEFORE_REFUND}`),
  at(collection, `refund: ${REFUNDED}`),
  { ...at(collection, `refund: ${REFUND_RECORDED}`), freeze: freezeFurtherRefunds },
  at(abortion, 'abort: given back'),
  at(abortion, `abort: ${BEFORE_REFUND}`),
  at(abortion, `abort: ${REFUNDED}`),
  { ...at(abortion, `abort: ${REFUND_RECORDED}`), freeze: freezeFurtherRefunds },
  at(abortionOfLostPayment, 'recover: coins found at their exchange'),
];

/** For the name of a test. */
export const titled = ({ story, place, nth }: CrashCase) => `${place} (${nth}), ${story.name}`;
