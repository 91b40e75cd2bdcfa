import { type Amount, formatAmount } from '../../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { hashJson } from '../../src/taler/canonical-json';
import { createSigner } from '../../src/taler/eddsa';
import type { JsonObject } from '../../src/taler/json';
import { coinDeposit } from '../../src/taler/signatures-wallet';
import type { Timestamp } from '../../src/taler/timestamp';
import { ownAmount, type WalletCoin } from './state';
import { WalletError } from './wallet-error';

/** The members of a contract that a coin signs. A parsed `Contract` has them all. */
export interface DepositTarget {
  readonly hWire: Buffer;
  readonly timestamp: Timestamp;
  readonly refundDeadline: Timestamp;
  readonly merchantPub: Buffer;
}

/**
 * A coin's word that it pays (1201, crypto.md 4), in the form of the `coins` array of POST pay (orders.md 5.3).
 *
 * @param options.contribution gross, includes the deposit fee
 * @param options.walletData the `wallet_data` of the pay request, if it has one
 */
export function signDepositPermission(
  coin: WalletCoin,
  target: DepositTarget,
  options: { hContract: Buffer; contribution: Amount; walletData?: JsonObject },
): JsonObject {
  const coinPriv = decodeBase32(coin.coinPriv, 32);
  const hDenom = decodeBase32(coin.hDenom, 64);
  if (coinPriv === undefined || hDenom === undefined)
    throw new WalletError('state-damaged', `coin ${coin.coinPub}`);
  const { walletData } = options;
  const coinSig = coinDeposit.sign(createSigner(coinPriv), {
    hContract: options.hContract,
    hWire: target.hWire,
    hDenom,
    walletTimestamp: target.timestamp,
    refundDeadline: target.refundDeadline,
    contribution: options.contribution,
    depositFee: ownAmount(coin.feeDeposit),
    merchantPub: target.merchantPub,
    ...(walletData === undefined ? {} : { walletDataHash: hashJson(walletData) }),
  });
  return {
    coin_sig: encodeBase32(coinSig),
    coin_pub: coin.coinPub,
    ub_sig: { ...coin.ubSig },
    h_denom: coin.hDenom,
    contribution: formatAmount(options.contribution),
    exchange_url: coin.exchangeBaseUrl,
  };
}
