import type { OrderWithContract } from '../orders/order';
import { Amount, parseAmount } from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import type { JsonObject } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { parseTimestamp, Timestamp } from '../taler/timestamp';

/** What a payment needs to know of the contract terms beside what the order's columns hold. */
export interface ContractView {
  readonly timestamp: Timestamp;
  /** Deposit fees the merchant takes upon itself (orders.md 8.4). */
  readonly maxFee: Amount;
  /** Years; 0: no restriction. */
  readonly minimumAge: number;
}

/**
 * Reads the stored contract.
 * @throws TalerError MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID (500) when our own text makes no sense
 */
export function viewContract(order: OrderWithContract): ContractView {
  const terms = JSON.parse(order.protoContract) as JsonObject;
  const timestamp = parseTimestamp(terms['timestamp']);
  const maxFee = parseAmount(terms['max_fee']);
  if (timestamp === undefined || maxFee === undefined) {
    throw new TalerError(TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID, { detail: order.orderId });
  }
  return { timestamp, maxFee, minimumAge: Number(terms['minimum_age'] ?? 0) };
}
