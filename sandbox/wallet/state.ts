import { type Amount, parseAmount, subtractAmounts, zeroAmount, addAmounts } from '../../src/taler/amount';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/taler/json';
import { parseTimestamp } from '../../src/taler/timestamp';
import { WalletError } from './wallet-error';

/**
 * What the wallet remembers, in the very form in which it lies in the state file: binary values in base32,
 * amounts as `CUR:V.F`, protocol times as `{t_s}`, its own times in milliseconds since 1970.
 */
export interface WalletState {
  version: 1;
  /** By base URL: who an exchange was when we first met it. */
  exchanges: Record<string, KnownExchange>;
  /** By public key of the reserve. */
  withdrawals: Record<string, WithdrawalRecord>;
  /** By public key of the coin. */
  coins: Record<string, WalletCoin>;
  /** By order key (`orderKey`). */
  purchases: Record<string, PurchaseRecord>;
}

export interface KnownExchange {
  /** Trusted on first use: an exchange that turns up with another master key later is refused. */
  masterPub: string;
  currency: string;
}

/** A coin: the private key, the exchange's signature on it, and what was spent of it where. */
export interface WalletCoin {
  coinPriv: string;
  coinPub: string;
  exchangeBaseUrl: string;
  hDenom: string;
  ubSig: { cipher: 'RSA'; rsa_signature: string };
  /** Face value and deposit fee of the denomination, amounts. */
  value: string;
  feeDeposit: string;
  depositUntil: JsonTime;
  /** Contribution (amount, fees included) by order key. Of what is left the next order can take. */
  spends: Record<string, string>;
  /** What refunds brought back of `spends` (amount, the exchange's refund fees taken off), by order key. */
  returned?: Record<string, string>;
  /** Refund fees of payments that were aborted: gone, though nothing was bought. An amount. */
  lost?: string;
  /** The exchange says that this coin has been spent elsewhere, by another copy of this wallet for instance. */
  doubleSpent?: true;
}

export type JsonTime = { t_s: number | 'never' };

/** One coin to be of a withdrawal, with all that is needed to finish it without asking for the keys again. */
export interface PlannedDenomination {
  hDenom: string;
  rsaPub: string;
  value: string;
  feeWithdraw: string;
  feeDeposit: string;
  depositUntil: JsonTime;
}

export interface WithdrawalRecord {
  reservePriv: string;
  reservePub: string;
  exchangeBaseUrl: string;
  /** Base URL of the bank that fills the reserve, and the exchange's account there. */
  bankUrl: string;
  bankAccount: string;
  amount: string;
  createdMs: number;
  /** created: the bank has perhaps not been told; funded: the reserve holds money; done: nothing left to draw. */
  state: 'created' | 'funded' | 'done';
  /** Root of all coin keys and blinding secrets of `plan`. */
  seed?: string;
  plan?: PlannedDenomination[];
  /** So many coins of the plan have been drawn. */
  drawn?: number;
  /** Coins drawn in all, and their value. */
  coinCount: number;
  coinTotal?: string;
  /** Why it is not done yet, for humans. */
  failure?: string;
}

export interface PaymentRecord {
  /** The exact body of POST pay; it is stored before it is sent, so that every repetition has the same bytes. */
  body: string;
  sessionId: string;
  choice?: number;
  coins: { coinPub: string; contribution: string; permission: JsonObject }[];
  /** Exchanges that refused this payment for legal reasons (451). */
  avoidedExchanges: string[];
  /** True once the body may have reached the merchant: some of its coins may be deposited. */
  sent: boolean;
}

export interface ReceiptRecord {
  /** The merchant's "payment ok" (1104). */
  sig: string;
  paidMs: number;
  sessionId: string;
  posConfirmation?: string;
}

/** A refund of one coin, confirmed by its exchange (1038). */
export interface RefundRecord {
  coinPub: string;
  rtransactionId: number;
  /** Gross, and what the exchange kept of it, amounts. */
  amount: string;
  fee: string;
  exchangePub: string;
  exchangeSig: string;
  /** When the merchant granted it. */
  granted: JsonTime;
}

export interface PurchaseRecord {
  merchantBaseUrl: string;
  orderId: string;
  claimToken?: string;
  /** The claim nonce: public half in the contract, private half for unclaim. */
  noncePriv: string;
  noncePub: string;
  createdMs: number;
  /**
   * claiming: the nonce is chosen, no contract yet; aborting: what was deposited is being asked back;
   * released: unclaimed, or lost to another wallet.
   */
  state: 'claiming' | 'claimed' | 'paying' | 'aborting' | 'paid' | 'released';
  contractTerms?: JsonObject;
  contractSig?: string;
  hContract?: string;
  payment?: PaymentRecord;
  receipt?: ReceiptRecord;
  /** Collected so far. */
  refunds?: RefundRecord[];
  /** Coins that came back from an aborted payment of this contract: the merchant takes them for it no more. */
  abortedCoins?: string[];
  failure?: string;
}

export function emptyState(): WalletState {
  return { version: 1, exchanges: {}, withdrawals: {}, coins: {}, purchases: {} };
}

/** The name of an order all over this wallet: the URL of the order at the merchant. */
export function orderKey(order: { baseUrl: string; orderId: string }): string {
  return `${order.baseUrl}orders/${order.orderId}`;
}

/** An amount out of our own state. */
export function ownAmount(text: string): Amount {
  const amount = parseAmount(text);
  if (amount === undefined) throw new WalletError('state-damaged', `not an amount: ${text}`);
  return amount;
}

/** What can still be spent of a coin; zero if it was spent elsewhere. */
export function remainingOf(coin: WalletCoin): Amount {
  const value = ownAmount(coin.value);
  if (coin.doubleSpent === true) return zeroAmount(value.currency);
  let spent = zeroAmount(value.currency);
  for (const contribution of Object.values(coin.spends)) spent = addAmounts(spent, ownAmount(contribution));
  if (coin.lost !== undefined) spent = addAmounts(spent, ownAmount(coin.lost));
  let returned = zeroAmount(value.currency);
  for (const amount of Object.values(coin.returned ?? {})) returned = addAmounts(returned, ownAmount(amount));
  return subtractAmounts(addAmounts(value, returned), spent);
}

/**
 * Reads a state file.
 *
 * @throws WalletError `state-damaged` if it is not a wallet's: starting anew in its place would lose money
 */
export function parseState(text: string): WalletState {
  const json = parseJson(text);
  if (!isJsonObject(json) || json['version'] !== 1) throw damaged('it has no known version');
  const { exchanges, withdrawals, coins, purchases } = json;
  if (!isJsonObject(exchanges) || !isJsonObject(withdrawals))
    throw damaged('exchanges or withdrawals are missing');
  if (!isJsonObject(coins) || !isJsonObject(purchases)) throw damaged('coins or purchases are missing');
  for (const [name, coin] of Object.entries(coins)) {
    if (parseCoin(coin) === undefined) throw damaged(`coin ${name}`);
  }
  for (const [name, record] of Object.entries(withdrawals)) requireStrings(name, record, WITHDRAWAL_STRINGS);
  for (const [name, record] of Object.entries(purchases)) requireStrings(name, record, PURCHASE_STRINGS);
  // Only this program writes the file, so the members below these are taken as they were written.
  return json as unknown as WalletState;
}

/** Reads one coin as `exportCoins` gives it; undefined if it is none. */
export function parseCoin(json: JsonValue | undefined): WalletCoin | undefined {
  if (!isJsonObject(json) || !COIN_STRINGS.every((name) => typeof json[name] === 'string')) return undefined;
  const { ubSig, spends, value, feeDeposit, returned = {}, lost } = json;
  if (!isJsonObject(ubSig) || ubSig['cipher'] !== 'RSA' || typeof ubSig['rsa_signature'] !== 'string')
    return undefined;
  const whole = parseAmount(value);
  const fee = parseAmount(feeDeposit);
  if (whole === undefined || fee === undefined || parseTimestamp(json['depositUntil']) === undefined)
    return undefined;
  if (fee.currency !== whole.currency) return undefined;
  const spent = sumOf(spends, whole.currency);
  const back = sumOf(returned, whole.currency);
  const gone = sumOf(lost === undefined ? {} : { lost }, whole.currency);
  if (spent === undefined || back === undefined || gone === undefined) return undefined;
  // Never more than was spent comes back, and never more is spent than there is.
  if (back > spent || spent - back + gone > whole.units) return undefined;
  return json as unknown as WalletCoin;
}

/** The sum of the amounts that an object has for its members; undefined if one of them is none of this currency. */
function sumOf(json: JsonValue | undefined, currency: string): bigint | undefined {
  if (!isJsonObject(json)) return undefined;
  let sum = 0n;
  for (const member of Object.values(json)) {
    const part = parseAmount(member);
    if (part?.currency !== currency) return undefined;
    sum += part.units;
  }
  return sum;
}

const COIN_STRINGS = ['coinPriv', 'coinPub', 'exchangeBaseUrl', 'hDenom'];
const WITHDRAWAL_STRINGS = ['reservePriv', 'reservePub', 'exchangeBaseUrl', 'bankUrl', 'amount', 'state'];
const PURCHASE_STRINGS = ['merchantBaseUrl', 'orderId', 'noncePriv', 'noncePub', 'state'];

function requireStrings(name: string, record: JsonValue, members: string[]): void {
  if (!isJsonObject(record)) throw damaged(name);
  const missing = members.find((member) => typeof record[member] !== 'string');
  if (missing !== undefined) throw damaged(`${name} has no ${missing}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WalletError('state-damaged', 'the state file is not JSON', { cause });
  }
}

function damaged(what: string): WalletError {
  return new WalletError('state-damaged', `the state file is damaged: ${what}`);
}
