import {
  addAmounts,
  type Amount,
  formatAmount,
  parseAmount,
  subtractAmounts,
  zeroAmount,
} from '../../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/taler/json';
import { parseTimestamp, timestampToJson } from '../../src/taler/timestamp';
import { type ClaimedOrder, findClaimed, findPurchase } from './claim';
import { verifyConfirmedRefund } from './confirmed-refund';
import { type HttpAnswer, refusal } from './http-client';
import { PAY_TIMEOUT_MS } from './limits';
import { ownAmount, type RefundRecord, type WalletCoin } from './state';
import type { WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';

/** A coin whose exchange has not refunded it yet; the next call asks again. */
export interface MissingRefund {
  readonly coinPub: string;
  readonly amount: Amount;
  /** Of the exchange's answer to the merchant. */
  readonly status: number;
  readonly code: number | undefined;
}

export interface CollectedRefunds {
  readonly orderKey: string;
  /** What the merchant has granted in all; undefined: nothing. */
  readonly granted: Amount | undefined;
  /** What this call brought back to coins, the exchanges' refund fees taken off. */
  readonly gained: Amount | undefined;
  readonly missing: readonly MissingRefund[];
}

interface GrantedRefund {
  readonly coin: WalletCoin;
  readonly amount: Amount;
  readonly entry: JsonObject;
}

/**
 * POST refund (orders.md 5.6): has the merchant fetch all refunds of an order from the exchanges, checks each
 * confirmation, and puts the money back into the coins. It may be called again at any time.
 *
 * @throws WalletError `unknown-order`, `not-claimed`, `refused` (403 code 2009, 410 code 2169), `bad-answer`,
 * `bad-signature`, or the transport's failure
 */
export async function collectRefunds(context: WalletContext, key: string): Promise<CollectedRefunds> {
  const order = findClaimed(context, key);
  const url = `${key}/refund`;
  const body = JSON.stringify({ h_contract: encodeBase32(order.hContract) });
  const answer = await context.http.postRepeatable(url, body, { timeoutMs: PAY_TIMEOUT_MS });
  if (answer.status === 204) return { orderKey: key, granted: undefined, gained: undefined, missing: [] };
  if (answer.status !== 200) throw refusal(url, answer);
  const { granted, refunds } = readAnswer(context, { url, order, answer });
  let gained = zeroAmount(granted.currency);
  const missing: MissingRefund[] = [];
  for (const refund of refunds) {
    const { coin, amount, entry } = refund;
    if (entry['type'] !== 'success') missing.push(readFailure(coin, amount, entry));
    else gained = addAmounts(gained, await keepRefund(context, { url, order, refund }));
  }
  await context.store.save();
  return { orderKey: key, granted, gained, missing };
}

function readAnswer(
  context: WalletContext,
  { url, order, answer }: { url: string; order: ClaimedOrder; answer: HttpAnswer },
): { granted: Amount; refunds: GrantedRefund[] } {
  const body = isJsonObject(answer.body) ? answer.body : {};
  const granted = parseAmount(body['refund_amount']);
  const merchantPub = decodeBase32(text(body['merchant_pub']), 32);
  const entries = body['refunds'];
  if (granted === undefined || merchantPub === undefined || !Array.isArray(entries))
    throw new WalletError('bad-answer', `${url}: no refunds`, answer);
  if (!merchantPub.equals(order.contract.merchantPub))
    throw new WalletError('bad-answer', `${url}: refunds of another merchant`, answer);
  const refunds = entries.map((entry) => readGranted(context, order.orderKey, entry));
  return { granted, refunds };
}

/** An entry must be about a coin that this wallet has paid the order with. */
function readGranted(context: WalletContext, key: string, entry: JsonValue): GrantedRefund {
  const members = isJsonObject(entry) ? entry : {};
  const coinPub = decodeBase32(text(members['coin_pub']), 32);
  const coin = coinPub === undefined ? undefined : context.store.state.coins[encodeBase32(coinPub)];
  const amount = parseAmount(members['refund_amount']);
  const spent = coin?.spends[key];
  if (coin === undefined || spent === undefined || amount?.currency !== ownAmount(spent).currency)
    throw new WalletError('bad-answer', `${key}/refund: a refund of a coin that did not pay`);
  return { coin, amount, entry: members };
}

function readFailure(coin: WalletCoin, amount: Amount, entry: JsonObject): MissingRefund {
  const { exchange_status: status, exchange_code: code } = entry;
  return {
    coinPub: coin.coinPub,
    amount,
    status: typeof status === 'number' ? status : 0,
    code: typeof code === 'number' ? code : undefined,
  };
}

/** @returns what it adds to the coin; zero if it was known */
async function keepRefund(
  context: WalletContext,
  { url, order, refund }: { url: string; order: ClaimedOrder; refund: GrantedRefund },
): Promise<Amount> {
  const { coin, amount, entry } = refund;
  const { orderKey: key, hContract, contract } = order;
  const rtransactionId = entry['rtransaction_id'];
  const granted = parseTimestamp(entry['execution_time']);
  if (!Number.isSafeInteger(rtransactionId) || typeof rtransactionId !== 'number' || granted === undefined)
    throw new WalletError('bad-answer', `${url}: a refund without number or time`);
  const purchase = findPurchase(context, key);
  const known = (purchase.refunds ??= []);
  const isSame = (one: RefundRecord): boolean =>
    one.coinPub === coin.coinPub && one.rtransactionId === rtransactionId;
  if (known.some(isSame)) return zeroAmount(amount.currency);
  const [exchangePub, exchangeSig] = [text(entry['exchange_pub']), text(entry['exchange_sig'])];
  const fee = await verifyConfirmedRefund(context, {
    coin,
    hContract,
    merchantPub: contract.merchantPub,
    rtransactionId: BigInt(rtransactionId),
    refundAmount: amount,
    exchangePub,
    exchangeSig,
  });
  known.push({
    coinPub: coin.coinPub,
    rtransactionId,
    amount: formatAmount(amount),
    fee: formatAmount(fee),
    exchangePub,
    exchangeSig,
    granted: timestampToJson(granted),
  });
  const before = ownAmount(coin.returned?.[key] ?? formatAmount(zeroAmount(amount.currency)));
  const after = returnedBy(
    coin,
    key,
    known.filter(({ coinPub }) => coinPub === coin.coinPub),
  );
  coin.returned = { ...coin.returned, [key]: formatAmount(after) };
  return subtractAmounts(after, before);
}

/**
 * What the refunds of one payment bring back to a coin. If nothing of the contribution is left for the merchant, the
 * exchange gives the deposit fee back too, but keeps one refund fee in any case (recordings 094, 096).
 */
function returnedBy(coin: WalletCoin, key: string, refunds: readonly RefundRecord[]): Amount {
  const spent = ownAmount(coin.spends[key] ?? coin.value);
  const gross = refunds.reduce((sum, { amount }) => sum + ownAmount(amount).units, 0n);
  const fees = refunds.reduce((sum, { fee }) => sum + ownAmount(fee).units, 0n);
  if (gross > spent.units)
    throw new WalletError('bad-answer', `${key}/refund: coin ${coin.coinPub} gets back more than it paid`);
  const net = gross > fees ? gross - fees : 0n;
  if (gross < spent.units) return { currency: spent.currency, units: net };
  const most = spent.units - ownAmount(refunds.at(-1)?.fee ?? coin.feeDeposit).units;
  const withDepositFee = net + ownAmount(coin.feeDeposit).units;
  return { currency: spent.currency, units: withDepositFee < most ? withDepositFee : most };
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
