import type { Instance, BankAccount } from '../instances/instance';
import { Amount, formatAmount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { ContractError, hashContract, saltForgettable } from '../taler/contract-terms';
import { TalerCode } from '../taler/error-codes';
import { findInexactNumber, isJsonObject, JsonObject, JsonValue } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { Timestamp, timestampToJson } from '../taler/timestamp';
import { requireExactNumbers, requireForgottenAway, requireTipInAmount } from './contract-checks';
import type { Deadlines } from './deadlines';

/** An exchange as a contract names it (orders.md 8.1). */
export interface ContractExchange {
  readonly url: string;
  readonly masterPub: Buffer;
  /** Most that this exchange may take in one payment, by its hard limits. */
  readonly maxContribution: Amount | undefined;
}

/** What a wallet can be asked to pay: the one price of version 0, a choice of version 1 (orders.md 8.2, 8.3). */
export interface ContractPrice {
  /** The JSON in which the shop gave the price. */
  readonly posted: JsonObject;
  readonly amount: Amount;
  readonly tip: Amount | undefined;
  readonly maxFee: Amount;
}

/** Everything the backend decided about an order (orders.md 8.4). */
export interface ContractParts {
  /** The order as the shop posted it; it has been checked. */
  readonly posted: JsonObject;
  readonly version: 0 | 1;
  /** Of version 0 exactly one. */
  readonly prices: readonly ContractPrice[];
  readonly orderId: string;
  readonly instance: Instance;
  readonly account: BankAccount;
  readonly exchanges: readonly ContractExchange[];
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
  'extra',
  '$forgettable',
  '$forgotten',
] as const;

/** Members taken over from a choice as they stand. */
const COPIED_OF_CHOICE = ['description', 'description_i18n', '$forgettable', '$forgotten'] as const;

/**
 * The proto contract of an order as JSON text (orders.md 8): what the shop said, completed by the backend, forgettable
 * members salted. The text is stored and later hashed and signed as it is.
 * @throws TalerError 2502 when members contradict each other or make no contract that can be hashed, 26 for numbers JSON
 *   cannot carry and for members that cannot be forgettable
 */
export function buildProtoContract(parts: ContractParts): string {
  for (const [index, price] of parts.prices.entries())
    requireTipInAmount(price, parts.version === 0 ? 'order' : `order.choices[${index}]`);
  const contract = completeContract(parts);
  const text = JSON.stringify(contract);
  // The text is searched in a tenth of the time that a walk takes; only a finding is worth the walk.
  if (findInexactNumber(text) !== undefined) requireExactNumbers(contract, 'order');
  // Only forgettable members can make hashing fail after the checks so far.
  return text.includes('"$forg') ? salted(contract, parts.makeSalt) : text;
}

function salted(contract: JsonObject, makeSalt: () => string): string {
  const terms = contractStep(TalerCode.GENERIC_PARAMETER_MALFORMED, () =>
    saltForgettable(contract, makeSalt),
  );
  requireForgottenAway(terms, 'order');
  contractStep(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_PROPOSAL_PARSE_ERROR, () => hashContract(terms));
  return JSON.stringify(terms);
}

function contractStep<T>(code: TalerCode, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    // Paths of contract terms begin with `$`; the contract's members are those of the order.
    const [field, detail] = [error.path, error.message].map((text) => text.replace(/^\$/, 'order'));
    throw new TalerError(code, { detail, extra: { field }, cause: error });
  }
}

function completeContract(parts: ContractParts): JsonObject {
  const { posted, instance, deadlines } = parts;
  const contract: JsonObject = { version: parts.version, order_id: parts.orderId, ...pricesOf(parts) };
  copy(posted, COPIED, contract);
  if (parts.fulfillmentUrl !== undefined) contract['fulfillment_url'] = parts.fulfillmentUrl;
  contract['products'] = productsOf(posted);
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

/** The members in which the versions differ (orders.md 8.2, 8.3). */
function pricesOf({ version, prices }: ContractParts): JsonObject {
  const [price] = prices;
  if (version === 0) return price ? priceToJson(price) : {};
  return { choices: prices.map(choiceToJson), token_families: {} };
}

function priceToJson({ amount, tip, maxFee }: ContractPrice): JsonObject {
  const json: JsonObject = { amount: formatAmount(amount) };
  if (tip) json['tip'] = formatAmount(tip);
  json['max_fee'] = formatAmount(maxFee);
  return json;
}

/** Without inputs and outputs: those of tokens and receipts have been refused. */
function choiceToJson(price: ContractPrice): JsonObject {
  const json = priceToJson(price);
  copy(price.posted, COPIED_OF_CHOICE, json);
  return { ...json, inputs: [], outputs: [] };
}

function copy(from: JsonObject, names: readonly string[], to: JsonObject): void {
  for (const name of names) {
    const value = from[name];
    // `extra` is opaque for the backend, so it stays as it is, nulls included.
    if (value !== undefined && value !== null) to[name] = name === 'extra' ? value : withoutNulls(value);
  }
}

/** The order's lines without their pots, which are the shop's bookkeeping and no business of wallets (orders.md 8.5). */
function productsOf(posted: JsonObject): JsonValue[] {
  const { products } = posted;
  if (!Array.isArray(products)) return [];
  return products.map((product) => {
    const line = withoutNulls(product);
    if (isJsonObject(line)) delete line['product_money_pot'];
    return line;
  });
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
