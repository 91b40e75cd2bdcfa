import { type EddsaSigner, EddsaVerifier, verifyEddsa } from './eddsa';

/**
 * One kind of signed message (crypto.md 2): uint32 size of all, uint32 purpose, then the body. All integers are
 * big-endian, all fields have a fixed size, nothing is padded.
 */
export interface SignedMessage<Input> {
  /** Name of the purpose in the registry. */
  readonly name: string;
  readonly purpose: number;
  /** The exact bytes that are signed. @throws RangeError if a hash or key in the input has a wrong length */
  pack(input: Input): Buffer;
  /** Signature of 64 bytes. */
  sign(signer: EddsaSigner, input: Input): Buffer;
  /** Never throws for a bad key or signature. A verifier is faster than key bytes when a key comes up often. */
  verify(publicKey: Uint8Array | EddsaVerifier, input: Input, signature: Uint8Array): boolean;
}

const HEADER_BYTES = 8;

/** Makes the message kind out of the one thing that differs: which fields the body has, in which order. */
export function defineMessage<Input>(
  name: string,
  purpose: number,
  body: (input: Input) => readonly Uint8Array[],
): SignedMessage<Input> {
  const pack = (input: Input): Buffer => {
    const header = Buffer.alloc(HEADER_BYTES);
    const message = Buffer.concat([header, ...body(input)]);
    message.writeUInt32BE(message.length, 0);
    message.writeUInt32BE(purpose, 4);
    return message;
  };
  return {
    name,
    purpose,
    pack,
    sign: (signer, input) => signer.sign(pack(input)),
    verify: (publicKey, input, signature) => {
      const message = pack(input);
      if (publicKey instanceof EddsaVerifier) return publicKey.verify(message, signature);
      return verifyEddsa(publicKey, message, signature);
    },
  };
}

const HASH_BYTES = 64;
const KEY_BYTES = 32;
const NO_HASH = Buffer.alloc(HASH_BYTES);
const NO_SHORT_HASH = Buffer.alloc(KEY_BYTES);

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  // A field of another size would shift all that follow: two inputs could then have the same signed bytes.
  if (bytes.length !== length) throw new RangeError(`field of ${length} bytes has ${bytes.length}`);
  return bytes;
}

/** A field of 64 bytes. */
export function hash(bytes: Uint8Array): Uint8Array {
  return exactly(bytes, HASH_BYTES);
}

/** A field of 32 bytes: keys, short hashes, wire transfer identifiers. */
export function key(bytes: Uint8Array): Uint8Array {
  return exactly(bytes, KEY_BYTES);
}

/** A hash of 64 bytes that is all zeros when absent. */
export function optionalHash(bytes: Uint8Array | undefined): Uint8Array {
  return bytes === undefined ? NO_HASH : hash(bytes);
}

/** A short hash of 32 bytes that is all zeros when absent. */
export function optionalShortHash(bytes: Uint8Array | undefined): Uint8Array {
  return bytes === undefined ? NO_SHORT_HASH : key(bytes);
}

export function uint32(value: number): Buffer {
  const packed = Buffer.allocUnsafe(4);
  packed.writeUInt32BE(value);
  return packed;
}

export function uint64(value: bigint): Buffer {
  const packed = Buffer.allocUnsafe(8);
  packed.writeBigUInt64BE(value);
  return packed;
}
