import { formatAmount, type Amount } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';
import type { Language } from './language';

/** Tells thousands and fraction apart; no-break spaces, so that a number stays on one line. */
const SEPARATORS: Readonly<Record<Language, { readonly group: string; readonly decimal: string }>> = {
  en: { group: ',', decimal: '.' },
  de: { group: '.', decimal: ',' },
  fr: { group: '\u202f', decimal: ',' },
};
const NO_BREAK_SPACE = '\u00a0';

/** Digits of a currency that ISO 4217 does not know, KUDOS for one. */
const FRACTION_DIGITS = 2;
/** Bound of the memory for currencies; the exchanges have a handful. */
const CURRENCIES_MAX = 256;
const fractionDigits = new Map<string, number>();

/** An amount for people: `1,234.50 KUDOS`, `1.234,50 KUDOS`. Digits are moved as text; no float is involved. */
export function showAmount(amount: Amount, language: Language): string {
  const { currency } = amount;
  const [whole = '0', fraction = ''] = formatAmount(amount)
    .slice(currency.length + 1)
    .split('.');
  const number = joined(whole, fraction.padEnd(fractionDigitsOf(currency), '0'), language);
  return `${number}${NO_BREAK_SPACE}${currency}`;
}

/** A decimal number of the protocol (`1.5`) for people. */
export function showDecimal(text: string, language: Language): string {
  const [whole = '0', fraction = ''] = text.split('.');
  return joined(whole.replace(/^0+(?=\d)/, ''), fraction, language);
}

function joined(whole: string, fraction: string, language: Language): string {
  const { group, decimal } = SEPARATORS[language];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return fraction === '' ? grouped : `${grouped}${decimal}${fraction}`;
}

function fractionDigitsOf(currency: string): number {
  const known = fractionDigits.get(currency);
  if (known !== undefined) return known;
  const digits = isoFractionDigits(currency);
  if (fractionDigits.size < CURRENCIES_MAX) fractionDigits.set(currency, digits);
  return digits;
}

function isoFractionDigits(currency: string): number {
  if (currency.length !== 3) return FRACTION_DIGITS;
  const options = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return options.minimumFractionDigits ?? FRACTION_DIGITS;
}

/** A point in time as a page shows it: for people, and for the script, which turns it into the reader's own zone. */
export interface ShownTime {
  readonly text: string;
  /** ISO 8601. */
  readonly machine: string;
}

export const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE', fr: 'fr-FR' };
const clocks = new Map<Language, Intl.DateTimeFormat>();
/** The last millisecond that a Date can hold. */
const DATE_MS_MAX = 8_640_000_000_000_000n;

/** @returns undefined for "never" and for times that no calendar reaches */
export function showTime(time: Timestamp, language: Language): ShownTime | undefined {
  const milliseconds = time / 1000n;
  if (milliseconds > DATE_MS_MAX) return undefined;
  let clock = clocks.get(language);
  if (!clock) {
    const options = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const;
    clocks.set(language, (clock = new Intl.DateTimeFormat(LOCALES[language], options)));
  }
  const date = new Date(Number(milliseconds));
  return { text: `${clock.format(date)} UTC`, machine: date.toISOString() };
}
