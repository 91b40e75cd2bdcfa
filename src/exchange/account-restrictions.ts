import { isJsonObject, JsonValue } from '../taler/json';

/** Whether money may flow between an exchange account and another account; unread types forbid. */
export type AccountRestriction = { kind: 'deny' } | { kind: 'regex'; pattern: RegExp; humanHint: string };

/** More restrictions on one account than any exchange has. */
export const RESTRICTIONS_MAX = 64;

/** Longest regular expression taken; restrictions name a country or a bank, not more. */
export const RESTRICTION_PATTERN_MAX = 1024;

/**
 * Parses `debit_restrictions` or `credit_restrictions` of an exchange account (exchange.md 2). What cannot be read,
 * an unknown type for instance, becomes a denial: to pay where it is forbidden is worse than to pick another account.
 */
export function parseRestrictions(json: JsonValue): readonly AccountRestriction[] {
  if (!Array.isArray(json) || json.length > RESTRICTIONS_MAX) return [{ kind: 'deny' }];
  return json.map(parseRestriction);
}

function parseRestriction(json: JsonValue): AccountRestriction {
  if (!isJsonObject(json) || json.type !== 'regex' || typeof json.payto_regex !== 'string') {
    return { kind: 'deny' };
  }
  const pattern = posixToRegExp(json.payto_regex);
  if (pattern === undefined) return { kind: 'deny' };
  return { kind: 'regex', pattern, humanHint: typeof json.human_hint === 'string' ? json.human_hint : '' };
}

/** True if every restriction lets the account pass. @param normalizedPayto as conventions.md 10 normalises */
export function allowsAccount(restrictions: readonly AccountRestriction[], normalizedPayto: string): boolean {
  return restrictions.every((restriction) => {
    switch (restriction.kind) {
      case 'deny':
        return false;
      case 'regex':
        return restriction.pattern.test(normalizedPayto);
    }
  });
}

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '!-\\/:-@\\[-`{-~',
  space: ' \\t\\r\\n\\v\\f',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/**
 * A POSIX extended regular expression as JavaScript pattern. Outside of brackets the two agree for what such
 * expressions use; inside, a backslash is an ordinary character, `]` may come first and `[:class:]` exists.
 */
export function posixToRegExp(posix: string): RegExp | undefined {
  if (posix.length > RESTRICTION_PATTERN_MAX) return undefined;
  let source = '';
  let rest = posix;
  while (rest !== '') {
    const bracket = /^\[(\^?)(\]?(?:\[:[a-z]+:\]|[^\]])*)\]/.exec(rest);
    if (bracket) {
      const inside = translateBracket(bracket[2] ?? '');
      if (inside === undefined) return undefined;
      source += `[${bracket[1] ?? ''}${inside}]`;
      rest = rest.slice(bracket[0].length);
      continue;
    }
    // `(?` starts what only other dialects know, look-ahead for instance.
    if (rest.startsWith('(?')) return undefined;
    const length = rest.startsWith('\\') ? 2 : 1;
    source += rest.slice(0, length);
    rest = rest.slice(length);
  }
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}

function translateBracket(inside: string): string | undefined {
  let known = true;
  const translated = inside.replace(/\[:([a-z]+):\]|[\\\]\[^]/g, (found, name: string | undefined) => {
    if (name === undefined) return `\\${found}`;
    const characters = POSIX_CLASSES[name];
    if (characters === undefined) known = false;
    return characters ?? '';
  });
  return known ? translated : undefined;
}
