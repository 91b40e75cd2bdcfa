import { type Amount, zeroAmount } from '../../src/taler/amount';
import { decodeBase32 } from '../../src/taler/base32';
import { confirmRefund } from '../../src/taler/signatures-exchange';
import { type ExchangeKeys } from './exchange-keys';
import type { WalletCoin } from './state';
import type { WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';
import { trustedKeys } from './withdraw';

/** A merchant's claim that an exchange has given money back to a coin. */
export interface ClaimedRefund {
  readonly coin: WalletCoin;
  readonly hContract: Buffer;
  readonly merchantPub: Buffer;
  readonly rtransactionId: bigint;
  /** Gross. */
  readonly refundAmount: Amount;
  readonly exchangePub: string;
  readonly exchangeSig: string;
}

/**
 * Checks the exchange's confirmation (1038, crypto.md 5) under a key that its master key vouches for.
 *
 * @returns the refund fee of the coin, which the exchange keeps
 * @throws WalletError `bad-signature`, `exchange-unusable`, or the transport's failure
 */
export async function verifyConfirmedRefund(context: WalletContext, refund: ClaimedRefund): Promise<Amount> {
  const { coin } = refund;
  const exchangePub = decodeBase32(refund.exchangePub, 32);
  const exchangeSig = decodeBase32(refund.exchangeSig, 64);
  const coinPub = decodeBase32(coin.coinPub, 32);
  if (exchangePub === undefined || exchangeSig === undefined || coinPub === undefined) throw forged(coin);
  const keys = await keysWith(context, coin.exchangeBaseUrl, exchangePub);
  const { hContract, merchantPub, rtransactionId, refundAmount } = refund;
  const signed = { hContract, coinPub, merchantPub, rtransactionId, refundAmount };
  const isVouchedFor = keys.signingKeys.some((key) => key.equals(exchangePub));
  if (!isVouchedFor || !confirmRefund.verify(exchangePub, signed, exchangeSig)) throw forged(coin);
  const hDenom = decodeBase32(coin.hDenom, 64);
  const denomination = keys.denominations.find((known) => hDenom?.equals(known.hDenom));
  // A denomination that is not listed any more: its coins cannot be spent, so the fee does not matter.
  return denomination?.feeRefund ?? zeroAmount(refundAmount.currency);
}

/** The keys at hand, or fresh ones if the exchange signs with a key that they do not list (exchange.md 12, trap 5). */
async function keysWith(
  context: WalletContext,
  exchangeBaseUrl: string,
  exchangePub: Buffer,
): Promise<ExchangeKeys> {
  const keys = await trustedKeys(context, exchangeBaseUrl);
  if (keys.signingKeys.some((key) => key.equals(exchangePub))) return keys;
  context.keysCache.delete(exchangeBaseUrl);
  return trustedKeys(context, exchangeBaseUrl);
}

function forged(coin: WalletCoin): WalletError {
  return new WalletError(
    'bad-signature',
    `the refund of coin ${coin.coinPub} is not signed by ${coin.exchangeBaseUrl}`,
  );
}
