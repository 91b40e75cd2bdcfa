import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Instance } from '../instances/instance';
import { AppConfig } from '../platform/config/config';
import { ACCESS, Access } from '../platform/http/permission';
import type { TalerRequest } from '../platform/http/request';
import { OPEN_TO_UNVALIDATED } from '../platform/http/second-factor';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { Contact, isValidated } from './factors';

/**
 * Where channels are mandatory, the private endpoints are shut until a code came back on each of them (management.md
 * 3.1). Open stay those by which that is brought about: reading and correcting the addresses, logging in, and the
 * protected operations, which ask for codes themselves. The operator's token opens them all.
 */
@Injectable()
export class ValidatedAddressesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const { mandatoryTanChannels: mandatory } = this.config;
    if (mandatory.length === 0) return true;
    const handler = context.getHandler();
    if (this.reflector.get<Access | undefined>(ACCESS, handler)?.kind !== 'permission') return true;
    if (this.reflector.get<boolean>(OPEN_TO_UNVALIDATED, handler)) return true;
    const request = context.switchToHttp().getRequest<TalerRequest>();
    if (request.isOperator || isValidated(contactsOf(request.instance as Instance), mandatory)) return true;
    throw new TalerError(TalerCode.MERCHANT_GENERIC_MFA_MISSING, {
      detail: 'the mandatory addresses are not validated yet: log in again',
    });
  }
}

function contactsOf({ email, emailValidated, phoneNumber, phoneValidated }: Instance): Contact[] {
  return [
    { channel: 'email', address: email ?? '', isValidated: emailValidated },
    { channel: 'sms', address: phoneNumber ?? '', isValidated: phoneValidated },
  ];
}
