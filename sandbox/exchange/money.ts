import type { Deposit } from './records';

/** What the coin got back by refunds so far. */
export function returnedToCoin(deposit: Deposit): bigint {
  let refundFees = 0n;
  let lastFee = 0n;
  for (const refund of deposit.refunds.values()) {
    refundFees += refund.refundFee;
    lastFee = refund.refundFee;
  }
  const returned = deposit.refunded - refundFees;
  if (deposit.refunded < deposit.contribution) return returned;
  // Nothing is left for the merchant, so the deposit fee is given back too: recording 094 has 1.99 left of a
  // 2.00 coin after three refunds with a fee of 0.01 each and a deposit fee of 0.02. One refund fee is kept in
  // any case, else a full refund in one step would leave the coin with more than its value.
  const most = deposit.contribution - lastFee;
  return returned + deposit.depositFee < most ? returned + deposit.depositFee : most;
}

/** What a deposit brings the merchant: recording 113 shows value 0 and fee 0 for one that was refunded fully. */
export function payable(deposit: Deposit): { value: bigint; fee: bigint } {
  const value = deposit.contribution - deposit.refunded;
  return { value, fee: value < deposit.depositFee ? value : deposit.depositFee };
}
