import { type Amount, parseAmount } from '../../src/taler/amount';
import { isJsonObject, type JsonObject } from '../../src/taler/json';
import { findPurchase } from './claim';
import { refusal } from './http-client';
import { LONG_POLL_GRACE_MS, LONG_POLL_MAX_MS, REQUEST_TIMEOUT_MS } from './limits';
import type { WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';

export interface StatusOptions {
  /** Ask whether it is paid in this browser session. */
  readonly sessionId?: string;
  /** Let the merchant wait up to this long for the payment (or for what the next two say). */
  readonly timeoutMs?: number;
  /** Wait until no refund is pending any more. */
  readonly awaitRefundObtained?: boolean;
  /** Wait until more than this amount (`CUR:V.F`) has been refunded. */
  readonly refund?: string;
}

/** The public status of an order (orders.md 5.7). */
export type OrderStatus =
  | {
      readonly kind: 'paid';
      readonly fulfillmentUrl: string | undefined;
      readonly refunded: boolean;
      readonly refundPending: boolean;
      readonly refundAmount: Amount | undefined;
      readonly refundTaken: Amount | undefined;
      readonly body: JsonObject;
    }
  | {
      readonly kind: 'unpaid';
      readonly payUri: string | undefined;
      readonly alreadyPaidOrderId: string | undefined;
      readonly body: JsonObject;
    }
  | { readonly kind: 'reorder'; readonly publicReorderUrl: string | undefined; readonly body: JsonObject };

/**
 * GET the public status of an order, with the credential this wallet has: the contract hash once it has claimed the
 * order, the claim token before.
 *
 * @throws WalletError `unknown-order`, `refused` (403, 404), or the transport's failure
 */
export async function orderStatus(
  context: WalletContext,
  key: string,
  options: StatusOptions,
): Promise<OrderStatus> {
  const { hContract, claimToken } = findPurchase(context, key);
  const timeoutMs = Math.min(options.timeoutMs ?? 0, LONG_POLL_MAX_MS);
  const query = new URLSearchParams();
  if (hContract !== undefined) query.set('h_contract', hContract);
  else if (claimToken !== undefined) query.set('token', claimToken);
  if (options.sessionId !== undefined) query.set('session_id', options.sessionId);
  if (timeoutMs > 0) query.set('timeout_ms', String(timeoutMs));
  if (options.awaitRefundObtained === true) query.set('await_refund_obtained', 'yes');
  if (options.refund !== undefined) query.set('refund', options.refund);
  const url = query.size === 0 ? key : `${key}?${query.toString()}`;
  const answer = await context.http.get(url, {
    timeoutMs: Math.max(REQUEST_TIMEOUT_MS, timeoutMs + LONG_POLL_GRACE_MS),
  });
  const body = answer.body;
  if (![200, 202, 402].includes(answer.status)) throw refusal(url, answer);
  if (!isJsonObject(body)) throw new WalletError('bad-answer', `${url}: not a JSON object`, answer);
  return readStatus(answer.status, body);
}

function readStatus(status: number, body: JsonObject): OrderStatus {
  if (status === 202) return { kind: 'reorder', publicReorderUrl: text(body, 'public_reorder_url'), body };
  if (status === 402) {
    const alreadyPaidOrderId = text(body, 'already_paid_order_id');
    return { kind: 'unpaid', payUri: text(body, 'taler_pay_uri'), alreadyPaidOrderId, body };
  }
  return {
    kind: 'paid',
    fulfillmentUrl: text(body, 'fulfillment_url'),
    refunded: body['refunded'] === true,
    refundPending: body['refund_pending'] === true,
    refundAmount: parseAmount(body['refund_amount']),
    refundTaken: parseAmount(body['refund_taken']),
    body,
  };
}

function text(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
}
