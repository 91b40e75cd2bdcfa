/** An amount of money: never negative, at most 2^52 whole units and a fraction (conventions.md 2). */
export interface Amount {
  /** 1 to 11 letters A-Z. */
  readonly currency: string;
  /** In units of 10^-8 of the currency. */
  readonly units: bigint;
}

export const UNITS_PER_WHOLE = 100_000_000n;
/** 2^52 whole units and all of a fraction: 4503599627370496.99999999. */
export const MAX_AMOUNT_UNITS = (2n ** 52n + 1n) * UNITS_PER_WHOLE - 1n;

const FRACTION_DIGITS = 8;
const MAX_WHOLE_DIGITS = 16; // 2^52 has 16 digits; more digits need not be converted to be refused
const PACKED_BYTES = 24;
const CURRENCY_BYTES = 12;

const AMOUNT_TEXT = /^[ \t\n\v\f\r]*([A-Z]{1,11}):(?:(\d+)|(?=\.))(?:\.(\d{1,8}))?$/;

/** Arithmetic that has no result. A caller that got its operands from outside checks first or catches this. */
export class AmountError extends Error {
  constructor(
    readonly kind: 'currency-mismatch' | 'overflow' | 'negative',
    message: string,
  ) {
    super(message);
    this.name = 'AmountError';
  }
}

/**
 * Reads `CUR:V` or `CUR:V.F` the way the C code does (conventions.md 2): leading blanks, leading zeros and an
 * empty V before a dot are accepted.
 *
 * @returns undefined for anything that is not such a string
 */
export function parseAmount(text: unknown): Amount | undefined {
  if (typeof text !== 'string') return undefined;
  const match = AMOUNT_TEXT.exec(text);
  const currency = match?.[1];
  if (match === null || currency === undefined) return undefined;
  const whole = (match[2] ?? '').replace(/^0+/, '');
  if (whole.length > MAX_WHOLE_DIGITS) return undefined;
  const fraction = (match[3] ?? '').padEnd(FRACTION_DIGITS, '0');
  const units = BigInt(`0${whole}${fraction}`);
  return units > MAX_AMOUNT_UNITS ? undefined : { currency, units };
}

/** The one form that is sent: no leading zeros, no trailing zeros, no dot without fraction. */
export function formatAmount(amount: Amount): string {
  const whole = amount.units / UNITS_PER_WHOLE;
  const fraction = amount.units % UNITS_PER_WHOLE;
  if (fraction === 0n) return `${amount.currency}:${whole}`;
  const digits = fraction.toString().padStart(FRACTION_DIGITS, '0').replace(/0+$/, '');
  return `${amount.currency}:${whole}.${digits}`;
}

/**
 * @param units in 10^-8 of the currency
 * @throws AmountError if the units are negative or beyond MAX_AMOUNT_UNITS
 */
export function amountOf(currency: string, units: bigint): Amount {
  if (units < 0n) throw new AmountError('negative', `negative amount of ${currency}`);
  if (units > MAX_AMOUNT_UNITS) throw new AmountError('overflow', `amount of ${currency} too large`);
  return { currency, units };
}

export function zeroAmount(currency: string): Amount {
  return { currency, units: 0n };
}

export function isZeroAmount(amount: Amount): boolean {
  return amount.units === 0n;
}

function requireSameCurrency(a: Amount, b: Amount): void {
  if (a.currency !== b.currency) {
    throw new AmountError('currency-mismatch', `${a.currency} and ${b.currency} do not mix`);
  }
}

/** @throws AmountError on different currencies or overflow */
export function addAmounts(a: Amount, b: Amount): Amount {
  requireSameCurrency(a, b);
  return amountOf(a.currency, a.units + b.units);
}

/** @throws AmountError on different currencies or if b is larger than a */
export function subtractAmounts(a: Amount, b: Amount): Amount {
  requireSameCurrency(a, b);
  return amountOf(a.currency, a.units - b.units);
}

/** Sum of any number of amounts of one currency; zero for none. @throws AmountError as addAmounts */
export function sumAmounts(currency: string, amounts: Iterable<Amount>): Amount {
  let sum = zeroAmount(currency);
  for (const amount of amounts) sum = addAmounts(sum, amount);
  return sum;
}

/** @throws AmountError on different currencies */
export function compareAmounts(a: Amount, b: Amount): -1 | 0 | 1 {
  requireSameCurrency(a, b);
  if (a.units === b.units) return 0;
  return a.units < b.units ? -1 : 1;
}

/** The smaller one. @throws AmountError on different currencies */
export function minAmount(a: Amount, b: Amount): Amount {
  return compareAmounts(a, b) <= 0 ? a : b;
}

/** The larger one. @throws AmountError on different currencies */
export function maxAmount(a: Amount, b: Amount): Amount {
  return compareAmounts(a, b) >= 0 ? a : b;
}

/** @throws AmountError on overflow or a negative factor */
export function multiplyAmount(amount: Amount, factor: bigint): Amount {
  return amountOf(amount.currency, amount.units * factor);
}

/** Truncates to 10^-8. @throws RangeError unless the divisor is positive */
export function divideAmount(amount: Amount, divisor: bigint): Amount {
  if (divisor <= 0n) throw new RangeError('amounts are divided by positive integers only');
  return amountOf(amount.currency, amount.units / divisor);
}

/** How many times b fits into a. @throws AmountError on different currencies, RangeError if b is zero */
export function divideAmounts(a: Amount, b: Amount): bigint {
  requireSameCurrency(a, b);
  if (b.units === 0n) throw new RangeError('division by a zero amount');
  return a.units / b.units;
}

/**
 * Largest multiple of the unit that is not above the amount; a zero unit changes nothing.
 * Unlike the C routine, this also drops the fraction when the unit is a whole number.
 *
 * @throws AmountError on different currencies
 */
export function roundDownAmount(amount: Amount, unit: Amount): Amount {
  requireSameCurrency(amount, unit);
  if (unit.units === 0n) return amount;
  return amountOf(amount.currency, amount.units - (amount.units % unit.units));
}

/** 24 bytes inside signed data: uint64 value, uint32 fraction, 12 bytes of currency padded with zeros. */
export function packAmount(amount: Amount): Buffer {
  if (amount.currency.length >= CURRENCY_BYTES) throw new RangeError(`currency too long: ${amount.currency}`);
  const packed = Buffer.alloc(PACKED_BYTES);
  packed.writeBigUInt64BE(amount.units / UNITS_PER_WHOLE, 0);
  packed.writeUInt32BE(Number(amount.units % UNITS_PER_WHOLE), 8);
  packed.write(amount.currency, PACKED_BYTES - CURRENCY_BYTES, 'latin1');
  return packed;
}
