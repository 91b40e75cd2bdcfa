import type { RoundingInterval } from '../platform/config/config';
import {
  addRelative,
  DAY_US,
  HOUR_US,
  MINUTE_US,
  NEVER,
  RelativeTime,
  SECOND_US,
  Timestamp,
} from '../taler/timestamp';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';

/** What the shop said of deadlines, and what the instance does where it said nothing (orders.md 9.2). */
export interface DeadlineWishes {
  readonly payDeadline: Timestamp | undefined;
  readonly refundDeadline: Timestamp | undefined;
  readonly wireDeadline: Timestamp | undefined;
  readonly refundDelay: RelativeTime | undefined;
  readonly deliveryDate: Timestamp | undefined;
  readonly defaults: {
    readonly payDelay: RelativeTime;
    readonly refundDelay: RelativeTime;
    readonly wireDelay: RelativeTime;
    readonly wireRounding: RoundingInterval;
  };
}

export interface Deadlines {
  readonly payDeadline: Timestamp;
  /** Zero: no refunds. */
  readonly refundDeadline: Timestamp;
  readonly wireDeadline: Timestamp;
}

const NO_REFUNDS: Timestamp = 0n;

/**
 * Completes and checks the deadlines of an order, in the order of orders.md 4.1.
 * @param now creation time, whole seconds
 * @throws TalerError 2507, 2508, 2505, 2506, 2504
 */
export function decideDeadlines(wishes: DeadlineWishes, now: Timestamp): Deadlines {
  const { defaults } = wishes;
  const payDeadline = wishes.payDeadline ?? addRelative(now, defaults.payDelay);
  const refundDeadline = wishes.refundDeadline ?? defaultRefundDeadline(wishes, payDeadline);
  // v23: counted from the end of the refunds; without refunds from the pay deadline (orders.md 13 no. 9).
  const base = refundDeadline === NO_REFUNDS ? payDeadline : refundDeadline;
  const wireDeadline =
    wishes.wireDeadline ?? roundUp(addRelative(base, defaults.wireDelay), defaults.wireRounding);

  if (payDeadline < now) throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_PAY_DEADLINE_IN_PAST);
  if (refundDeadline !== NO_REFUNDS && refundDeadline < now) {
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_REFUND_DEADLINE_IN_PAST);
  }
  if (wishes.deliveryDate !== undefined && wishes.deliveryDate < now) {
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_DELIVERY_DATE_IN_PAST);
  }
  if (wireDeadline >= NEVER)
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_WIRE_DEADLINE_IS_NEVER);
  if (wireDeadline < refundDeadline) {
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_REFUND_AFTER_WIRE_DEADLINE);
  }
  return { payDeadline, refundDeadline, wireDeadline };
}

function defaultRefundDeadline(wishes: DeadlineWishes, payDeadline: Timestamp): Timestamp {
  const delay = wishes.refundDelay ?? wishes.defaults.refundDelay;
  return delay === 0n ? NO_REFUNDS : floorSecond(addRelative(payDeadline, delay));
}

function floorSecond(time: Timestamp): Timestamp {
  return time >= NEVER ? NEVER : time - (time % SECOND_US);
}

const FIXED_INTERVALS = { SECOND: SECOND_US, MINUTE: MINUTE_US, HOUR: HOUR_US, DAY: DAY_US } as const;
/** 1 January 1970 was a Thursday; weeks begin on Monday. */
const FIRST_MONDAY_US = 4n * DAY_US;
const WEEK_US = 7n * DAY_US;
const MONTHS = { MONTH: 1, QUARTER: 3, YEAR: 12 } as const;
/** The last time that JavaScript's calendar knows. */
const CALENDAR_END_US = 8_640_000_000_000_000_000n - 366n * DAY_US;

/** Rounds up to a boundary of the calendar, in UTC (orders.md 9.2). A time on a boundary stays. */
export function roundUp(time: Timestamp, interval: RoundingInterval): Timestamp {
  if (time >= NEVER) return NEVER;
  const whole = floorSecond(time);
  switch (interval) {
    case 'NONE':
      return whole;
    case 'SECOND':
    case 'MINUTE':
    case 'HOUR':
    case 'DAY':
      return ceilTo(whole, FIXED_INTERVALS[interval]);
    case 'WEEK':
      return ceilTo(whole - FIRST_MONDAY_US, WEEK_US) + FIRST_MONDAY_US;
    case 'MONTH':
    case 'QUARTER':
    case 'YEAR':
      return ceilToMonths(whole, MONTHS[interval]);
  }
}

function ceilTo(time: bigint, unit: bigint): bigint {
  const rest = ((time % unit) + unit) % unit;
  return rest === 0n ? time : time + unit - rest;
}

function ceilToMonths(time: Timestamp, months: number): Timestamp {
  if (time > CALENDAR_END_US) return time;
  const date = new Date(Number(time / 1000n));
  const start = Date.UTC(date.getUTCFullYear(), Math.floor(date.getUTCMonth() / months) * months, 1);
  if (BigInt(start) * 1000n === time) return time;
  const next = new Date(start);
  next.setUTCMonth(next.getUTCMonth() + months);
  return BigInt(next.getTime()) * 1000n;
}
