import type { Denomination, ExchangeKeys } from '../exchange/exchange-keys';
import { isDepositable } from '../exchange/exchange-keys';
import { ageGroup, hashAgeCommitment } from '../taler/age-restriction';
import { compareAmounts } from '../taler/amount';
import { decodeBase32 } from '../taler/base32';
import { malformedField } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { ageAttestation, coinDeposit, CoinDepositInput } from '../taler/signatures-wallet';
import { TalerError } from '../taler/taler-error';
import type { CoinPaySigDto } from './dto/pay.dto';

/**
 * The denomination of a coin, good for a deposit of this contribution now (orders.md 5.3 step 9).
 * @param index of the coin in the request, for the error's detail
 * @throws TalerError 2151 unknown, 2165 not depositable now, 2184 above the value, 2154 below the fee, 26 currency
 */
export function requireDenomination(
  keys: ExchangeKeys,
  coin: CoinPaySigDto,
  index: number,
  nowUs: bigint,
): Denomination {
  const detail = `coins[${index}]`;
  const denomination = keys.denominations.find(coin.h_denom);
  if (!denomination && keys.isRevoked(coin.h_denom)) throw expired(detail);
  if (!denomination) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_DENOMINATION_KEY_NOT_FOUND, { detail });
  }
  if (!isDepositable(denomination, nowUs)) throw expired(detail);
  if (coin.contribution.currency !== denomination.value.currency) {
    throw malformedField(`${detail}.contribution`, `must be in ${denomination.value.currency}`);
  }
  if (compareAmounts(coin.contribution, denomination.value) > 0) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_TRANSACTION_LIMIT_VIOLATION, {
      detail,
    });
  }
  if (compareAmounts(denomination.feeDeposit, coin.contribution) > 0) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_FEES_EXCEED_PAYMENT, { detail });
  }
  return denomination;
}

function expired(detail: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_DENOMINATION_DEPOSIT_EXPIRED, { detail });
}

/**
 * Age restriction (orders.md 5.3 step 6): only coins of restricted denominations carry a commitment to an age.
 * @throws TalerError 2174, 2171, 2172, 2173
 */
export function checkAge(
  denomination: Denomination,
  coin: CoinPaySigDto,
  minimumAge: number,
  index: number,
): void {
  const { ageMask } = denomination.key;
  if (ageMask === 0) return;
  const detail = `coins[${index}]`;
  if (!coin.h_age_commitment) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_COMMITMENT_HASH_MISSING, { detail });
  }
  const group = minimumAge > 0 ? ageGroup(ageMask, minimumAge) : 0;
  if (group === 0) return;
  if (!coin.age_commitment) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_COMMITMENT_MISSING, { detail });
  }
  // One key for each group but the youngest, which needs no proof.
  const groups = ageGroup(ageMask, Number.MAX_SAFE_INTEGER);
  const commitment = coin.age_commitment.map((key) => decodeBase32(key, 32));
  if (commitment.length !== groups) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_COMMITMENT_SIZE_MISMATCH, { detail });
  }
  const keys = commitment.filter((key): key is Buffer => key !== undefined);
  const key = keys[group - 1];
  const isProven =
    key !== undefined &&
    keys.length === groups &&
    coin.minimum_age_sig !== undefined &&
    hashAgeCommitment(keys).equals(coin.h_age_commitment) &&
    ageAttestation.verify(key, { ageMask, age: minimumAge }, coin.minimum_age_sig);
  if (!isProven)
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_AGE_VERIFICATION_FAILED, { detail });
}

/** @throws TalerError 2157 when the deposit permission is not signed by the coin */
export function checkCoinSignature(
  coin: CoinPaySigDto,
  denomination: Denomination,
  common: Omit<CoinDepositInput, 'hAgeCommitment' | 'hDenom' | 'contribution' | 'depositFee'>,
  index: number,
): void {
  const permission = {
    ...common,
    hAgeCommitment: coin.h_age_commitment,
    hDenom: coin.h_denom,
    contribution: coin.contribution,
    depositFee: denomination.feeDeposit,
  };
  if (!coinDeposit.verify(coin.coin_pub, permission, coin.coin_sig)) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_COIN_SIGNATURE_INVALID, {
      detail: `coins[${index}]`,
    });
  }
}
