/**
 * What the journal holds. Everything the exchange knows follows from these events in their order.
 * Binary values are base32, amounts decimal strings of 10^-8 units, times decimal strings of microseconds.
 */
export type JournalEvent =
  | ReserveCredited
  | KycAuthReceived
  | CoinsWithdrawn
  | BatchDeposited
  | CoinRefunded
  | TransferWired
  | KycRulesSet
  | KycRequired
  | KycAccountChanged
  | HardLimitsSet
  | ClockMoved;

export interface ReserveCredited {
  readonly event: 'reserve-credited';
  readonly reservePub: string;
  readonly amount: string;
  readonly debitAccount: string;
  readonly time: string;
}

export interface KycAuthReceived {
  readonly event: 'kyc-auth-received';
  readonly accountPub: string;
  readonly amount: string;
  readonly debitAccount: string;
  /** Random, given to the owner of the account by kyc-check. */
  readonly accessToken: string;
  readonly time: string;
}

export interface CoinsWithdrawn {
  readonly event: 'coins-withdrawn';
  readonly reservePub: string;
  /** Only the envelopes that were not signed for this reserve before. */
  readonly planchets: ReadonlyArray<{
    readonly envelope: string;
    readonly value: string;
    readonly fee: string;
  }>;
  readonly time: string;
}

export interface BatchDeposited {
  readonly event: 'batch-deposited';
  readonly merchantPub: string;
  readonly hContract: string;
  readonly hWire: string;
  readonly payto: string;
  readonly walletTimestamp: string;
  readonly refundDeadline: string;
  readonly wireDeadline: string;
  readonly walletDataHash?: string;
  /** Only the coins that were not deposited for this contract before. */
  readonly coins: readonly DepositedCoin[];
  readonly time: string;
}

export interface DepositedCoin {
  readonly coinPub: string;
  readonly hDenom: string;
  readonly ubSig: string;
  readonly hAgeCommitment?: string;
  readonly value: string;
  readonly contribution: string;
  readonly depositFee: string;
  readonly coinSig: string;
}

export interface CoinRefunded {
  readonly event: 'coin-refunded';
  readonly coinPub: string;
  readonly merchantPub: string;
  readonly hContract: string;
  readonly rtransactionId: string;
  readonly amount: string;
  readonly refundFee: string;
  readonly merchantSig: string;
}

export interface TransferWired {
  readonly event: 'transfer-wired';
  readonly wtid: string;
  readonly merchantPub: string;
  readonly payto: string;
  /** Our account the money leaves. */
  readonly debitAccount: string;
  readonly wireFee: string;
  readonly deposits: ReadonlyArray<{ readonly coinPub: string; readonly hContract: string }>;
  readonly time: string;
}

export interface KycRulesSet {
  readonly event: 'kyc-rules-set';
  readonly enabled: boolean;
  /** Highest sum of deposits, and of wire transfers, of an account in a day that needs no KYC. */
  readonly depositLimit?: string;
  readonly aggregateLimit?: string;
}

export interface KycRequired {
  readonly event: 'kyc-required';
  readonly hPayto: string;
}

export interface KycAccountChanged {
  readonly event: 'kyc-account-changed';
  readonly hPayto: string;
  readonly change: 'passed' | 'revoked' | 'aml-review-started' | 'aml-review-ended';
}

export interface HardLimitsSet {
  readonly event: 'hard-limits-set';
  readonly limits: readonly HardLimitSet[];
}

export interface HardLimitSet {
  readonly operation: string;
  readonly threshold: string;
  readonly timeframeUs: string;
  readonly ruleName?: string;
  readonly softLimit: boolean;
}

export interface ClockMoved {
  readonly event: 'clock-moved';
  readonly offsetUs: string;
}
