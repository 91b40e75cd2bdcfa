import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

/** 400 (26) for a query or path parameter: the detail is its name (orders.md 2.3). */
export function malformedParameter(name: string): TalerError {
  return new TalerError(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: name });
}

/** 400 (26) for a member of the body, named in `field`. @param fault such as "must be in KUDOS" */
export function malformedField(field: string, fault: string): TalerError {
  return new TalerError(TalerCode.GENERIC_PARAMETER_MALFORMED, {
    detail: `${field}: ${fault}`,
    extra: { field },
  });
}
