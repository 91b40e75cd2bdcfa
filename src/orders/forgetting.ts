import {
  ContractError,
  forget,
  type ForgetPath,
  hashContract,
  parseForgetPath,
} from '../taler/contract-terms';
import { TalerCode } from '../taler/error-codes';
import type { JsonObject, JsonValue } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { Claim, contractTermsText, OrderWithContract } from './order';
import { parseContract } from './stored-contract';

/** Paths of one request; each is walked through the whole contract. */
export const PATHS_MAX = 128;
/** More than any path into a contract needs. */
const PATH_LENGTH_MAX = 1024;

/**
 * Members that the backend lives on, with all that is below them: by them orders are paid, refunded and found. They
 * stay also where an order has marked them as forgettable; none of them says anything about a customer.
 */
const KEPT: ReadonlySet<string> = new Set([
  'version',
  'order_id',
  'amount',
  'max_fee',
  'choices',
  'token_families',
  'minimum_age',
  'timestamp',
  'pay_deadline',
  'refund_deadline',
  'wire_transfer_deadline',
  'merchant',
  'merchant_pub',
  'merchant_base_url',
  'h_wire',
  'wire_method',
  'exchanges',
  'nonce',
]);

/** Reads the `fields` of a forget request. @returns undefined unless it is an array of valid paths (orders.md 4.5) */
export function parseForgetPaths(fields: unknown): ForgetPath[] | undefined {
  if (!Array.isArray(fields) || fields.length > PATHS_MAX) return undefined;
  const paths: ForgetPath[] = [];
  for (const text of fields as unknown[]) {
    const path = typeof text === 'string' && text.length <= PATH_LENGTH_MAX && parseForgetPath(text);
    if (!path) return undefined;
    paths.push(path);
  }
  return paths;
}

/** What is stored of an order once the named members are forgotten. */
export type Forgotten = Pick<
  OrderWithContract,
  'protoContract' | 'summary' | 'fulfillmentUrl' | 'publicReorderUrl'
>;

/**
 * Forgets members of the contract of a claimed order; its hash, which is signed, stays the same.
 * @returns undefined when there is nothing left to forget under these paths
 * @throws TalerError 2511 when a path names a member that must stay; 2008 when the stored contract is none; 61 when the
 *   hash would not be the one that was signed
 */
export function forgetPaths(
  order: OrderWithContract,
  claim: Claim,
  paths: readonly ForgetPath[],
): Forgotten | undefined {
  // With the nonce: it is a member of the contract terms, although it is stored beside them.
  const before: JsonObject = { ...parseContract(order), nonce: claim.nonce };
  const after = paths.reduce((terms, path) => forgetPath(order, terms, path), before);
  if (after === before) return undefined;
  const { nonce: _, ...proto } = after;
  const protoContract = JSON.stringify(proto);
  requireHash(contractTermsText(protoContract, claim.nonce), claim.hContract, order.orderId);
  // Columns that repeat a member forget it as well.
  return {
    protoContract,
    summary: Object.hasOwn(proto, 'summary') ? order.summary : '',
    fulfillmentUrl: Object.hasOwn(proto, 'fulfillment_url') ? order.fulfillmentUrl : undefined,
    publicReorderUrl: Object.hasOwn(proto, 'public_reorder_url') ? order.publicReorderUrl : undefined,
  };
}

/** @returns the very same terms when there is nothing to forget */
function forgetPath(order: OrderWithContract, terms: JsonObject, path: ForgetPath): JsonObject {
  try {
    const { terms: changed, outcome } = forget(terms, path);
    if (outcome !== 'forgotten') return terms;
    const [first] = path;
    if (first?.kind === 'member' && KEPT.has(first.name)) {
      throw new ContractError('not-forgettable', 'the backend cannot do without it', `$.${first.name}`);
    }
    return changed;
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    const code =
      error.kind === 'not-forgettable'
        ? TalerCode.MERCHANT_PRIVATE_PATCH_ORDERS_ID_FORGET_PATH_NOT_FORGETTABLE
        : TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID;
    throw new TalerError(code, { detail: `${order.orderId}: ${error.message}`, cause: error });
  }
}

/** What we are about to store must still be what the merchant signed and the wallet holds. */
function requireHash(termsText: string, expected: Buffer, orderId: string): void {
  let hContract: Buffer | undefined;
  let cause: unknown;
  try {
    hContract = hashContract(JSON.parse(termsText) as JsonValue);
  } catch (error) {
    cause = error;
  }
  if (hContract?.equals(expected)) return;
  throw new TalerError(TalerCode.GENERIC_FAILED_COMPUTE_JSON_HASH, { detail: orderId, cause });
}
