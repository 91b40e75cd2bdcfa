import { applyDecorators, Controller, SetMetadata } from '@nestjs/common';

export const INSTANCE_ROUTES = 'taler:instance-routes';

/**
 * Serves the same routes for the admin instance (no prefix) and for `/instances/$INSTANCE/` (management.md 1.1).
 * @param path below the instance's base URL, without a leading slash
 */
export const InstanceController = (path: string) =>
  applyDecorators(SetMetadata(INSTANCE_ROUTES, true), Controller([path, `instances/:instance/${path}`]));
