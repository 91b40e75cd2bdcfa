import { JsonValue } from '../taler/json';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { TrustedExchange } from './exchange-directory';
import { ExchangeAnswer, ExchangeReply } from './exchange-http';
import { parseErrorBody } from './codecs';

type Silence = Exclude<ExchangeReply, ExchangeAnswer>;

/** Faults of the exchange are 502, its silence is 504 (conventions.md 7). */
const BAD_GATEWAY = 502;

/**
 * The members that let a client see what the exchange said (conventions.md 7, orders.md PayConflictBody). Status and
 * code are 0 when there was no answer. `exchange_ec` is the older name that wallets before 2023 read.
 */
function exchangeMembers(exchange: TrustedExchange, answer?: ExchangeAnswer): Record<string, unknown> {
  const code = parseErrorBody(answer?.body)?.code ?? 0;
  const members: Record<string, unknown> = {
    exchange_url: exchange.baseUrl,
    exchange_http_status: answer?.status ?? 0,
    exchange_code: code,
    exchange_ec: code,
  };
  if (answer?.body !== undefined) members.exchange_reply = answer.body;
  return members;
}

interface Failure {
  readonly exchange: TrustedExchange;
  readonly answer?: ExchangeAnswer;
  readonly detail?: string;
  readonly cause?: unknown;
}

function badGateway(code: TalerCode, { exchange, answer, detail, cause }: Failure): TalerError {
  return new TalerError(code, {
    status: BAD_GATEWAY,
    detail,
    cause,
    extra: exchangeMembers(exchange, answer),
  });
}

/** 504 code 2011: the exchange did not answer in time; whether it acted is unknown. */
export function exchangeTimeout(exchange: TrustedExchange, detail?: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_EXCHANGE_TIMEOUT, {
    detail,
    extra: { exchange_url: exchange.baseUrl, exchange_http_status: 0 },
  });
}

/** 502 code 2010: no usable /keys (exchange.md 3, last row of the table). */
export function keysFailure({ exchange, answer, detail, cause }: Failure): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_EXCHANGE_KEYS_FAILURE, {
    status: BAD_GATEWAY,
    detail,
    cause,
    extra: { exchange_url: exchange.baseUrl, exchange_http_status: answer?.status ?? 0 },
  });
}

/** 400 code 2025: the exchange is not configured. */
export function untrustedExchange(baseUrl: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_EXCHANGE_UNTRUSTED, {
    detail: baseUrl,
    extra: { exchange_url: baseUrl },
  });
}

/** 502 code 2013: the reply breaks the protocol; `detail` is the JSON path at which it does. */
export function malformedReply(
  exchange: TrustedExchange,
  answer: ExchangeAnswer,
  detail: string,
): TalerError {
  return badGateway(TalerCode.MERCHANT_GENERIC_EXCHANGE_REPLY_MALFORMED, { exchange, answer, detail });
}

/** 502 code 2014: a status that makes no sense here, or a refusal that is not the wallet's fault. */
export function unexpectedStatus(exchange: TrustedExchange, answer: ExchangeAnswer): TalerError {
  const detail = parseErrorBody(answer.body)?.hint;
  return badGateway(TalerCode.MERCHANT_GENERIC_EXCHANGE_UNEXPECTED_STATUS, { exchange, answer, detail });
}

/** 502 code 2029: signed with a key that even fresh /keys do not list (exchange.md 3). */
export function unknownSigningKey(exchange: TrustedExchange, answer: ExchangeAnswer): TalerError {
  return badGateway(TalerCode.MERCHANT_EXCHANGE_SIGN_PUB_UNKNOWN, {
    exchange,
    answer,
    detail: 'exchange_pub',
  });
}

/** 409 code 2150, with the reply verbatim: the wallet looks for `exchange_reply.coin_pub` and drops that coin. */
export function insufficientFunds(exchange: TrustedExchange, answer: ExchangeAnswer): TalerError {
  return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_INSUFFICIENT_FUNDS, {
    extra: exchangeMembers(exchange, answer),
  });
}

/** 451 code 2186: the wallet may try coins of other exchanges than those named. */
export function legallyRefused(...exchanges: TrustedExchange[]): TalerError {
  return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_LEGALLY_REFUSED, {
    extra: { exchange_base_urls: exchanges.map(({ baseUrl }) => baseUrl) },
  });
}

/** 502 code 2170: the deposit failed for reasons of the exchange. */
export function depositFailed(failure: Failure): TalerError {
  return badGateway(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_FAILED, failure);
}

/** No answer to a call that is no deposit: 504 code 2011, or 502 code 2012 when there is no connection. */
export function noAnswer(exchange: TrustedExchange, silence: Silence): TalerError {
  switch (silence.kind) {
    case 'timeout':
      return exchangeTimeout(exchange);
    case 'unreachable':
      return badGateway(TalerCode.MERCHANT_GENERIC_EXCHANGE_CONNECT_FAILURE, {
        exchange,
        cause: silence.cause,
      });
  }
}

/** The exchange's code and body, for results kept per coin (exchange.md 4: `exchange_code`, `exchange_reply`). */
export function saidBy(answer: ExchangeAnswer): {
  status: number;
  code: number | undefined;
  reply: JsonValue | undefined;
} {
  return { status: answer.status, code: parseErrorBody(answer.body)?.code, reply: answer.body };
}
