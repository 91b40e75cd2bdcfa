import { CanActivate, createParamDecorator, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ADMIN_INSTANCE } from '../instances/instance-scope.guard';
import { InstanceDirectory } from '../instances/instance-directory';
import type { Instance } from '../instances/instance';
import { AppConfig } from '../platform/config/config';
import { clientAddress } from '../platform/http/client-address';
import { ACCESS, Access } from '../platform/http/permission';
import type { TalerRequest } from '../platform/http/request';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { Authenticator, Credential, unauthorized } from './authenticator';
import { PasswordCheck } from './password-check';
import { grants } from './token-scopes';

/** Asks each request for what its route demands (management.md 1.3 step 5). Registered once, globally. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly passwords: PasswordCheck,
    private readonly directory: InstanceDirectory,
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    // The start-up audit has seen to it that every route has one; a route without stays shut all the same.
    if (!access) throw new TalerError(TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT);
    if (access.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<TalerRequest>();
    const credential = await this.judge(request, access);
    request.credential = credential;
    request.isOperator = credential !== undefined && credential.instanceSerial === undefined;
    return true;
  }

  /** @returns the token that was shown; undefined: the password was */
  private async judge(
    request: TalerRequest,
    access: Exclude<Access, { kind: 'public' }>,
  ): Promise<Credential | undefined> {
    const { authorization } = request.headers;
    const addressed = request.instance as Instance;
    if (access.kind === 'credential' && access.schemes.includes('password') && isBasic(authorization)) {
      await this.passwords.check(addressed, authorization, clientAddress(request, this.config.trustProxy));
      return undefined;
    }
    const instance = access.kind === 'admin' ? await this.directory.find(ADMIN_INSTANCE) : addressed;
    const credential = await this.authenticator.bearer(authorization, instance?.serial);
    if (!opens(credential, instance)) throw unauthorized();
    if (access.kind !== 'credential' && !grants(credential.scope, access.permission)) {
      throw new TalerError(TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT, { detail: access.permission });
    }
    return credential;
  }
}

/** What the request showed to get in; undefined: the password. */
export const CurrentCredential = createParamDecorator(
  (_: unknown, context: ExecutionContext): Credential | undefined => {
    return context.switchToHttp().getRequest<TalerRequest>().credential as Credential | undefined;
  },
);

function isBasic(authorization: string | undefined): authorization is string {
  return /^Basic /i.test(authorization ?? '');
}

/** Tokens are bound to one instance; the operator's opens the admin instance, also before it exists. */
function opens(credential: Credential, instance: Instance | undefined): boolean {
  if (credential.instanceSerial === undefined)
    return instance === undefined || instance.id === ADMIN_INSTANCE;
  return instance !== undefined && credential.instanceSerial === instance.serial;
}
