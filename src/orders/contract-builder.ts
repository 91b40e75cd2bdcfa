import type { Instance, BankAccount } from '../instances/instance';
import { Amount, formatAmount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { ContractError, hashContract, saltForgettable } from '../taler/contract-terms';
import { TalerCode } from '../taler/error-codes';
import { findInexactNumber, isJsonObject, JsonObject, JsonValue } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { Timestamp, timestampToJson } from '../taler/timestamp';
import type { OrderDto } from './dto/create-order.dto';
import type { Deadlines } from './deadlines';

/** An exchange as a contract names it (orders.md 8.1). */
export interface ContractExchange {
  readonly url: string;
  readonly masterPub: Buffer;
  /** Most that this exchange may take in one payment, by its hard limits. */
  readonly maxContribution: Amount | undefined;
}

/** Everything the backend decided about an order (orders.md 8.4). */
export interface ContractParts {
  /** The order as the shop posted it, and the same checked. */
  readonly posted: JsonObject;
  readonly order: OrderDto;
  readonly orderId: string;
  readonly instance: Instance;
  readonly account: BankAccount;
  readonly exchanges: readonly ContractExchange[];
  readonly maxFee: Amount;
  readonly deadlines: Deadlines;
  readonly timestamp: Timestamp;
  readonly merchantBaseUrl: string;
  readonly fulfillmentUrl: string | undefined;
  readonly makeSalt: () => string;
}

/** Directly trusted exchanges are preferred alike (orders.md 8.1). */
const EXCHANGE_PRIORITY = 1024;

/** Members taken over from the order as they stand. */
const COPIED = [
  'summary',
  'summary_i18n',
  'public_reorder_url',
  'fulfillment_message',
  'fulfillment_message_i18n',
  'delivery_location',
  'delivery_date',
  'minimum_age',
  'auto_refund',
  '$forgettable',
  '$forgotten',
] as const;

/**
 * The proto contract of an order as JSON text (orders.md 8): what the shop said, completed by the backend, forgettable
 * members salted. The text is stored and later hashed and signed as it is.
 * @throws TalerError 2502 when the parts make no contract that can be hashed, 26 for numbers JSON cannot carry
 */
export function buildProtoContract(parts: ContractParts): string {
  const contract = completeContract(parts);
  const text = JSON.stringify(contract);
  const inexact = findInexactNumber(text);
  if (inexact !== undefined) {
    throw new TalerError(TalerCode.GENERIC_PARAMETER_MALFORMED, {
      detail: `order: the number ${inexact.slice(0, 40)} is no integer below 2^53`,
      extra: { field: 'order' },
    });
  }
  // Only forgettable members can make hashing fail after the checks so far.
  return text.includes('"$forg') ? salted(contract, parts.makeSalt) : text;
}

function salted(contract: JsonObject, makeSalt: () => string): string {
  const terms = contractStep(TalerCode.GENERIC_PARAMETER_MALFORMED, () =>
    saltForgettable(contract, makeSalt),
  );
  contractStep(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_PROPOSAL_PARSE_ERROR, () => hashContract(terms));
  return JSON.stringify(terms);
}

function contractStep<T>(code: TalerCode, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    throw new TalerError(code, { detail: error.message, extra: { field: 'order' }, cause: error });
  }
}

function completeContract(parts: ContractParts): JsonObject {
  const { posted, order, instance, deadlines } = parts;
  const contract: JsonObject = { version: 0 };
  contract['order_id'] = parts.orderId;
  contract['amount'] = formatAmount(order.amount);
  if (order.tip) contract['tip'] = formatAmount(order.tip);
  contract['max_fee'] = formatAmount(parts.maxFee);
  for (const name of COPIED) {
    const value = posted[name];
    if (value !== undefined && value !== null) contract[name] = withoutNulls(value);
  }
  if (parts.fulfillmentUrl !== undefined) contract['fulfillment_url'] = parts.fulfillmentUrl;
  contract['products'] = withoutNulls(posted['products'] ?? []);
  // Opaque for the backend, so it stays as it is, nulls included.
  if (order.extra !== undefined) contract['extra'] = order.extra;
  contract['timestamp'] = timestampToJson(parts.timestamp);
  contract['refund_deadline'] = timestampToJson(deadlines.refundDeadline);
  contract['pay_deadline'] = timestampToJson(deadlines.payDeadline);
  contract['wire_transfer_deadline'] = timestampToJson(deadlines.wireDeadline);
  contract['merchant_pub'] = encodeBase32(instance.merchantPub);
  contract['merchant_base_url'] = parts.merchantBaseUrl;
  contract['merchant'] = merchantOf(instance);
  contract['h_wire'] = encodeBase32(parts.account.hWire);
  contract['wire_method'] = parts.account.wireMethod;
  contract['exchanges'] = parts.exchanges.map(exchangeToJson);
  return contract;
}

function exchangeToJson(exchange: ContractExchange): JsonObject {
  const json: JsonObject = {
    url: exchange.url,
    priority: EXCHANGE_PRIORITY,
    master_pub: encodeBase32(exchange.masterPub),
  };
  if (exchange.maxContribution) json['max_contribution'] = formatAmount(exchange.maxContribution);
  return json;
}

/** The merchant as it is now; later edits do not change existing contracts (orders.md 8.4). */
function merchantOf(instance: Instance): JsonObject {
  const merchant: JsonObject = { name: instance.name };
  if (instance.email !== undefined) merchant['email'] = instance.email;
  if (instance.website !== undefined) merchant['website'] = instance.website;
  if (instance.logo !== undefined) merchant['logo'] = instance.logo;
  if (Object.keys(instance.address).length > 0) merchant['address'] = instance.address;
  if (Object.keys(instance.jurisdiction).length > 0) merchant['jurisdiction'] = instance.jurisdiction;
  return merchant;
}

/** An explicit null means "absent", at any depth (orders.md 2.3). */
function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  );
}
