import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ADMIN_INSTANCE } from '../instances/instance-scope.guard';
import { InstanceDirectory } from '../instances/instance-directory';
import type { Instance } from '../instances/instance';
import { ACCESS, Access } from '../platform/http/permission';
import type { TalerRequest } from '../platform/http/request';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { Authenticator, Credential, unauthorized } from './authenticator';
import { grants } from './token-scopes';

/** Asks each request for what its route demands (management.md 1.3 step 5). Registered once, globally. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly directory: InstanceDirectory,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    // The start-up audit has seen to it that every route has one; a route without stays shut all the same.
    if (!access) throw new TalerError(TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT);
    if (access.kind === 'public' || access.kind === 'credential') return true;
    const request = context.switchToHttp().getRequest<TalerRequest>();
    const credential = await this.authenticator.bearer(request.headers.authorization);
    const instance =
      access.kind === 'admin' ? await this.directory.find(ADMIN_INSTANCE) : (request.instance as Instance);
    if (!opens(credential, instance)) throw unauthorized();
    if (!grants(credential.scope, access.permission)) {
      throw new TalerError(TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT, { detail: access.permission });
    }
    return true;
  }
}

/** Tokens are bound to one instance; the operator's opens the admin instance, also before it exists. */
function opens(credential: Credential, instance: Instance | undefined): boolean {
  if (credential.instanceSerial === undefined)
    return instance === undefined || instance.id === ADMIN_INSTANCE;
  return instance !== undefined && credential.instanceSerial === instance.serial;
}
