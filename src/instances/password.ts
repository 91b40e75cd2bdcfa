import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { AuthConfigDto } from './dto/instance.dto';

/**
 * The password of an `auth` object, its old form included (management.md 2.1). `external`, which leaves the door to a
 * proxy, is configured no more.
 * @param code of the operation: 2601 where an instance is created, 2602 where its password is changed
 * @throws TalerError with that code when the object holds no password
 */
export function passwordOf(auth: AuthConfigDto, code: TalerCode): string {
  if (auth.method === 'token' && auth.password !== undefined) return auth.password;
  if (auth.method === 'token' && auth.token !== undefined) return auth.token.slice('secret-token:'.length);
  throw new TalerError(code, {
    detail: 'auth: must be {"method":"token","password":…}',
    extra: { field: 'auth' },
  });
}
