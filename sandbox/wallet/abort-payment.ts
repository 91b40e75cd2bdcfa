import { addAmounts, type Amount, formatAmount, zeroAmount } from '../../src/taler/amount';
import { encodeBase32 } from '../../src/taler/base32';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/taler/json';
import { type ClaimedOrder, findClaimed, findPurchase, releaseCoins } from './claim';
import { verifyConfirmedRefund } from './confirmed-refund';
import { type HttpAnswer, refusal } from './http-client';
import { PAY_TIMEOUT_MS } from './limits';
import { ownAmount, type PaymentRecord, type WalletCoin } from './state';
import type { WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';

/** The refund transaction id of an abort (orders.md 5.5). */
const ABORT_TRANSACTION = 0n;
/** The exchange's status for a coin that never reached it. */
const NOT_DEPOSITED = 404;

/** What became of a coin of an aborted payment. */
export interface AbortedCoin {
  readonly coinPub: string;
  /** undeposited: it was never spent; failed: the exchange keeps it for now, abort again. */
  readonly outcome: 'refunded' | 'undeposited' | 'failed';
  /** Of the exchange's answer to the merchant. */
  readonly status: number;
  readonly code: number | undefined;
}

export interface AbortOutcome {
  readonly orderKey: string;
  /** True if every coin is free again. */
  readonly isComplete: boolean;
  readonly coins: readonly AbortedCoin[];
  /** What the exchanges kept as refund fees. */
  readonly fees: Amount | undefined;
}

/**
 * POST abort (orders.md 5.5): gives an unfinished payment up and takes the coins back, deposited ones by way of a
 * refund that their exchange confirms. The order stays claimed; other coins may pay it.
 *
 * @throws WalletError `unknown-order`, `not-claimed`, `payment-started` (it is paid), `refused` (412 code 2254: paid
 * meanwhile), `bad-answer`, `bad-signature`, or the transport's failure; after the latter, abort again
 */
export async function abortPayment(context: WalletContext, key: string): Promise<AbortOutcome> {
  const order = findClaimed(context, key);
  const purchase = findPurchase(context, key);
  const { payment } = purchase;
  if (purchase.receipt !== undefined) throw new WalletError('payment-started', `${key} is paid`);
  if (payment === undefined || !payment.sent) return forgetUnsent(context, key);
  // Stored first: from here on these coins cannot pay this contract any more (402 code 2167).
  purchase.state = 'aborting';
  await context.store.save();
  const url = `${key}/abort`;
  const body = abortBody(context, order, payment);
  const answer = await context.http.postRepeatable(url, body, { timeoutMs: PAY_TIMEOUT_MS });
  if (answer.status !== 200) {
    // Refused means that nothing was aborted: the payment is what it was.
    purchase.state = 'paying';
    await context.store.save();
    throw refusal(url, answer);
  }
  const entries = readEntries(url, answer, payment.coins.length);
  let fees: Amount | undefined;
  const coins: AbortedCoin[] = [];
  for (const [index, { coinPub, contribution }] of [...payment.coins.entries()]) {
    const coin = context.store.state.coins[coinPub];
    if (coin === undefined) throw new WalletError('state-damaged', `coin ${coinPub} of ${key} is gone`);
    const entry = entries[index] ?? {};
    const aborted = describe(coinPub, entry);
    coins.push(aborted);
    if (aborted.outcome === 'failed') continue;
    if (aborted.outcome === 'refunded') {
      const fee = await verifyEntry(context, { order, coin, entry, refundAmount: ownAmount(contribution) });
      coin.lost = formatAmount(
        addAmounts(ownAmount(coin.lost ?? formatAmount(zeroAmount(fee.currency))), fee),
      );
      fees = addAmounts(fees ?? zeroAmount(fee.currency), fee);
      (purchase.abortedCoins ??= []).push(coinPub);
    }
    delete coin.spends[key];
    payment.coins = payment.coins.filter((other) => other.coinPub !== coinPub);
    // One by one, so that a bad answer about a later coin does not make this one's fee count twice.
    await context.store.save();
  }
  if (payment.coins.length === 0) {
    delete purchase.payment;
    purchase.state = 'claimed';
  }
  await context.store.save();
  return { orderKey: key, isComplete: payment.coins.length === 0, coins, fees };
}

async function forgetUnsent(context: WalletContext, key: string): Promise<AbortOutcome> {
  const purchase = findPurchase(context, key);
  const coins = (purchase.payment?.coins ?? []).map(({ coinPub }): AbortedCoin => ({
    coinPub,
    outcome: 'undeposited',
    status: 0,
    code: undefined,
  }));
  releaseCoins(context, key);
  delete purchase.payment;
  purchase.state = 'claimed';
  await context.store.save();
  return { orderKey: key, isComplete: true, coins, fees: undefined };
}

function abortBody(context: WalletContext, order: ClaimedOrder, payment: PaymentRecord): string {
  const coins = payment.coins.map(({ coinPub }) => ({
    coin_pub: coinPub,
    exchange_url: context.store.state.coins[coinPub]?.exchangeBaseUrl ?? '',
  }));
  return JSON.stringify({ h_contract: encodeBase32(order.hContract), coins });
}

/** One entry per coin of the request, in its order. */
function readEntries(url: string, answer: HttpAnswer, count: number): JsonObject[] {
  const refunds = isJsonObject(answer.body) ? answer.body['refunds'] : undefined;
  const entries = Array.isArray(refunds) ? refunds.filter(isJsonObject) : [];
  if (entries.length !== count)
    throw new WalletError('bad-answer', `${url}: ${entries.length} refunds for ${count} coins`, answer);
  return entries;
}

function describe(coinPub: string, entry: JsonObject): AbortedCoin {
  const { type, exchange_status: status, exchange_code: code } = entry;
  const facts = {
    coinPub,
    status: typeof status === 'number' ? status : 0,
    code: typeof code === 'number' ? code : undefined,
  };
  if (type === 'success') return { ...facts, outcome: 'refunded' };
  const isUndeposited = type === 'undeposited' || facts.status === NOT_DEPOSITED;
  return { ...facts, outcome: isUndeposited ? 'undeposited' : 'failed' };
}

function verifyEntry(
  context: WalletContext,
  claimed: { order: ClaimedOrder; coin: WalletCoin; entry: JsonObject; refundAmount: Amount },
): Promise<Amount> {
  const { order, coin, entry, refundAmount } = claimed;
  return verifyConfirmedRefund(context, {
    coin,
    hContract: order.hContract,
    merchantPub: order.contract.merchantPub,
    rtransactionId: ABORT_TRANSACTION,
    refundAmount,
    exchangePub: text(entry['exchange_pub']),
    exchangeSig: text(entry['exchange_sig']),
  });
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
