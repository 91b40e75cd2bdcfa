import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { compareAmounts, formatAmount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { confirmRefund, confirmWire } from '../taler/signatures-exchange';
import { TalerError } from '../taler/taler-error';
import {
  ExchangeSignature,
  parseDepositConfirmation,
  parsePendingDeposit,
  parseRefundConfirmation,
  parseWiredDeposit,
} from './codecs';
import {
  BatchDepositRequest,
  confirmationMessage,
  depositBody,
  requireSendable,
  totalWithoutFee,
} from './deposit-call';
import type { BatchDepositCall, RefundCall, TrackCall } from './exchange-calls';
import { TrustedExchange } from './exchange-directory';
import {
  depositFailed,
  exchangeTimeout,
  malformedReply,
  noAnswer,
  unknownSigningKey,
} from './exchange-errors';
import { ExchangeAnswer, ExchangeHttp } from './exchange-http';
import { ExchangeKeys } from './exchange-keys';
import { ExchangeKeysCache } from './exchange-keys.cache';
import { coinCallFailure, coinCallRefusal, depositRefusal } from './exchange-refusals';
import { DepositOutcome, RefundOutcome, TrackOutcome } from './exchange-outcomes';

/** Total time of a refund: one coin, no wire transfer; the reference bounds its calls to a few seconds more. */
export const REFUND_TIMEOUT_MS = 15_000;

/** Total time of GET /deposits without long polling. */
export const TRACK_TIMEOUT_MS = 15_000;

/** What a network time-out is above the long poll it carries (conventions.md 5.6: up to 500 ms, plus the way). */
export const LONG_POLL_MARGIN_MS = 5_000;

/** What the search for a signing key that is not in our keys may add to a call. */
export const SIGNING_KEY_WAIT_MS = 5_000;

/**
 * The calls of a merchant to an exchange, one method per endpoint. Every signature is verified before an answer counts;
 * what goes wrong is a value with the error to be given to our own client.
 */
@Injectable()
export class ExchangeClient {
  private readonly logger = new Logger(ExchangeClient.name);

  constructor(
    private readonly http: ExchangeHttp,
    private readonly keysCache: ExchangeKeysCache,
    private readonly clock: Clock,
  ) {}

  /**
   * POST /batch-deposit (exchange.md 3). Idempotent at the exchange, never repeated here: the wallet repeats.
   *
   * @throws RangeError on more than 64 coins, no coin or a coin given twice
   */
  async batchDeposit({
    exchange,
    keys,
    request,
    timeoutMs,
    signal,
  }: BatchDepositCall): Promise<DepositOutcome> {
    requireSendable(request);
    const body = depositBody(request);
    const reply = await this.http.request({
      exchange,
      method: 'POST',
      path: 'batch-deposit',
      body,
      timeoutMs,
      signal,
    });
    switch (reply.kind) {
      case 'timeout':
        return { kind: 'failed', error: exchangeTimeout(exchange) };
      case 'unreachable':
        return {
          kind: 'failed',
          error: depositFailed({ exchange, detail: 'no answer', cause: reply.cause }),
        };
      case 'answer':
        if (reply.status === 200) return this.confirmDeposit(exchange, keys, request, reply);
        return depositRefusal(exchange, request, reply);
    }
  }

  /** POST /coins/$COIN_PUB/refund (exchange.md 4). Idempotent at the exchange. */
  async refundCoin({ exchange, keys, request, signal }: RefundCall): Promise<RefundOutcome> {
    const { coinPub, hContract, merchantPub, rtransactionId, refundAmount } = request;
    const answer = await this.http.request({
      exchange,
      method: 'POST',
      path: `coins/${encodeBase32(coinPub)}/refund`,
      body: {
        refund_amount: formatAmount(refundAmount),
        h_contract_terms: encodeBase32(hContract),
        rtransaction_id: exactNumber(rtransactionId),
        merchant_pub: encodeBase32(merchantPub),
        merchant_sig: encodeBase32(request.merchantSig),
      },
      timeoutMs: REFUND_TIMEOUT_MS,
      signal,
    });
    if (answer.kind !== 'answer') return { kind: 'failed', error: noAnswer(exchange, answer), status: 0 };
    if (answer.status !== 200) return coinCallRefusal(exchange, answer);
    const parsed = parseRefundConfirmation(answer.body);
    if (!parsed.ok) return coinCallFailure(malformedReply(exchange, answer, parsed.path), answer);
    const message = confirmRefund.pack({ hContract, coinPub, merchantPub, rtransactionId, refundAmount });
    const error = await this.signatureFault({ exchange, keys, answer, message, signature: parsed.value });
    return error ? coinCallFailure(error, answer) : { kind: 'confirmed', ...parsed.value };
  }

  /** GET /deposits/$H_WIRE/$MERCHANT_PUB/$H_CONTRACT_TERMS/$COIN_PUB (exchange.md 5). */
  async trackDeposit({ exchange, keys, request, longPoll, signal }: TrackCall): Promise<TrackOutcome> {
    const { hWire, merchantPub, hContract, coinPub, merchantSig } = request;
    const query: Record<string, string> = { merchant_sig: encodeBase32(merchantSig) };
    if (longPoll !== undefined) {
      // timeout_ms alone does not make the exchange wait (recording 102).
      query.timeout_ms = String(longPoll.timeoutMs);
      query.lpt = longPoll.until === 'wired' ? '2' : '1';
    }
    const answer = await this.http.request({
      exchange,
      method: 'GET',
      path: ['deposits', ...[hWire, merchantPub, hContract, coinPub].map(encodeBase32)].join('/'),
      query,
      timeoutMs: longPoll === undefined ? TRACK_TIMEOUT_MS : longPoll.timeoutMs + LONG_POLL_MARGIN_MS,
      signal,
    });
    if (answer.kind !== 'answer') return { kind: 'failed', error: noAnswer(exchange, answer), status: 0 };
    if (answer.status === 202) {
      const pending = parsePendingDeposit(answer.body);
      if (pending.ok) return { kind: 'pending', ...pending.value };
      return coinCallFailure(malformedReply(exchange, answer, pending.path), answer);
    }
    if (answer.status !== 200) return coinCallRefusal(exchange, answer);
    const wired = parseWiredDeposit(answer.body, exchange.currency);
    if (!wired.ok) return coinCallFailure(malformedReply(exchange, answer, wired.path), answer);
    const message = confirmWire.pack({ hWire, hContract, coinPub, ...wired.value });
    const error = await this.signatureFault({ exchange, keys, answer, message, signature: wired.value });
    return error ? coinCallFailure(error, answer) : { kind: 'wired', ...wired.value };
  }

  private async confirmDeposit(
    exchange: TrustedExchange,
    keys: ExchangeKeys,
    request: BatchDepositRequest,
    answer: ExchangeAnswer,
  ): Promise<DepositOutcome> {
    const parsed = parseDepositConfirmation(answer.body, exchange.currency);
    if (!parsed.ok) return { kind: 'failed', error: malformedReply(exchange, answer, parsed.path) };
    const confirmation = parsed.value;
    const total = totalWithoutFee(request);
    const { accumulatedTotalWithoutFee: accumulated } = confirmation;
    if (accumulated !== undefined && compareAmounts(accumulated, total) < 0) {
      // It may be more, from earlier batches of the contract, but never less than what we have just paid in.
      const detail = '$.accumulated_total_without_fee';
      return { kind: 'failed', error: malformedReply(exchange, answer, detail) };
    }
    const message = confirmationMessage(request, confirmation);
    const fault = await this.signatureFault({ exchange, keys, answer, message, signature: confirmation });
    if (fault !== undefined) return { kind: 'failed', error: fault };
    const { exchangeTimestamp, exchangePub, exchangeSig } = confirmation;
    return { kind: 'confirmed', exchangeTimestamp, exchangePub, exchangeSig, totalWithoutFee: total };
  }

  /**
   * Why a signature of the exchange does not hold, or `undefined` when it does. A key that is not in our keys is no
   * fraud: the exchange may have rotated its keys since, so they are fetched once more (exchange.md 12, trap 5).
   */
  private async signatureFault(signed: {
    exchange: TrustedExchange;
    keys: ExchangeKeys;
    answer: ExchangeAnswer;
    message: Buffer;
    signature: ExchangeSignature;
  }): Promise<TalerError | undefined> {
    const { exchange, keys, answer, message } = signed;
    const { exchangePub, exchangeSig } = signed.signature;
    const verifier =
      keys.signingKey(exchangePub, this.clock.nowUs()) ?? (await this.freshSigningKey(exchange, exchangePub));
    if (verifier === undefined) {
      this.logger.error(
        `${exchange.baseUrl} signed with a key that it does not list: ${encodeBase32(exchangePub)}`,
      );
      return unknownSigningKey(exchange, answer);
    }
    if (verifier.verify(message, exchangeSig)) return undefined;
    this.logger.error(`${exchange.baseUrl} sent a signature that does not verify`);
    return malformedReply(exchange, answer, '$.exchange_sig');
  }

  private async freshSigningKey(exchange: TrustedExchange, exchangePub: Buffer) {
    try {
      const keys = await this.keysCache.refresh(exchange, { waitMs: SIGNING_KEY_WAIT_MS });
      return keys.signingKey(exchangePub, this.clock.nowUs());
    } catch (error) {
      if (!(error instanceof TalerError)) throw error;
      return undefined; // the cache has logged why; without keys the signature proves nothing
    }
  }
}

/** Identifiers of refunds are counted up per coin, so they never come near 2^53 (conventions.md 4). */
function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`rtransaction_id ${value} is not exact in JSON`);
  return number;
}
