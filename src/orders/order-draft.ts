import { toDto } from '../platform/http/taler-validation.pipe';
import type { Amount } from '../taler/amount';
import { malformedField } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { findForbiddenString, isJsonObject, JsonObject } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { NEVER } from '../taler/timestamp';
import { OrderChoiceDto, OrderCommonDto, OrderDto, OrderWithChoicesDto } from './dto/order.dto';

/** What a wallet can be asked to pay: the price of an order, or one of its choices (orders.md 8.2, 8.3). */
export interface DraftPrice {
  /** The JSON it was read from: the order's or the choice's. */
  readonly posted: JsonObject;
  readonly amount: Amount;
  readonly tip: Amount | undefined;
  readonly maxFee: Amount | undefined;
}

/** An order as the shop posted it, checked. */
export interface OrderDraft {
  readonly version: 0 | 1;
  readonly posted: JsonObject;
  readonly order: OrderCommonDto;
  /** Of version 0 exactly one. */
  readonly prices: readonly [DraftPrice, ...DraftPrice[]];
  /** Of version 0 none. */
  readonly choices: readonly OrderChoiceDto[];
}

/**
 * Reads an order by its version; deadlines are judged elsewhere, since they depend on the instance (orders.md 4.1,
 * step 5).
 * @throws TalerError 26 naming the member, 12 for a version that nobody knows
 */
export function readDraft(posted: JsonObject): OrderDraft {
  // First of all, as if the text were no JSON: all of it may end up in the contract.
  const forbidden = findForbiddenString(posted);
  if (forbidden !== undefined)
    throw malformedField(
      fieldOf(forbidden),
      'must be free of NUL, unpaired surrogates and numbers beyond the doubles',
    );
  const version = posted['version'] ?? 0;
  if (version !== 0 && version !== 1) {
    throw new TalerError(TalerCode.GENERIC_VERSION_MALFORMED, {
      // The registry has no status for this code: elsewhere only clients report it (orders.md 4.1).
      status: 400,
      detail: 'order.version: must be 0 or 1',
      extra: { field: 'order.version' },
    });
  }
  // A shop that fills in the merchant misunderstands who it is (orders.md 4.1, notes).
  if (posted['merchant'] !== undefined && posted['merchant'] !== null)
    throw malformedField('order.merchant', 'must be left out');
  const draft = version === 0 ? readPriced(posted) : readChoices(posted);
  if (draft.order.timestamp === NEVER) throw malformedField('order.timestamp', 'must be a time');
  return draft;
}

function readPriced(posted: JsonObject): OrderDraft {
  const order = toDto(OrderDto, posted, 'order');
  return { version: 0, posted, order, prices: [readPrice(posted, order, 'order')], choices: [] };
}

function readChoices(posted: JsonObject): OrderDraft {
  const order = toDto(OrderWithChoicesDto, posted, 'order');
  const { choices } = order;
  const jsons = posted['choices'];
  const [first, ...others] = choices.map((choice, index) => {
    const json = Array.isArray(jsons) ? jsons[index] : undefined;
    return readPrice(isJsonObject(json) ? json : {}, choice, `order.choices[${index}]`);
  });
  // Nobody could pay an order without choices (orders.md 8.3).
  if (!first) throw malformedField('order.choices', 'must be an array of at least one choice');
  for (const [index, choice] of choices.entries()) checkOutputs(choice, `order.choices[${index}]`);
  return { version: 1, posted, order, prices: [first, ...others], choices };
}

function readPrice(
  posted: JsonObject,
  price: { amount: Amount; tip?: Amount; max_fee?: Amount },
  path: string,
): DraftPrice {
  const { amount, tip, max_fee: maxFee } = price;
  const { currency } = amount;
  if (tip && tip.currency !== currency) throw malformedField(`${path}.tip`, `must be in ${currency}`);
  if (maxFee && maxFee.currency !== currency)
    throw malformedField(`${path}.max_fee`, `must be in ${currency}`);
  return { posted, amount, tip, maxFee };
}

function checkOutputs(choice: OrderChoiceDto, path: string): void {
  for (const [index, output] of (choice.outputs ?? []).entries()) {
    if (output.type === 'token' && output.token_family_slug === undefined)
      throw malformedField(`${path}.outputs[${index}].token_family_slug`, 'must be present for a token');
  }
}

/**
 * Tokens need families, tax receipts need a donation authority; no instance has any of them yet, so that every name is
 * unknown (orders.md 4.1, step 6).
 * @throws TalerError 2533 with the first name, 2028
 */
export function requireIssuers(choices: readonly OrderChoiceDto[]): void {
  for (const { inputs = [], outputs = [] } of choices) {
    const token = [...inputs, ...outputs].find(({ type }) => type === 'token');
    if (token) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_TOKEN_FAMILY_SLUG_UNKNOWN, {
        detail: token.token_family_slug,
      });
    }
  }
  // What is left are receipts.
  if (choices.some(({ outputs = [] }) => outputs.length > 0))
    throw new TalerError(TalerCode.MERCHANT_GENERIC_DONAU_NOT_CONFIGURED);
}

/** A path into the order, `$.products[0]`, as the member of the request that it is. */
function fieldOf(path: string): string {
  return path.replace(/^\$/, 'order');
}
