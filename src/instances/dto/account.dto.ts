import { EnumField, ObjectField, TextField } from '../../platform/http/fields';
import { isWebUrl } from '../../platform/http/urls';
import { TalerCode } from '../../taler/error-codes';
import { parsePayto } from '../../taler/payto';

/** Of one instance, inactive ones included: all of them are kept in memory and listed at once (management.md 1.4). */
export const ACCOUNTS_MAX = 1000;

/** FacadeCredentials (management.md 6.1): which members belong to which type is judged together. */
export class FacadeCredentialsDto {
  @EnumField(['none', 'basic', 'bearer'])
  type!: 'none' | 'basic' | 'bearer';
  @TextField({ optional: true, lengthMax: 1024, description: 'of type "basic"' })
  username?: string;
  @TextField({ optional: true, lengthMax: 1024, description: 'of type "basic"' })
  password?: string;
  @TextField({ optional: true, lengthMax: 4096, description: 'of type "bearer"' })
  token?: string;
}

/** AccountPatchDetails (management.md 6.3): what is absent stays as it is. */
export class PatchAccountDto {
  @TextField({
    optional: true,
    lengthMax: 2048,
    accepts: (text) => isWebUrl(text) && text.endsWith('/'),
    expects: 'an http(s) URL that ends in "/"',
    description: 'base URL of the API of the bank that tells which money came in',
  })
  credit_facade_url?: string;
  @ObjectField(() => FacadeCredentialsDto, {
    optional: true,
    description: 'needs a credit_facade_url; written only, never shown again',
  })
  credit_facade_credentials?: FacadeCredentialsDto;
  @TextField({ optional: true, pattern: /^[a-zA-Z0-9.:-]{1,40}$/, lengthMax: 40 })
  extra_wire_subject_metadata?: string;
}

/** AccountAddDetails (management.md 6.2). */
export class AddAccountDto extends PatchAccountDto {
  @TextField({
    lengthMax: 2048,
    accepts: (text) => (parsePayto(text)?.target ?? '') !== '',
    expects: 'a payto:// URI with receiver-name',
    code: TalerCode.GENERIC_PAYTO_URI_MALFORMED,
    example: 'payto://x-taler-bank/bank.example/shop?receiver-name=Shop',
  })
  payto_uri!: string;
}
