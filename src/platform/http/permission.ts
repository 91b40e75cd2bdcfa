import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiSecurity } from '@nestjs/swagger';

/** Permissions as the reference names them (management.md 2.2), as far as there are routes for them. */
export type Permission =
  | 'orders-read'
  | 'orders-write'
  | 'orders-refund'
  | 'accounts-read'
  | 'accounts-write'
  | 'instances-read'
  | 'instances-write';

/** How a route is guarded. */
export type Access =
  | { readonly kind: 'public' }
  /** A bearer token of the addressed instance. */
  | { readonly kind: 'permission'; readonly permission: Permission }
  /** A bearer token of the admin instance, whatever instance is addressed. */
  | { readonly kind: 'admin'; readonly permission: Permission }
  /** The handler checks the credential itself: the token endpoint takes a password. */
  | { readonly kind: 'credential' };

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

/** The handler judges the credential itself; it takes those of `schemes`. */
export const TakesCredential = (...schemes: readonly ('password' | 'token')[]) =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'credential' } satisfies Access),
    ...schemes.map((scheme) => ApiSecurity(scheme)),
    ApiExtension('x-permission', 'credential'),
  );
