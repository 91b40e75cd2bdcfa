import type { Amount } from '../taler/amount';
import type { DenominationKey } from '../taler/denominations';
import type { JsonValue } from '../taler/json';
import type { RelativeTime, Timestamp } from '../taler/timestamp';

/** GET /keys as parsed and not yet verified (exchange.md 2). Order of all lists is that of the reply: 1035 needs it. */
export interface KeysDocument {
  readonly version: string;
  readonly baseUrl: string;
  readonly currency: string;
  readonly masterPub: Buffer;
  readonly listIssueDate: Timestamp;
  readonly exchangePub: Buffer;
  readonly exchangeSig: Buffer;
  readonly signingKeys: readonly SigningKeyRecord[];
  readonly denominations: readonly DenominationRecord[];
  /** Hashes of revoked denominations. */
  readonly revoked: readonly Buffer[];
  readonly accounts: readonly AccountRecord[];
  readonly wireFees: readonly WireFeeRecord[];
  readonly globalFees: readonly GlobalFeeRecord[];
  readonly hardLimits: readonly OperationLimit[];
  /** Operations whose limit is zero until KYC is done. */
  readonly zeroLimits: readonly string[];
  readonly stefan: StefanCurve;
  readonly tinyAmount?: Amount;
}

export interface SigningKeyRecord {
  readonly key: Buffer;
  readonly start: Timestamp;
  readonly expire: Timestamp;
  readonly end: Timestamp;
  readonly masterSig: Buffer;
}

export interface DenominationRecord {
  readonly key: DenominationKey;
  readonly value: Amount;
  readonly feeWithdraw: Amount;
  readonly feeDeposit: Amount;
  readonly feeRefresh: Amount;
  readonly feeRefund: Amount;
  readonly stampStart: Timestamp;
  readonly stampExpireWithdraw: Timestamp;
  readonly stampExpireDeposit: Timestamp;
  readonly stampExpireLegal: Timestamp;
  readonly masterSig: Buffer;
}

export interface AccountRecord {
  /** Full payto as signed; not yet validated. */
  readonly paytoUri: string;
  readonly priority: number;
  readonly conversionUrl?: string;
  /** Unread: the signature covers the hash of the JSON. */
  readonly debitRestrictions: JsonValue;
  readonly creditRestrictions: JsonValue;
  readonly masterSig: Buffer;
}

export interface WireFeeRecord {
  readonly wireMethod: string;
  readonly startDate: Timestamp;
  readonly endDate: Timestamp;
  readonly wireFee: Amount;
  readonly closingFee: Amount;
  readonly masterSig: Buffer;
}

export interface GlobalFeeRecord {
  readonly startDate: Timestamp;
  readonly endDate: Timestamp;
  readonly historyFee: Amount;
  readonly accountFee: Amount;
  readonly purseFee: Amount;
  readonly historyExpiration: RelativeTime;
  readonly purseTimeout: RelativeTime;
  readonly purseAccountLimit: number;
  readonly masterSig: Buffer;
}

export interface OperationLimit {
  /** `DEPOSIT`, `TRANSACTION`, `REFUND`, ... (exchange.md 2) */
  readonly operationType: string;
  readonly timeframe: RelativeTime;
  readonly threshold: Amount;
  readonly ruleName?: string;
  readonly softLimit: boolean;
}

/** Parameters of the fee curve of exchange.md 9. */
export interface StefanCurve {
  readonly abs: Amount;
  readonly log: Amount;
  /** A real below 1. */
  readonly lin: number;
}
