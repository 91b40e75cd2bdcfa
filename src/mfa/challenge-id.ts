import { createHmac, hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { ProtectedCall, ProtectedOperation } from '../platform/http/second-factor';
import { decodeBase32, encodeBase32 } from '../taler/base32';
import { CanonicalJsonError, canonicalJson } from '../taler/canonical-json';
import type { JsonValue } from '../taler/json';

const SECRET_BYTES = 32;
const SERIAL = /^[1-9]\d{0,17}$/;
/** Shown as XXXX-XXXX; a guess that is allowed three tries hits one of 10^8. */
const CODE_DIGITS = 8;

/**
 * What a client holds of a challenge. Nothing but the id has the secret: a copy of the database neither opens the
 * challenge nor helps to guess the code, or a password in the body of the request.
 */
export interface ChallengeId {
  readonly serial: bigint;
  /** 256 random bits: that is why the endpoints need no other credential. */
  readonly secret: Buffer;
}

export function makeSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** `<serial>-<base32>`, as ids of the reference look (management.md 3.1). */
export function showChallengeId({ serial, secret }: ChallengeId): string {
  return `${serial}-${encodeBase32(secret)}`;
}

/** @returns undefined for text that can be no id */
export function parseChallengeId(text: string): ChallengeId | undefined {
  const [serial = '', encoded = '', more] = text.split('-');
  const secret = decodeBase32(encoded, SECRET_BYTES);
  if (!SERIAL.test(serial) || !secret || more !== undefined) return undefined;
  return { serial: BigInt(serial), secret };
}

export function hashSecret(secret: Buffer): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Whether the id is that of the row, in constant time. */
export function opens(id: ChallengeId, secretHash: Buffer): boolean {
  return timingSafeEqual(hashSecret(id.secret), secretHash);
}

/** Binds a challenge to one request: operation, method, path, query, and the body in canonical form. */
export function hashRequest(secret: Buffer, operation: ProtectedOperation, call: ProtectedCall): Buffer {
  const facts = JSON.stringify(['request', operation, call.method, call.url, canonicalBody(call.body)]);
  return createHmac('sha256', secret).update(facts).digest();
}

/** A body without canonical form, such as with fractions in members that nobody knows, has to come back byte by byte. */
function canonicalBody(body: Buffer | undefined): readonly [kind: string, text: string] {
  if (!body) return ['none', ''];
  try {
    return ['json', canonicalJson(JSON.parse(body.toString('utf8')) as JsonValue)];
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    return ['bytes', body.toString('base64')];
  }
}

/** Decimal digits, as they are compared. */
export function makeCode(): string {
  return String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0');
}

/** The same for people. */
export function showCode(code: string): string {
  return `${code.slice(0, CODE_DIGITS / 2)}-${code.slice(CODE_DIGITS / 2)}`;
}

/** @param code as made, or as people type it: dashes and blanks do not count (management.md 3.1) */
export function hashCode(secret: Buffer, code: string): Buffer {
  const digits = code.replace(/[-\s]/g, '');
  return createHmac('sha256', secret)
    .update(JSON.stringify(['code', digits]))
    .digest();
}
