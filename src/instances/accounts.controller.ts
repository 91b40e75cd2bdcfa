import { Body, Delete, Get, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { InstanceController } from '../platform/http/instance-controller';
import { chooseType } from '../platform/http/negotiate';
import { RequirePermission } from '../platform/http/permission';
import {
  CHALLENGE_ERRORS,
  CHALLENGE_HEADER,
  CHALLENGED,
  CurrentCall,
  OpenToUnvalidated,
  type ProtectedCall,
  SecondFactor,
} from '../platform/http/second-factor';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { requireAccountHash, unknownAccount } from './accounts/account-hash';
import { toAccountText } from './accounts/account-text';
import { AddAccountDto, PatchAccountDto } from './dto/account.dto';
import { AccountAddResponse, AccountsResponse, BankAccountDetail } from './dto/responses';
import type { Instance } from './instance';
import { toAccountDetail, toAccountSummary } from './instance-responses';
import { CurrentInstance } from './instance-scope.guard';
import { AddAccount } from './use-cases/add-account';
import { DeactivateAccount } from './use-cases/deactivate-account';
import { PatchAccount } from './use-cases/patch-account';

/** Formats of one account (management.md 6.5, v32). */
const ACCOUNT_TYPES = ['application/json', 'text/plain'] as const;

const ONE_ACCOUNT_ERRORS = [
  ...TOKEN_ERRORS,
  ...INSTANCE_ERRORS,
  TalerCode.MERCHANT_GENERIC_H_WIRE_MALFORMED,
  TalerCode.MERCHANT_GENERIC_ACCOUNT_UNKNOWN,
];

/** `private/accounts`: where exchanges wire the money to (management.md 6). */
@ApiTags('Bank accounts')
@InstanceController('private/accounts')
export class AccountsController {
  constructor(
    private readonly addAccount: AddAccount,
    private readonly patchAccount: PatchAccount,
    private readonly deactivateAccount: DeactivateAccount,
    private readonly secondFactor: SecondFactor,
  ) {}

  @Post()
  @OpenToUnvalidated()
  @RequirePermission('accounts-write')
  @Operation({
    summary: 'Add a bank account',
    good: {
      200: { description: 'added, reactivated, or there already', body: AccountAddResponse },
      ...CHALLENGED,
    },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      ...CHALLENGE_ERRORS,
      TalerCode.GENERIC_PAYTO_URI_MALFORMED,
      TalerCode.MERCHANT_PRIVATE_ACCOUNT_EXISTS,
    ],
    headers: [CHALLENGE_HEADER],
  })
  async add(
    @CurrentInstance() instance: Instance,
    @CurrentCall() call: ProtectedCall,
    @Body() request: AddAccountDto,
  ) {
    const askPermit = () => this.secondFactor.require('add-account', instance.serial, call);
    const { hWire, salt } = await this.addAccount.run(instance, request, askPermit);
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
    description: 'As JSON, or for people as text/plain.',
    good: {
      200: {
        description: 'the account, without credentials',
        body: BankAccountDetail,
        alsoAs: { 'text/plain': { type: 'string' } },
        headers: { Vary: 'Accept' },
      },
    },
    errors: [...ONE_ACCOUNT_ERRORS, TalerCode.GENERIC_REQUESTED_FORMAT_UNSUPPORTED],
    headers: [{ name: 'Accept', description: ACCOUNT_TYPES.join(' or ') }],
  })
  read(
    @CurrentInstance() instance: Instance,
    @Param('h_wire') text: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    response.setHeader('Vary', 'Accept');
    const hWire = requireAccountHash(text);
    const account = instance.accounts.find((candidate) => candidate.hWire.equals(hWire));
    if (!account) throw unknownAccount(hWire);
    if (chooseType(request, ACCOUNT_TYPES, 'Accept') === 'application/json') return toAccountDetail(account);
    response.type('text/plain');
    return toAccountText(account);
  }

  @Patch(':h_wire')
  @RequirePermission('accounts-write')
  @Operation({
    summary: 'Change what is known of a bank account beside its payto URI',
    description:
      'What is absent stays as it is; credentials of the type "none" remove those that are stored.',
    good: { 204: { description: 'changed' } },
    errors: [...BODY_ERRORS, ...ONE_ACCOUNT_ERRORS],
  })
  async patch(
    @CurrentInstance() instance: Instance,
    @Param('h_wire') text: string,
    @Body() request: PatchAccountDto,
  ): Promise<void> {
    await this.patchAccount.run(instance, requireAccountHash(text), request);
  }

  @Delete(':h_wire')
  @RequirePermission('accounts-write')
  @Operation({
    summary: 'Deactivate a bank account',
    description:
      'It stays in the list as inactive, since old contracts name it; adding it again takes it back.',
    good: { 204: { description: 'deactivated' } },
    errors: ONE_ACCOUNT_ERRORS,
  })
  async remove(@CurrentInstance() instance: Instance, @Param('h_wire') text: string): Promise<void> {
    await this.deactivateAccount.run(instance, requireAccountHash(text));
  }
}
