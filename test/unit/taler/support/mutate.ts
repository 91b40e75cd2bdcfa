import { createSigner, verifyEddsa } from '../../../../src/taler/eddsa';
import { type SignedMessage } from '../../../../src/taler/signed-message';

/** A signature with everything needed to check it: the input is what our code packs. */
export interface SignedCase {
  readonly purpose: number;
  readonly publicKey: Buffer;
  readonly signature: Buffer;
  readonly packed: Buffer;
  verifies(publicKey?: Buffer, signature?: Buffer): boolean;
  sign(seed: Buffer): Buffer;
  /** The same message with one member of the input changed, for every member. */
  mutations(): Mutation[];
}

export interface Mutation {
  readonly member: string;
  readonly packed: Buffer;
  readonly verifies: boolean;
}

const SHORT_OPTIONAL_MEMBERS = new Set(['hAgeCommitment', 'blindingSeed']);

export function signedCase<Input extends object>(
  message: SignedMessage<Input>,
  input: Input,
  { publicKey, signature }: { publicKey: Buffer; signature: Buffer },
): SignedCase {
  return {
    purpose: message.purpose,
    publicKey,
    signature,
    packed: message.pack(input),
    verifies: (otherKey = publicKey, otherSignature = signature) =>
      message.verify(otherKey, input, otherSignature),
    sign: (seed) => message.sign(createSigner(seed), input),
    mutations: () =>
      Object.entries(input).flatMap(([member, value]) =>
        changedValues(member, value).map((changed) => {
          const spoiled: Input = { ...input, [member]: changed };
          return {
            member,
            packed: message.pack(spoiled),
            verifies: message.verify(publicKey, spoiled, signature),
          };
        }),
      ),
  };
}

/** Other values of the same kind: the smallest possible change each. */
function changedValues(member: string, value: unknown): unknown[] {
  if (value instanceof Uint8Array) return [flipBit(value, 0), flipBit(value, value.length * 8 - 1)];
  if (typeof value === 'bigint') return [value === 0n ? 1_000_000n : value - 1n, value + 1_000_000n];
  if (typeof value === 'number') return [value + 1];
  if (typeof value === 'string') return [`${value.slice(0, -1)}${value.endsWith('x') ? 'y' : 'x'}`];
  if (Array.isArray(value)) return [[...value, {}]];
  if (value === undefined) return [absentValue(member)];
  if (isAmountLike(value)) {
    return [
      { currency: value.currency, units: value.units + 1n },
      { currency: `${value.currency}X`, units: value.units },
    ];
  }
  throw new Error(`no way to change ${member}`);
}

function absentValue(member: string): unknown {
  if (member === 'conversionUrl') return 'https://conversion.example/';
  if (member === 'ageMask' || member === 'maxAgeGroup') return 1;
  return Buffer.alloc(SHORT_OPTIONAL_MEMBERS.has(member) ? 32 : 64, 1);
}

function isAmountLike(value: unknown): value is { currency: string; units: bigint } {
  return typeof value === 'object' && value !== null && 'currency' in value && 'units' in value;
}

export function flipBit(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = Math.floor(bit / 8);
  copy[index] = (copy[index] ?? 0) ^ (0x80 >> (bit % 8));
  return copy;
}

/**
 * Asserts that the signature holds for exactly this message: not for any other value of a member, not with a bit
 * of the packed bytes flipped (one in every word of four bytes), not with a bit of key or signature flipped.
 */
export function expectEveryChangeToBreak(signed: SignedCase): void {
  for (const mutation of signed.mutations()) {
    expect({ member: mutation.member, same: mutation.packed.equals(signed.packed) }).toEqual({
      member: mutation.member,
      same: false,
    });
    expect({ member: mutation.member, verifies: mutation.verifies }).toEqual({
      member: mutation.member,
      verifies: false,
    });
  }
  for (let word = 0; word * 4 < signed.packed.length; word += 1) {
    const spoiled = flipBit(signed.packed, word * 32 + (word % 32));
    expect({ word, verifies: verifyEddsa(signed.publicKey, spoiled, signed.signature) }).toEqual({
      word,
      verifies: false,
    });
  }
  for (const bit of [0, 255, 256, 504]) {
    expect({ bit, verifies: signed.verifies(undefined, flipBit(signed.signature, bit)) }).toEqual({
      bit,
      verifies: false,
    });
  }
  expect(signed.verifies(flipBit(signed.publicKey, 100))).toBe(false);
}
