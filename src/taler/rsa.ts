import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  timingSafeEqual,
} from 'node:crypto';
import { hkdfMod } from './kdf';
import { greatestCommonDivisor, modularInverse, toBigInt, toShortBytes } from './modular';

/** RSA public key in the sense of GNUnet (crypto.md 6). */
export interface RsaPublicKey {
  readonly n: bigint;
  readonly e: bigint;
  /** Bits of the modulus. */
  readonly bits: number;
  /** uint16 length of n, uint16 length of e, n, e: what is hashed, and what JSON carries in base32. */
  readonly encoded: Buffer;
}

export interface RsaPrivateKey {
  readonly publicKey: RsaPublicKey;
  /** Key of node:crypto; signs in constant time. */
  readonly key: KeyObject;
}

/** Members of a JSON Web Key (RFC 7518, 6.3), base64url. Secret: goes to the database and nowhere else. */
export interface RsaPrivateKeyJson {
  readonly n: string;
  readonly e: string;
  readonly d: string;
  readonly p: string;
  readonly q: string;
  readonly dp: string;
  readonly dq: string;
  readonly qi: string;
}

const MIN_MODULUS_BITS = 512;
/** Real denominations have 2048 to 4096 bits; the bound limits what a hostile /keys can make us compute. */
const MAX_MODULUS_BITS = 16_384;
const MAX_EXPONENT_BYTES = 8;
const PUBLIC_EXPONENT = 65_537;
const LENGTHS_BYTES = 4;

const FDH_INFO = Buffer.from('RSA-FDA FTpsW!', 'latin1'); // sic
const BLINDING_SALT = Buffer.from('Blinding KDF extractor HMAC key', 'latin1');
const BLINDING_INFO = Buffer.from('Blinding KDF', 'latin1');

/** Imported keys live exactly as long as the objects they belong to. */
const importedKeys = new WeakMap<RsaPublicKey, KeyObject>();

/** Makes a key pair and blocks for it: about 0.2 s for 2048 bits. For scripts and tests. */
export function generateRsaKey(bits: number): RsaPrivateKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: PUBLIC_EXPONENT });
  return wrapPrivateKey(privateKey);
}

/** Makes a key pair on a thread of the pool; the one to use inside a server. */
export function generateRsaKeyAsync(bits: number): Promise<RsaPrivateKey> {
  return new Promise((resolve, reject) => {
    const options = { modulusLength: bits, publicExponent: PUBLIC_EXPONENT };
    generateKeyPair('rsa', options, (error, _publicKey, privateKey) => {
      if (error === null) resolve(wrapPrivateKey(privateKey));
      else reject(error);
    });
  });
}

/** @throws Error if the members are no RSA private key */
export function importRsaPrivateKey(json: RsaPrivateKeyJson): RsaPrivateKey {
  return wrapPrivateKey(createPrivateKey({ key: { kty: 'RSA', ...json }, format: 'jwk' }));
}

export function exportRsaPrivateKey(privateKey: RsaPrivateKey): RsaPrivateKeyJson {
  const { n, e, d, p, q, dp, dq, qi } = privateKey.key.export({ format: 'jwk' });
  const members = { n, e, d, p, q, dp, dq, qi };
  if (!isComplete(members)) throw new Error('not an RSA private key');
  return members;
}

function isComplete(members: {
  [Name in keyof RsaPrivateKeyJson]: string | undefined;
}): members is RsaPrivateKeyJson {
  return Object.values(members).every((member) => member !== undefined);
}

function wrapPrivateKey(key: KeyObject): RsaPrivateKey {
  const jwk: JsonWebKey = key.export({ format: 'jwk' });
  if (jwk.n === undefined || jwk.e === undefined) throw new Error('not an RSA private key');
  const publicKey = encodeRsaPublicKey({
    n: toBigInt(Buffer.from(jwk.n, 'base64url')),
    e: toBigInt(Buffer.from(jwk.e, 'base64url')),
  });
  return { publicKey, key };
}

/** Puts modulus and exponent into GNUnet's encoding: uint16 lengths, then both big-endian without leading zeros. */
export function encodeRsaPublicKey({ n, e }: { n: bigint; e: bigint }): RsaPublicKey {
  const modulus = toShortBytes(n);
  const exponent = toShortBytes(e);
  const lengths = Buffer.alloc(LENGTHS_BYTES);
  lengths.writeUInt16BE(modulus.length, 0);
  lengths.writeUInt16BE(exponent.length, 2);
  return { n, e, bits: n.toString(2).length, encoded: Buffer.concat([lengths, modulus, exponent]) };
}

/** Reads GNUnet's encoding. @returns undefined if it is malformed or no plausible RSA key */
export function parseRsaPublicKey(encoded: Uint8Array): RsaPublicKey | undefined {
  if (encoded.length < LENGTHS_BYTES) return undefined;
  const bytes = Buffer.from(encoded);
  const modulusEnd = LENGTHS_BYTES + bytes.readUInt16BE(0);
  const exponentLength = bytes.readUInt16BE(2);
  if (modulusEnd > LENGTHS_BYTES + MAX_MODULUS_BITS / 8 || exponentLength > MAX_EXPONENT_BYTES)
    return undefined;
  if (modulusEnd === LENGTHS_BYTES || bytes.length !== modulusEnd + exponentLength) return undefined;
  // A leading zero would make a second encoding, and so a second hash, of the same key.
  if (bytes[LENGTHS_BYTES] === 0 || bytes[modulusEnd] === 0) return undefined;
  const n = toBigInt(bytes.subarray(LENGTHS_BYTES, modulusEnd));
  const e = toBigInt(bytes.subarray(modulusEnd));
  const bits = n.toString(2).length;
  if (bits < MIN_MODULUS_BITS || n % 2n === 0n || e < 3n || e % 2n === 0n) return undefined;
  return { n, e, bits, encoded: bytes };
}

/**
 * RSA full domain hash (crypto.md 6): the number that a signature on the message must have as its e-th power.
 *
 * @returns undefined if the number shares a factor with the modulus; only a key made with malice has such hashes
 */
export function rsaFullDomainHash(key: RsaPublicKey, message: Uint8Array): bigint | undefined {
  const hash = fullDomainHash(key, message);
  return greatestCommonDivisor(hash, key.n) === 1n ? hash : undefined;
}

function fullDomainHash(key: RsaPublicKey, message: Uint8Array): bigint {
  return hkdfMod({ modulus: key.n, modulusBits: key.bits, salt: key.encoded, ikm: message, info: FDH_INFO });
}

function blindingFactor(key: RsaPublicKey, blindingSecret: Uint8Array): bigint {
  const info = BLINDING_INFO;
  return hkdfMod({ modulus: key.n, modulusBits: key.bits, salt: BLINDING_SALT, ikm: blindingSecret, info });
}

/**
 * Blinds a message for signing: FDH(message)·r^e mod n.
 *
 * @param message for a coin the coin hash, 64 bytes
 * @param blindingSecret 32 bytes
 * @returns the blinded message without leading zero bytes, or undefined for a key made with malice
 */
export function rsaBlind(
  key: RsaPublicKey,
  message: Uint8Array,
  blindingSecret: Uint8Array,
): Buffer | undefined {
  const hash = rsaFullDomainHash(key, message);
  const factor = blindingFactor(key, blindingSecret);
  if (hash === undefined || greatestCommonDivisor(factor, key.n) !== 1n) return undefined;
  const power = raiseToExponent(key, factor);
  return power === undefined ? undefined : toShortBytes((hash * toBigInt(power)) % key.n);
}

/**
 * Signs a blinded message: blinded^d mod n.
 *
 * @returns the blind signature without leading zero bytes
 * @throws Error if the blinded message is not below the modulus
 */
export function rsaSignBlinded(privateKey: RsaPrivateKey, blinded: Uint8Array): Buffer {
  const padded = toModulusBytes(privateKey.publicKey, toBigInt(blinded));
  if (padded === undefined) throw new RangeError('blinded message is not below the modulus');
  const signature = privateDecrypt({ key: privateKey.key, padding: constants.RSA_NO_PADDING }, padded);
  return toShortBytes(toBigInt(signature));
}

/**
 * Takes the blinding off a blind signature: s'·r^-1 mod n.
 *
 * @returns the signature without leading zero bytes; whether it is one is for rsaVerify to say
 * @throws Error if the blinding factor has no inverse, which rsaBlind excluded
 */
export function rsaUnblind(
  key: RsaPublicKey,
  blindSignature: Uint8Array,
  blindingSecret: Uint8Array,
): Buffer {
  const inverse = modularInverse(blindingFactor(key, blindingSecret), key.n);
  return toShortBytes((toBigInt(blindSignature) * inverse) % key.n);
}

/**
 * Verifies an unblinded signature: s^e mod n = FDH(message).
 *
 * @param signature big-endian, leading zero bytes may be there or not (crypto.md 6)
 */
export function rsaVerify(key: RsaPublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const power = raiseToExponent(key, toBigInt(signature));
  // The common divisor of hash and modulus is not looked at: that check protects who has something blinded,
  // takes ten times as long as all the rest, and finds nothing with an honest key.
  const expected = toModulusBytes(key, fullDomainHash(key, message));
  if (power === undefined || expected === undefined) return false;
  return timingSafeEqual(power, expected);
}

/** base^e mod n as bytes of the modulus' length; undefined if the base is not below n or OpenSSL refuses the key. */
function raiseToExponent(key: RsaPublicKey, base: bigint): Buffer | undefined {
  const padded = toModulusBytes(key, base);
  if (padded === undefined) return undefined;
  try {
    // OpenSSL without padding is the bare power, ten times as fast as BigInt arithmetic.
    return publicEncrypt({ key: importPublicKey(key), padding: constants.RSA_NO_PADDING }, padded);
  } catch {
    return undefined; // sizes or exponents that OpenSSL refuses to compute with
  }
}

function importPublicKey(key: RsaPublicKey): KeyObject {
  const known = importedKeys.get(key);
  if (known !== undefined) return known;
  const jwk = { kty: 'RSA', n: toBase64Url(key.n), e: toBase64Url(key.e) };
  const imported = createPublicKey({ key: jwk, format: 'jwk' });
  importedKeys.set(key, imported);
  return imported;
}

function toBase64Url(value: bigint): string {
  return toShortBytes(value).toString('base64url');
}

/** Big-endian in the length of the modulus; undefined if the value is not below the modulus. */
function toModulusBytes(key: RsaPublicKey, value: bigint): Buffer | undefined {
  if (value >= key.n) return undefined;
  return Buffer.from(value.toString(16).padStart(Math.ceil(key.bits / 8) * 2, '0'), 'hex');
}
