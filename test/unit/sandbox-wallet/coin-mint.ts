import { parseAmount, type Amount } from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashCoin, hashDenomination, type RsaDenominationKey } from '../../../src/taler/denominations';
import { createSigner, eddsaPublicKey, generateSeed } from '../../../src/taler/eddsa';
import {
  generateRsaKey,
  rsaBlind,
  type RsaPrivateKey,
  rsaSignBlinded,
  rsaUnblind,
} from '../../../src/taler/rsa';
import type { CoinBundle } from '../../../sandbox/wallet/coin-bundle';
import type { WalletCoin } from '../../../sandbox/wallet/state';

export function money(text: string): Amount {
  const amount = parseAmount(text);
  if (amount === undefined) throw new Error(`not an amount: ${text}`);
  return amount;
}

/** An exchange reduced to its keys: makes coins as a withdrawal would, without any HTTP. */
export class CoinMint {
  readonly masterPub = createSigner(generateSeed()).publicKey;
  private readonly denominations = new Map<
    string,
    { key: RsaPrivateKey; denomination: RsaDenominationKey }
  >();

  constructor(readonly baseUrl: string) {}

  /** Denomination key by h_denom in base32. */
  denominationOf(hDenom: string): RsaDenominationKey | undefined {
    return this.denominations.get(hDenom)?.denomination;
  }

  coins(...values: { value: string; fee: string; depositUntil?: number | 'never' }[]): CoinBundle {
    const coins = values.map(({ value, fee, depositUntil }) =>
      this.coin(value, fee, depositUntil ?? 'never'),
    );
    const exchange = {
      masterPub: encodeBase32(this.masterPub),
      currency: money(values[0]?.value ?? 'KUDOS:0').currency,
    };
    return { exchanges: { [this.baseUrl]: exchange }, coins };
  }

  private coin(value: string, fee: string, depositUntil: number | 'never'): WalletCoin {
    const { key, denomination } = this.denominationFor();
    const coinPriv = generateSeed();
    const coinPub = eddsaPublicKey(coinPriv);
    const secret = generateSeed();
    const blinded = rsaBlind(denomination.rsaPublicKey, hashCoin(coinPub), secret);
    if (blinded === undefined) throw new Error('unlucky key');
    const signature = rsaUnblind(denomination.rsaPublicKey, rsaSignBlinded(key, blinded), secret);
    return {
      coinPriv: encodeBase32(coinPriv),
      coinPub: encodeBase32(coinPub),
      exchangeBaseUrl: this.baseUrl,
      hDenom: encodeBase32(hashDenomination(denomination)),
      ubSig: { cipher: 'RSA', rsa_signature: encodeBase32(signature) },
      value,
      feeDeposit: fee,
      depositUntil: { t_s: depositUntil },
      spends: {},
    };
  }

  // One key for all values will do: the tests here do not look at what a key is worth.
  private denominationFor(): { key: RsaPrivateKey; denomination: RsaDenominationKey } {
    const [known] = this.denominations.values();
    if (known !== undefined) return known;
    const key = generateRsaKey(1024);
    const denomination: RsaDenominationKey = { cipher: 'RSA', rsaPublicKey: key.publicKey, ageMask: 0 };
    const made = { key, denomination };
    this.denominations.set(encodeBase32(hashDenomination(denomination)), made);
    return made;
  }
}
