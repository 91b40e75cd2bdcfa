import { isJsonObject, type JsonObject } from '../taler/json';

/** A text of a shop, and its language where the shop has told it. */
export interface LocalText {
  readonly text: string;
  /** Language tag such as `de-CH`; undefined: unknown. */
  readonly language: string | undefined;
}

/** What may stand in a `lang` attribute. */
const LANGUAGE_TAG = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/;
/** Translations looked at; a contract with more is odd. */
const TRANSLATIONS_MAX = 256;

/**
 * A text of a contract in the reader's language: `name`, or what fits best of `name_i18n` (orders.md 2.5). The plain
 * text is taken for English unless there is an English translation.
 * @returns undefined when the contract has no such text, or has forgotten it
 */
export function localText(
  object: JsonObject,
  name: string,
  accepted: readonly string[],
): LocalText | undefined {
  const plain = textOf(object[name]);
  const translations = translationsOf(object[`${name}_i18n`]);
  for (const tag of translations.size > 0 ? accepted : []) {
    const language = bestTag([...translations.keys()], tag.toLowerCase());
    const text = language === undefined ? undefined : translations.get(language);
    if (text !== undefined) return { text, language };
    if (plain !== undefined && primaryOf(tag.toLowerCase()) === 'en') break;
  }
  return plain === undefined ? undefined : { text: plain, language: undefined };
}

function translationsOf(value: unknown): Map<string, string> {
  const translations = new Map<string, string>();
  if (!isJsonObject(value)) return translations;
  for (const [key, translation] of Object.entries(value).slice(0, TRANSLATIONS_MAX)) {
    const tag = key.replaceAll('_', '-');
    const text = textOf(translation);
    if (text !== undefined && LANGUAGE_TAG.test(tag)) translations.set(tag, text);
  }
  return translations;
}

/** The same tag, else a more general one, else another country's. */
function bestTag(tags: readonly string[], wanted: string): string | undefined {
  const find = (fits: (tag: string) => boolean) => tags.find((tag) => fits(tag.toLowerCase()));
  return (
    find((tag) => tag === wanted) ??
    find((tag) => tag === primaryOf(wanted)) ??
    find((tag) => primaryOf(tag) === primaryOf(wanted))
  );
}

function primaryOf(tag: string): string {
  return tag.split('-')[0] ?? tag;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
