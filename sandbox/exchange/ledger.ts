import { encodeBase32 } from '../../src/taler/base32';
import { hashNormalizedPayto } from '../../src/taler/payto';
import type {
  BatchDeposited,
  CoinRefunded,
  CoinsWithdrawn,
  DepositedCoin,
  HardLimitSet,
  JournalEvent,
  KycAccountChanged,
  KycAuthReceived,
  KycRulesSet,
  ReserveCredited,
  TransferWired,
} from './events';
import { payable, returnedToCoin } from './money';
import {
  type BankRow,
  type Coin,
  type Contract,
  type Deposit,
  type KycAccount,
  newAccount,
  newReserve,
  type Payee,
  type Reserve,
  type Transfer,
} from './records';

export interface KycRules {
  readonly enabled: boolean;
  readonly depositLimit: bigint | undefined;
  readonly aggregateLimit: bigint | undefined;
}

/** As long as nobody has set any. */
export const NO_HARD_LIMITS: readonly HardLimitSet[] = [];

/**
 * The books in memory. The only way to change them is `apply`, which follows an event that was checked before;
 * the journal replays the same events at start.
 */
export class Ledger {
  readonly reserves = new Map<string, Reserve>();
  readonly coins = new Map<string, Coin>();
  readonly transfers = new Map<string, Transfer>();
  readonly payees = new Map<string, Payee>();
  readonly accounts = new Map<string, KycAccount>();
  readonly bankRows: BankRow[] = [];
  kycRules: KycRules = { enabled: false, depositLimit: undefined, aggregateLimit: undefined };
  hardLimits: readonly HardLimitSet[] = NO_HARD_LIMITS;
  clockOffsetUs = 0n;
  private readonly contracts = new Map<string, Contract>();
  private lastRequirementRow = 0;

  contract(merchantPub: string, hContract: string): Contract | undefined {
    return this.contracts.get(`${merchantPub} ${hContract}`);
  }

  allContracts(): Iterable<Contract> {
    return this.contracts.values();
  }

  apply(event: JournalEvent): void {
    switch (event.event) {
      case 'reserve-credited':
        return this.creditReserve(event);
      case 'kyc-auth-received':
        return this.receiveKycAuth(event);
      case 'coins-withdrawn':
        return this.withdraw(event);
      case 'batch-deposited':
        return this.deposit(event);
      case 'coin-refunded':
        return this.refund(event);
      case 'transfer-wired':
        return this.wire(event);
      case 'kyc-rules-set':
        return this.setKycRules(event);
      case 'kyc-required':
        return this.requireKyc(event.hPayto);
      case 'kyc-account-changed':
        return this.changeKycAccount(event);
      case 'hard-limits-set':
        this.hardLimits = event.limits;
        return;
      case 'clock-moved':
        this.clockOffsetUs = BigInt(event.offsetUs);
        return;
    }
  }

  private creditReserve(event: ReserveCredited): void {
    const amount = BigInt(event.amount);
    const reserve = this.reserves.get(event.reservePub) ?? newReserve(event.reservePub);
    reserve.balance += amount;
    reserve.credited += amount;
    reserve.lastOrigin = event.debitAccount;
    this.reserves.set(reserve.pub, reserve);
    this.addBankRow({
      kind: 'reserve',
      time: BigInt(event.time),
      amount,
      debitAccount: event.debitAccount,
      pub: event.reservePub,
    });
  }

  private receiveKycAuth(event: KycAuthReceived): void {
    const account = this.accountOf(event.debitAccount);
    account.known = true;
    account.ownerPub = event.accountPub;
    account.accessToken ??= event.accessToken;
    this.addBankRow({
      kind: 'kyc-auth',
      time: BigInt(event.time),
      amount: BigInt(event.amount),
      debitAccount: event.debitAccount,
      pub: event.accountPub,
    });
  }

  private withdraw(event: CoinsWithdrawn): void {
    const reserve = present(this.reserves.get(event.reservePub), 'reserve');
    for (const planchet of event.planchets) {
      const value = BigInt(planchet.value);
      const fee = BigInt(planchet.fee);
      reserve.balance -= value + fee;
      reserve.withdrawn += value;
      reserve.withdrawFees += fee;
      reserve.envelopes.add(planchet.envelope);
    }
  }

  private deposit(event: BatchDeposited): void {
    const contract = this.contract(event.merchantPub, event.hContract) ?? this.openContract(event);
    const account = contract.payee.account;
    account.known = true;
    for (const deposited of event.coins) {
      const coin = this.coins.get(deposited.coinPub) ?? this.addCoin(deposited);
      const deposit: Deposit = {
        coin,
        contract,
        contribution: BigInt(deposited.contribution),
        depositFee: BigInt(deposited.depositFee),
        coinSig: deposited.coinSig,
        refunds: new Map(),
        refunded: 0n,
        transfer: undefined,
      };
      coin.spent += deposit.contribution;
      coin.history.push({ kind: 'deposit', deposit });
      contract.deposits.set(coin.pub, deposit);
      contract.payee.pending.add(deposit);
      account.deposited.push({ time: BigInt(event.time), amount: deposit.contribution });
    }
  }

  private openContract(event: BatchDeposited): Contract {
    const contract: Contract = {
      hContract: event.hContract,
      hWire: event.hWire,
      walletTimestamp: BigInt(event.walletTimestamp),
      refundDeadline: BigInt(event.refundDeadline),
      wireDeadline: BigInt(event.wireDeadline),
      walletDataHash: event.walletDataHash,
      exchangeTimestamp: BigInt(event.time),
      payee: this.payeeOf(event.merchantPub, event.payto),
      deposits: new Map(),
    };
    this.contracts.set(`${event.merchantPub} ${event.hContract}`, contract);
    return contract;
  }

  private addCoin(deposited: DepositedCoin): Coin {
    const coin: Coin = {
      pub: deposited.coinPub,
      hDenom: deposited.hDenom,
      ubSig: deposited.ubSig,
      hAgeCommitment: deposited.hAgeCommitment,
      value: BigInt(deposited.value),
      spent: 0n,
      history: [],
    };
    this.coins.set(coin.pub, coin);
    return coin;
  }

  private refund(event: CoinRefunded): void {
    const contract = this.contract(event.merchantPub, event.hContract);
    const deposit = present(contract?.deposits.get(event.coinPub), 'deposit');
    const refund = {
      rtransactionId: BigInt(event.rtransactionId),
      amount: BigInt(event.amount),
      refundFee: BigInt(event.refundFee),
      merchantSig: event.merchantSig,
    };
    const before = returnedToCoin(deposit);
    deposit.refunds.set(event.rtransactionId, refund);
    deposit.refunded += refund.amount;
    deposit.coin.spent -= returnedToCoin(deposit) - before;
    deposit.coin.history.push({ kind: 'refund', deposit, refund });
  }

  private wire(event: TransferWired): void {
    const payee = this.payeeOf(event.merchantPub, event.payto);
    const lines = event.deposits.map(({ coinPub, hContract }) => {
      const contract = this.contract(event.merchantPub, hContract);
      const deposit = present(contract?.deposits.get(coinPub), 'deposit');
      return { deposit, ...payable(deposit), refunded: deposit.refunded };
    });
    const wireFee = BigInt(event.wireFee);
    const total = lines.reduce((sum, line) => sum + line.value - line.fee, -wireFee);
    const { wtid, debitAccount } = event;
    const transfer: Transfer = { wtid, payee, debitAccount, wireFee, total, time: BigInt(event.time), lines };
    this.transfers.set(wtid, transfer);
    for (const { deposit } of lines) {
      deposit.transfer = transfer;
      payee.pending.delete(deposit);
    }
    payee.account.wired.push({ time: transfer.time, amount: total });
    this.addBankRow({ kind: 'wired', time: transfer.time, transfer });
  }

  private setKycRules(event: KycRulesSet): void {
    this.kycRules = {
      enabled: event.enabled,
      depositLimit: event.depositLimit === undefined ? undefined : BigInt(event.depositLimit),
      aggregateLimit: event.aggregateLimit === undefined ? undefined : BigInt(event.aggregateLimit),
    };
  }

  private requireKyc(hPayto: string): void {
    const account = this.accountByHash(hPayto);
    this.lastRequirementRow += 1;
    account.requirementRow = this.lastRequirementRow;
  }

  private changeKycAccount(event: KycAccountChanged): void {
    const account = this.accountByHash(event.hPayto);
    if (event.change === 'aml-review-started') account.amlReview = true;
    if (event.change === 'aml-review-ended') account.amlReview = false;
    if (event.change === 'passed') account.passed = true;
    if (event.change === 'revoked') account.passed = false;
    if (event.change === 'passed' || event.change === 'revoked') account.requirementRow = 0;
  }

  /** The account behind a payto, made on first sight; `known` says whether the exchange admits to know it. */
  accountOf(payto: string): KycAccount {
    return this.accountByHash(encodeBase32(hashNormalizedPayto(payto)));
  }

  private accountByHash(hPayto: string): KycAccount {
    const account = this.accounts.get(hPayto) ?? newAccount(hPayto);
    this.accounts.set(hPayto, account);
    return account;
  }

  private payeeOf(merchantPub: string, payto: string): Payee {
    const key = `${merchantPub} ${payto}`;
    const known = this.payees.get(key);
    if (known !== undefined) return known;
    const payee: Payee = { merchantPub, payto, account: this.accountOf(payto), pending: new Set() };
    this.payees.set(key, payee);
    return payee;
  }

  private addBankRow(row: DistributiveOmit<BankRow, 'rowId'>): void {
    this.bankRows.push({ ...row, rowId: this.bankRows.length + 1 });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** The journal was written by checked code: what an event refers to exists. */
function present<T>(record: T | undefined, what: string): T {
  if (record === undefined) throw new Error(`the journal refers to a ${what} that does not exist`);
  return record;
}
