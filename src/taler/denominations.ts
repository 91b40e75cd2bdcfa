import { decodeBase32, decodeBase32Variable } from './base32';
import { isJsonObject } from './json';
import { sha512 } from './kdf';
import { parseRsaPublicKey, type RsaPublicKey, rsaVerify } from './rsa';

export interface RsaDenominationKey {
  readonly cipher: 'RSA';
  readonly rsaPublicKey: RsaPublicKey;
  /** uint32; 0 unless the denomination is age restricted. */
  readonly ageMask: number;
}

/** Clause-Schnorr. The merchant hashes such keys and passes their coins on, it never computes with them. */
export interface CsDenominationKey {
  readonly cipher: 'CS';
  /** 32 bytes. */
  readonly csPublicKey: Buffer;
  readonly ageMask: number;
}

export type DenominationKey = RsaDenominationKey | CsDenominationKey;

const CIPHER_NUMBERS = { RSA: 1, CS: 2 } as const;
const CS_KEY_BYTES = 32;
const MAX_UINT32 = 0xffffffff;

/**
 * Reads `{cipher, age_mask?, rsa_pub | cs_pub}`. The ciphers of the groups in /keys, such as
 * `RSA+age_restricted`, are understood too; /keys has cipher and mask in the group and the key in its entry.
 */
export function parseDenominationKey(json: unknown): DenominationKey | undefined {
  if (!isJsonObject(json)) return undefined;
  const ageMask = json.age_mask ?? 0;
  if (typeof ageMask !== 'number' || !Number.isInteger(ageMask) || ageMask < 0 || ageMask > MAX_UINT32) {
    return undefined;
  }
  switch (json.cipher) {
    case 'RSA':
    case 'RSA+age_restricted':
      return parseRsa(json.rsa_pub, ageMask);
    case 'CS':
    case 'CS+age_restricted':
      return parseCs(json.cs_pub, ageMask);
    default:
      return undefined;
  }
}

function parseRsa(text: unknown, ageMask: number): RsaDenominationKey | undefined {
  const encoded = typeof text === 'string' ? decodeBase32Variable(text) : undefined;
  const rsaPublicKey = encoded === undefined ? undefined : parseRsaPublicKey(encoded);
  return rsaPublicKey === undefined ? undefined : { cipher: 'RSA', rsaPublicKey, ageMask };
}

function parseCs(text: unknown, ageMask: number): CsDenominationKey | undefined {
  const csPublicKey = typeof text === 'string' ? decodeBase32(text, CS_KEY_BYTES) : undefined;
  return csPublicKey === undefined ? undefined : { cipher: 'CS', csPublicKey, ageMask };
}

function uint32(value: number): Buffer {
  const packed = Buffer.alloc(4);
  packed.writeUInt32BE(value);
  return packed;
}

/** h_denom: SHA-512(uint32 age mask, uint32 cipher, key), 64 bytes (crypto.md 6). */
export function hashDenomination(key: DenominationKey): Buffer {
  const keyBytes = key.cipher === 'RSA' ? key.rsaPublicKey.encoded : key.csPublicKey;
  return sha512(uint32(key.ageMask), uint32(CIPHER_NUMBERS[key.cipher]), keyBytes);
}

/** h_issue of a token family key: SHA-512 over the key alone, 64 bytes (crypto.md 7). */
export function hashTokenIssueKey(key: RsaPublicKey): Buffer {
  return sha512(key.encoded);
}

/** What a denomination key signs: SHA-512(coin_pub), or SHA-512(coin_pub, h_age_commitment). */
export function hashCoin(coinPub: Uint8Array, hAgeCommitment?: Uint8Array): Buffer {
  return hAgeCommitment === undefined ? sha512(coinPub) : sha512(coinPub, hAgeCommitment);
}

/**
 * h_planchet of an RSA coin: SHA-512(h_denom, uint32 cipher, blinded message).
 *
 * @param blindedMessage as sent, without leading zero bytes
 */
export function hashCoinEnvelope(hDenom: Uint8Array, blindedMessage: Uint8Array): Buffer {
  return sha512(hDenom, uint32(CIPHER_NUMBERS.RSA), blindedMessage);
}

/**
 * True if the unblinded signature makes the key pair a coin of the denomination. Only RSA: Clause-Schnorr coins
 * are for the exchange to check (crypto.md 6).
 */
export function verifyCoin(coin: {
  denomination: RsaDenominationKey;
  coinPub: Uint8Array;
  hAgeCommitment?: Uint8Array;
  signature: Uint8Array;
}): boolean {
  return rsaVerify(
    coin.denomination.rsaPublicKey,
    hashCoin(coin.coinPub, coin.hAgeCommitment),
    coin.signature,
  );
}
