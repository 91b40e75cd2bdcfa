import { type Amount, parseAmount } from '../../src/taler/amount';
import { decodeBase32 } from '../../src/taler/base32';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/taler/json';
import { parseTimestamp, type Timestamp } from '../../src/taler/timestamp';
import { WalletError } from './wallet-error';

/** An exchange that the merchant accepts. */
export interface AcceptedExchange {
  readonly url: string;
  readonly masterPub: Buffer;
  /** The most that may be paid with coins of this exchange, for legal reasons. */
  readonly maxContribution: Amount | undefined;
}

/** One way to pay. Contracts of version 0 have exactly one. */
export interface ContractChoice {
  readonly amount: Amount;
  readonly maxFee: Amount;
  readonly description: string | undefined;
  /** False if tokens are to be spent or issued, or donation receipts: this wallet holds coins only. */
  readonly coinsOnly: boolean;
}

/** What a wallet has to know of contract terms (orders.md 8). */
export interface Contract {
  readonly version: 0 | 1;
  readonly orderId: string;
  readonly summary: string;
  readonly merchantName: string | undefined;
  readonly merchantBaseUrl: string;
  readonly merchantPub: Buffer;
  readonly nonce: Buffer;
  readonly hWire: Buffer;
  readonly timestamp: Timestamp;
  readonly refundDeadline: Timestamp;
  readonly payDeadline: Timestamp;
  readonly fulfillmentUrl: string | undefined;
  readonly fulfillmentMessage: string | undefined;
  readonly exchanges: readonly AcceptedExchange[];
  readonly choices: readonly ContractChoice[];
}

/**
 * Reads contract terms as the merchant sends them.
 *
 * @throws WalletError `bad-answer` naming the first member that is missing or malformed, `unsupported` for a
 * version other than 0 and 1
 */
export function parseContract(terms: JsonObject): Contract {
  const version = terms['version'] ?? 0;
  if (version !== 0 && version !== 1) {
    throw new WalletError('unsupported', `contract terms of version ${JSON.stringify(version)}`);
  }
  const merchant = terms['merchant'];
  return {
    version,
    orderId: text(terms, 'order_id'),
    summary: text(terms, 'summary'),
    merchantName: isJsonObject(merchant) ? optionalText(merchant['name']) : undefined,
    merchantBaseUrl: text(terms, 'merchant_base_url'),
    merchantPub: bytes(terms, 'merchant_pub', 32),
    nonce: bytes(terms, 'nonce', 32),
    hWire: bytes(terms, 'h_wire', 64),
    timestamp: time(terms, 'timestamp'),
    refundDeadline: time(terms, 'refund_deadline'),
    payDeadline: time(terms, 'pay_deadline'),
    fulfillmentUrl: optionalText(terms['fulfillment_url']),
    fulfillmentMessage: optionalText(terms['fulfillment_message']),
    exchanges: list(terms, 'exchanges').map(parseExchange),
    choices: version === 0 ? [parseChoice(terms)] : list(terms, 'choices').map(parseChoice),
  };
}

/**
 * The choice to pay: the one named, or the only one.
 *
 * @throws WalletError `choice-needed`, `invalid-argument` (no such choice), `unsupported` (needs tokens)
 */
export function chooseAmount(
  contract: Contract,
  choice: number | undefined,
): { index: number; chosen: ContractChoice } {
  if (choice === undefined && contract.choices.length > 1) {
    const offers = contract.choices.map(
      ({ description }, i) => `${i}${description ? ` (${description})` : ''}`,
    );
    throw new WalletError(
      'choice-needed',
      `order ${contract.orderId} has several choices: ${offers.join(', ')}`,
    );
  }
  const index = choice ?? 0;
  const chosen = contract.choices[index];
  if (chosen === undefined) {
    throw new WalletError('invalid-argument', `order ${contract.orderId} has no choice ${index}`);
  }
  if (!chosen.coinsOnly) {
    throw new WalletError(
      'unsupported',
      `choice ${index} of order ${contract.orderId} needs tokens or receipts`,
    );
  }
  return { index, chosen };
}

function parseExchange(value: JsonValue): AcceptedExchange {
  if (!isJsonObject(value)) throw malformed('exchanges');
  const limit = value['max_contribution'];
  const maxContribution = parseAmount(limit);
  if (limit !== undefined && limit !== null && maxContribution === undefined)
    throw malformed('max_contribution');
  return { url: text(value, 'url'), masterPub: bytes(value, 'master_pub', 32), maxContribution };
}

function parseChoice(value: JsonValue): ContractChoice {
  if (!isJsonObject(value)) throw malformed('choices');
  const amount = parseAmount(value['amount']);
  const maxFee = parseAmount(value['max_fee']);
  if (amount === undefined) throw malformed('amount');
  if (maxFee === undefined || maxFee.currency !== amount.currency) throw malformed('max_fee');
  const description = optionalText(value['description']);
  return {
    amount,
    maxFee,
    description,
    coinsOnly: isEmptyList(value['inputs']) && isEmptyList(value['outputs']),
  };
}

function isEmptyList(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function text(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw malformed(name);
  return value;
}

function optionalText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function bytes(object: JsonObject, name: string, length: number): Buffer {
  const value = decodeBase32(text(object, name), length);
  if (value === undefined) throw malformed(name);
  return value;
}

function time(object: JsonObject, name: string): Timestamp {
  const value = parseTimestamp(object[name]);
  if (value === undefined) throw malformed(name);
  return value;
}

function list(object: JsonObject, name: string): JsonValue[] {
  const value = object[name];
  if (!Array.isArray(value)) throw malformed(name);
  return value;
}

function malformed(name: string): WalletError {
  return new WalletError('bad-answer', `contract terms: ${name} is missing or malformed`);
}
