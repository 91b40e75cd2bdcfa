import { normalizeBaseUrl } from '../exchange/exchange-directory';
import { requireAccountHash } from '../instances/accounts/account-hash';
import { bareTag } from '../platform/http/entity-tag';
import { queryInteger, queryText, queryTimeoutMs, type RawQuery } from '../platform/http/query';
import type { QueryParameter } from '../platform/openapi/answers';
import { ref, WAIT } from '../platform/openapi/named-schemas';
import { malformedParameter } from '../platform/http/malformed';
import type { KycEntry } from './kyc-entry';
import { KYC_STATUSES, KycStatus } from './kyc-status';

/** The query of `GET private/kyc` (management.md 7). */
export interface KycQuery {
  /** 64 bytes. */
  readonly hWire: Buffer | undefined;
  /** Normalised. */
  readonly exchangeUrl: string | undefined;
  readonly timeoutMs: number;
  readonly until: KycConditions;
}

/** What is waited for; of several, whichever comes first. */
export interface KycConditions {
  /** Deprecated; 1: access token, 2: no AML review, 3: ready. */
  readonly lpt: 1 | 2 | 3 | undefined;
  readonly status: KycStatus | undefined;
  readonly notStatus: KycStatus | undefined;
  readonly notTag: string | undefined;
}

/** @throws TalerError 26 naming the parameter; 2023 for `h_wire` */
export function parseKycQuery(query: RawQuery): KycQuery {
  const hWire = queryText(query, 'h_wire');
  const notTag = queryText(query, 'lp_not_etag');
  return {
    hWire: hWire === undefined ? undefined : requireAccountHash(hWire),
    exchangeUrl: parseExchangeUrl(query),
    timeoutMs: queryTimeoutMs(query),
    until: {
      lpt: parseTarget(query),
      status: parseStatus(query, 'lp_status'),
      notStatus: parseStatus(query, 'lp_not_status'),
      notTag: notTag === undefined ? undefined : bareTag(notTag),
    },
  };
}

/**
 * Whether the wait is over. Without any condition it is for the end of the KYC process, as it was before there were
 * conditions (v17).
 * @param tag of the answer; undefined: there is nothing to report
 */
export function isAwaited(
  until: KycConditions,
  entries: readonly KycEntry[],
  tag: string | undefined,
): boolean {
  const { lpt, status, notStatus, notTag } = until;
  if (notTag !== undefined && notTag !== tag) return true;
  if (status !== undefined && entries.some((entry) => entry.status === status)) return true;
  if (notStatus !== undefined && entries.some((entry) => entry.status !== notStatus)) return true;
  const hasCondition = notTag !== undefined || status !== undefined || notStatus !== undefined;
  const target = lpt ?? (hasCondition ? undefined : 3);
  return target !== undefined && entries.some((entry) => isReached(target, entry));
}

function isReached(target: 1 | 2 | 3, entry: KycEntry): boolean {
  switch (target) {
    case 1:
      return entry.access_token !== undefined || entry.exchange_http_status === 204;
    case 2:
      return [200, 202, 204].includes(entry.exchange_http_status) && entry.status !== 'awaiting-aml-review';
    case 3:
      return entry.status === 'ready';
  }
}

function parseExchangeUrl(query: RawQuery): string | undefined {
  const text = queryText(query, 'exchange_url');
  if (text === undefined) return undefined;
  const url = normalizeBaseUrl(text);
  if (url === undefined) throw malformedParameter('exchange_url');
  return url;
}

function parseTarget(query: RawQuery): 1 | 2 | 3 | undefined {
  const target = Number(queryInteger(query, 'lpt', { minimum: 0n, maximum: 3n }) ?? 0n);
  return target === 1 || target === 2 || target === 3 ? target : undefined;
}

function parseStatus(query: RawQuery, name: string): KycStatus | undefined {
  const text = queryText(query, name);
  if (text === undefined) return undefined;
  const status = KYC_STATUSES.find((known) => known === text);
  if (status === undefined) throw malformedParameter(name);
  return status;
}

const STATUS = { type: 'string', enum: [...KYC_STATUSES] };

export const KYC_PARAMETERS: readonly QueryParameter[] = [
  { name: 'h_wire', description: 'only this bank account', schema: ref('Base32Of64Bytes') },
  { name: 'exchange_url', description: 'only this exchange' },
  {
    name: 'timeout_ms',
    description: 'long poll, at most 5 minutes; without a condition, until an entry is ready',
    schema: WAIT,
  },
  { name: 'lp_status', description: 'wait until an entry has this status', schema: STATUS },
  { name: 'lp_not_status', description: 'wait until an entry has another status', schema: STATUS },
  { name: 'lp_not_etag', description: 'wait until the entity tag would differ from this one' },
  {
    name: 'lpt',
    description:
      'deprecated: wait until an entry has an access token (1), is not under AML review (2), is ready (3)',
    schema: { type: 'integer', minimum: 0, maximum: 3 },
  },
];
