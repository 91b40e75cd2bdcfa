import { encodeBase32 } from '../../src/taler/base32';
import { hashCoin, hashCoinEnvelope, verifyCoin } from '../../src/taler/denominations';
import { eddsaPublicKey } from '../../src/taler/eddsa';
import { hkdf } from '../../src/taler/kdf';
import { parseRsaPublicKey, type RsaPublicKey, rsaBlind, rsaUnblind } from '../../src/taler/rsa';
import { decodeBase32, decodeBase32Variable } from '../../src/taler/base32';
import type { PlannedDenomination, WalletCoin } from './state';
import { WalletError } from './wallet-error';

/** A coin before the exchange has signed it. */
export interface Planchet {
  readonly coinPriv: Buffer;
  readonly coinPub: Buffer;
  readonly blindingSecret: Buffer;
  readonly hDenom: Buffer;
  readonly rsaKey: RsaPublicKey;
  /** What the exchange gets to see, without leading zero bytes. */
  readonly blinded: Buffer;
  readonly hCoinEnvelope: Buffer;
}

/**
 * Coin number `index` of a withdrawal. Everything follows from the seed, so a withdrawal that was interrupted
 * sends the same planchets again and the exchange gives the same signatures, instead of more coins.
 *
 * @throws WalletError `exchange-unusable` for a denomination key that cannot be blinded for
 */
export function derivePlanchet(seed: Buffer, index: number, denomination: PlannedDenomination): Planchet {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(index);
  const planchetSeed = hkdf({
    salt: number,
    ikm: seed,
    info: Buffer.from('taler-withdraw-secrets'),
    length: 32,
  });
  const coinPriv = hkdf({ salt: Buffer.from('coin'), ikm: planchetSeed, length: 32 });
  const blindingSecret = hkdf({ salt: Buffer.from('bks'), ikm: planchetSeed, length: 32 });
  const coinPub = eddsaPublicKey(coinPriv);

  const encodedKey = decodeBase32Variable(denomination.rsaPub);
  const rsaKey = encodedKey === undefined ? undefined : parseRsaPublicKey(encodedKey);
  const hDenom = decodeBase32(denomination.hDenom, 64);
  if (rsaKey === undefined || hDenom === undefined)
    throw new WalletError('state-damaged', 'denomination key');
  const blinded = rsaBlind(rsaKey, hashCoin(coinPub), blindingSecret);
  if (blinded === undefined) {
    // Happens for keys whose modulus has a factor that the exchange let us find by chance: a bad key.
    throw new WalletError('exchange-unusable', 'a denomination key of the exchange is defective');
  }
  const hCoinEnvelope = hashCoinEnvelope(hDenom, blinded);
  return { coinPriv, coinPub, blindingSecret, hDenom, rsaKey, blinded, hCoinEnvelope };
}

/**
 * Makes the coin out of the planchet and the exchange's blind signature.
 *
 * @returns undefined if the signature is not the denomination's
 */
export function finishCoin(
  planchet: Planchet,
  blindSignature: Buffer,
  source: { exchangeBaseUrl: string; denomination: PlannedDenomination },
): WalletCoin | undefined {
  const { coinPub, rsaKey } = planchet;
  const signature = rsaUnblind(rsaKey, blindSignature, planchet.blindingSecret);
  const denomination = { cipher: 'RSA', rsaPublicKey: rsaKey, ageMask: 0 } as const;
  if (!verifyCoin({ denomination, coinPub, signature })) return undefined;
  return {
    coinPriv: encodeBase32(planchet.coinPriv),
    coinPub: encodeBase32(coinPub),
    exchangeBaseUrl: source.exchangeBaseUrl,
    hDenom: source.denomination.hDenom,
    ubSig: { cipher: 'RSA', rsa_signature: encodeBase32(signature) },
    value: source.denomination.value,
    feeDeposit: source.denomination.feeDeposit,
    depositUntil: source.denomination.depositUntil,
    spends: {},
  };
}
