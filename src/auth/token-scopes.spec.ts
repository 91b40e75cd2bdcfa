import type { Permission } from '../platform/http/permission';
import { grants, isSubset, isTokenScope, TOKEN_SCOPES, TokenScope } from './token-scopes';

const PERMISSIONS: readonly Permission[] = [
  'orders-read',
  'orders-write',
  'accounts-read',
  'accounts-write',
  'instances-read',
  'instances-write',
];

/** management.md 2.2, for the permissions there are routes for. */
const GRANTED: Readonly<Record<TokenScope, readonly Permission[]>> = {
  readonly: ['orders-read', 'accounts-read', 'instances-read'],
  write: PERMISSIONS,
  all: PERMISSIONS,
  spa: PERMISSIONS,
  'order-simple': ['orders-read', 'orders-write'],
  'order-pos': ['orders-read', 'orders-write'],
  'order-mgmt': ['orders-read', 'orders-write'],
  'order-full': ['orders-read', 'orders-write'],
};
const SCOPES = Object.keys(GRANTED) as TokenScope[];

describe('token scopes (management.md 2.2)', () => {
  it('are the names of the reference', () => {
    expect(Object.keys(TOKEN_SCOPES).sort()).toEqual([...SCOPES].sort());
  });

  it.each(SCOPES)('%s grants what the table says and nothing else', (scope) => {
    expect(PERMISSIONS.filter((permission) => grants(scope, permission))).toEqual(GRANTED[scope]);
  });

  it.each(['', 'toString', '__proto__', 'READONLY', 'readonly:refreshable', 'admin'])(
    '%j is no scope',
    (text) => {
      expect(isTokenScope(text)).toBe(false);
    },
  );

  /** held -> what it may be narrowed to. */
  const NARROWER: Readonly<Record<TokenScope, readonly TokenScope[]>> = {
    readonly: ['readonly'],
    write: SCOPES,
    all: SCOPES,
    spa: SCOPES,
    'order-simple': ['order-simple'],
    'order-pos': ['order-simple', 'order-pos'],
    'order-mgmt': ['order-simple', 'order-mgmt'],
    'order-full': ['order-simple', 'order-pos', 'order-mgmt', 'order-full'],
  };

  it.each(SCOPES)('a token of %s mints the narrower scopes and no wider one', (held) => {
    expect(SCOPES.filter((wanted) => isSubset(wanted, held)).sort()).toEqual([...NARROWER[held]].sort());
  });
});
