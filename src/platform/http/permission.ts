import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiSecurity } from '@nestjs/swagger';

/** All permissions of the reference, by name (management.md 2.2). */
export const PERMISSIONS = [
  'accounts-read',
  'accounts-write',
  'categories-read',
  'categories-write',
  'donau-read',
  'donau-write',
  'groups-read',
  'groups-write',
  'instances-read',
  'instances-write',
  'instances-auth-write',
  'instances-token-write',
  'instances-kyc-read',
  'inventory-lock',
  'products-lock',
  'orders-read',
  'orders-write',
  'orders-refund',
  'otp-devices-read',
  'otp-devices-write',
  'pots-read',
  'pots-write',
  'products-read',
  'products-write',
  'reports-read',
  'reports-write',
  'statistics-read',
  'templates-read',
  'templates-write',
  'token-refresh',
  'tokenfamilies-read',
  'tokenfamilies-write',
  'tokens-read',
  'tokens-write',
  'transfers-read',
  'transfers-write',
  'units-read',
  'units-write',
  'webhooks-read',
  'webhooks-write',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** HTTP Basic with the password of the instance, or a bearer token. */
export type CredentialScheme = 'password' | 'token';

/** How a route is guarded. */
export type Access =
  | { readonly kind: 'public' }
  /** A bearer token of the addressed instance. */
  | { readonly kind: 'permission'; readonly permission: Permission }
  /** A bearer token of the admin instance, whatever instance is addressed. */
  | { readonly kind: 'admin'; readonly permission: Permission }
  /** Any valid credential of the addressed instance; what it is good for is judged by the operation. */
  | { readonly kind: 'credential'; readonly schemes: readonly CredentialScheme[] };

export const ACCESS = 'taler:access';

/** The route needs a token of its instance whose scope grants `permission`. */
export const RequirePermission = (permission: Permission) =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'permission', permission } satisfies Access),
    ApiSecurity('token'),
    ApiExtension('x-permission', permission),
  );

/** The route needs a token of the admin instance (management.md 1.1). */
export const RequireAdmin = (permission: Permission) =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'admin', permission } satisfies Access),
    ApiSecurity('token'),
    ApiExtension('x-permission', permission),
    ApiExtension('x-instance', 'admin'),
  );

/** The route is for everybody; what it tells is guarded by knowledge (claim token, contract hash) if at all. */
export const Public = () =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'public' } satisfies Access),
    ApiExtension('x-permission', 'public'),
  );

/** The route needs a credential of its instance, of one of `schemes`, and no permission. */
export const TakesCredential = (...schemes: readonly CredentialScheme[]) =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'credential', schemes } satisfies Access),
    ...schemes.map((scheme) => ApiSecurity(scheme)),
    ApiExtension('x-permission', 'credential'),
  );
