import { allowsAccount, parseRestrictions } from '../../../src/exchange/account-restrictions';
import { JsonValue } from '../../../src/taler/json';
import { POSIX_PATTERN_MAX, posixToRegExp } from '../../../src/taler/posix-regex';

describe('account restrictions', () => {
  const regex = (payto_regex: string): JsonValue => ({ type: 'regex', payto_regex, human_hint: 'x' });

  it('let everything pass when there are none', () => {
    expect(allowsAccount(parseRestrictions([]), 'payto://iban/DE1')).toBe(true);
  });

  it('must all let an account pass', () => {
    const restrictions = parseRestrictions([regex('^payto://iban/'), regex('/DE[0-9]+$')]);
    expect(allowsAccount(restrictions, 'payto://iban/DE12')).toBe(true);
    expect(allowsAccount(restrictions, 'payto://iban/FR12')).toBe(false);
    expect(allowsAccount(restrictions, 'payto://x-taler-bank/h/DE12')).toBe(false);
  });

  it.each([
    ['a denial', [{ type: 'deny' }]],
    ['an unknown type', [{ type: 'moon-phase' }]],
    ['a regex without a pattern', [{ type: 'regex' }]],
    ['a pattern that does not compile', [{ type: 'regex', payto_regex: '(' }]],
    ['a pattern of another dialect', [{ type: 'regex', payto_regex: '(?=x)' }]],
    ['an endless pattern', [{ type: 'regex', payto_regex: 'a'.repeat(POSIX_PATTERN_MAX + 1) }]],
    ['something that is no list', { type: 'regex', payto_regex: '.' }],
    ['a list of something else', ['deny']],
    ['too many of them', Array.from({ length: 65 }, () => ({ type: 'regex', payto_regex: '.' }))],
  ])('forbid the account when they hold %s', (_what, json) => {
    expect(allowsAccount(parseRestrictions(json as JsonValue), 'payto://iban/DE1')).toBe(false);
  });

  it.each([
    ['[[:alpha:]]{2}[[:digit:]]+', 'DE12', '1234'],
    ['^[^]x]$', 'a', ']'],
    ['^[]x]$', ']', 'a'],
    ['^[\\d]$', '\\', '1'],
    ['^a\\.b$', 'a.b', 'axb'],
    ['^(DE|FR)[0-9]{2}$', 'FR12', 'IT12'],
    ['^[[]$', '[', ']'],
  ])('read the POSIX expression %s', (pattern, good, bad) => {
    expect(posixToRegExp(pattern)?.test(good)).toBe(true);
    expect(posixToRegExp(pattern)?.test(bad)).toBe(false);
  });

  it('do not know classes that POSIX does not have', () => {
    expect(posixToRegExp('[[:moon:]]')).toBeUndefined();
  });
});
