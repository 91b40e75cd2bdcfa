import { type Timestamp, timestampToJson } from '../../src/taler/timestamp';
import type { Exchange } from './exchange';
import { payable, returnedToCoin } from './money';
import type { Coin, Deposit, Transfer } from './records';

/** Everything the exchange has in its books; amounts as in JSON, keys and hashes in base32. */
export interface Books {
  readonly reserves: readonly ReserveBook[];
  readonly coins: readonly CoinBook[];
  readonly transfers: readonly TransferBook[];
  readonly totals: BookTotals;
}

export interface ReserveBook {
  readonly reserve_pub: string;
  readonly credited: string;
  /** Value of the coins, without fees. */
  readonly withdrawn: string;
  readonly withdraw_fees: string;
  readonly balance: string;
}

export interface CoinBook {
  readonly coin_pub: string;
  readonly h_denom_pub: string;
  readonly value: string;
  readonly balance: string;
  readonly deposits: readonly DepositBook[];
}

export interface DepositBook {
  readonly merchant_pub: string;
  readonly h_contract_terms: string;
  readonly contribution: string;
  readonly deposit_fee: string;
  readonly refund_total: string;
  readonly refunds: ReadonlyArray<{ rtransaction_id: number; amount: string; refund_fee: string }>;
  /** Absent until wired. */
  readonly wtid?: string;
}

export interface TransferBook {
  readonly wtid: string;
  readonly merchant_pub: string;
  readonly payto_uri: string;
  readonly total: string;
  readonly wire_fee: string;
  readonly execution_time: { t_s: number | 'never' };
  readonly coin_pubs: readonly string[];
}

/** credited = reserve_balances + withdrawn + withdraw_fees; deposited = wired + wire_fees + deposit_fees + pending + refunded. */
export interface BookTotals {
  readonly credited: string;
  readonly reserve_balances: string;
  readonly withdrawn: string;
  readonly withdraw_fees: string;
  /** Sum of all contributions. */
  readonly deposited: string;
  /** Sum of all refunds, refund fees included. */
  readonly refunded: string;
  /** What refunds gave back to coins. */
  readonly returned_to_coins: string;
  /** Deposits less refunds that are not wired yet, deposit fees included. */
  readonly pending: string;
  readonly wired: string;
  readonly wire_fees: string;
  /** Deposit fees of wired deposits. */
  readonly deposit_fees: string;
}

/** The books as they are now. */
export function booksOf(exchange: Exchange): Books {
  const { ledger } = exchange;
  const text = (units: bigint): string => exchange.text(units);
  const reserves = [...ledger.reserves.values()];
  return {
    reserves: reserves.map((reserve) => ({
      reserve_pub: reserve.pub,
      credited: text(reserve.credited),
      withdrawn: text(reserve.withdrawn),
      withdraw_fees: text(reserve.withdrawFees),
      balance: text(reserve.balance),
    })),
    coins: [...ledger.coins.values()].map((coin) => coinBook(coin, text)),
    transfers: [...ledger.transfers.values()].map((transfer) => transferBook(transfer, text)),
    totals: {
      credited: text(sum(reserves, (reserve) => reserve.credited)),
      reserve_balances: text(sum(reserves, (reserve) => reserve.balance)),
      withdrawn: text(sum(reserves, (reserve) => reserve.withdrawn)),
      withdraw_fees: text(sum(reserves, (reserve) => reserve.withdrawFees)),
      ...depositTotals(exchange, text),
    },
  };
}

/** The books of one coin; undefined before it was deposited for the first time. @param coinPub base32 */
export function bookOfCoin(exchange: Exchange, coinPub: string): CoinBook | undefined {
  const coin = exchange.ledger.coins.get(coinPub);
  return coin && coinBook(coin, (units) => exchange.text(units));
}

type DepositTotals = Omit<BookTotals, 'credited' | 'reserve_balances' | 'withdrawn' | 'withdraw_fees'>;

function depositTotals(exchange: Exchange, text: (units: bigint) => string): DepositTotals {
  const deposits = [...exchange.ledger.allContracts()].flatMap((contract) => [...contract.deposits.values()]);
  const pending = deposits.filter((deposit) => deposit.transfer === undefined);
  const transfers = [...exchange.ledger.transfers.values()];
  const lines = transfers.flatMap((transfer) => transfer.lines);
  return {
    deposited: text(sum(deposits, (deposit) => deposit.contribution)),
    refunded: text(sum(deposits, (deposit) => deposit.refunded)),
    returned_to_coins: text(sum(deposits, returnedToCoin)),
    pending: text(sum(pending, (deposit) => payable(deposit).value)),
    wired: text(sum(transfers, (transfer) => transfer.total)),
    wire_fees: text(sum(transfers, (transfer) => transfer.wireFee)),
    deposit_fees: text(sum(lines, (line) => line.fee)),
  };
}

function coinBook(coin: Coin, text: (units: bigint) => string): CoinBook {
  const deposits = coin.history.flatMap((event) => (event.kind === 'deposit' ? [event.deposit] : []));
  return {
    coin_pub: coin.pub,
    h_denom_pub: coin.hDenom,
    value: text(coin.value),
    balance: text(coin.value - coin.spent),
    deposits: deposits.map((deposit) => depositBook(deposit, text)),
  };
}

function depositBook(deposit: Deposit, text: (units: bigint) => string): DepositBook {
  const { contract, transfer } = deposit;
  return {
    merchant_pub: contract.payee.merchantPub,
    h_contract_terms: contract.hContract,
    contribution: text(deposit.contribution),
    deposit_fee: text(deposit.depositFee),
    refund_total: text(deposit.refunded),
    refunds: [...deposit.refunds.values()].map((refund) => ({
      rtransaction_id: Number(refund.rtransactionId),
      amount: text(refund.amount),
      refund_fee: text(refund.refundFee),
    })),
    ...(transfer === undefined ? {} : { wtid: transfer.wtid }),
  };
}

function transferBook(transfer: Transfer, text: (units: bigint) => string): TransferBook {
  const time: Timestamp = transfer.time;
  return {
    wtid: transfer.wtid,
    merchant_pub: transfer.payee.merchantPub,
    payto_uri: transfer.payee.payto,
    total: text(transfer.total),
    wire_fee: text(transfer.wireFee),
    execution_time: timestampToJson(time),
    coin_pubs: transfer.lines.map((line) => line.deposit.coin.pub),
  };
}

function sum<T>(items: readonly T[], unitsOf: (item: T) => bigint): bigint {
  return items.reduce((total, item) => total + unitsOf(item), 0n);
}
