import type { AppConfig } from '../../platform/config/config';
import { malformedField } from '../../platform/http/malformed';
import { parsePayto } from '../../taler/payto';
import { TalerError } from '../../taler/taler-error';

/**
 * Holds a bank account against what `/config` says of payment targets (management.md 5.1, 6.1). A URI that is no payto
 * is malformed (24); one that is good but not taken here is a parameter that this server does not accept (26).
 * @throws TalerError GENERIC_PARAMETER_MALFORMED
 */
export function requireAllowedAccount(
  config: Pick<AppConfig, 'paymentTargetTypes' | 'paymentTargetRegex'>,
  paytoUri: string,
): void {
  const { paymentTargetTypes: types, paymentTargetRegex: pattern } = config;
  const method = parsePayto(paytoUri)?.method ?? '';
  if (types && !types.includes(method)) throw notAllowed(`an account of type ${types.join(', ')}`);
  if (pattern && !pattern.regExp.test(paytoUri)) throw notAllowed(`one that matches ${pattern.text}`);
}

function notAllowed(expects: string): TalerError {
  return malformedField('payto_uri', `must be ${expects}`);
}
