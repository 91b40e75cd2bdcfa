import { malformedField } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { PayDto } from './dto/pay.dto';
import type { PaymentPlan } from './payment-plan';
import { coinKeys, type StoredDeposit } from './payments.repository';
import { countedFor, isSameHash, requireRepresentable } from './sufficiency';

/**
 * A coin that an abort has given back pays no more (orders.md 5.5, effect); others may.
 * @throws TalerError 2167 (402) naming the first such coin of the request
 */
export function refuseGivenBack(request: PayDto, stored: readonly StoredDeposit[]): void {
  const givenBack = coinKeys(stored.filter(({ isGivenBack }) => isGivenBack));
  const index = request.coins.findIndex(({ coin_pub }) => givenBack.has(coin_pub.toString('hex')));
  if (index < 0) return;
  throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUNDED, { detail: `coins[${index}]` });
}

/**
 * Coins have signed the choice that they are for, and an exchange takes no coin for other wallet data than the first
 * one of a contract (1206), not even after that one went back. A wallet that changes its mind has to abort, and to claim
 * the order anew: told so, it stops, while the refusal of the exchange would be a 5xx that it repeats for ever.
 * @throws TalerError 26 naming wallet_data
 */
export function refuseOtherChoice({ contract, terms, stored, shares }: PaymentPlan): void {
  if (contract.choiceIndex === undefined) return;
  const asked = new Set(shares.map(({ exchange }) => exchange.baseUrl));
  const isOther = (deposit: StoredDeposit) =>
    (!deposit.isGivenBack || asked.has(deposit.exchangeUrl)) &&
    !isSameHash(deposit.walletDataHash, terms.walletDataHash);
  if (!stored.some(isOther)) return;
  throw malformedField(
    'wallet_data',
    'coins were deposited for other wallet_data; abort, and claim the order anew',
  );
}

/** @throws TalerError 2153 when stored and new coins together are beyond what an amount can be */
export function refuseOverflow({ contract, terms, stored, shares, order }: PaymentPlan): void {
  const planned = shares.flatMap(({ coins }) =>
    coins.map(({ coin, denomination }) => ({
      contribution: coin.contribution,
      depositFee: denomination.feeDeposit,
    })),
  );
  requireRepresentable({
    ...contract,
    deposits: [...countedFor(contract, terms.walletDataHash, stored), ...planned],
    refunded: order.refundGranted,
  });
}
