/** Languages the pages are written in; the first one serves whoever reads none of them. */
export const LANGUAGES = ['en', 'de', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Who looks at a page. */
export interface Reader {
  /** Of the page's own words. */
  readonly language: Language;
  /** Language tags the browser asked for, the dearest first; for what shops wrote in languages of their choice. */
  readonly accepted: readonly string[];
}
