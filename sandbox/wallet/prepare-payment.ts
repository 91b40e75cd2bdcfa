import { addAmounts, type Amount, formatAmount, zeroAmount } from '../../src/taler/amount';
import { decodeBase32 } from '../../src/taler/base32';
import type { JsonObject } from '../../src/taler/json';
import { parseTimestamp, type Timestamp } from '../../src/taler/timestamp';
import { abortUnfinished, findClaimed, findPurchase, releaseCoins } from './claim';
import { type CommittedCoin, selectCoins, type SelectableCoin } from './coin-selection';
import { type AcceptedExchange, chooseAmount, type Contract, type ContractChoice } from './contract';
import { signDepositPermission } from './deposit-permission';
import { ownAmount, type PaymentRecord, remainingOf, type WalletCoin, type WalletState } from './state';
import { nowUs, type WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';

export interface PrepareOptions {
  /** Browser session to bind the payment to; default none. */
  readonly sessionId?: string;
  /** Index into the choices of a contract of version 1; may be left out if there is only one. */
  readonly choice?: number;
  /** Prepare the payment even if the pay deadline has passed. */
  readonly ignoreDeadline?: boolean;
}

/** A payment ready to be sent: signed, stored, its coins set aside. */
export interface PreparedPayment {
  readonly orderKey: string;
  /** The body of POST pay, to be sent byte for byte. */
  readonly body: string;
  readonly coins: readonly {
    readonly coinPub: string;
    readonly contribution: Amount;
    readonly exchangeBaseUrl: string;
  }[];
  /** Sum of the contributions, deposit fees included. */
  readonly total: Amount;
  readonly fees: Amount;
}

/**
 * Chooses coins for a claimed order, signs a deposit permission for each and stores the body of POST pay. Called
 * again it gives the same body; with another session the same coins.
 *
 * @param markSent the caller sends the body right away
 * @throws WalletError `unknown-order`, `not-claimed`, `offer-expired`, `choice-needed`, `insufficient-balance`,
 * `payment-started` (another choice, after the payment has been sent), `unsupported`
 */
export async function preparePayment(
  context: WalletContext,
  key: string,
  options: PrepareOptions,
  markSent = false,
): Promise<PreparedPayment> {
  const { contract, hContract } = findClaimed(context, key);
  const purchase = findPurchase(context, key);
  if (purchase.state === 'aborting') throw abortUnfinished(key);
  if (
    purchase.payment === undefined &&
    options.ignoreDeadline !== true &&
    contract.payDeadline <= nowUs(context)
  ) {
    throw new WalletError('offer-expired', `order ${contract.orderId}: the time to pay is over`);
  }
  const { index, chosen } = chooseAmount(contract, options.choice ?? purchase.payment?.choice);
  const choice = contract.version === 0 ? undefined : index;
  if (purchase.payment !== undefined && purchase.payment.choice !== choice) {
    if (purchase.payment.sent)
      throw new WalletError('payment-started', `${key}: another choice has been paid`);
    releaseCoins(context, key);
    delete purchase.payment;
  }
  // No await from here to the end of the selection: two payments at once must not choose the same coin.
  const payment = (purchase.payment ??= {
    body: '',
    sessionId: options.sessionId ?? '',
    ...(choice === undefined ? {} : { choice }),
    coins: [],
    avoidedExchanges: [],
    sent: false,
  });
  const bodyBefore = payment.body;
  const sentBefore = payment.sent;
  try {
    addCoins(context, { key, contract, hContract, chosen, payment });
  } catch (error) {
    if (payment.coins.length === 0) {
      delete purchase.payment;
      if (purchase.receipt === undefined) purchase.state = 'claimed';
    }
    await context.store.save();
    throw error;
  }
  payment.sessionId = options.sessionId ?? payment.sessionId;
  payment.body = payBody(payment);
  payment.sent = sentBefore || markSent;
  if (purchase.receipt === undefined) purchase.state = 'paying';
  if (payment.body !== bodyBefore || payment.sent !== sentBefore) await context.store.save();
  return describe(context.store.state, { key, payment, chosen });
}

/**
 * Takes a coin out of a payment for good: the exchange has seen it spent elsewhere.
 *
 * @returns false if the coin is not part of this payment
 */
export function dropDoubleSpentCoin(context: WalletContext, key: string, coinPub: string): boolean {
  const payment = findPurchase(context, key).payment;
  const wanted = decodeBase32(coinPub, 32);
  if (payment === undefined || wanted === undefined) return false;
  const bad = payment.coins.find((coin) => decodeBase32(coin.coinPub, 32)?.equals(wanted));
  if (bad === undefined) return false;
  payment.coins = payment.coins.filter((coin) => coin !== bad);
  const coin = context.store.state.coins[bad.coinPub];
  if (coin !== undefined) {
    delete coin.spends[key];
    coin.doubleSpent = true;
  }
  return true;
}

/**
 * Takes the coins of exchanges that refused a payment (451) out of it; they stay good for other payments.
 *
 * @returns false if none of the exchanges has a part in it
 */
export function avoidExchanges(context: WalletContext, key: string, baseUrls: readonly string[]): boolean {
  const { coins } = context.store.state;
  const payment = findPurchase(context, key).payment;
  if (payment === undefined) return false;
  payment.avoidedExchanges.push(...baseUrls);
  const refused = payment.coins.filter(({ coinPub }) =>
    baseUrls.includes(coins[coinPub]?.exchangeBaseUrl ?? ''),
  );
  payment.coins = payment.coins.filter((coin) => !refused.includes(coin));
  for (const { coinPub } of refused) delete coins[coinPub]?.spends[key];
  return refused.length > 0;
}

interface PaymentDraft {
  readonly key: string;
  readonly contract: Contract;
  readonly hContract: Buffer;
  readonly chosen: ContractChoice;
  readonly payment: PaymentRecord;
}

// Coins chosen earlier stay with their signatures: some may have been deposited already (orders.md 5.3, step 10).
function addCoins(context: WalletContext, draft: PaymentDraft): void {
  const { contract, chosen, payment, key } = draft;
  const { state } = context.store;
  const now = nowUs(context);
  const committed = payment.coins.flatMap(({ coinPub, contribution }): CommittedCoin[] => {
    const coin = state.coins[coinPub];
    if (coin === undefined) return [];
    const { exchangeBaseUrl } = coin;
    return [
      { exchangeBaseUrl, contribution: ownAmount(contribution), feeDeposit: ownAmount(coin.feeDeposit) },
    ];
  });
  const { abortedCoins = [] } = findPurchase(context, key);
  const used = new Set([...payment.coins.map(({ coinPub }) => coinPub), ...abortedCoins]);
  const accepted = acceptedExchanges(state, contract.exchanges, payment.avoidedExchanges);
  const coins = Object.values(state.coins)
    .filter((coin) => !used.has(coin.coinPub) && accepted.has(coin.exchangeBaseUrl))
    .filter((coin) => isDepositable(coin, now, chosen.amount.currency))
    .map(toSelectable);
  const contributionMax = new Map<string, Amount>();
  for (const { url, maxContribution } of accepted.values()) {
    if (maxContribution?.currency === chosen.amount.currency) contributionMax.set(url, maxContribution);
  }
  const { amount, maxFee } = chosen;
  const selection = selectCoins({ amount, maxFee, coins, committed, contributionMax });
  if (selection.kind === 'insufficient') {
    throw new WalletError(
      'insufficient-balance',
      `order ${contract.orderId} costs ${formatAmount(amount)}: ${formatAmount(selection.missing)} is missing ` +
        `in coins of exchanges that the merchant accepts`,
    );
  }
  const walletData = walletDataOf(payment);
  for (const { coinPub, contribution } of selection.coins) {
    const coin = state.coins[coinPub];
    if (coin === undefined) throw new Error(`selection of an unknown coin ${coinPub}`);
    const permission = signDepositPermission(coin, contract, {
      hContract: draft.hContract,
      contribution,
      ...(walletData === undefined ? {} : { walletData }),
    });
    coin.spends[key] = formatAmount(contribution);
    payment.coins.push({ coinPub, contribution: formatAmount(contribution), permission });
  }
}

/** By base URL. An exchange whose master key is not the one that we withdrew from is another exchange. */
function acceptedExchanges(
  state: WalletState,
  exchanges: readonly AcceptedExchange[],
  avoided: readonly string[],
): Map<string, AcceptedExchange> {
  const usable = exchanges.filter(({ url, masterPub }) => {
    const known = state.exchanges[url];
    const isKnown = known !== undefined && decodeBase32(known.masterPub, 32)?.equals(masterPub) === true;
    return isKnown && !avoided.includes(url);
  });
  return new Map(usable.map((exchange) => [exchange.url, exchange]));
}

function isDepositable(coin: WalletCoin, now: Timestamp, currency: string): boolean {
  const until = parseTimestamp(coin.depositUntil);
  return (
    coin.doubleSpent !== true &&
    until !== undefined &&
    now < until &&
    ownAmount(coin.value).currency === currency
  );
}

function toSelectable(coin: WalletCoin): SelectableCoin {
  return {
    coinPub: coin.coinPub,
    exchangeBaseUrl: coin.exchangeBaseUrl,
    remaining: remainingOf(coin),
    feeDeposit: ownAmount(coin.feeDeposit),
  };
}

function walletDataOf(payment: PaymentRecord): JsonObject | undefined {
  return payment.choice === undefined ? undefined : { choice_index: payment.choice, tokens_evs: [] };
}

function payBody(payment: PaymentRecord): string {
  const walletData = walletDataOf(payment);
  return JSON.stringify({
    coins: payment.coins.map(({ permission }) => permission),
    ...(walletData === undefined ? {} : { wallet_data: walletData }),
    ...(payment.sessionId === '' ? {} : { session_id: payment.sessionId }),
  });
}

function describe(
  state: WalletState,
  { key, payment, chosen }: { key: string; payment: PaymentRecord; chosen: ContractChoice },
): PreparedPayment {
  let total = zeroAmount(chosen.amount.currency);
  let fees = zeroAmount(chosen.amount.currency);
  const coins = payment.coins.map(({ coinPub, contribution }) => {
    const coin = state.coins[coinPub];
    if (coin === undefined) throw new WalletError('state-damaged', `coin ${coinPub} of ${key} is gone`);
    total = addAmounts(total, ownAmount(contribution));
    fees = addAmounts(fees, ownAmount(coin.feeDeposit));
    return { coinPub, contribution: ownAmount(contribution), exchangeBaseUrl: coin.exchangeBaseUrl };
  });
  return { orderKey: key, body: payment.body, coins, total, fees };
}
