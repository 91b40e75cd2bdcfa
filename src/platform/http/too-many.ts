import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

const TOO_MANY_REQUESTS = 429;

/**
 * Whoever tries to log in too often. The registry has codes with 429 for one-time codes only (2127, 2130), so this is
 * 2015, as for a wrong password: clients that look at the code ask for the password again, those that look at the
 * status wait.
 */
export const TOO_MANY_LOGINS = [
  TalerCode.MERCHANT_GENERIC_UNAUTHORIZED,
  { status: TOO_MANY_REQUESTS },
] as const;

/** 429 that says when to come again. @param code of the operation @param waitS seconds, in `Retry-After` */
export function tooMany(code: TalerCode, waitS: number, detail: string): TalerError {
  return new TalerError(code, {
    status: TOO_MANY_REQUESTS,
    detail: `${detail}; try again in ${waitS} s`,
    headers: { 'Retry-After': String(waitS) },
  });
}
