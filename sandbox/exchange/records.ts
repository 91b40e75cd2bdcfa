import type { Timestamp } from '../../src/taler/timestamp';

/*
 * What the exchange remembers. Amounts are 10^-8 units of its currency; keys, hashes and signatures are
 * canonical base32, because two spellings of one value must meet in one map entry (conventions.md 1).
 */

export interface Reserve {
  readonly pub: string;
  balance: bigint;
  credited: bigint;
  /** Value of the coins withdrawn, without fees. */
  withdrawn: bigint;
  withdrawFees: bigint;
  lastOrigin: string;
  /** Hashes of the coin envelopes that were signed and paid for. */
  readonly envelopes: Set<string>;
}

export interface Coin {
  readonly pub: string;
  readonly hDenom: string;
  readonly ubSig: string;
  readonly hAgeCommitment: string | undefined;
  readonly value: bigint;
  /** Contributions less what refunds gave back. */
  spent: bigint;
  readonly history: CoinEvent[];
}

export type CoinEvent =
  | { readonly kind: 'deposit'; readonly deposit: Deposit }
  | { readonly kind: 'refund'; readonly deposit: Deposit; readonly refund: Refund };

/** What all deposits for one contract of one merchant have in common. */
export interface Contract {
  readonly hContract: string;
  readonly hWire: string;
  readonly walletTimestamp: Timestamp;
  readonly refundDeadline: Timestamp;
  readonly wireDeadline: Timestamp;
  readonly walletDataHash: string | undefined;
  readonly exchangeTimestamp: Timestamp;
  readonly payee: Payee;
  /** By coin public key. */
  readonly deposits: Map<string, Deposit>;
}

export interface Deposit {
  readonly coin: Coin;
  readonly contract: Contract;
  readonly contribution: bigint;
  readonly depositFee: bigint;
  readonly coinSig: string;
  /** By rtransaction_id in decimal. */
  readonly refunds: Map<string, Refund>;
  refunded: bigint;
  transfer: Transfer | undefined;
}

export interface Refund {
  readonly rtransactionId: bigint;
  readonly amount: bigint;
  readonly refundFee: bigint;
  readonly merchantSig: string;
}

/** A merchant key together with a bank account: what is aggregated into one transfer. */
export interface Payee {
  readonly merchantPub: string;
  readonly payto: string;
  readonly account: KycAccount;
  /** Deposits that were not wired yet. */
  readonly pending: Set<Deposit>;
}

export interface Transfer {
  readonly wtid: string;
  readonly payee: Payee;
  readonly debitAccount: string;
  readonly wireFee: bigint;
  /** What was wired: the wire fee is off already. */
  readonly total: bigint;
  readonly time: Timestamp;
  readonly lines: readonly TransferLine[];
}

export interface TransferLine {
  readonly deposit: Deposit;
  /** Contribution less refunds. */
  readonly value: bigint;
  readonly fee: bigint;
  readonly refunded: bigint;
}

/** A bank account in the eyes of KYC: the normalized payto, whoever deposits to it. */
export interface KycAccount {
  /** Base32 of the normalized payto hash. */
  readonly hPayto: string;
  /** Key of the last KYC auth transfer. */
  ownerPub: string | undefined;
  accessToken: string | undefined;
  /** Number of the open requirement; 0 while nothing is required. */
  requirementRow: number;
  passed: boolean;
  amlReview: boolean;
  /** Set once a deposit or a KYC auth transfer was accepted. */
  known: boolean;
  readonly deposited: Movement[];
  readonly wired: Movement[];
}

export interface Movement {
  readonly time: Timestamp;
  readonly amount: bigint;
}

export type BankRow =
  | {
      readonly kind: 'reserve' | 'kyc-auth';
      readonly rowId: number;
      readonly time: Timestamp;
      readonly amount: bigint;
      readonly debitAccount: string;
      readonly pub: string;
    }
  | { readonly kind: 'wired'; readonly rowId: number; readonly time: Timestamp; readonly transfer: Transfer };

/** A reserve before its first credit. */
export function newReserve(pub: string): Reserve {
  return {
    pub,
    balance: 0n,
    credited: 0n,
    withdrawn: 0n,
    withdrawFees: 0n,
    lastOrigin: '',
    envelopes: new Set(),
  };
}

/** A bank account that the exchange has not admitted to know yet. */
export function newAccount(hPayto: string): KycAccount {
  return {
    hPayto,
    ownerPub: undefined,
    accessToken: undefined,
    requirementRow: 0,
    passed: false,
    amlReview: false,
    known: false,
    deposited: [],
    wired: [],
  };
}
