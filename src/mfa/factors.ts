import type { TanChannel } from '../platform/config/config';

/** An address of an instance. */
export interface Contact {
  readonly channel: TanChannel;
  readonly address: string;
  readonly isValidated: boolean;
}

/** Where a code has to come back from. */
export type Factor = Pick<Contact, 'channel' | 'address'>;

/** What a protected operation needs. */
export type Demand =
  | { readonly kind: 'nothing' }
  /** Codes are wanted, and there is no way to send them: only the operator can do it (2031). */
  | { readonly kind: 'impossible' }
  /** `all`: every factor must be shown; else one of them. */
  | { readonly kind: 'factors'; readonly factors: readonly Factor[]; readonly all: boolean };

/** What the operator has configured. */
export interface Rules {
  readonly mandatory: readonly TanChannel[];
  /** Whether a code can be sent there at all. */
  canReach(factor: Factor): boolean;
}

/**
 * The mandatory channels all together, validated or not, for this is how they are validated; without such a rule one of
 * the validated ones, and nothing where there is none (management.md 3.1).
 */
export function demandOf(contacts: readonly Contact[], rules: Rules): Demand {
  if (rules.mandatory.length > 0) return allOf(contacts, rules);
  const validated = contacts.filter(({ isValidated }) => isValidated);
  return validated.length === 0 ? { kind: 'nothing' } : oneOf(validated, rules);
}

/**
 * The same where nobody has shown a credential (4.7): nothing at all is not enough. While some address is validated,
 * the others are not believed: one that was mistyped belongs to a stranger.
 */
export function demandToRecover(contacts: readonly Contact[], rules: Rules): Demand {
  if (rules.mandatory.length > 0) return allOf(contacts, rules);
  const validated = contacts.filter(({ isValidated }) => isValidated);
  return oneOf(validated.length > 0 ? validated : contacts, rules);
}

function allOf(contacts: readonly Contact[], rules: Rules): Demand {
  const reachable = contacts.filter((contact) => rules.canReach(contact));
  const factors = rules.mandatory.map((channel) => reachable.find((contact) => contact.channel === channel));
  const found = factors.filter((factor) => factor !== undefined);
  return found.length < factors.length
    ? { kind: 'impossible' }
    : { kind: 'factors', factors: found, all: true };
}

function oneOf(contacts: readonly Contact[], rules: Rules): Demand {
  const factors = contacts.filter((contact) => rules.canReach(contact));
  return factors.length === 0 ? { kind: 'impossible' } : { kind: 'factors', factors, all: false };
}

/** Whether every mandatory channel has an address from which a code came back. */
export function isValidated(contacts: readonly Contact[], mandatory: readonly TanChannel[]): boolean {
  return mandatory.every((channel) =>
    contacts.some((contact) => contact.channel === channel && contact.isValidated),
  );
}
