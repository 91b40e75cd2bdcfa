import { hkdf, sha512Short } from './kdf';
import { isIban } from './iban';

/** A payto URI (RFC 8905) that passed validation. */
export interface Payto {
  /** The full payto, byte for byte as given: this is what is hashed. */
  readonly uri: string;
  /** Lower case, such as `iban` or `x-taler-bank`: the wire method of contracts and fees. */
  readonly method: string;
  /** Everything between method and query: the account. */
  readonly target: string;
  /** Raw value of `receiver-name`, not decoded. */
  readonly receiverName?: string;
}

const ZERO_BYTE = Buffer.alloc(1);
const WIRE_HASH_BYTES = 64;
const WIRE_HASH_INFO = Buffer.from('merchant-wire-signature', 'latin1');

const PAYTO_PARTS = /^(payto:\/\/)([^/?]*)\/([^?]*)(?:\?(.*))?$/is;
const ALLOWED_CHARACTERS = /^[A-Za-z0-9/:$&?!\-_.,;=*+%~@()[\]]*$/;
const BANK_TARGET = /^[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[^/]*)*\/[^/]+$/;

interface PaytoParts {
  readonly scheme: string;
  readonly method: string;
  readonly target: string;
  readonly query: string | undefined;
}

function splitPayto(uri: string): PaytoParts | undefined {
  const match = PAYTO_PARTS.exec(uri);
  const [, scheme, method, target, query] = match ?? [];
  if (scheme === undefined || method === undefined || target === undefined) return undefined;
  return { scheme, method, target, query };
}

/**
 * Validates a payto URI by the rules of the exchange (conventions.md 10): characters, for `iban` the number and
 * for `x-taler-bank` the host, and for both that there is a `receiver-name`. Other methods are not looked into.
 *
 * @returns undefined if the exchange would refuse the URI
 */
export function parsePayto(uri: string): Payto | undefined {
  if (!ALLOWED_CHARACTERS.test(uri)) return undefined;
  const parts = splitPayto(uri);
  if (parts === undefined || parts.method === '') return undefined;
  const method = parts.method.toLowerCase();
  const receiverName = queryValue(parts.query, 'receiver-name');
  const payto = { uri, method, target: parts.target, receiverName };
  switch (method) {
    case 'iban':
      return receiverName !== undefined && isIban(lastSegment(parts.target)) ? payto : undefined;
    case 'x-taler-bank':
      return receiverName !== undefined && BANK_TARGET.test(parts.target) ? payto : undefined;
    default:
      return payto;
  }
}

/** Raw value of a query key, which is matched without regard to case; of several the first. */
function queryValue(query: string | undefined, key: string): string | undefined {
  for (const pair of (query ?? '').split('&')) {
    const separator = pair.indexOf('=');
    if (separator !== -1 && pair.slice(0, separator).toLowerCase() === key) return pair.slice(separator + 1);
  }
  return undefined;
}

function lastSegment(target: string): string {
  return target.slice(target.lastIndexOf('/') + 1);
}

/**
 * Normalised payto: identifies the account only (conventions.md 10). Two URIs with different receiver names or
 * BICs have the same one. Does not validate, so that accounts of older data can be hashed too.
 *
 * @throws RangeError if the URI does not even begin with `payto://method/`
 */
export function normalizePayto(uri: string): string {
  const parts = splitPayto(uri);
  if (parts === undefined) throw new RangeError('not a payto URI');
  const { scheme, method, target } = parts;
  const prefix = `payto://${method.toLowerCase()}/`;
  switch (method.toLowerCase()) {
    case 'iban':
      return prefix + lastSegment(target).toUpperCase();
    case 'x-taler-bank':
      return prefix + lowerCaseHost(target);
    case 'bitcoin':
      return prefix + target;
    case 'upi':
    case 'ilp':
      return prefix + target.toLowerCase();
    default:
      return `${scheme}${method}/${target}`;
  }
}

function lowerCaseHost(target: string): string {
  const hostEnd = target.indexOf('/');
  if (hostEnd === -1) return target.toLowerCase();
  return target.slice(0, hostEnd).toLowerCase() + target.slice(hostEnd);
}

/** FullPaytoHash, 32 bytes: SHA-512 over the complete URI and a zero byte, cut to half. */
export function hashFullPayto(uri: string): Buffer {
  return sha512Short(Buffer.from(uri, 'utf8'), ZERO_BYTE);
}

/** NormalizedPaytoHash, 32 bytes: the same over the normalised URI. In the path of kyc-check. */
export function hashNormalizedPayto(uri: string): Buffer {
  return hashFullPayto(normalizePayto(uri));
}

/**
 * h_wire: identifies a bank account of an instance (conventions.md 10).
 *
 * @param uri full payto
 * @param salt 16 bytes, fixed when the account was added
 * @returns 64 bytes
 */
export function hashWire(uri: string, salt: Uint8Array): Buffer {
  const ikm = Buffer.concat([Buffer.from(uri, 'utf8'), ZERO_BYTE]);
  return hkdf({ salt, ikm, info: WIRE_HASH_INFO, length: WIRE_HASH_BYTES });
}
