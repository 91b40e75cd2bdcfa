import type { CoinCallFailure } from '../exchange/exchange-outcomes';
import type { Refund, RefundFailure } from '../orders/refund';
import { errorFacts, TalerCode } from '../taler/error-codes';
import { isJsonObject } from '../taler/json';

const CLIENT_FAULTS = 400;
const SERVER_FAULTS = 500;

/** A refund below the fee is answered by an internal error, so it is never asked for (exchange.md 12 no. 6). */
export const TOO_SMALL: RefundFailure = {
  status: 400,
  code: TalerCode.EXCHANGE_REFUND_FEE_ABOVE_AMOUNT,
  reply: undefined,
};

/** A coin that was never deposited has nothing to give back: told as the exchange would (orders.md 5.5). */
export const NOT_DEPOSITED: RefundFailure = {
  status: 404,
  code: TalerCode.EXCHANGE_REFUND_DEPOSIT_NOT_FOUND,
  reply: undefined,
};

/** The exchange's no in its own words; without words that can be trusted, what we would answer to a wallet. */
export function failureOf(outcome: { readonly kind: 'refused' | 'failed' } & CoinCallFailure): RefundFailure {
  const { kind, status, code, reply, error } = outcome;
  const speaks = kind === 'refused' || status >= SERVER_FAULTS;
  return speaks
    ? { status, code: code ?? error.code, reply }
    : { status: error.status, code: error.code, reply };
}

/** Asked for, and without an answer that can be trusted: the exchange may have made the refund. */
export function isFateUnknown({ confirmation, failure }: Refund): boolean {
  if (confirmation || !failure) return false;
  return failure.status < CLIENT_FAULTS || failure.status >= SERVER_FAULTS;
}

/** The members of a failed coin in an answer to a wallet (orders.md 5.5, 5.6). */
export function toFailureMembers(failure: RefundFailure | undefined) {
  // Asked by another request that has not heard yet either.
  const isSilent = failure === undefined || failure.status === 0;
  const code = isSilent ? TalerCode.MERCHANT_GENERIC_EXCHANGE_TIMEOUT : failure.code;
  return {
    type: 'failure',
    exchange_status: isSilent
      ? errorFacts.get(TalerCode.MERCHANT_GENERIC_EXCHANGE_TIMEOUT)?.httpStatus
      : failure.status,
    exchange_code: code,
    exchange_reply: isJsonObject(failure?.reply) ? failure.reply : undefined,
  };
}
