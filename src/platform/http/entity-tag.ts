import { hash } from 'node:crypto';
import { encodeBase32 } from '../../taler/base32';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

/** Strong validator over the whole body: base32 of its SHA-256 (orders.md 4.3). */
export function entityTagOf(body: string): string {
  return encodeBase32(hash('sha256', body, 'buffer'));
}

/** Strips what HTTP puts around a tag: `W/"…"`. */
export function bareTag(text: string): string {
  return text.replace(/^\s*(?:W\/)?/, '').replace(/^"(.*)"\s*$/, '$1');
}

const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$|^[0-9A-Za-z]+$/;

/**
 * Whether an `If-None-Match` header names `tag`: `*`, a list, quoted or bare (conventions.md 5.5).
 * @throws TalerError GENERIC_HTTP_HEADERS_MALFORMED for a header that is none of these
 */
export function matchesTag(header: string, tag: string): boolean {
  if (header.trim() === '*') return true;
  const tags = header.split(',').map((part) => part.trim());
  if (!tags.every((part) => TAG.test(part))) {
    throw new TalerError(TalerCode.GENERIC_HTTP_HEADERS_MALFORMED, { detail: 'If-None-Match' });
  }
  return tags.some((part) => bareTag(part) === tag);
}
