import { ROUNDING_INTERVALS, RoundingInterval } from '../platform/config/config';
import { TalerError } from '../taler/taler-error';
import { DAY_US, FOREVER, HOUR_US, MINUTE_US, NEVER, SECOND_US } from '../taler/timestamp';
import { DeadlineWishes, decideDeadlines, roundUp } from './deadlines';

const NOW = BigInt(Date.UTC(2026, 4, 20, 12, 0, 0)) * 1000n;
const at = (text: string) => BigInt(Date.parse(text)) * 1000n;

type Given = Omit<Partial<DeadlineWishes>, 'defaults'> & { defaults?: Partial<DeadlineWishes['defaults']> };

function wishes(given: Given): DeadlineWishes {
  const defaults = {
    payDelay: HOUR_US,
    refundDelay: 2n * HOUR_US,
    wireDelay: 3n * HOUR_US,
    wireRounding: 'NONE' as const,
  };
  return {
    payDeadline: undefined,
    refundDeadline: undefined,
    wireDeadline: undefined,
    refundDelay: undefined,
    deliveryDate: undefined,
    ...given,
    defaults: { ...defaults, ...given.defaults },
  };
}

/** Deadlines relative to NOW. */
function decide(given: Given) {
  const { payDeadline, refundDeadline, wireDeadline } = decideDeadlines(wishes(given), NOW);
  return {
    pay: payDeadline === NEVER ? 'never' : payDeadline - NOW,
    refund: refundDeadline === 0n ? 'none' : refundDeadline - NOW,
    wire: wireDeadline - NOW,
  };
}

function codeOf(given: Given): number | undefined {
  try {
    decideDeadlines(wishes(given), NOW);
    return undefined;
  } catch (error) {
    if (!(error instanceof TalerError)) throw error;
    expect(error.status).toBe(400);
    return error.code;
  }
}

describe('deadlines of an order (orders.md 9.2)', () => {
  it.each<[string, Given, object]>([
    ['nothing given', {}, { pay: HOUR_US, refund: 3n * HOUR_US, wire: 6n * HOUR_US }],
    [
      'a pay deadline',
      { payDeadline: NOW + 5n * SECOND_US },
      {
        pay: 5n * SECOND_US,
        refund: 5n * SECOND_US + 2n * HOUR_US,
        wire: 5n * SECOND_US + 5n * HOUR_US,
      },
    ],
    [
      'a refund delay',
      { refundDelay: MINUTE_US },
      { pay: HOUR_US, refund: HOUR_US + MINUTE_US, wire: 4n * HOUR_US + MINUTE_US },
    ],
    [
      'a refund delay of half a second',
      { refundDelay: 500_000n },
      { pay: HOUR_US, refund: HOUR_US, wire: 4n * HOUR_US },
    ],
    ['a refund delay of zero', { refundDelay: 0n }, { pay: HOUR_US, refund: 'none', wire: 4n * HOUR_US }],
    [
      'a default refund delay of zero',
      { defaults: { refundDelay: 0n } },
      { pay: HOUR_US, refund: 'none', wire: 4n * HOUR_US },
    ],
    [
      'a refund deadline of zero',
      { refundDeadline: 0n, refundDelay: HOUR_US },
      { pay: HOUR_US, refund: 'none', wire: 4n * HOUR_US },
    ],
    [
      'a refund deadline before the pay deadline',
      { refundDeadline: NOW + MINUTE_US },
      {
        pay: HOUR_US,
        refund: MINUTE_US,
        wire: 3n * HOUR_US + MINUTE_US,
      },
    ],
    [
      'all three, a second apart',
      {
        payDeadline: NOW + 5n * SECOND_US,
        refundDeadline: NOW + 6n * SECOND_US,
        wireDeadline: NOW + 7n * SECOND_US,
      },
      { pay: 5n * SECOND_US, refund: 6n * SECOND_US, wire: 7n * SECOND_US },
    ],
    [
      'all three at this very second',
      { payDeadline: NOW, refundDeadline: NOW, wireDeadline: NOW, deliveryDate: NOW },
      {
        pay: 0n,
        refund: 0n,
        wire: 0n,
      },
    ],
    [
      'a wire deadline before the pay deadline, without refunds',
      { refundDelay: 0n, wireDeadline: NOW },
      {
        pay: HOUR_US,
        refund: 'none',
        wire: 0n,
      },
    ],
    [
      'a pay deadline of never with the others given',
      {
        payDeadline: NEVER,
        refundDeadline: NOW,
        wireDeadline: NOW,
      },
      { pay: 'never', refund: 0n, wire: 0n },
    ],
  ])('with %s', (_name, given, expected) => {
    expect(decide(given)).toEqual(expected);
  });

  it.each<[string, number, Given]>([
    ['a pay deadline a second ago', 2507, { payDeadline: NOW - SECOND_US }],
    ['a refund deadline a second ago', 2508, { refundDeadline: NOW - SECOND_US }],
    ['a refund deadline of one second after 1970', 2508, { refundDeadline: SECOND_US }],
    ['a delivery date a second ago', 2505, { deliveryDate: NOW - SECOND_US }],
    ['a wire deadline of never', 2506, { wireDeadline: NEVER }],
    ['a refund delay of forever', 2506, { refundDelay: FOREVER }],
    ['a default refund delay of forever', 2506, { defaults: { refundDelay: FOREVER } }],
    ['a default pay delay of forever', 2506, { defaults: { payDelay: FOREVER } }],
    ['a default wire delay of forever', 2506, { defaults: { wireDelay: FOREVER } }],
    ['times that overflow', 2506, { payDeadline: NEVER - HOUR_US, refundDelay: HOUR_US + SECOND_US }],
    [
      'a wire deadline that overflows by rounding',
      2506,
      {
        wireDeadline: undefined,
        payDeadline: NEVER - (NEVER % DAY_US) - HOUR_US,
        refundDelay: 0n,
        defaults: { wireRounding: 'WEEK' },
      },
    ],
    [
      'a refund deadline of never and a wire deadline',
      2504,
      { refundDeadline: NEVER, wireDeadline: NOW + DAY_US },
    ],
    [
      'a refund deadline a second after the wire deadline',
      2504,
      {
        refundDeadline: NOW + SECOND_US,
        wireDeadline: NOW,
      },
    ],
  ])('refuses %s with %d', (_name, code, given) => {
    expect(codeOf(given)).toBe(code);
  });

  it('names faults in the order of orders.md 4.1', () => {
    const past = NOW - SECOND_US;
    const all = { payDeadline: past, refundDeadline: past, deliveryDate: past, wireDeadline: NEVER };
    expect(codeOf(all)).toBe(2507);
    expect(codeOf({ ...all, payDeadline: NOW })).toBe(2508);
    expect(codeOf({ ...all, payDeadline: NOW, refundDeadline: 0n })).toBe(2505);
    expect(codeOf({ ...all, payDeadline: NOW, refundDeadline: 0n, deliveryDate: NOW })).toBe(2506);
  });

  it('rounds the computed wire deadline, and a given one never', () => {
    const daily = { defaults: { wireRounding: 'DAY' as const } };
    expect(decide(daily).wire).toBe(12n * HOUR_US);
    expect(decide({ ...daily, wireDeadline: NOW + 4n * HOUR_US, refundDelay: 0n }).wire).toBe(4n * HOUR_US);
  });
});

describe('rounding up to calendar boundaries', () => {
  it.each<[RoundingInterval, string, string]>([
    ['NONE', '2026-05-20T12:34:56Z', '2026-05-20T12:34:56Z'],
    ['NONE', '2026-05-20T12:34:56.999Z', '2026-05-20T12:34:56Z'],
    ['SECOND', '2026-05-20T12:34:56Z', '2026-05-20T12:34:56Z'],
    ['MINUTE', '2026-05-20T12:34:00Z', '2026-05-20T12:34:00Z'],
    ['MINUTE', '2026-05-20T12:34:01Z', '2026-05-20T12:35:00Z'],
    ['HOUR', '2026-12-31T23:00:01Z', '2027-01-01T00:00:00Z'],
    ['DAY', '2026-02-28T00:00:00Z', '2026-02-28T00:00:00Z'],
    ['DAY', '2026-02-28T00:00:01Z', '2026-03-01T00:00:00Z'],
    ['DAY', '2028-02-28T23:59:59Z', '2028-02-29T00:00:00Z'],
    // 18 May 2026 is a Monday.
    ['WEEK', '2026-05-18T00:00:00Z', '2026-05-18T00:00:00Z'],
    ['WEEK', '2026-05-18T00:00:01Z', '2026-05-25T00:00:00Z'],
    ['WEEK', '2026-05-24T23:59:59Z', '2026-05-25T00:00:00Z'],
    ['WEEK', '1970-01-01T00:00:00Z', '1970-01-05T00:00:00Z'],
    ['MONTH', '2026-05-01T00:00:00Z', '2026-05-01T00:00:00Z'],
    ['MONTH', '2026-05-01T00:00:01Z', '2026-06-01T00:00:00Z'],
    ['MONTH', '2026-12-31T23:59:59Z', '2027-01-01T00:00:00Z'],
    ['MONTH', '2028-02-29T12:00:00Z', '2028-03-01T00:00:00Z'],
    ['QUARTER', '2026-04-01T00:00:00Z', '2026-04-01T00:00:00Z'],
    ['QUARTER', '2026-04-01T00:00:01Z', '2026-07-01T00:00:00Z'],
    ['QUARTER', '2026-05-20T12:00:00Z', '2026-07-01T00:00:00Z'],
    ['QUARTER', '2026-10-02T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['YEAR', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['YEAR', '2026-01-01T00:00:01Z', '2027-01-01T00:00:00Z'],
    ['YEAR', '2028-12-31T23:59:59Z', '2029-01-01T00:00:00Z'],
  ])('%s: %s becomes %s', (interval, from, to) => {
    expect(roundUp(at(from), interval)).toBe(at(to));
  });

  it('minds no daylight saving time: the calendar is UTC', () => {
    expect(roundUp(at('2026-03-29T00:00:01Z'), 'DAY')).toBe(at('2026-03-30T00:00:00Z'));
    expect(roundUp(at('2026-10-25T00:00:01Z'), 'DAY')).toBe(at('2026-10-26T00:00:00Z'));
  });

  it.each(ROUNDING_INTERVALS)('leaves "never" and a time that is rounded already alone: %s', (interval) => {
    expect(roundUp(NEVER, interval)).toBe(NEVER);
    const once = roundUp(at('2026-05-20T12:34:56Z'), interval);
    expect(roundUp(once, interval)).toBe(once);
  });

  it('never goes back, and past the calendar leaves the time as it is', () => {
    const late = NEVER - (NEVER % SECOND_US) - SECOND_US;
    for (const interval of ['MONTH', 'QUARTER', 'YEAR'] as const) expect(roundUp(late, interval)).toBe(late);
  });
});
