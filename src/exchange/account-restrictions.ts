import { isJsonObject, JsonValue } from '../taler/json';
import { posixToRegExp } from '../taler/posix-regex';

/** Whether money may flow between an exchange account and another account; unread types forbid. */
export type AccountRestriction = { kind: 'deny' } | { kind: 'regex'; pattern: RegExp; humanHint: string };

/** More restrictions on one account than any exchange has. */
export const RESTRICTIONS_MAX = 64;

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
