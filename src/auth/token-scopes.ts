import type { Permission } from '../platform/http/permission';

/**
 * Scope -> what it grants (management.md 2.2): full names, `*`, or `*-suffix`.
 * The pattern language stays text so that the table reads like the reference, permissions of later routes included.
 */
export const TOKEN_SCOPES = {
  readonly: ['*-read'],
  write: ['*'],
  all: ['*'],
  spa: ['*'],
  'order-simple': ['orders-read', 'orders-write'],
  // products-read and categories-read: without them the point-of-sale app cannot show what it sells.
  'order-pos': ['orders-read', 'orders-write', 'inventory-lock', 'products-read', 'categories-read'],
  'order-mgmt': ['orders-read', 'orders-write', 'orders-refund'],
  'order-full': [
    'orders-read',
    'orders-write',
    'inventory-lock',
    'orders-refund',
    'products-read',
    'categories-read',
  ],
} as const satisfies Record<string, readonly string[]>;

export type TokenScope = keyof typeof TOKEN_SCOPES;

export function isTokenScope(text: string): text is TokenScope {
  return Object.hasOwn(TOKEN_SCOPES, text);
}

/** Permissions that a route asks for and another one grants, too (management.md 2.2, 20). */
const ALSO_GRANTED_BY: Partial<Record<Permission, readonly Permission[]>> = {
  // Two names of the reference for one permission.
  'inventory-lock': ['products-lock'],
  'products-lock': ['inventory-lock'],
  // PATCH of an instance: what the docs name, and what the name says.
  'instances-token-write': ['instances-write'],
};

/**
 * True when a token of `scope` may do what needs `permission`. `token-refresh` is no matter of scopes: the token says
 * itself whether it is refreshable (management.md 2.3).
 */
export function grants(scope: TokenScope, permission: Permission): boolean {
  if (permission === 'token-refresh') return false;
  const names = [permission, ...(ALSO_GRANTED_BY[permission] ?? [])];
  return TOKEN_SCOPES[scope].some((pattern) => names.some((name) => covers(pattern, name)));
}

/** True when everything that `wanted` grants is granted by `held` too: a refresh never widens (management.md 2.3). */
export function isSubset(wanted: TokenScope, held: TokenScope): boolean {
  return TOKEN_SCOPES[wanted].every((name) => TOKEN_SCOPES[held].some((pattern) => covers(pattern, name)));
}

function covers(pattern: string, name: string): boolean {
  if (pattern === '*' || pattern === name) return true;
  return pattern.startsWith('*-') && name.endsWith(pattern.slice(1));
}
