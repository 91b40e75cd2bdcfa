import { malformedField } from '../../platform/http/malformed';
import type { FacadeCredentialsDto } from '../dto/account.dto';

/** What opens the revenue API of a bank (management.md 6.1). */
export type FacadeCredentials =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'bearer'; readonly token: string };

const FIELD = 'credit_facade_credentials';

/**
 * The credentials of a request; undefined when there are none, which `{"type":"none"}` says too.
 * @throws TalerError GENERIC_PARAMETER_MALFORMED naming the member that is missing
 */
export function readCredentials(dto: FacadeCredentialsDto | undefined): FacadeCredentials | undefined {
  if (!dto || dto.type === 'none') return undefined;
  if (dto.type === 'bearer') return { type: 'bearer', token: required(dto.token, 'token') };
  return {
    type: 'basic',
    username: required(dto.username, 'username'),
    password: required(dto.password, 'password'),
  };
}

/** @throws TalerError GENERIC_PARAMETER_MALFORMED when there is nothing that the credentials could open */
export function requireFacadeUrl(url: string | null, credentials: FacadeCredentials | undefined): void {
  if (credentials && url === null) throw malformedField(FIELD, 'must be accompanied by a credit_facade_url');
}

function required(value: string | undefined, member: string): string {
  if (value === undefined) throw malformedField(`${FIELD}.${member}`, 'must be present and text');
  return value;
}
