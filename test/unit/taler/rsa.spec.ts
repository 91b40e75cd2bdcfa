import { randomBytes } from 'node:crypto';
import {
  encodeRsaPublicKey,
  exportRsaPrivateKey,
  generateRsaKey,
  generateRsaKeyAsync,
  importRsaPrivateKey,
  parseRsaPublicKey,
  rsaBlind,
  rsaFullDomainHash,
  rsaSignBlinded,
  rsaUnblind,
  rsaVerify,
} from '../../../src/taler/rsa';
import { flipBit } from './support/mutate';
import { modularPower } from './support/rsa-keys';

const key = generateRsaKey(1024);

function signatureOn(message: Buffer, privateKey = key): Buffer {
  const secret = randomBytes(32);
  const blinded = rsaBlind(privateKey.publicKey, message, secret);
  if (blinded === undefined) throw new Error('blinding failed');
  return rsaUnblind(privateKey.publicKey, rsaSignBlinded(privateKey, blinded), secret);
}

describe('blind RSA signatures', () => {
  it('verify after unblinding, whatever the blinding, and are always the same', () => {
    const message = randomBytes(64);
    const signatures = [signatureOn(message), signatureOn(message), signatureOn(message)];
    for (const signature of signatures) {
      expect(rsaVerify(key.publicKey, message, signature)).toBe(true);
      expect(signature).toEqual(signatures[0]);
    }
  });

  it('hide the message: blinded with two secrets it looks different', () => {
    const message = randomBytes(64);
    const blinded = [randomBytes(32), randomBytes(32)].map((secret) =>
      rsaBlind(key.publicKey, message, secret),
    );
    expect(blinded[0]).not.toEqual(blinded[1]);
  });

  it('do not verify for another message, another key, or with a bit changed', () => {
    const message = randomBytes(64);
    const signature = signatureOn(message);
    expect(rsaVerify(key.publicKey, randomBytes(64), signature)).toBe(false);
    expect(rsaVerify(generateRsaKey(1024).publicKey, message, signature)).toBe(false);
    for (let bit = 0; bit < signature.length * 8; bit += 37) {
      expect(rsaVerify(key.publicKey, message, flipBit(signature, bit))).toBe(false);
    }
  });

  it('are the same number with or without leading zeros, but not beyond the modulus', () => {
    const message = randomBytes(64);
    const signature = signatureOn(message);
    expect(rsaVerify(key.publicKey, message, Buffer.concat([Buffer.alloc(3), signature]))).toBe(true);
    const beyond = BigInt(`0x${signature.toString('hex')}`) + key.publicKey.n;
    expect(
      rsaVerify(key.publicKey, message, Buffer.from(beyond.toString(16).padStart(258, '0'), 'hex')),
    ).toBe(false);
    for (const length of [0, 1, 128, 1000])
      expect(rsaVerify(key.publicKey, message, Buffer.alloc(length))).toBe(false);
    expect(rsaVerify(key.publicKey, message, Buffer.alloc(1000, 0xff))).toBe(false);
  });

  it('satisfy s^e = hash by the textbook', () => {
    const message = randomBytes(64);
    const signature = BigInt(`0x${signatureOn(message).toString('hex')}`);
    const { n, e } = key.publicKey;
    expect(modularPower(signature, e, n)).toBe(rsaFullDomainHash(key.publicKey, message));
  });

  it('cannot be made on a blinded message that is not below the modulus', () => {
    expect(() => rsaSignBlinded(key, Buffer.alloc(128, 0xff))).toThrow(RangeError);
  });

  it('are refused to be prepared for a modulus with small factors', () => {
    // A modulus divisible by 3·5·7·...: some hash shares a factor with it almost surely.
    const small = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n].reduce((product, prime) => product * prime, 1n);
    const malicious = encodeRsaPublicKey({ n: small * (2n ** 1024n + 1n), e: 65537n });
    const results = [...Array(16).keys()].map((index) => rsaFullDomainHash(malicious, Buffer.from([index])));
    expect(results).toContain(undefined);
    expect(rsaBlind(malicious, Buffer.from([results.indexOf(undefined)]), randomBytes(32))).toBeUndefined();
  });
});

describe('RSA keys', () => {
  it('are the same after export and import', () => {
    const json: unknown = JSON.parse(JSON.stringify(exportRsaPrivateKey(key)));
    const imported = importRsaPrivateKey(json as ReturnType<typeof exportRsaPrivateKey>);
    expect(imported.publicKey).toEqual(key.publicKey);
    const message = randomBytes(64);
    expect(rsaVerify(key.publicKey, message, signatureOn(message, imported))).toBe(true);
  });

  it('are made with the number of bits that was asked for', async () => {
    const { publicKey } = await generateRsaKeyAsync(1032);
    expect(publicKey.bits).toBe(1032);
    expect(publicKey.e).toBe(65537n);
    expect(parseRsaPublicKey(publicKey.encoded)).toEqual(publicKey);
  });

  it('verify with a modulus that does not fill its first byte', () => {
    const odd = generateRsaKey(1029);
    expect(odd.publicKey.bits).toBe(1029);
    const message = randomBytes(64);
    expect(rsaVerify(odd.publicKey, message, signatureOn(message, odd))).toBe(true);
  });

  it('are encoded as lengths, modulus and exponent', () => {
    const { encoded, n, e } = key.publicKey;
    expect(encoded.readUInt16BE(0)).toBe(128);
    expect(encoded.readUInt16BE(2)).toBe(3);
    expect(encoded.subarray(4, 132).toString('hex')).toBe(n.toString(16));
    expect(encoded.subarray(132).toString('hex')).toBe(e.toString(16).padStart(6, '0'));
    expect(parseRsaPublicKey(encoded)).toEqual(key.publicKey);
  });

  const { encoded } = key.publicKey;
  const replaced = (at: number, bytes: number[]): Buffer =>
    Buffer.concat([encoded.subarray(0, at), Buffer.from(bytes), encoded.subarray(at + bytes.length)]);
  it.each([
    ['is empty', Buffer.alloc(0)],
    ['ends early', encoded.subarray(0, -1)],
    ['goes on', Buffer.concat([encoded, Buffer.alloc(1)])],
    ['has a modulus with a leading zero', replaced(4, [0])],
    ['has an exponent with a leading zero', replaced(132, [0])],
    ['has an even modulus', replaced(131, [0])],
    ['has an even exponent', replaced(134, [0])],
    ['has no modulus', Buffer.from('000000010003', 'hex')],
    ['has no exponent', Buffer.concat([replaced(2, [0, 0]).subarray(0, 132)])],
    [
      'has the exponent 1',
      Buffer.concat([Buffer.from('00800001', 'hex'), encoded.subarray(4, 132), Buffer.from([1])]),
    ],
    ['is too short to be safe', encodeRsaPublicKey({ n: 2n ** 400n + 1n, e: 3n }).encoded],
    ['is long enough to keep us busy', encodeRsaPublicKey({ n: 2n ** 20_000n + 1n, e: 3n }).encoded],
    ['has a huge exponent', encodeRsaPublicKey({ n: key.publicKey.n, e: 2n ** 100n + 1n }).encoded],
  ])('are refused when the encoding %s', (_what, bytes) => {
    expect(parseRsaPublicKey(bytes)).toBeUndefined();
  });
});
