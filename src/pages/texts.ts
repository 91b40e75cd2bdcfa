import type { Language } from './language';
import { GERMAN } from './texts-de';
import { ENGLISH, type Texts } from './texts-en';
import { FRENCH } from './texts-fr';

export const TEXTS: Readonly<Record<Language, Texts>> = { en: ENGLISH, de: GERMAN, fr: FRENCH };

/** Replaces each `{name}` by its value; values are put in as they are, once. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
