import { encodeBase32 } from '../../taler/base32';
import type { BankAccount } from '../instance';

/** An account for people (management.md 6.5, v32): what the JSON says, one line for each fact. */
export function toAccountText(account: BankAccount): string {
  const lines: (readonly [string, string | undefined])[] = [
    ['Account', account.paytoUri],
    ['State', account.active ? 'active' : 'inactive'],
    ['Hash (h_wire)', encodeBase32(account.hWire)],
    ['Salt', encodeBase32(account.salt)],
    ['Credit facade', account.creditFacadeUrl],
    ['In the wire subject', account.extraWireSubjectMetadata],
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}
