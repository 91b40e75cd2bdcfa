import { createHash, createHmac } from 'node:crypto';

const SHORT_HASH_BYTES = 32;
const EXPAND_BLOCK_BYTES = 32;
const MAX_EXPAND_BLOCKS = 255;
const NO_BYTES = Buffer.alloc(0);

/** "The hash" of the protocol: SHA-512 over the parts one after the other, 64 bytes (crypto.md 1). */
export function sha512(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The first 32 bytes of SHA-512. This is not SHA-512/256, which has an initial value of its own. */
export function sha512Short(...parts: Uint8Array[]): Buffer {
  return Buffer.from(sha512(...parts).subarray(0, SHORT_HASH_BYTES));
}

export interface HkdfInput {
  readonly salt: Uint8Array;
  /** Input key material. */
  readonly ikm: Uint8Array;
  /** Contexts of the C calls, simply concatenated. */
  readonly info?: Uint8Array;
  /** Bytes of output, at most 255 · 32. */
  readonly length: number;
}

/**
 * HKDF in GNUnet's mix: extract with HMAC-SHA512, expand with HMAC-SHA256 (crypto.md 1).
 * `node:crypto.hkdf` uses one hash for both steps and cannot do this.
 *
 * @throws RangeError if more output is asked for than HKDF can give
 */
export function hkdf({ salt, ikm, info = NO_BYTES, length }: HkdfInput): Buffer {
  const blocks = Math.ceil(length / EXPAND_BLOCK_BYTES);
  if (blocks > MAX_EXPAND_BLOCKS) throw new RangeError(`HKDF cannot give ${length} bytes`);
  const key = createHmac('sha512', salt).update(ikm).digest();
  const output = Buffer.alloc(blocks * EXPAND_BLOCK_BYTES);
  let previous: Uint8Array = NO_BYTES;
  for (let block = 1; block <= blocks; block += 1) {
    const digest = createHmac('sha256', key)
      .update(previous)
      .update(info)
      .update(Uint8Array.of(block))
      .digest();
    digest.copy(output, (block - 1) * EXPAND_BLOCK_BYTES);
    previous = digest;
  }
  return output.subarray(0, length);
}

export interface HkdfModInput {
  readonly modulus: bigint;
  readonly modulusBits: number;
  readonly salt: Uint8Array;
  readonly ikm: Uint8Array;
  readonly info: Uint8Array;
}

/** Every round succeeds with probability of at least one half, so this bound is never met. */
const MAX_MOD_ROUNDS = 1024;

/**
 * A number below the modulus, evenly distributed (mod-KDF, crypto.md 6): HKDF with a counter behind the info, cut
 * to the bits of the modulus, until a result is small enough.
 */
export function hkdfMod({ modulus, modulusBits, salt, ikm, info }: HkdfModInput): bigint {
  const length = Math.ceil(modulusBits / 8);
  const excessBits = BigInt(length * 8 - modulusBits);
  const mask = (1n << (BigInt(length * 8) - excessBits)) - 1n;
  const counter = Buffer.alloc(2);
  for (let round = 0; round < MAX_MOD_ROUNDS; round += 1) {
    counter.writeUInt16BE(round);
    const bytes = hkdf({ salt, ikm, info: Buffer.concat([info, counter]), length });
    const candidate = BigInt(`0x${bytes.toString('hex')}`) & mask;
    if (candidate < modulus) return candidate;
  }
  throw new Error('mod-KDF found no number below the modulus');
}
