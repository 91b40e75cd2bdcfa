import type { OrderWithContract } from '../orders/order';
import { invalidContract, parseContract } from '../orders/stored-contract';
import { Amount, parseAmount } from '../taler/amount';
import { malformedField } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { isJsonObject, type JsonObject } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { parseTimestamp, Timestamp } from '../taler/timestamp';

/** What is to be paid, at which choice of the contract. */
export interface Price {
  readonly amount: Amount;
  /** Deposit fees the merchant takes upon itself (orders.md 8.4). */
  readonly maxFee: Amount;
  /** Of a contract with choices; undefined: there is one price (orders.md 8.2). */
  readonly choiceIndex: number | undefined;
}

/** What a payment needs to know of the contract terms beside what the order's columns hold. */
export interface ContractView extends Price {
  readonly timestamp: Timestamp;
  /** Years; 0: no restriction. */
  readonly minimumAge: number;
}

/**
 * Reads the stored contract for a payment of the choice that the wallet names (orders.md 5.3, steps 3 and 4).
 * @param walletData of the request; looked into only where the contract has choices
 * @throws TalerError 2176 and 2177 for the choice; 500 when our own text makes no sense: 2008, 2107, 2162, 2159
 */
export function viewContract(order: OrderWithContract, walletData: JsonObject | undefined): ContractView {
  const terms = parseContract(order);
  const price = readPrice(order, terms, () => requireChoiceIndex(walletData));
  const timestamp = parseTimestamp(terms['timestamp']);
  if (timestamp === undefined) throw invalidContract(order.orderId);
  if (!isJsonObject(terms['merchant']) || typeof terms['merchant']['name'] !== 'string') {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_MERCHANT_FIELD_MISSING, {
      detail: order.orderId,
    });
  }
  if (order.refundDeadline > order.wireDeadline) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUND_DEADLINE_PAST_WIRE_TRANSFER_DEADLINE, {
      detail: order.orderId,
    });
  }
  return { ...price, timestamp, minimumAge: Number(terms['minimum_age'] ?? 0) };
}

/**
 * The price of the choice that was paid.
 * @throws TalerError 2008 or 2107 (500) when our own text makes no sense
 */
export function paidPrice(order: OrderWithContract): Price {
  return readPrice(order, parseContract(order), () => order.payment?.choiceIndex ?? 0);
}

/** @param choose asked only where there are choices */
function readPrice(order: OrderWithContract, terms: JsonObject, choose: () => number): Price {
  const version = terms['version'] ?? 0;
  if (version === 0) {
    const maxFee = parseAmount(terms['max_fee']);
    if (maxFee?.currency !== order.amount.currency) throw invalidContract(order.orderId);
    return { amount: order.amount, maxFee, choiceIndex: undefined };
  }
  if (version !== 1) {
    throw new TalerError(TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_CONTRACT_VERSION, {
      detail: order.orderId,
    });
  }
  const { choices } = terms;
  if (!Array.isArray(choices)) throw invalidContract(order.orderId);
  const choiceIndex = choose();
  const choice = choices[choiceIndex];
  if (choice === undefined) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_CHOICE_INDEX_OUT_OF_BOUNDS, {
      detail: `wallet_data.choice_index: must be below ${choices.length}`,
      extra: { field: 'wallet_data.choice_index' },
    });
  }
  const amount = isJsonObject(choice) ? parseAmount(choice['amount']) : undefined;
  const maxFee = isJsonObject(choice) ? parseAmount(choice['max_fee']) : undefined;
  if (!isJsonObject(choice) || !amount || maxFee?.currency !== amount.currency)
    throw invalidContract(order.orderId);
  // Orders with tokens are not taken yet; one that needs some must not be paid without.
  if (!isEmptyList(choice['inputs']) || !isEmptyList(choice['outputs'])) throw invalidContract(order.orderId);
  return { amount, maxFee, choiceIndex };
}

function requireChoiceIndex(walletData: JsonObject | undefined): number {
  const index = walletData?.['choice_index'] ?? undefined;
  if (index === undefined) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_CHOICE_INDEX_MISSING);
  }
  if (typeof index === 'number' && Number.isSafeInteger(index)) return index;
  throw malformedField('wallet_data.choice_index', 'must be an integer');
}

function isEmptyList(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
