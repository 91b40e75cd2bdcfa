import fc from 'fast-check';
import nacl from 'tweetnacl';
import {
  createSigner,
  eddsaPublicKey,
  EddsaVerifier,
  generateSeed,
  isEddsaPublicKey,
  verifyEddsa,
} from '../../../src/taler/eddsa';
import { flipBit } from './support/mutate';

const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const FIELD_PRIME = 2n ** 255n - 19n;

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % FIELD_PRIME];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD_PRIME;
    square = (square * square) % FIELD_PRIME;
  }
  return result;
}

const D = (FIELD_PRIME - ((121665n * power(121666n, FIELD_PRIME - 2n)) % FIELD_PRIME)) % FIELD_PRIME;

/** Affine point for a y, by the textbook; undefined if there is none. */
function pointOf(y: bigint): [bigint, bigint] | undefined {
  const numerator = (y * y - 1n + FIELD_PRIME) % FIELD_PRIME;
  const quotient = (numerator * power(D * y * y + 1n, FIELD_PRIME - 2n)) % FIELD_PRIME;
  let x = power(quotient, (FIELD_PRIME + 3n) / 8n);
  if ((x * x) % FIELD_PRIME !== quotient) x = (x * power(2n, (FIELD_PRIME - 1n) / 4n)) % FIELD_PRIME;
  return (x * x) % FIELD_PRIME === quotient ? [x, y] : undefined;
}

function double([x, y]: [bigint, bigint]): [bigint, bigint] {
  const product = (D * x * x * y * y) % FIELD_PRIME;
  const inverse = (value: bigint): bigint => power(value, FIELD_PRIME - 2n);
  return [
    (2n * x * y * inverse(1n + product)) % FIELD_PRIME,
    ((y * y + x * x) * inverse(FIELD_PRIME + 1n - product)) % FIELD_PRIME,
  ];
}

const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

describe('Ed25519', () => {
  it('makes the same keys and signatures as tweetnacl, byte for byte', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 200 }),
        (seed, message) => {
          const pair = nacl.sign.keyPair.fromSeed(seed);
          const signer = createSigner(seed);
          expect(signer.publicKey).toEqual(Buffer.from(pair.publicKey));
          expect(eddsaPublicKey(seed)).toEqual(signer.publicKey);
          const signature = signer.sign(message);
          expect(signature).toEqual(Buffer.from(nacl.sign.detached(message, pair.secretKey)));
          expect(verifyEddsa(signer.publicKey, message, signature)).toBe(true);
          expect(EddsaVerifier.of(signer.publicKey)?.verify(message, signature)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('refuses a signature after any change of a bit', () => {
    const signer = createSigner(generateSeed());
    const message = Buffer.from('message');
    const signature = signer.sign(message);
    const verifier = EddsaVerifier.of(signer.publicKey);
    for (let bit = 0; bit < 512; bit += 1) {
      expect(verifyEddsa(signer.publicKey, message, flipBit(signature, bit))).toBe(false);
      expect(verifier?.verify(message, flipBit(signature, bit))).toBe(false);
    }
    for (let bit = 0; bit < 256; bit += 1) {
      expect(verifyEddsa(flipBit(signer.publicKey, bit), message, signature)).toBe(false);
    }
    expect(verifyEddsa(signer.publicKey, Buffer.from('massage'), signature)).toBe(false);
  });

  it('refuses S + L, which tweetnacl takes for the same signature', () => {
    const signer = createSigner(generateSeed());
    const message = Buffer.from('message');
    const signature = signer.sign(message);
    const malleable = Buffer.concat([
      signature.subarray(0, 32),
      littleEndian(fromLittleEndian(signature.subarray(32)) + GROUP_ORDER),
    ]);
    expect(nacl.sign.detached.verify(message, malleable, signer.publicKey)).toBe(true);
    expect(verifyEddsa(signer.publicKey, message, malleable)).toBe(false);
    expect(EddsaVerifier.of(signer.publicKey)?.verify(message, malleable)).toBe(false);
  });

  it('refuses keys of small order, for which one signature fits messages it was not made for', () => {
    // With the neutral element as key and R, and S = 0, the equation S·B = R + h·A holds for every message.
    const neutral = Buffer.alloc(32);
    neutral[0] = 1;
    const forged = Buffer.concat([neutral, Buffer.alloc(32)]);
    expect(nacl.sign.detached.verify(Buffer.from('anything'), forged, neutral)).toBe(true);
    expect(verifyEddsa(neutral, Buffer.from('anything'), forged)).toBe(false);
    expect(EddsaVerifier.of(neutral)).toBeUndefined();
  });

  it.each(SMALL_ORDER)('knows that %s has an order that divides 8', (hex) => {
    const y = fromLittleEndian(Buffer.from(hex, 'hex'));
    let point = pointOf(y);
    for (let round = 0; round < 3 && point !== undefined; round += 1) point = double(point);
    expect(point).toEqual([0n, 1n]);
    const withSign = flipBit(Buffer.from(hex, 'hex'), 31 * 8);
    expect(isEddsaPublicKey(Buffer.from(hex, 'hex'))).toBe(false);
    expect(isEddsaPublicKey(withSign)).toBe(false);
    // R of small order is refused too, as libsodium does.
    const signer = createSigner(generateSeed());
    expect(verifyEddsa(signer.publicKey, Buffer.alloc(1), Buffer.concat([withSign, Buffer.alloc(32)]))).toBe(
      false,
    );
  });

  it('refuses a signature whose R is of small order even where the equation holds', () => {
    // S = h·a with R neutral: valid by the equation, refused by libsodium.
    const seed = generateSeed();
    const { publicKey } = createSigner(seed);
    const neutral = Buffer.alloc(32);
    neutral[0] = 1;
    const message = Buffer.from('m');
    const scalarBytes = nacl.hash(seed).subarray(0, 32);
    const scalar = ((fromLittleEndian(scalarBytes) & ((1n << 254n) - 8n)) | (1n << 254n)) % GROUP_ORDER;
    const h = fromLittleEndian(nacl.hash(Buffer.concat([neutral, publicKey, message]))) % GROUP_ORDER;
    const signature = Buffer.concat([neutral, littleEndian((h * scalar) % GROUP_ORDER)]);
    expect(nacl.sign.detached.verify(message, signature, publicKey)).toBe(true);
    expect(verifyEddsa(publicKey, message, signature)).toBe(false);
    expect(EddsaVerifier.of(publicKey)?.verify(message, signature)).toBe(false);
  });

  it('tells points of the curve from other bytes, as the textbook formula does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const y = fromLittleEndian(bytes) & (2n ** 255n - 1n);
        const small = SMALL_ORDER.some((hex) => fromLittleEndian(Buffer.from(hex, 'hex')) === y);
        expect(isEddsaPublicKey(bytes)).toBe(y < FIELD_PRIME && !small && pointOf(y) !== undefined);
      }),
      { numRuns: 200 },
    );
    for (let round = 0; round < 20; round += 1)
      expect(isEddsaPublicKey(eddsaPublicKey(generateSeed()))).toBe(true);
  });

  it.each([3n, 4n, 9n, 18n])('refuses y = p + %d, a second encoding of a small y', (excess) => {
    expect(isEddsaPublicKey(littleEndian(FIELD_PRIME + excess))).toBe(false);
    expect(verifyEddsa(littleEndian(FIELD_PRIME + excess), Buffer.alloc(1), Buffer.alloc(64, 2))).toBe(false);
  });

  it('answers false for wrong lengths and bytes that are no point, and throws for seeds of a wrong length', () => {
    const signer = createSigner(generateSeed());
    const signature = signer.sign(Buffer.alloc(3));
    const noPoint = [...Array(256).keys()]
      .map((byte) => Buffer.alloc(32, byte))
      .find((bytes) => !isEddsaPublicKey(bytes));
    expect(verifyEddsa(noPoint ?? Buffer.alloc(0), Buffer.alloc(3), signature)).toBe(false);
    expect(verifyEddsa(signer.publicKey.subarray(1), Buffer.alloc(3), signature)).toBe(false);
    expect(verifyEddsa(signer.publicKey, Buffer.alloc(3), signature.subarray(1))).toBe(false);
    expect(verifyEddsa(signer.publicKey, Buffer.alloc(3), Buffer.concat([signature, signature]))).toBe(false);
    expect(isEddsaPublicKey(Buffer.alloc(33))).toBe(false);
    expect(() => createSigner(Buffer.alloc(31))).toThrow(RangeError);
    expect(() => eddsaPublicKey(Buffer.alloc(64))).toThrow(RangeError);
  });
});
