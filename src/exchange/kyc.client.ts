import { Injectable, Logger } from '@nestjs/common';
import { encodeBase32 } from '../taler/base32';
import { TalerCode } from '../taler/error-codes';
import { parseErrorBody } from './codecs';
import { TrustedExchange } from './exchange-directory';
import { ExchangeAnswer, ExchangeHttp } from './exchange-http';
import type { OperationLimit } from './keys-document';
import { readLimit } from './parse-keys-document';
import { decode, Decoded } from './reply-reader';

/** Total time of GET /kyc-check without long polling. */
export const KYC_CHECK_TIMEOUT_MS = 15_000;

/** What a network time-out is above the long poll it carries (conventions.md 5.6). */
const LONG_POLL_MARGIN_MS = 5_000;

/** More limits on one account than any exchange has rules. */
const LIMITS_MAX = 256;

/** It becomes part of a URL: base32 at the exchanges there are. */
const ACCESS_TOKEN = /^[A-Za-z0-9_-]{1,128}$/;

/** What a long poll waits for, by the number of the protocol. */
export enum KycAwaited {
  /** The KYC auth transfer: there is an access token. */
  AccessToken = 1,
  /** The end of an AML review. */
  ReviewEnd = 2,
  /** Nothing is required any more. */
  KycOk = 3,
}

export interface KycCheckCall {
  readonly exchange: TrustedExchange;
  readonly request: {
    /** Hash of the normalised payto, 32 bytes (exchange.md 12, trap 2). */
    readonly hNormalizedPayto: Buffer;
    readonly merchantPub: Buffer;
    /** Purpose 1360. */
    readonly ownerSig: Buffer;
  };
  /** Without it the exchange answers at once. */
  readonly longPoll?: {
    readonly timeoutMs: number;
    readonly until: KycAwaited | undefined;
    /** Answer as soon as the generation of the rules is larger; exchanges before v26 ignore it. */
    readonly minRule: number | undefined;
  };
  readonly signal?: AbortSignal;
}

/** What the exchange says of an account that it knows and whose owner we are. */
export interface KycState {
  readonly amlReview: boolean;
  /** A secret of the merchant: who has it does the KYC. */
  readonly accessToken: string | undefined;
  /** undefined: not said. */
  readonly limits: readonly OperationLimit[] | undefined;
  readonly tosRequired: boolean | undefined;
  readonly ruleGen: number | undefined;
}

/** `status` is that of HTTP; 0: no answer. */
export type KycCheckOutcome =
  /** 200: nothing required now; 202: the owner has something to do. */
  | ({ readonly kind: 'known'; readonly status: 200 | 202 } & KycState)
  /** There is no KYC at this exchange. */
  | { readonly kind: 'off'; readonly status: 204 }
  /** The account is unknown (404), without owner (409) or another key's (403): a KYC auth transfer is needed. */
  | { readonly kind: 'unauthenticated'; readonly status: number; readonly code: number | undefined }
  | { readonly kind: 'failed'; readonly status: number; readonly code: number | undefined };

/** GET /kyc-check (exchange.md 7): how it stands with a bank account of ours. */
@Injectable()
export class KycClient {
  private readonly logger = new Logger(KycClient.name);

  constructor(private readonly http: ExchangeHttp) {}

  /** Never fails: trouble is an outcome, as it is reported per account and exchange (management.md 7). */
  async check({ exchange, request, longPoll, signal }: KycCheckCall): Promise<KycCheckOutcome> {
    const answer = await this.http.request({
      exchange,
      method: 'GET',
      path: `kyc-check/${encodeBase32(request.hNormalizedPayto)}`,
      query: longPoll ? queryOf(longPoll) : undefined,
      headers: {
        'account-owner-signature': encodeBase32(request.ownerSig),
        // Newer exchanges know several keys for one bank account; 0.14.1 ignores it.
        'account-owner-pub': encodeBase32(request.merchantPub),
      },
      aside: true,
      timeoutMs: longPoll ? longPoll.timeoutMs + LONG_POLL_MARGIN_MS : KYC_CHECK_TIMEOUT_MS,
      signal,
    });
    if (answer.kind !== 'answer') return { kind: 'failed', status: 0, code: undefined };
    switch (answer.status) {
      case 200:
      case 202:
        return this.toKnown(exchange, answer, answer.status);
      case 204:
        return { kind: 'off', status: 204 };
      case 403:
      case 404:
      case 409:
        return { kind: 'unauthenticated', status: answer.status, code: parseErrorBody(answer.body)?.code };
      default:
        return { kind: 'failed', status: answer.status, code: parseErrorBody(answer.body)?.code };
    }
  }

  private toKnown(exchange: TrustedExchange, answer: ExchangeAnswer, status: 200 | 202): KycCheckOutcome {
    const parsed = parseState(answer, exchange.currency);
    if (parsed.ok) return { kind: 'known', status, ...parsed.value };
    // The path only: the body holds the access token.
    this.logger.error(`${exchange.baseUrl} sent a malformed answer to kyc-check: ${parsed.path}`);
    return { kind: 'failed', status, code: TalerCode.MERCHANT_GENERIC_EXCHANGE_REPLY_MALFORMED };
  }
}

function queryOf({ timeoutMs, until, minRule }: NonNullable<KycCheckCall['longPoll']>) {
  const query: Record<string, string> = { timeout_ms: String(timeoutMs) };
  if (until !== undefined) query.lpt = String(until);
  if (minRule !== undefined) query.min_rule = String(minRule);
  return query;
}

function parseState({ body }: ExchangeAnswer, currency: string): Decoded<KycState> {
  return decode(
    body,
    (reader) => {
      const accessToken = reader.optional('access_token', () => reader.text('access_token')) ?? '';
      if (accessToken !== '' && !ACCESS_TOKEN.test(accessToken)) reader.fail('access_token');
      return {
        amlReview: reader.optional('aml_review', () => reader.flag('aml_review')) ?? false,
        accessToken: accessToken === '' ? undefined : accessToken,
        limits: reader.optional('limits', () => reader.objects('limits', LIMITS_MAX).map(readLimit)),
        tosRequired: reader.optional('tos_required', () => reader.flag('tos_required')),
        ruleGen: reader.optional('rule_gen', () => reader.integer('rule_gen')),
      };
    },
    currency,
  );
}
