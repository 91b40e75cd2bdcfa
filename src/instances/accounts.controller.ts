import { Body, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { decodeBase32, encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { AddAccountDto } from './dto/add-account.dto';
import { AccountAddResponse, AccountsResponse, BankAccountDetail } from './dto/responses';
import type { Instance } from './instance';
import { toAccountDetail, toAccountSummary } from './instance-responses';
import { CurrentInstance } from './instance-scope.guard';
import { AddAccount } from './use-cases/add-account';

/** `private/accounts`: where exchanges wire the money to (management.md 6). */
@ApiTags('Bank accounts')
@InstanceController('private/accounts')
export class AccountsController {
  constructor(private readonly addAccount: AddAccount) {}

  @Post()
  @RequirePermission('accounts-write')
  @Operation({
    summary: 'Add a bank account',
    good: { 200: { description: 'added, reactivated, or there already', body: AccountAddResponse } },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.GENERIC_PAYTO_URI_MALFORMED,
      TalerCode.MERCHANT_PRIVATE_ACCOUNT_EXISTS,
    ],
  })
  async add(@CurrentInstance() instance: Instance, @Body() request: AddAccountDto) {
    const { hWire, salt } = await this.addAccount.run(instance, request);
    return { h_wire: encodeBase32(hWire), salt: encodeBase32(salt) };
  }

  @Get()
  @RequirePermission('accounts-read')
  @Operation({
    summary: 'List the bank accounts',
    good: { 200: { description: 'all accounts, inactive ones included', body: AccountsResponse } },
    errors: [...TOKEN_ERRORS, ...INSTANCE_ERRORS],
  })
  list(@CurrentInstance() instance: Instance) {
    return { accounts: instance.accounts.map(toAccountSummary) };
  }

  @Get(':h_wire')
  @RequirePermission('accounts-read')
  @Operation({
    summary: 'Read a bank account',
    good: { 200: { description: 'the account, without credentials', body: BankAccountDetail } },
    errors: [
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_GENERIC_H_WIRE_MALFORMED,
      TalerCode.MERCHANT_GENERIC_ACCOUNT_UNKNOWN,
    ],
  })
  read(@CurrentInstance() instance: Instance, @Param('h_wire') text: string) {
    const hWire = decodeBase32(text, 64);
    if (!hWire) throw new TalerError(TalerCode.MERCHANT_GENERIC_H_WIRE_MALFORMED, { detail: 'h_wire' });
    const account = instance.accounts.find((candidate) => candidate.hWire.equals(hWire));
    if (!account) throw new TalerError(TalerCode.MERCHANT_GENERIC_ACCOUNT_UNKNOWN, { detail: text });
    return toAccountDetail(account);
  }
}
