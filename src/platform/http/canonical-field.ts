import { CanonicalJsonError } from '../../taler/canonical-json';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

/**
 * Runs a computation on the canonical form of a member of the body.
 * @throws TalerError GENERIC_PARAMETER_MALFORMED naming the member when it has none, such as for a fraction
 */
export function ofCanonical<T>(field: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    throw new TalerError(TalerCode.GENERIC_PARAMETER_MALFORMED, {
      detail: `${field}: ${error.message}`,
      extra: { field },
      cause: error,
    });
  }
}
