import { TalerError } from '../taler/taler-error';
import { parseConflictingCoin, parseErrorBody, parseLegalRefusal } from './codecs';
import { BatchDepositRequest } from './deposit-call';
import { TrustedExchange } from './exchange-directory';
import {
  depositFailed,
  insufficientFunds,
  legallyRefused,
  malformedReply,
  saidBy,
  unexpectedStatus,
} from './exchange-errors';
import { ExchangeAnswer } from './exchange-http';
import { CoinCallFailure, DepositOutcome } from './exchange-outcomes';

/** Code of a 409: the coin has not enough left (double spending). */
const COIN_INSUFFICIENT_FUNDS = 1012;

/** Every answer to a deposit but 200 (exchange.md 3, "What the merchant answers to the wallet"). */
export function depositRefusal(
  exchange: TrustedExchange,
  request: BatchDepositRequest,
  answer: ExchangeAnswer,
): DepositOutcome {
  if (answer.status === 451) {
    return {
      kind: 'legally-refused',
      error: legallyRefused(exchange),
      refusal: parseLegalRefusal(answer.body),
    };
  }
  if (answer.status >= 500) {
    return { kind: 'failed', error: depositFailed({ exchange, answer, detail: `status ${answer.status}` }) };
  }
  if (answer.status < 400) return { kind: 'failed', error: unexpectedStatus(exchange, answer) };
  const code = parseErrorBody(answer.body)?.code;
  if (code === undefined) return { kind: 'failed', error: malformedReply(exchange, answer, '$.code') };
  if (answer.status !== 409 || code !== COIN_INSUFFICIENT_FUNDS) {
    return { kind: 'refused', error: unexpectedStatus(exchange, answer), status: answer.status, code };
  }
  // The wallet drops the coin that is named here; a coin that was not sent would make it repeat the same request.
  const coinPub = parseConflictingCoin(answer.body);
  const isOurs = coinPub !== undefined && request.coins.some((coin) => coin.coinPub.equals(coinPub));
  if (!isOurs) return { kind: 'failed', error: malformedReply(exchange, answer, '$.coin_pub') };
  return {
    kind: 'refused',
    error: insufficientFunds(exchange, answer),
    status: answer.status,
    code,
    coinPub,
  };
}

/** A failure after an answer: bad signature, malformed body. */
export function coinCallFailure(
  error: TalerError,
  answer: ExchangeAnswer,
): { kind: 'failed' } & CoinCallFailure {
  return { kind: 'failed', error, ...saidBy(answer) };
}

/** 4xx with an error body is the exchange's no; anything else may be different next time. */
export function coinCallRefusal(
  exchange: TrustedExchange,
  answer: ExchangeAnswer,
): { kind: 'refused' | 'failed' } & CoinCallFailure {
  const isError = answer.status >= 400 && answer.status < 500;
  const hasCode = parseErrorBody(answer.body) !== undefined;
  if (isError && !hasCode) return coinCallFailure(malformedReply(exchange, answer, '$.code'), answer);
  const error = unexpectedStatus(exchange, answer);
  return { kind: isError ? 'refused' : 'failed', error, ...saidBy(answer) };
}
