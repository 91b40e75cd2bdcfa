import { parseRefundUri } from '../../src/taler/taler-uri';
import { timestampFromMs } from '../../src/taler/timestamp';
import { abortPayment, type AbortOutcome } from './abort-payment';
import { type Balance, balances } from './balance';
import { parseBaseUrl } from './base-url';
import {
  claimOrder,
  type ClaimedOrder,
  findClaimed,
  findPurchase,
  parseOrderAddress,
  releaseCoins,
  unclaimOrder,
} from './claim';
import { type CollectedRefunds, collectRefunds } from './collect-refunds';
import { type CoinBundle, exportBundle, importBundle } from './coin-bundle';
import type { ExchangeKeys } from './exchange-keys';
import { type HistoryEntry, historyOf } from './history';
import { HttpClient, type HttpRecord, pause } from './http-client';
import { type OrderStatus, orderStatus, type StatusOptions } from './order-status';
import { type PaidProof, payOrder, type PayOptions, type PayOutcome, provePaid, sendPayment } from './pay';
import { type PreparedPayment, preparePayment, type PrepareOptions } from './prepare-payment';
import { orderKey, type PurchaseRecord, type WithdrawalRecord } from './state';
import { FileStateStore, MemoryStateStore, type StateStore } from './state-store';
import type { WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';
import { finishWithdrawal, startWithdrawal, trustedKeys, type WithdrawOptions } from './withdraw';

export interface WalletOptions {
  /** Where the wallet lives; without it, in memory only. */
  readonly stateFile?: string;
  /** How long to wait for another process that has the file open. */
  readonly lockWaitMs?: number;
  /** Sees every request and its answer. */
  readonly onHttp?: (record: HttpRecord) => void;
  /** Milliseconds since 1970; default the system clock. */
  readonly nowMs?: () => number;
  /** Pauses between repetitions; default real ones. */
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface Withdrawal {
  readonly reservePub: string;
  readonly amount: string;
  readonly coinCount: number;
  /** Value of the coins; the amount less withdraw fees and what no coin fitted into. */
  readonly coinTotal: string | undefined;
}

/**
 * A GNU Taler wallet: coins of one or more exchanges, claimed contracts, receipts. It keeps everything it would
 * lose money without before it sends anything, and can be killed at any moment.
 *
 * Orders are named by their order key, the URL of the order at the merchant (`keyOf`). All methods throw
 * `WalletError` for what can go wrong; anything else that is thrown is a bug or a broken disk.
 */
export class Wallet {
  private constructor(private readonly context: WalletContext) {}

  /** @throws WalletError `wallet-locked`, `state-damaged` */
  static async open(options: WalletOptions = {}): Promise<Wallet> {
    const { stateFile, lockWaitMs, sleep = pause, nowMs = Date.now } = options;
    const store: StateStore =
      stateFile === undefined ? new MemoryStateStore() : await FileStateStore.open(stateFile, lockWaitMs);
    return new Wallet({
      store,
      nowMs,
      sleep,
      http: new HttpClient(options.onHttp, sleep),
      keysCache: new Map(),
    });
  }

  /** Lets go of the state file and of all connections. */
  async close(): Promise<void> {
    await this.context.http.close();
    await this.context.store.close();
  }

  /** The order key of a pay or refund URI. @throws WalletError `invalid-argument` */
  static keyOf(uri: string): string {
    return orderKey(parseRefundUri(uri) ?? parseOrderAddress(uri));
  }

  /** Verified keys of an exchange. @throws WalletError `exchange-unusable` or the transport's failure */
  async exchangeKeys(exchangeBaseUrl: string): Promise<ExchangeKeys> {
    return trustedKeys(this.context, parseBaseUrl(exchangeBaseUrl));
  }

  /** Makes a reserve, has the sandbox bank fill it, and draws coins until the amount is used up. */
  async withdraw(options: WithdrawOptions): Promise<Withdrawal> {
    const record = await startWithdrawal(this.context, options);
    await finishWithdrawal(this.context, record);
    return describeWithdrawal(record);
  }

  /** Goes on with withdrawals that were interrupted. One that fails again does not keep the others back. */
  async resumeWithdrawals(): Promise<(Withdrawal & { readonly error: WalletError | undefined })[]> {
    const unfinished = Object.values(this.context.store.state.withdrawals).filter(
      ({ state }) => state !== 'done',
    );
    const outcomes: (Withdrawal & { readonly error: WalletError | undefined })[] = [];
    for (const record of unfinished) {
      const error = await this.tryToFinish(record);
      outcomes.push({ ...describeWithdrawal(record), error });
    }
    return outcomes;
  }

  balance(): Balance[] {
    return balances(this.context.store.state, timestampFromMs(this.context.nowMs()));
  }

  /** See `claimOrder`. */
  async claim(payUri: string): Promise<ClaimedOrder> {
    return claimOrder(this.context, parseOrderAddress(payUri));
  }

  /** See `preparePayment`. */
  async preparePay(key: string, options: PrepareOptions = {}): Promise<PreparedPayment> {
    return preparePayment(this.context, key, options);
  }

  /** Sends the payment of a claimed order, see `sendPayment`. */
  async sendPayment(key: string, options: PrepareOptions = {}): Promise<PayOutcome> {
    return sendPayment(this.context, key, options);
  }

  /** Claims and pays, see `payOrder`. */
  async pay(payUri: string, options: PayOptions = {}): Promise<PayOutcome> {
    return payOrder(this.context, payUri, options);
  }

  /** Gives a claimed order free, see `unclaimOrder`. */
  async unclaim(payUri: string, options: { force?: boolean } = {}): Promise<'released' | 'was-released'> {
    return unclaimOrder(this.context, Wallet.keyOf(payUri), options.force ?? false);
  }

  /** Shows the receipt of a paid order for another session, see `provePaid`. */
  async provePaid(key: string, sessionId: string): Promise<PaidProof> {
    return provePaid(this.context, key, sessionId);
  }

  /** Takes the coins of an unfinished payment back, see `abortPayment`. */
  async abort(key: string): Promise<AbortOutcome> {
    return abortPayment(this.context, key);
  }

  /** Fetches what the merchant gives back of a paid order, see `collectRefunds`. */
  async collectRefunds(key: string): Promise<CollectedRefunds> {
    return collectRefunds(this.context, key);
  }

  /** The public status of an order, see `orderStatus`. */
  async status(key: string, options: StatusOptions = {}): Promise<OrderStatus> {
    return orderStatus(this.context, key, options);
  }

  /**
   * Forgets a payment that was not accepted and takes its coins back. If some of them have been deposited after all,
   * the next merchant says so, and other coins are chosen.
   *
   * @throws WalletError `unknown-order`, `payment-started` (it is paid)
   */
  async abandonPayment(key: string): Promise<void> {
    const purchase = findPurchase(this.context, key);
    if (purchase.receipt !== undefined) throw new WalletError('payment-started', `${key} is paid`);
    releaseCoins(this.context, key);
    delete purchase.payment;
    if (purchase.state === 'paying') purchase.state = 'claimed';
    await this.context.store.save();
  }

  /** The contract of an order. @throws WalletError `unknown-order`, `not-claimed` */
  order(key: string): ClaimedOrder {
    return findClaimed(this.context, key);
  }

  /** Everything kept about an order, private nonce key included; a copy. @throws WalletError `unknown-order` */
  purchase(key: string): PurchaseRecord {
    return structuredClone(findPurchase(this.context, key));
  }

  /** Keys of all orders the wallet knows. */
  orderKeys(): string[] {
    return Object.keys(this.context.store.state.purchases);
  }

  history(): HistoryEntry[] {
    return historyOf(this.context.store.state);
  }

  /** A copy of all coins, private keys included. */
  exportCoins(): CoinBundle {
    return exportBundle(this.context.store.state);
  }

  /** See `importBundle`. @returns how many coins were new */
  async addCoins(bundle: CoinBundle): Promise<number> {
    const added = importBundle(this.context.store.state, bundle);
    await this.context.store.save();
    return added;
  }

  private async tryToFinish(record: WithdrawalRecord): Promise<WalletError | undefined> {
    try {
      await finishWithdrawal(this.context, record);
      return undefined;
    } catch (error) {
      if (error instanceof WalletError) return error;
      throw error;
    }
  }
}

function describeWithdrawal(record: WithdrawalRecord): Withdrawal {
  const { reservePub, amount, coinCount, coinTotal } = record;
  return { reservePub, amount, coinCount, coinTotal };
}
