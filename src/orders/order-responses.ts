import { formatAmount, isZeroAmount, subtractAmounts, zeroAmount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { formatPayUri } from '../taler/taler-uri';
import { timestampToJson } from '../taler/timestamp';
import { contractTermsText, Order, OrderWithContract, Payment } from './order';
import type { GrantedRefund, OrderWithRefunds } from './order-status.repository';

/** Which side of the status is asked for. */
export interface StatusView {
  readonly sessionId: string | undefined;
  /** Another order, paid in this session for the same thing (orders.md 7.4). */
  readonly boughtBefore: Order | undefined;
}

/** `taler://pay/…` for this order (orders.md 9.4). */
export function payUriOf(order: Order, sessionId: string | undefined): string {
  return formatPayUri({
    baseUrl: order.merchantBaseUrl,
    orderId: order.orderId,
    sessionId,
    claimToken: order.claimToken && encodeBase32(order.claimToken),
  });
}

/** The URL of the status page; openable without other credentials (orders.md 9.5). */
export function statusUrlOf(order: Order, sessionId: string | undefined, isClaimShown: boolean): string {
  const query: string[] = [];
  if (order.claimToken) query.push(`token=${encodeBase32(order.claimToken)}`);
  if (sessionId !== undefined) query.push(`session_id=${encodeURIComponent(sessionId)}`);
  if (isClaimShown && order.claim) query.push(`h_contract=${encodeBase32(order.claim.hContract)}`);
  const url = `${order.merchantBaseUrl}orders/${encodeURIComponent(order.orderId)}`;
  return query.length === 0 ? url : `${url}?${query.join('&')}`;
}

/** CheckPaymentUnpaidResponse as JSON text (orders.md 4.3). */
export function toUnpaidText(order: OrderWithContract, view: StatusView): string {
  return spliced(
    {
      order_status: 'unpaid',
      taler_pay_uri: payUriOf(order, view.sessionId),
      creation_time: timestampToJson(order.created),
      pay_deadline: timestampToJson(order.payDeadline),
      summary: order.summary,
      // Which choice will be paid is not known (orders.md 4.3).
      total_amount: order.contractVersion === 0 ? formatAmount(order.amount) : undefined,
      already_paid_order_id: view.boughtBefore?.orderId,
      already_paid_fulfillment_url: view.boughtBefore?.fulfillmentUrl,
      order_status_url: statusUrlOf(order, view.sessionId, false),
    },
    'proto_contract_terms',
    order.protoContract,
  );
}

/** CheckPaymentClaimedResponse as JSON text (orders.md 4.3). */
export function toClaimedText(
  order: OrderWithContract,
  nonce: string,
  sessionId: string | undefined,
): string {
  return spliced(
    { order_status: 'claimed', order_status_url: statusUrlOf(order, sessionId, true) },
    'contract_terms',
    contractTermsText(order.protoContract, nonce),
  );
}

/** CheckPaymentPaidResponse as JSON text (orders.md 4.3). Nothing was wired yet as long as nobody tracks wires. */
export function toPaidText(
  order: OrderWithRefunds,
  paid: { nonce: string; payment: Payment },
  sessionId: string | undefined,
): string {
  const { currency } = order.amount;
  return spliced(
    {
      order_status: 'paid',
      refunded: !isZeroAmount(order.refundGranted),
      refund_pending: order.refundObtained.units < order.refundGranted.units,
      wired: false,
      deposit_total: formatAmount(zeroAmount(currency)),
      exchange_code: 0,
      exchange_http_status: 0,
      refund_amount: formatAmount(order.refundGranted),
      choice_index: order.contractVersion === 0 ? undefined : paid.payment.choiceIndex,
      last_payment: timestampToJson(paid.payment.lastPayment),
      wire_details: [],
      wire_reports: [],
      wire_groups: [],
      refund_details: order.refunds.map(toRefundDetails),
      order_status_url: statusUrlOf(order, sessionId, true),
    },
    'contract_terms',
    contractTermsText(order.protoContract, paid.nonce),
  );
}

/** RefundDetails (orders.md 4.3). The amounts are gross, so that they add up to `refund_amount`. */
function toRefundDetails(refund: GrantedRefund) {
  return {
    reason: refund.reason,
    pending: refund.isPending,
    timestamp: timestampToJson(refund.granted),
    amount: formatAmount(refund.amount),
  };
}

/** OrderHistoryEntry as it is sent. */
export type HistoryEntry = ReturnType<typeof toHistoryEntry>;

/** OrderHistoryEntry (orders.md 4.2). */
export function toHistoryEntry(order: Order, nowUs: bigint) {
  const { amount, payment, refundGranted, refundObtained } = order;
  const isRefunded = !isZeroAmount(refundGranted);
  const pending = subtractAmounts(refundGranted, refundObtained);
  return {
    order_id: order.orderId,
    row_id: Number(order.serial),
    timestamp: timestampToJson(order.created),
    amount: formatAmount(amount),
    summary: order.summary,
    refundable: payment !== undefined && order.refundDeadline > nowUs && refundGranted.units < amount.units,
    paid: payment !== undefined,
    refund_amount: isRefunded ? formatAmount(refundGranted) : undefined,
    pending_refund_amount: isZeroAmount(pending) ? undefined : formatAmount(pending),
  };
}

/** StatusPaidResponse (orders.md 5.7). */
export function toPublicPaid(order: Order) {
  return {
    fulfillment_url: order.fulfillmentUrl,
    refunded: !isZeroAmount(order.refundGranted),
    refund_pending: order.refundObtained.units < order.refundGranted.units,
    refund_amount: formatAmount(order.refundGranted),
    refund_taken: formatAmount(order.refundObtained),
  };
}

/** StatusUnpaidResponse (orders.md 5.7). */
export function toPublicUnpaid(order: Order, view: StatusView) {
  return {
    taler_pay_uri: payUriOf(order, view.sessionId),
    fulfillment_url: order.fulfillmentUrl,
    already_paid_order_id: view.boughtBefore?.orderId,
  };
}

/** The object with one more member whose value is JSON text already: the contract is never parsed to be shown. */
function spliced(object: Readonly<Record<string, unknown>>, member: string, jsonText: string): string {
  return `${JSON.stringify(object).slice(0, -1)},"${member}":${jsonText}}`;
}
