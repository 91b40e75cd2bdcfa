import { createHmac } from 'node:crypto';
import { type Amount, packAmount } from './amount';
import { hkdf } from './kdf';
import { SECOND_US, type Timestamp } from './timestamp';

/** 0 none, 1 TOTP without price, 2 TOTP with price (crypto.md 9). */
export type PosAlgorithm = 0 | 1 | 2;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_SECONDS = 30n;
/** Clocks of gadgets go wrong: codes of the two steps before and after are shown too. */
const STEPS_SHOWN = [-2n, -1n, 0n, 1n, 2n];
const CODE_DIGITS = 8;
const PRICED_KEY_BYTES = 64;

/** Decodes RFC 3548 base32: any case, `=` optional at the end. @returns undefined if malformed or empty */
export function decodeOtpKey(text: string): Buffer | undefined {
  const digits = text.replace(/=+$/, '').toUpperCase();
  if (digits === '' || !/^[A-Z2-7]+$/.test(digits)) return undefined;
  const bytes: number[] = [];
  let pending = 0;
  let pendingBits = 0;
  for (const digit of digits) {
    pending = ((pending & 0x7f) << 5) | ALPHABET.indexOf(digit);
    pendingBits += 5;
    if (pendingBits < 8) continue;
    pendingBits -= 8;
    bytes.push((pending >>> pendingBits) & 0xff);
  }
  return bytes.length === 0 ? undefined : Buffer.from(bytes);
}

/**
 * What the wallet shows to staff as a proof of payment: five codes of eight digits, joined by newlines.
 *
 * @param key RFC 3548 base32
 * @param amount what was paid; matters for algorithm 2 only
 * @param timestamp time of the payment
 * @returns undefined for algorithm 0 or a malformed key
 */
export function posConfirmation(input: {
  key: string;
  algorithm: PosAlgorithm;
  amount: Amount;
  timestamp: Timestamp;
}): string | undefined {
  const decoded = input.algorithm === 0 ? undefined : decodeOtpKey(input.key);
  if (decoded === undefined) return undefined;
  const key =
    input.algorithm === 2
      ? hkdf({ salt: packAmount(input.amount), ikm: decoded, length: PRICED_KEY_BYTES })
      : decoded;
  const step = input.timestamp / SECOND_US / STEP_SECONDS;
  return STEPS_SHOWN.map((offset) => codeOf(key, step + offset)).join('\n');
}

/** RFC 4226 with 8 digits. */
function codeOf(key: Buffer, counter: bigint): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt.asUintN(64, counter)); // the first minute of 1970 has steps before 0
  const digest = createHmac('sha1', key).update(message).digest();
  const offset = digest.readUInt8(digest.length - 1) & 0x0f;
  const number = digest.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** CODE_DIGITS).padStart(CODE_DIGITS, '0');
}
