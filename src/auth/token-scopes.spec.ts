import { Permission, PERMISSIONS } from '../platform/http/permission';
import { grants, isSubset, isTokenScope, TOKEN_SCOPES, TokenScope } from './token-scopes';

/** management.md 2.2, as it stands there, and what its pitfalls add to the tills. */
const READ =
  `accounts categories donau groups instances-kyc instances orders otp-devices pots products reports statistics
  templates tokenfamilies tokens transfers units webhooks`
    .split(/\s+/)
    .map((name) => `${name}-read`);
const TILL = ['inventory-lock', 'products-lock', 'products-read', 'categories-read'];
const EVERYTHING = PERMISSIONS.filter((permission) => permission !== 'token-refresh');
const GRANTED: Readonly<Record<TokenScope, readonly string[]>> = {
  readonly: READ,
  write: EVERYTHING,
  all: EVERYTHING,
  spa: EVERYTHING,
  'order-simple': ['orders-read', 'orders-write'],
  'order-pos': ['orders-read', 'orders-write', ...TILL],
  'order-mgmt': ['orders-read', 'orders-write', 'orders-refund'],
  'order-full': ['orders-read', 'orders-write', 'orders-refund', ...TILL],
};
const SCOPES = Object.keys(GRANTED) as TokenScope[];

describe('token scopes (management.md 2.2)', () => {
  it('are the names of the reference', () => {
    expect(Object.keys(TOKEN_SCOPES).sort()).toEqual([...SCOPES].sort());
  });

  it.each(SCOPES)('%s grants what the table says and nothing else', (scope) => {
    expect(PERMISSIONS.filter((permission) => grants(scope, permission)).sort()).toEqual(
      [...GRANTED[scope]].sort(),
    );
  });

  it.each(SCOPES)('%s does not make a token refreshable: that is a mark of its own', (scope) => {
    expect(grants(scope, 'token-refresh')).toBe(false);
  });

  it('know 40 permissions, each of one spelling', () => {
    expect(new Set<Permission>(PERMISSIONS).size).toBe(40);
    for (const permission of PERMISSIONS) expect(permission).toMatch(/^[a-z]+(-[a-z]+)+$/);
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
