/** Longest regular expression taken; they name a country, a bank or a form of phone numbers, not more. */
export const POSIX_PATTERN_MAX = 1024;

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
  if (posix.length > POSIX_PATTERN_MAX) return undefined;
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
