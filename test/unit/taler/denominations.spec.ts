import { encodeBase32 } from '../../../src/taler/base32';
import {
  hashCoin,
  hashCoinEnvelope,
  hashDenomination,
  hashTokenIssueKey,
  parseDenominationKey,
  verifyCoin,
} from '../../../src/taler/denominations';
import { createSigner } from '../../../src/taler/eddsa';
import { hkdf, sha512 } from '../../../src/taler/kdf';
import { type JsonObject } from '../../../src/taler/json';
import { parseRsaPublicKey, rsaBlind, rsaVerify } from '../../../src/taler/rsa';
import { flipBit } from './support/mutate';
import { readVectors } from './support/vectors';

const vectors = readVectors('denominations.json');
const rsaPub = vectors.at('rsa_pub').text;
const denomination = vectors.must(parseDenominationKey({ cipher: 'RSA', rsa_pub: rsaPub }));
if (denomination.cipher !== 'RSA') throw new Error('not RSA');
const rsaPublicKey = denomination.rsaPublicKey;

describe('denominations', () => {
  it.each(vectors.at('denom_hashes').items.map((row) => [row]))(
    'have the hash of the reference (row %#)',
    (row) => {
      const json: JsonObject = { cipher: row.at('cipher').text, age_mask: row.at('age_mask').number };
      if (row.has('cs_pub')) json.cs_pub = row.at('cs_pub').text;
      else json.rsa_pub = rsaPub;
      const key = row.must(parseDenominationKey(json));
      expect(encodeBase32(hashDenomination(key))).toBe(row.at('denom_pub_hash').text);
      const inGroup = row.must(
        parseDenominationKey({ ...json, cipher: `${row.at('cipher').text}+age_restricted` }),
      );
      expect(inGroup).toEqual(key);
    },
  );

  it('hash the key alone for token families', () => {
    expect(encodeBase32(hashTokenIssueKey(rsaPublicKey))).toBe(vectors.at('rsa_pub_hash').text);
  });

  it.each([
    [undefined],
    [null],
    ['RSA'],
    [{}],
    [{ cipher: 'RSA' }],
    [{ cipher: 'XYZ', rsa_pub: rsaPub }],
    [{ cipher: 'RSA', rsa_pub: `${rsaPub}0` }],
    [{ cipher: 'RSA', rsa_pub: rsaPub, age_mask: -1 }],
    [{ cipher: 'RSA', rsa_pub: rsaPub, age_mask: 2 ** 32 }],
    [{ cipher: 'RSA', rsa_pub: rsaPub, age_mask: 1.5 }],
    [{ cipher: 'CS', cs_pub: '00' }],
    [{ cipher: 'CS', rsa_pub: rsaPub }],
  ])('are undefined for %j', (json) => {
    expect(parseDenominationKey(json)).toBeUndefined();
  });
});

describe('coins', () => {
  it('have the hash of the reference, with and without age commitment', () => {
    const row = vectors.at('coin_pub_hash');
    const coinPub = row.at('coin_pub').key;
    expect(encodeBase32(hashCoin(coinPub))).toBe(row.at('coin_pub_hash').text);
    expect(encodeBase32(hashCoin(coinPub, row.at('h_age_commitment').key))).toBe(
      row.at('coin_pub_hash_with_age_commitment').text,
    );
  });

  it('are blinded to a planchet without leading zero byte', () => {
    const row = vectors.at('short_planchet');
    const planchet = rsaBlind(rsaPublicKey, hashCoin(row.at('coin_pub').key), row.at('blinding_secret').key);
    expect(planchet?.toString('hex')).toBe(row.at('planchet_hex').text);
    expect(planchet).toHaveLength(row.at('planchet_length').number);
    const envelope = hashCoinEnvelope(hashDenomination(denomination), planchet ?? Buffer.alloc(0));
    expect(encodeBase32(envelope)).toBe(row.at('coin_ev_hash').text);
  });

  it('verify with a short signature, with or without its leading zero', () => {
    const row = vectors.at('short_signature');
    const signature = row.at('rsa_signature').variable;
    expect(signature.toString('hex')).toBe(row.at('signature_hex').text);
    expect(signature).toHaveLength(row.at('encoded_length').number);
    const coin = { denomination, coinPub: row.at('coin_pub').key };
    expect(verifyCoin({ ...coin, signature })).toBe(row.at('verifies').value);
    expect(verifyCoin({ ...coin, signature: Buffer.concat([Buffer.alloc(1), signature]) })).toBe(
      vectors.at('short_signature_with_leading_zero_verifies').value,
    );
    expect(verifyCoin({ ...coin, signature: flipBit(signature, 9) })).toBe(false);
    expect(verifyCoin({ ...coin, coinPub: flipBit(coin.coinPub, 9), signature })).toBe(false);
    expect(verifyCoin({ ...coin, hAgeCommitment: Buffer.alloc(32), signature })).toBe(false);
  });
});

describe('tokens', () => {
  it('are derived and blinded as the reference does', () => {
    const row = vectors.at('token');
    const secret = row.at('token_use_master_secret').key;
    const priv = hkdf({ salt: Buffer.from('token'), ikm: secret, length: 32 });
    expect(encodeBase32(priv)).toBe(row.at('token_use_priv').text);
    const { publicKey } = createSigner(priv);
    expect(encodeBase32(publicKey)).toBe(row.at('token_use_pub').text);
    expect(encodeBase32(sha512(publicKey))).toBe(row.at('token_use_pub_hash').text);
    const blindingSecret = hkdf({ salt: Buffer.from('bks'), ikm: secret, length: 32 });
    expect(encodeBase32(blindingSecret)).toBe(row.at('blinding_secret').text);
    const envelope = rsaBlind(rsaPublicKey, hashCoin(publicKey), blindingSecret);
    const expected = row.at('token_ev', 'token_ev', 'rsa_blinded_planchet').variable;
    expect(envelope).toEqual(expected);
  });
});

it('the key of the vectors survives its own encoding', () => {
  expect(parseRsaPublicKey(rsaPublicKey.encoded)).toEqual(rsaPublicKey);
  expect(rsaVerify(rsaPublicKey, Buffer.alloc(64), Buffer.alloc(256, 1))).toBe(false);
});
