import { IntField, JsonField, ListField, TextField, TimestampField } from '../../platform/http/fields';

export class ExchangeStatusDetail {
  @TextField()
  exchange_url!: string;
  @TimestampField({ description: 'next planned download of the keys' })
  next_download!: object;
  @TimestampField({ optional: true, description: 'absent while no keys are known' })
  keys_expiration?: object;
  @JsonField({
    description: 'full payto of each account of the exchange -> AccountRestriction[], null: unrestricted',
  })
  debit_restrictions!: object;
  @IntField({ description: '0: no HTTP answer at all' })
  keys_http_status!: number;
  @IntField({ description: '0: fine' })
  keys_ec!: number;
  @TextField({ description: 'text for keys_ec' })
  keys_hint!: string;
}

/** ExchangeStatusResponse (management.md 5.2). */
export class ExchangeStatusResponse {
  @ListField(() => ExchangeStatusDetail, { lengthMax: 1000 })
  exchanges!: ExchangeStatusDetail[];
}
