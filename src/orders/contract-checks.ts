import { Amount, compareAmounts } from '../taler/amount';
import { malformedField } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { isJsonObject, JsonValue } from '../taler/json';
import { TalerError } from '../taler/taler-error';

/**
 * A tip is part of the amount (orders.md 4.1).
 * @param path of the order or choice
 * @throws TalerError 2502
 */
export function requireTipInAmount(price: { amount: Amount; tip: Amount | undefined }, path: string): void {
  if (!price.tip || compareAmounts(price.tip, price.amount) <= 0) return;
  throw inconsistent(`${path}.tip`, 'is more than the amount');
}

/**
 * The contract hash counts a forgotten member by its hash only (conventions.md 9): one that is there as well, such as
 * the amount, would be covered by no signature.
 * @throws TalerError 2502
 */
export function requireForgottenAway(value: JsonValue, path: string): void {
  for (const [step, member] of stepsInto(value)) {
    const forgotten = isJsonObject(value) ? value['$forgotten'] : undefined;
    const name = step.slice(1);
    if (isJsonObject(forgotten) && name !== '$forgotten' && Object.hasOwn(forgotten, name))
      throw inconsistent(`${path}${step}`, 'is there and forgotten');
    requireForgottenAway(member, `${path}${step}`);
  }
}

/**
 * Only whole numbers that a double holds can be hashed (conventions.md 4).
 * @throws TalerError 26
 */
export function requireExactNumbers(value: JsonValue, path: string): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw malformedField(path, `the number ${value} is no integer below 2^53`);
  }
  for (const [step, member] of stepsInto(value)) requireExactNumbers(member, `${path}${step}`);
}

/** Members and elements, each with its step of a path. The depth of what was posted is bounded (`MAX_JSON_DEPTH`). */
function stepsInto(value: JsonValue): [string, JsonValue][] {
  if (Array.isArray(value)) return value.map((element, index) => [`[${index}]`, element]);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).map(([name, member]) => [`.${name}`, member]);
}

function inconsistent(field: string, fault: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_PROPOSAL_PARSE_ERROR, {
    detail: `${field}: ${fault}`,
    extra: { field },
  });
}
