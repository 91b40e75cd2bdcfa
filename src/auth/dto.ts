import {
  BoolField,
  EnumField,
  IntField,
  ListField,
  RelativeTimeField,
  TextField,
  TimestampField,
} from '../platform/http/fields';
import type { RelativeTime } from '../taler/timestamp';
import { TOKEN_SCOPES } from './token-scopes';

const SCOPES = Object.keys(TOKEN_SCOPES).flatMap((scope) => [scope, `${scope}:refreshable`]);

/** LoginTokenRequest (management.md 2.3). */
export class LoginTokenRequest {
  @EnumField(SCOPES)
  scope!: string;
  @RelativeTimeField({ optional: true, description: 'how long the token is to be valid; default one day' })
  duration?: RelativeTime;
  @TextField({ optional: true, lengthMax: 1024 })
  description?: string;
  @BoolField({
    optional: true,
    deprecated: true,
    description: 'before v19; now the suffix ":refreshable" of the scope',
  })
  refreshable?: boolean;
}

/** LoginTokenSuccessResponse (management.md 2.3). */
export class LoginTokenSuccessResponse {
  @TextField({ deprecated: true, description: 'the same as access_token' })
  token!: string;
  @TextField({ description: 'starts with "secret-token:"' })
  access_token!: string;
  @EnumField(Object.keys(TOKEN_SCOPES))
  scope!: string;
  @TimestampField()
  expiration!: object;
  @BoolField()
  refreshable!: boolean;
}

/** TokenInfo (management.md 2.5). */
export class TokenInfo {
  @TimestampField()
  creation_time!: object;
  @TimestampField()
  expiration!: object;
  @EnumField(Object.keys(TOKEN_SCOPES))
  scope!: string;
  @BoolField()
  refreshable!: boolean;
  @TextField({ optional: true, lengthMax: 1024 })
  description?: string;
  @IntField({ description: 'for paging, and to revoke it' })
  serial!: number;
}

/** TokenInfos (management.md 2.5). */
export class TokenInfos {
  @ListField(() => TokenInfo, { lengthMax: 1024 })
  tokens!: TokenInfo[];
}
