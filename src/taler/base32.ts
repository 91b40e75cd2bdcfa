/**
 * Base32 after Crockford in the dialect of GNUnet (conventions.md 1): no padding characters, unused bits at the
 * end are written as zero and ignored on reading, look-alikes are understood.
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LOOK_ALIKES: ReadonlyArray<readonly [string, string]> = [
  ['O', '0'],
  ['I', '1'],
  ['L', '1'],
  ['U', 'V'],
];
const INVALID = 0xff;

const CHARACTER_CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
const VALUES = buildValueTable();

function buildValueTable(): Uint8Array {
  const values = new Uint8Array(128).fill(INVALID);
  const enter = (character: string, value: number): void => {
    values[character.charCodeAt(0)] = value;
    values[character.toLowerCase().charCodeAt(0)] = value;
  };
  for (const [value, character] of [...ALPHABET].entries()) enter(character, value);
  for (const [alike, character] of LOOK_ALIKES) enter(alike, ALPHABET.indexOf(character));
  return values;
}

/** Number of characters for a number of bytes: every started group of five bits is one character. */
function encodedLength(byteLength: number): number {
  return Math.ceil((byteLength * 8) / 5);
}

/** Upper case base32 of the bytes, ceil(8·n / 5) characters. */
export function encodeBase32(bytes: Uint8Array): string {
  const codes = Buffer.allocUnsafe(encodedLength(bytes.length));
  let pending = 0;
  let pendingBits = 0;
  let position = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    // At most 4 bits are left over from before, so this never exceeds 12 bits.
    pending = ((pending & 0x0f) << 8) | (bytes[index] ?? 0);
    pendingBits += 8;
    while (pendingBits >= 5) {
      pendingBits -= 5;
      codes[position] = CHARACTER_CODES[(pending >>> pendingBits) & 0x1f] ?? 0;
      position += 1;
    }
  }
  if (pendingBits > 0) codes[position] = CHARACTER_CODES[(pending << (5 - pendingBits)) & 0x1f] ?? 0;
  return codes.toString('latin1');
}

/**
 * Decodes a value of known size.
 *
 * @returns the bytes, or undefined if the text has not exactly the characters that `byteLength` bytes need, or
 *   has a character outside the alphabet (hyphens and blanks included)
 */
export function decodeBase32(text: string, byteLength: number): Buffer | undefined {
  if (text.length !== encodedLength(byteLength)) return undefined;
  const bytes = Buffer.allocUnsafe(byteLength);
  let pending = 0;
  let pendingBits = 0;
  let position = 0;
  for (let index = 0; index < text.length; index += 1) {
    const value = VALUES[text.charCodeAt(index)];
    if (value === undefined || value === INVALID) return undefined;
    pending = ((pending & 0x7f) << 5) | value;
    pendingBits += 5;
    if (pendingBits >= 8) {
      pendingBits -= 8;
      bytes[position] = (pending >>> pendingBits) & 0xff;
      position += 1;
    }
  }
  return bytes;
}

/**
 * Decodes a value of variable size (RSA keys, signatures, planchets): floor(5·len / 8) bytes.
 * A length that no number of bytes encodes to (1, 3 or 6 modulo 8) is refused, as for values of fixed size.
 */
export function decodeBase32Variable(text: string): Buffer | undefined {
  return decodeBase32(text, Math.floor((text.length * 5) / 8));
}
