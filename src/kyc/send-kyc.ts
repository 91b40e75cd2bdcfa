import type { Request, Response } from 'express';
import { matchesTag } from '../platform/http/entity-tag';
import { chooseType } from '../platform/http/negotiate';
import { sendText } from '../platform/http/send-json';
import type { GoodAnswer, OperationFacts } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { MerchantAccountKycRedirectsResponse } from './dto';
import type { KycEntry } from './kyc-entry';
import { KYC_PARAMETERS } from './kyc-query';
import { toKycText } from './kyc-text';
import type { KycAnswer } from './use-cases/get-kyc';

const TYPES = ['application/json', 'text/plain', 'application/pdf'] as const;
export type KycFormat = 'application/json' | 'text/plain';

/** What both paths answer (management.md 7). */
export const KYC_GOOD: Readonly<Record<number, GoodAnswer>> = {
  200: {
    description: 'how it stands; trouble of an exchange is reported in its entries',
    body: MerchantAccountKycRedirectsResponse,
    alsoAs: { 'text/plain': { type: 'string' } },
    headers: { ETag: 'strong validator over the whole body', Vary: 'Accept' },
  },
  204: { description: 'nothing to report: no account, or no exchange for it' },
  304: {
    description: 'If-None-Match names the current entity tag',
    headers: { ETag: 'the current one', Vary: 'Accept' },
  },
};
export const KYC_ERRORS: OperationFacts['errors'] = [
  TalerCode.GENERIC_HTTP_HEADERS_MALFORMED,
  TalerCode.MERCHANT_GENERIC_H_WIRE_MALFORMED,
  TalerCode.MERCHANT_GENERIC_ACCOUNT_UNKNOWN,
  TalerCode.GENERIC_REQUESTED_FORMAT_UNSUPPORTED,
  TalerCode.MERCHANT_GENERIC_NO_TYPST_OR_PDFTK,
];
export const KYC_DOCUMENT = {
  description:
    'An entry for each active bank account and each exchange that wires by its method. With timeout_ms the answer ' +
    'waits for the condition, or for the first of several.',
  good: KYC_GOOD,
  query: KYC_PARAMETERS,
  headers: [
    { name: 'Accept', description: TYPES.join(', ') },
    { name: 'If-None-Match', description: 'answer 304 when the current entity tag is among these' },
  ],
};

/** @throws TalerError 78 when the client takes none of the formats; 2048 for PDF */
export function chooseKycFormat(request: Request): KycFormat {
  return chooseType(request, TYPES);
}

export function renderKyc(format: KycFormat): (entries: readonly KycEntry[]) => string {
  return format === 'text/plain' ? toKycText : (entries) => JSON.stringify({ kyc_data: entries });
}

/** @throws TalerError 23 for a header that is no list of tags; to be called before any wait */
export function requireTags(ifNoneMatch: string | undefined): void {
  if (ifNoneMatch !== undefined) matchesTag(ifNoneMatch, '');
}

export function sendKyc(
  response: Response,
  { text, tag }: KycAnswer,
  { format, ifNoneMatch }: { format: KycFormat; ifNoneMatch: string | undefined },
): void {
  if (text === undefined) {
    response.statusCode = 204;
    response.end();
    return;
  }
  response.setHeader('Vary', 'Accept');
  response.setHeader('ETag', `"${tag}"`);
  if (ifNoneMatch !== undefined && matchesTag(ifNoneMatch, tag)) {
    response.statusCode = 304;
    response.setHeader('Cache-Control', 'no-store');
    response.end();
    return;
  }
  sendText(response, 200, format === 'application/json' ? format : 'text/plain; charset=utf-8', text);
}
