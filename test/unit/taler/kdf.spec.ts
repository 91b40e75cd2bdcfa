import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { encodeBase32 } from '../../../src/taler/base32';
import { hkdf, hkdfMod, sha512, sha512Short } from '../../../src/taler/kdf';
import { readVectors } from './support/vectors';

describe('key derivation', () => {
  it.each(
    readVectors('hkdf.json')
      .at('vectors')
      .items.map((row) => [row]),
  )('derives what the reference derives (row %#)', (row) => {
    const [salt, ikm, info] = [row.at('salt_hex').hex, row.at('ikm_hex').hex, row.at('info_hex').hex];
    const length = row.at('length').number;
    expect(hkdf({ salt, ikm, info, length }).toString('hex')).toBe(row.at('okm_hex').text);
    if (info.length === 0) expect(hkdf({ salt, ikm, length }).toString('hex')).toBe(row.at('okm_hex').text);
  });

  it('treats an empty salt like 64 zero bytes', () => {
    const ikm = Buffer.from('ikm');
    expect(hkdf({ salt: Buffer.alloc(0), ikm, length: 64 })).toEqual(
      hkdf({ salt: Buffer.alloc(64), ikm, length: 64 }),
    );
  });

  it('is not the HKDF of one hash', () => {
    const [salt, ikm] = [Buffer.from('salt'), Buffer.from('ikm')];
    const ours = hkdf({ salt, ikm, length: 32 });
    expect(ours).not.toEqual(Buffer.from(hkdfSync('sha512', ikm, salt, '', 32)));
    expect(ours).not.toEqual(Buffer.from(hkdfSync('sha256', ikm, salt, '', 32)));
    // One block, spelled out.
    const key = createHmac('sha512', salt).update(ikm).digest();
    expect(ours).toEqual(createHmac('sha256', key).update(Uint8Array.of(1)).digest());
  });

  it('gives at most 255 blocks', () => {
    const input = { salt: Buffer.alloc(1), ikm: Buffer.alloc(1) };
    expect(hkdf({ ...input, length: 255 * 32 })).toHaveLength(255 * 32);
    expect(() => hkdf({ ...input, length: 255 * 32 + 1 })).toThrow(RangeError);
    expect(hkdf({ ...input, length: 0 })).toHaveLength(0);
  });

  it('draws numbers below the modulus, also when its bits do not fill a byte', () => {
    for (const modulus of [3n, 257n, 1023n, 2n ** 127n - 1n]) {
      const modulusBits = modulus.toString(2).length;
      const drawn = [...Array(64).keys()].map((index) =>
        hkdfMod({
          modulus,
          modulusBits,
          salt: Buffer.from('s'),
          ikm: Buffer.from([index]),
          info: Buffer.from('i'),
        }),
      );
      expect(drawn.every((number) => number >= 0n && number < modulus)).toBe(true);
      expect(new Set(drawn).size).toBeGreaterThan(modulus === 3n ? 2 : 20);
    }
  });
});

describe('hashes', () => {
  it('hashes parts as if they were one', () => {
    const expected = createHash('sha512').update('ab').digest();
    expect(sha512(Buffer.from('a'), Buffer.from('b'))).toEqual(expected);
    expect(sha512Short(Buffer.from('ab'))).toEqual(expected.subarray(0, 32));
    expect(encodeBase32(sha512())).toHaveLength(103);
  });
});
