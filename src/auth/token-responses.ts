import { timestampToJson } from '../taler/timestamp';
import type { LoginTokenSuccessResponse, TokenInfo } from './dto';
import type { IssuedToken } from './token-mint';
import type { ListedToken } from './tokens.repository';

/** LoginTokenSuccessResponse (management.md 2.3). */
export function toLoginToken(issued: IssuedToken): LoginTokenSuccessResponse {
  return {
    token: issued.accessToken,
    access_token: issued.accessToken,
    scope: issued.scope,
    expiration: timestampToJson(issued.expiration),
    refreshable: issued.refreshable,
  };
}

/** TokenInfo (management.md 2.5); the scope without the mark `:refreshable`, which has a member of its own. */
export function toTokenInfo(token: ListedToken): TokenInfo {
  return {
    creation_time: timestampToJson(token.createdUs),
    expiration: timestampToJson(token.expiresUs),
    scope: token.scope,
    refreshable: token.refreshable,
    ...(token.description === undefined ? {} : { description: token.description }),
    serial: Number(token.serial),
  };
}
