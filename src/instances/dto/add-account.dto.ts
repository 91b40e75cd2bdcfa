import { JsonField, TextField } from '../../platform/http/fields';
import { isWebUrl } from '../../platform/http/urls';
import { TalerCode } from '../../taler/error-codes';
import type { JsonObject } from '../../taler/json';
import { parsePayto } from '../../taler/payto';

/** AccountAddDetails (management.md 6.2). */
export class AddAccountDto {
  @TextField({
    lengthMax: 2048,
    accepts: (text) => parsePayto(text) !== undefined,
    expects: 'a payto:// URI with receiver-name',
    code: TalerCode.GENERIC_PAYTO_URI_MALFORMED,
    example: 'payto://x-taler-bank/bank.example/shop?receiver-name=Shop',
  })
  payto_uri!: string;
  @TextField({
    optional: true,
    lengthMax: 2048,
    accepts: (text) => isWebUrl(text) && text.endsWith('/'),
    expects: 'an http(s) URL that ends in "/"',
  })
  credit_facade_url?: string;
  @JsonField({ optional: true, description: '{"type":"none"}, {"type":"basic",…} or {"type":"bearer",…}' })
  credit_facade_credentials?: JsonObject;
  @TextField({ optional: true, pattern: /^[a-zA-Z0-9.:-]{1,40}$/, lengthMax: 40 })
  extra_wire_subject_metadata?: string;
}
