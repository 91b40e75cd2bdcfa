import nacl from 'tweetnacl';
import { encodeBase32 } from '../../../src/taler/base32';
import { createSigner, eddsaPublicKey, verifyEddsa } from '../../../src/taler/eddsa';
import { hkdf, sha512 } from '../../../src/taler/kdf';
import {
  parseRsaPublicKey,
  type RsaPrivateKey,
  rsaBlind,
  rsaSignBlinded,
  rsaUnblind,
  rsaVerify,
} from '../../../src/taler/rsa';
import { edwardsToMontgomery } from './support/curve';
import { rsaPrivateKeyOfPrimes } from './support/rsa-keys';
import { Cursor, readVectors } from './support/vectors';

// GNUnet's published vectors. The product needs no Diffie-Hellman (that is refreshing of coins, a wallet's affair),
// so its rows are checked here with tweetnacl against our base32 and hash.

/** The primes out of libgcrypt's S-expression, in which a number is `1:p128:` and its bytes. */
function readPrime(expression: Buffer, name: string): bigint {
  const text = expression.toString('latin1');
  const match = new RegExp(`\\(1:${name}(\\d+):`).exec(text);
  if (match === null) throw new Error(`no ${name}`);
  const start = match.index + match[0].length;
  return BigInt(`0x${expression.subarray(start, start + Number(match[1])).toString('hex')}`);
}

const checks: Record<string, (row: Cursor) => void> = {
  hash: (row) => {
    expect(encodeBase32(sha512(row.at('input').variable))).toBe(row.at('output').text);
  },
  ecc_ecdh: (row) => {
    const [priv1, priv2] = [row.at('priv1').key, row.at('priv2').key];
    expect(encodeBase32(nacl.scalarMult.base(priv1))).toBe(row.at('pub1').text);
    const shared = nacl.scalarMult(priv2, row.at('pub1').key);
    expect(encodeBase32(sha512(shared))).toBe(row.at('skm').text);
  },
  eddsa_key_derivation: (row) => {
    expect(encodeBase32(eddsaPublicKey(row.at('priv').key))).toBe(row.at('pub').text);
  },
  eddsa_signing: (row) => {
    const signer = createSigner(row.at('priv').key);
    expect(encodeBase32(signer.publicKey)).toBe(row.at('pub').text);
    expect(encodeBase32(signer.sign(row.at('data').variable))).toBe(row.at('sig').text);
    expect(verifyEddsa(row.at('pub').key, row.at('data').variable, row.at('sig').hash)).toBe(true);
  },
  kdf: (row) => {
    const input = {
      salt: row.at('salt').variable,
      ikm: row.at('ikm').variable,
      info: row.at('ctx').variable,
    };
    // The member is called like this in GNUnet's own file.
    const length = row.at('out_len %u\n').number;
    expect(encodeBase32(hkdf({ ...input, length }))).toBe(row.at('out').text);
  },
  eddsa_ecdh: (row) => {
    const priv = row.at('priv_ecdhe').key;
    expect(encodeBase32(nacl.scalarMult.base(priv))).toBe(row.at('pub_ecdhe').text);
    expect(encodeBase32(eddsaPublicKey(row.at('priv_eddsa').key))).toBe(row.at('pub_eddsa').text);
    const shared = nacl.scalarMult(priv, edwardsToMontgomery(row.at('pub_eddsa').key));
    expect(encodeBase32(sha512(shared))).toBe(row.at('key_material').text);
    // The other side: its scalar is the first half of the hash of the seed.
    const scalar = nacl.hash(row.at('priv_eddsa').key).subarray(0, 32);
    expect(encodeBase32(sha512(nacl.scalarMult(scalar, row.at('pub_ecdhe').key)))).toBe(
      row.at('key_material').text,
    );
  },
  rsa_blind_signing: (row) => {
    const key = row.must(parseRsaPublicKey(row.at('rsa_public_key').variable));
    const message = row.at('message_hash').hash;
    const secret = row.at('blinding_key_secret').key;
    const blinded = row.must(rsaBlind(key, message, secret));
    expect(blinded).toEqual(row.at('blinded_message').variable);
    expect(rsaUnblind(key, row.at('blinded_sig').variable, secret)).toEqual(row.at('sig').variable);
    expect(rsaVerify(key, message, row.at('sig').variable)).toBe(true);
    const privateKey = privateKeyOf(row);
    expect(privateKey.publicKey).toEqual(key);
    expect(rsaSignBlinded(privateKey, blinded)).toEqual(row.at('blinded_sig').variable);
  },
};

function privateKeyOf(row: Cursor): RsaPrivateKey {
  const expression = row.at('rsa_private_key').variable;
  return rsaPrivateKeyOfPrimes({
    p: readPrime(expression, 'p'),
    q: readPrime(expression, 'q'),
    e: readPrime(expression, 'e'),
  });
}

describe('published vectors of GNUnet', () => {
  it.each(
    readVectors('gnunet-crypto.json')
      .at('vectors')
      .items.map((row) => [row.at('operation').text, row] as const),
  )('%s is computed alike', (operation, row) => {
    const check = checks[operation];
    expect(check).toBeDefined();
    check?.(row);
    expect.hasAssertions();
  });
});
