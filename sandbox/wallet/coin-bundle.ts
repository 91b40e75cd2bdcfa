import { decodeBase32 } from '../../src/taler/base32';
import { eddsaPublicKey } from '../../src/taler/eddsa';
import type { JsonValue } from '../../src/taler/json';
import { type KnownExchange, parseCoin, type WalletCoin, type WalletState } from './state';
import { WalletError } from './wallet-error';

/** Coins with their private keys, to be copied between wallets: whoever has them can spend them. */
export interface CoinBundle {
  readonly exchanges: Record<string, KnownExchange>;
  readonly coins: readonly WalletCoin[];
}

/** A deep copy of all coins of a wallet. */
export function exportBundle(state: WalletState): CoinBundle {
  return structuredClone({ exchanges: state.exchanges, coins: Object.values(state.coins) });
}

/**
 * Takes coins into a wallet. A coin that is there already keeps what this wallet knows of it.
 *
 * @throws WalletError `invalid-argument` for something that is not a coin, `exchange-unusable` if the exchange is
 * known under another master key; nothing is taken then
 */
export function importBundle(state: WalletState, bundle: CoinBundle): number {
  for (const coin of bundle.coins) requireCoin(coin);
  for (const [url, exchange] of Object.entries(bundle.exchanges)) {
    const known = state.exchanges[url];
    if (known !== undefined && known.masterPub !== exchange.masterPub) {
      throw new WalletError('exchange-unusable', `the exchange ${url} has another master key in this wallet`);
    }
  }
  Object.assign(state.exchanges, structuredClone(bundle.exchanges));
  const fresh = bundle.coins.filter(({ coinPub }) => state.coins[coinPub] === undefined);
  for (const coin of fresh) state.coins[coin.coinPub] = structuredClone(coin);
  return fresh.length;
}

function requireCoin(coin: WalletCoin): void {
  // The type says that it is one, but bundles come out of files.
  const parsed = parseCoin(coin as unknown as JsonValue);
  const coinPriv = parsed === undefined ? undefined : decodeBase32(parsed.coinPriv, 32);
  const coinPub = parsed === undefined ? undefined : decodeBase32(parsed.coinPub, 32);
  if (coinPriv === undefined || coinPub === undefined || !eddsaPublicKey(coinPriv).equals(coinPub)) {
    throw new WalletError('invalid-argument', `not a coin: ${String(coin.coinPub)}`);
  }
}
