/** A value as `JSON.parse` gives it: no `undefined`, no bigint. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue;
}

/**
 * How deep arrays and objects may nest. The C parser stops at 2048; we recurse over parsed values in several
 * places (canonical form, scrubbing, forgetting) and keep well away from the end of the stack.
 */
export const MAX_JSON_DEPTH = 500;

/** A character the C parser refuses: NUL, or half of a surrogate pair (conventions.md 8). */
// With the u flag the class matches only surrogates that are not part of a pair.
const FORBIDDEN_CHARACTER = /[\0\ud800-\udfff]/u;

/** True for objects, false for arrays and null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True if the string may appear in JSON that is hashed or stored (conventions.md 8). */
export function isAllowedString(text: string): boolean {
  return !FORBIDDEN_CHARACTER.test(text);
}

/**
 * Looks for the first number in a JSON text that a double does not hold, or that the C side calls a real:
 * a token with fraction or exponent, or an integer beyond 2^53 - 1 (conventions.md 4).
 *
 * @param jsonText text that is (or will be) accepted by `JSON.parse`; on other text the answer means nothing
 * @returns the text of the token, or undefined if all numbers are exact
 */
export function findInexactNumber(jsonText: string): string | undefined {
  // Bodies consist mostly of strings (keys, signatures, images). Jumping from quote to quote keeps the
  // expensive matching to the few characters between them.
  let position = 0;
  for (;;) {
    const quote = jsonText.indexOf('"', position);
    const outside = jsonText.slice(position, quote === -1 ? jsonText.length : quote);
    const token = inexactNumberOutsideStrings(outside);
    if (token !== undefined) return token;
    if (quote === -1) return undefined;
    const end = endOfString(jsonText, quote);
    if (end === -1) return undefined;
    position = end + 1;
  }
}

const NUMBER_TOKEN = /-?\d[\d.eE+-]*/g;

function inexactNumberOutsideStrings(text: string): string | undefined {
  // The usual piece is one of `:`, `,`, `},{`.
  if (text.length < 2) return undefined;
  return text
    .match(NUMBER_TOKEN)
    ?.find((token) => /[.eE]/.test(token) || !Number.isSafeInteger(Number(token)));
}

/** Index of the quote that closes the string opened at `open`, or -1. */
function endOfString(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

/**
 * Looks for the first string or member name with an unpaired surrogate or a NUL (conventions.md 8), for the first
 * value that nests deeper than MAX_JSON_DEPTH, or for a number beyond the doubles: JSON.parse makes `1e400` Infinity,
 * which JSON.stringify would turn into null without a word.
 *
 * @returns a path like `$.products[0].description`, or undefined if all is well
 */
export function findForbiddenString(value: JsonValue): string | undefined {
  return searchForbidden(value, 0)?.reduceRight((path, step) => path + step, '$');
}

// The path is built on the way back only, so the usual case of no finding makes no strings.
function searchForbidden(value: JsonValue, depth: number): string[] | undefined {
  if (typeof value === 'string') return isAllowedString(value) ? undefined : [];
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : [];
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= MAX_JSON_DEPTH) return [];
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const found = searchForbidden(element, depth + 1);
      if (found !== undefined) return [...found, `[${index}]`];
    }
    return undefined;
  }
  for (const [name, member] of Object.entries(value)) {
    const found = isAllowedString(name) ? searchForbidden(member, depth + 1) : [];
    if (found !== undefined) return [...found, `.${printableName(name)}`];
  }
  return undefined;
}

// The path ends up in an error body, which must not repeat the very characters it complains about.
function printableName(name: string): string {
  return name.replace(/[\0\ud800-\udfff]/gu, '?');
}
