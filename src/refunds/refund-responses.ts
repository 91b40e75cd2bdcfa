import type { Refund, RefundConfirmation } from '../orders/refund';
import { formatAmount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { timestampToJson } from '../taler/timestamp';
import { NOT_DEPOSITED, toFailureMembers } from './refund-failures';
import type { CollectedRefunds } from './use-cases/collect-refunds';

/** WalletRefundResponse (orders.md 5.6). */
export function toWalletRefunds({ total, refunds }: CollectedRefunds, merchantPub: Buffer) {
  return {
    refund_amount: formatAmount(total),
    refunds: refunds.map((refund) => ({
      ...toCoinMembers(refund),
      rtransaction_id: Number(refund.rtransactionId),
      coin_pub: encodeBase32(refund.coinPub),
      refund_amount: formatAmount(refund.amount),
      execution_time: timestampToJson(refund.granted),
    })),
    merchant_pub: encodeBase32(merchantPub),
  };
}

/** AbortResponse (orders.md 5.5); undefined: the coin was never deposited. */
export function toAborted(refunds: readonly (Refund | undefined)[]) {
  return {
    refunds: refunds.map((refund) => (refund ? toCoinMembers(refund) : toFailureMembers(NOT_DEPOSITED))),
  };
}

function toCoinMembers({ confirmation, failure }: Refund) {
  return confirmation ? toSuccessMembers(confirmation) : toFailureMembers(failure);
}

function toSuccessMembers({ exchangePub, exchangeSig }: RefundConfirmation) {
  return {
    type: 'success',
    exchange_status: 200,
    exchange_sig: encodeBase32(exchangeSig),
    exchange_pub: encodeBase32(exchangePub),
  };
}
