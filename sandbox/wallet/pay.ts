import { decodeBase32 } from '../../src/taler/base32';
import { isJsonObject, type JsonValue } from '../../src/taler/json';
import { merchantPaymentOk } from '../../src/taler/signatures-merchant';
import { claimOrder, findClaimed, findPurchase, parseOrderAddress, releaseCoins } from './claim';
import { type HttpAnswer, refusal } from './http-client';
import { PAY_TIMEOUT_MS, RESELECTIONS_MAX } from './limits';
import {
  avoidExchanges,
  dropDoubleSpentCoin,
  preparePayment,
  type PreparedPayment,
  type PrepareOptions,
} from './prepare-payment';
import type { PurchaseRecord, ReceiptRecord } from './state';
import type { WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';

export interface PayOptions extends PrepareOptions {
  /** Look for an earlier purchase with the same fulfillment URL first (orders.md 7.4); default true. */
  readonly detectRepurchase?: boolean;
}

export type PayOutcome =
  | {
      readonly kind: 'paid';
      readonly orderKey: string;
      readonly payment: PreparedPayment;
      readonly receipt: ReceiptRecord;
    }
  /** Paid before; the receipt was shown again for the session. */
  | {
      readonly kind: 'was-paid';
      readonly orderKey: string;
      readonly refunded: boolean;
      readonly receipt: ReceiptRecord;
    }
  /** Nothing was paid: this session now owns the earlier purchase of the same thing. */
  | { readonly kind: 'bought-before'; readonly orderKey: string; readonly earlierOrderKey: string };

export interface PaidProof {
  readonly refunded: boolean;
  readonly posConfirmation: string | undefined;
}

const INSUFFICIENT_FUNDS = 2150;

/**
 * Refusals that the merchant makes before it talks to any exchange (orders.md 5.3, steps 1 to 9): after one of
 * these as the first answer to a payment, none of its coins has been deposited.
 */
const REFUSED_BEFORE_DEPOSIT = new Set([22, 26, 2005, 2025, 2151, 2161, 2165, 2175, 2176, 2177]);

/**
 * Claims the order if need be, and pays it.
 *
 * @throws WalletError, see `claimOrder`, `preparePayment` and `sendPayment`
 */
export async function payOrder(
  context: WalletContext,
  payUri: string,
  options: PayOptions,
): Promise<PayOutcome> {
  const address = parseOrderAddress(payUri);
  const sessionId = options.sessionId ?? address.sessionId;
  const { orderKey: key, contract } = await claimOrder(context, address);
  const { receipt } = findPurchase(context, key);
  if (receipt !== undefined) {
    const { refunded } = await provePaid(context, key, sessionId);
    return { kind: 'was-paid', orderKey: key, refunded, receipt };
  }
  if (options.detectRepurchase !== false && sessionId !== '') {
    const earlier = await findRepurchase(context, {
      key,
      fulfillmentUrl: contract.fulfillmentUrl,
      sessionId,
    });
    if (earlier !== undefined) return { kind: 'bought-before', orderKey: key, earlierOrderKey: earlier };
  }
  return sendPayment(context, key, { ...options, sessionId });
}

/**
 * Prepares the payment of a claimed order and sends it until there is a final answer: the same bytes again after
 * 5xx or silence, other coins after a double spend (409 code 2150) or a legal refusal of an exchange (451).
 *
 * @throws WalletError `insufficient-balance`, `refused`, `server-failed`, `timeout`, `unreachable`,
 * `bad-signature` (the receipt), ... In all cases but the first answers named above the coins stay set aside for
 * this order, since some may be deposited; paying again goes on with them.
 */
export async function sendPayment(
  context: WalletContext,
  key: string,
  options: PrepareOptions,
): Promise<PayOutcome> {
  let isFirstAnswer = findPurchase(context, key).payment?.sent !== true;
  for (let round = 0; ; round++) {
    const payment = await preparePayment(context, key, options, true);
    const url = `${key}/pay`;
    let attempts = 0;
    const countAttempt = (): void => void attempts++;
    const answer = await context.http.postRepeatable(url, payment.body, {
      timeoutMs: PAY_TIMEOUT_MS,
      countAttempt,
    });
    if (answer.status === 200) return accept(context, payment, answer);
    const error = refusal(url, answer);
    if (round < RESELECTIONS_MAX && changeCoins(context, key, error)) {
      isFirstAnswer = false;
      continue;
    }
    await keepFailure(context, key, { error, isUndeposited: isFirstAnswer && attempts === 1 });
    throw error;
  }
}

/**
 * POST paid (orders.md 5.4): shows the receipt for another browser session.
 *
 * @throws WalletError `unknown-order`, `not-paid`, `refused`, or the transport's failure
 */
export async function provePaid(context: WalletContext, key: string, sessionId: string): Promise<PaidProof> {
  const purchase = findPurchase(context, key);
  const { receipt, hContract } = purchase;
  if (receipt === undefined || hContract === undefined)
    throw new WalletError('not-paid', `${key} has not been paid`);
  const url = `${key}/paid`;
  const body = JSON.stringify({ sig: receipt.sig, h_contract: hContract, session_id: sessionId });
  const answer = await context.http.postRepeatable(url, body);
  // Servers of 2022 answered 204.
  if (answer.status !== 200 && answer.status !== 204) throw refusal(url, answer);
  receipt.sessionId = sessionId;
  await context.store.save();
  const { refunded, posConfirmation } = readPaidAnswer(answer.body);
  return { refunded, posConfirmation };
}

/** True if `sig` is the merchant's "payment ok" (1104) for this contract. */
export function verifyReceipt(order: { merchantPub: Buffer; hContract: Buffer }, sig: string): boolean {
  const signature = decodeBase32(sig, 64);
  if (signature === undefined) return false;
  return merchantPaymentOk.verify(order.merchantPub, { hContract: order.hContract }, signature);
}

async function accept(
  context: WalletContext,
  payment: PreparedPayment,
  answer: HttpAnswer,
): Promise<PayOutcome> {
  const key = payment.orderKey;
  const { contract, hContract } = findClaimed(context, key);
  const sig = isJsonObject(answer.body) ? answer.body['sig'] : undefined;
  if (typeof sig !== 'string') throw new WalletError('bad-answer', `${key}/pay: no receipt`, answer);
  if (!verifyReceipt({ merchantPub: contract.merchantPub, hContract }, sig)) {
    throw new WalletError('bad-signature', `${key}/pay: the receipt is not signed by the merchant`, answer);
  }
  const purchase = findPurchase(context, key);
  const { posConfirmation } = readPaidAnswer(answer.body);
  const receipt: ReceiptRecord = {
    sig,
    paidMs: purchase.receipt?.paidMs ?? context.nowMs(),
    sessionId: purchase.payment?.sessionId ?? '',
    ...(posConfirmation === undefined ? {} : { posConfirmation }),
  };
  purchase.receipt = receipt;
  purchase.state = 'paid';
  delete purchase.failure;
  await context.store.save();
  return { kind: 'paid', orderKey: key, payment, receipt };
}

/** Reacts to answers that ask for other coins. @returns false if the answer is not one of these */
function changeCoins(context: WalletContext, key: string, error: WalletError): boolean {
  const body = isJsonObject(error.body) ? error.body : {};
  if (error.status === 409 && error.code === INSUFFICIENT_FUNDS) {
    const reply = body['exchange_reply'];
    const coinPub = isJsonObject(reply) ? reply['coin_pub'] : undefined;
    return typeof coinPub === 'string' && dropDoubleSpentCoin(context, key, coinPub);
  }
  if (error.status === 451) {
    const urls = body['exchange_base_urls'];
    if (!Array.isArray(urls)) return false;
    const baseUrls = urls.filter((url) => typeof url === 'string');
    return avoidExchanges(context, key, baseUrls);
  }
  return false;
}

async function keepFailure(
  context: WalletContext,
  key: string,
  { error, isUndeposited }: { error: WalletError; isUndeposited: boolean },
): Promise<void> {
  const purchase = findPurchase(context, key);
  purchase.failure = error.message;
  if (isUndeposited && error.code !== undefined && REFUSED_BEFORE_DEPOSIT.has(error.code)) {
    releaseCoins(context, key);
    delete purchase.payment;
    purchase.state = 'claimed';
  }
  await context.store.save();
}

/**
 * An order of the same shop, paid by this wallet, for the same page: the session gets that one instead of a second
 * purchase (orders.md 7.4). A refunded one does not count.
 */
async function findRepurchase(
  context: WalletContext,
  wanted: { key: string; fulfillmentUrl: string | undefined; sessionId: string },
): Promise<string | undefined> {
  const { fulfillmentUrl } = wanted;
  if (fulfillmentUrl === undefined || !/^https?:/.test(fulfillmentUrl)) return undefined;
  const { purchases } = context.store.state;
  const { merchantBaseUrl, payment } = findPurchase(context, wanted.key);
  if (payment?.sent === true) return undefined;
  const earlier = Object.entries(purchases).find(
    ([key, purchase]) =>
      key !== wanted.key &&
      purchase.merchantBaseUrl === merchantBaseUrl &&
      purchase.receipt !== undefined &&
      isFor(purchase, fulfillmentUrl),
  );
  if (earlier === undefined) return undefined;
  try {
    const { refunded } = await provePaid(context, earlier[0], wanted.sessionId);
    return refunded ? undefined : earlier[0];
  } catch (error) {
    // The shop may have forgotten the earlier order; then there is nothing to reuse.
    if (error instanceof WalletError && error.kind === 'refused') return undefined;
    throw error;
  }
}

function isFor(purchase: PurchaseRecord, fulfillmentUrl: string): boolean {
  return purchase.contractTerms?.['fulfillment_url'] === fulfillmentUrl;
}

function readPaidAnswer(body: JsonValue | undefined): PaidProof {
  if (!isJsonObject(body)) return { refunded: false, posConfirmation: undefined };
  const posConfirmation = body['pos_confirmation'];
  return {
    refunded: body['refunded'] === true,
    posConfirmation: typeof posConfirmation === 'string' ? posConfirmation : undefined,
  };
}
