import { CanActivate, createParamDecorator, ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { INSTANCE_ROUTES } from '../platform/http/instance-controller';
import type { TalerRequest } from '../platform/http/request';
import type { Instance } from './instance';
import { InstanceDirectory } from './instance-directory';

/** The instance that paths without the `/instances/$ID` prefix address (management.md 1.1). */
export const ADMIN_INSTANCE = 'admin';

const ALLOW_DELETED = 'taler:allow-deleted';
/** The handler also serves instances that are deleted but not purged (management.md 1.2). */
export const AllowDeletedInstance = () => SetMetadata(ALLOW_DELETED, true);

const ALLOW_ABSENT_ADMIN = 'taler:allow-absent-admin';
/** The handler also serves the root before an admin instance was created; `@CurrentInstance()` is undefined then. */
export const AllowAbsentAdmin = () => SetMetadata(ALLOW_ABSENT_ADMIN, true);

/** Looks up who is addressed, before anything else is judged (management.md 1.3 step 4). */
@Injectable()
export class InstanceScopeGuard implements CanActivate {
  constructor(
    private readonly directory: InstanceDirectory,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.reflector.get<boolean>(INSTANCE_ROUTES, context.getClass())) return true;
    const request = context.switchToHttp().getRequest<TalerRequest>();
    const named = request.params['instance'] as string | undefined;
    const id = named ?? ADMIN_INSTANCE;
    const mayBeAbsent =
      named === undefined && this.reflector.get<boolean>(ALLOW_ABSENT_ADMIN, context.getHandler());
    if (mayBeAbsent && !(await this.directory.find(id))) return true;
    const instance = await this.directory.get(id);
    if (instance.deleted && !this.reflector.get<boolean>(ALLOW_DELETED, context.getHandler())) {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_DELETED, { detail: id });
    }
    request.instance = instance;
    return true;
  }
}

/** The addressed instance: `@CurrentInstance() instance: Instance`. */
export const CurrentInstance = createParamDecorator((_: unknown, context: ExecutionContext): Instance => {
  return context.switchToHttp().getRequest<TalerRequest>().instance as Instance;
});
