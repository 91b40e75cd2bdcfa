import type { Request } from 'express';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

/** Parameters of a media type, the quality apart. */
const PARAMETERS = /;(?!\s*q\s*=)[^;,]*/gi;

/**
 * The format of an answer by `Accept`, the first of `types` where the client does not care (management.md 1.5).
 * @param detail of the error
 * @throws TalerError GENERIC_REQUESTED_FORMAT_UNSUPPORTED when it takes none of them; MERCHANT_GENERIC_NO_TYPST_OR_PDFTK
 *   for PDF, which some answers have at the reference and which needs tools that we do not have
 */
export function chooseType<T extends string>(
  request: Request,
  types: readonly [T, ...T[]],
  detail: string = types.join(', '),
): Exclude<T, 'application/pdf'> {
  const { accept = '' } = request.headers;
  // `application/json; charset=utf-8` is what many clients say; it would match no type that has no charset.
  request.headers.accept = accept.replace(PARAMETERS, '');
  // An empty header says as much as none.
  const wanted = accept === '' ? types[0] : request.accepts([...types]);
  const type = types.find((known) => known === wanted);
  if (type === undefined) {
    throw new TalerError(TalerCode.GENERIC_REQUESTED_FORMAT_UNSUPPORTED, { detail });
  }
  if (type === 'application/pdf') throw new TalerError(TalerCode.MERCHANT_GENERIC_NO_TYPST_OR_PDFTK);
  return type as Exclude<T, 'application/pdf'>;
}
