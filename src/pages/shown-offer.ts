import type { Amount } from '../taler/amount';
import type { Timestamp } from '../taler/timestamp';
import { showAmount, showDecimal, showTime, type ShownTime } from './format';
import type { Language } from './language';
import type { LocalText } from './local-text';
import type { Offer, Price, Product } from './offer';
import { fill, TEXTS } from './texts';

/** A text, with its language where it is another one than the page's. */
export interface ShownText {
  readonly text: string;
  readonly lang?: string;
}

export interface ShownSummary extends ShownText {
  /** Set smaller: it is no headline but a description. */
  readonly isLong: boolean;
}

export interface ShownShop {
  readonly name: string;
  readonly logo: string | undefined;
  /** Stands where there is no logo. */
  readonly initial: string;
}

export interface ShownPrice {
  readonly label?: string;
  readonly amount: string;
  readonly note?: string;
}

export interface ShownChoice extends ShownText {
  readonly amount: string;
  readonly note?: string;
  readonly isChosen: boolean;
}

export interface ShownProduct extends ShownText {
  readonly image: string | undefined;
  readonly notes: readonly string[];
  readonly amount: string | undefined;
}

/** One line of the details: some text, a time, or a link. */
export interface ShownFact {
  readonly label: string;
  readonly lines: readonly string[];
  readonly time?: ShownTime;
  readonly url?: string;
}

/** Characters that turn the direction of what follows them, up to the end of the paragraph (Unicode TR 9). */
const DIRECTION_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Characters up to which a summary is a headline. */
const HEADLINE_LENGTH_MAX = 90;

export function showText({ text, language }: LocalText, page: Language): ShownText {
  return language === undefined || language === page ? { text } : { text, lang: language };
}

/** A text of a shop for a line that has other words too: it must not turn around an amount behind it. */
export function asPartOfLine(text: string): string {
  return text.replace(DIRECTION_CONTROLS, '');
}

export function showSummary(offer: Offer, page: Language): ShownSummary {
  // A forgotten summary leaves the id, which identifies the order as well.
  const shown = offer.summary
    ? showText(offer.summary, page)
    : { text: `${TEXTS[page].order} ${offer.orderId}` };
  return { ...shown, isLong: shown.text.length > HEADLINE_LENGTH_MAX || shown.text.includes('\n') };
}

export function showShop({ merchant }: Offer): ShownShop {
  const [initial = '·'] = merchant.name;
  return { name: merchant.name, logo: merchant.logo, initial: initial.toUpperCase() };
}

/** The one price; undefined when there are several, which `showChoices` lists. */
export function showOnlyPrice(offer: Offer, page: Language): ShownPrice | undefined {
  const [price, second] = offer.prices;
  if (!price || second) return undefined;
  return { label: TEXTS[page].total, amount: showAmount(price.amount, page), note: noteOf(price, page) };
}

function noteOf({ tip }: Price, page: Language): string | undefined {
  return tip && tip.units > 0n ? fill(TEXTS[page].tip, { amount: showAmount(tip, page) }) : undefined;
}

/** The prices to choose from, and those with a description, each with what it is for. */
export function showChoices(offer: Offer, page: Language, chosen: number | undefined): ShownChoice[] {
  const isPlain = offer.prices.length === 1 && offer.prices[0]?.description === undefined;
  if (isPlain) return [];
  return offer.prices.map((price, index) => {
    const text = price.description ? showText(price.description, page) : { text: `${index + 1}` };
    return {
      ...text,
      amount: showAmount(price.amount, page),
      note: noteOf(price, page),
      isChosen: index === chosen,
    };
  });
}

export function showProducts(offer: Offer, page: Language): ShownProduct[] {
  return offer.products.map((product) => showProduct(product, page));
}

function showProduct(product: Product, page: Language): ShownProduct {
  const { name, description, price, image } = product;
  const shown = description && showText(description, page);
  const title = name === undefined ? (shown ?? { text: product.unit ?? '·' }) : { text: name };
  const notes = [
    name !== undefined && shown && shown.text !== name ? shown.text : undefined,
    quantityOf(product, page),
    ...product.taxes.map(({ name: tax, tax: amount }) =>
      fill(TEXTS[page].tax, { name: asPartOfLine(tax), amount: showAmount(amount, page) }),
    ),
  ];
  return {
    ...title,
    image,
    notes: notes.filter((note) => note !== undefined),
    amount: price && showAmount(price, page),
  };
}

function quantityOf({ quantity, unit }: Product, page: Language): string | undefined {
  if (quantity === undefined) return undefined;
  const number = showDecimal(quantity, page);
  if (unit !== undefined) return `${number}\u00a0${asPartOfLine(unit)}`;
  // "1 ×" says nothing.
  return quantity === '1' ? undefined : `${number}\u00a0×`;
}

/** Facts without what the offer does not say. */
export function someFacts(facts: readonly (ShownFact | undefined)[]): ShownFact[] {
  return facts.filter((fact) => fact !== undefined);
}

export function textFact(label: string, ...lines: readonly string[]): ShownFact | undefined {
  return lines.length > 0 && lines[0] !== '' ? { label, lines } : undefined;
}

export function timeFact(label: string, at: Timestamp | undefined, page: Language): ShownFact | undefined {
  const time = at === undefined ? undefined : showTime(at, page);
  return time && { label, lines: [], time };
}

export function amountFact(label: string, amount: Amount, page: Language): ShownFact | undefined {
  return amount.units > 0n ? { label, lines: [showAmount(amount, page)] } : undefined;
}

export function linkFact(label: string, text: string, url: string): ShownFact {
  return { label, lines: [text], url };
}
