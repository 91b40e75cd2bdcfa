import { Amount, compareAmounts, minAmount } from '../taler/amount';
import { DenominationKey } from '../taler/denominations';
import { EddsaVerifier } from '../taler/eddsa';
import type { JsonValue } from '../taler/json';
import { HOUR_US, Timestamp } from '../taler/timestamp';
import { AccountRestriction, allowsAccount } from './account-restrictions';
import { TrustedExchange } from './exchange-directory';
import { KeysDocument, OperationLimit, StefanCurve, WireFeeRecord } from './keys-document';

/** A denomination whose terms the exchange's operator has signed (1025). */
export interface Denomination {
  /** 64 bytes. */
  readonly hDenom: Buffer;
  readonly key: DenominationKey;
  readonly value: Amount;
  readonly feeDeposit: Amount;
  readonly feeRefund: Amount;
  readonly stampStart: Timestamp;
  readonly stampExpireDeposit: Timestamp;
  /** True: the exchange takes such coins for recoup only. */
  readonly revoked: boolean;
}

/** A key with which the exchange signs its answers, certified by its operator (1024). */
export interface SigningKey {
  readonly verifier: EddsaVerifier;
  readonly stampStart: Timestamp;
  readonly stampExpire: Timestamp;
}

/** A bank account of the exchange, certified by its operator (1030). */
export interface ExchangeAccount {
  readonly paytoUri: string;
  readonly wireMethod: string;
  readonly priority: number;
  readonly conversionUrl?: string;
  /** On money leaving the account: what the exchange may pay out to. */
  readonly debitRestrictions: readonly AccountRestriction[];
  /** The same as the exchange signed them, to be shown. */
  readonly debitRestrictionsJson: JsonValue;
  /** On money coming in: from where a KYC auth transfer may come. */
  readonly creditRestrictions: readonly AccountRestriction[];
}

/** Denominations by hash. */
export interface DenominationTable {
  readonly size: number;
  /** @param hDenom 64 bytes */
  find(hDenom: Uint8Array): Denomination | undefined;
  values(): Iterable<Denomination>;
}

export interface WireFee {
  readonly wireFee: Amount;
  readonly closingFee: Amount;
  readonly startDate: Timestamp;
  readonly endDate: Timestamp;
}

/** What the clocks of exchange and merchant may differ when a signing key is judged (crypto.md 5). */
export const SIGNING_KEY_TOLERANCE_US = HOUR_US;

/** The parts of a /keys document that have passed verification. */
export interface VerifiedKeys {
  readonly exchange: TrustedExchange;
  readonly document: KeysDocument;
  readonly denominations: readonly Denomination[];
  readonly signingKeys: readonly SigningKey[];
  readonly accounts: readonly ExchangeAccount[];
  readonly fetchedUs: bigint;
  readonly expiresUs: bigint;
}

/**
 * A verified /keys document and the questions the backend has for it (exchange.md 2, "Use of the data"). Immutable: a
 * newer document is a new object, so a payment works with one and the same from its first check to its last.
 */
export class ExchangeKeys {
  readonly exchange: TrustedExchange;
  readonly currency: string;
  readonly denominations: DenominationTable;
  readonly signingKeys: readonly SigningKey[];
  readonly accounts: readonly ExchangeAccount[];
  readonly hardLimits: readonly OperationLimit[];
  /** Operations with limit zero until KYC is done. */
  readonly zeroLimits: readonly string[];
  readonly stefan: StefanCurve;
  /** Smallest wire transfer the exchange finds sensible; the amount of a KYC auth transfer. */
  readonly tinyAmount: Amount | undefined;
  /** Unit of the STEFAN curve (exchange.md 9); `undefined` without denominations. */
  readonly smallestDenomination: Amount | undefined;
  /** When the document came from the network, microseconds. */
  readonly fetchedUs: bigint;
  /** Until when the exchange lets it be used, microseconds. */
  readonly expiresUs: bigint;

  private readonly signingKeyByHex: ReadonlyMap<string, SigningKey>;
  private readonly wireFees: readonly WireFeeRecord[];
  private readonly revokedHex: ReadonlySet<string>;

  constructor(verified: VerifiedKeys) {
    const { document } = verified;
    this.exchange = verified.exchange;
    this.currency = document.currency;
    this.denominations = tableOf(verified.denominations);
    this.signingKeys = verified.signingKeys;
    this.accounts = verified.accounts;
    this.hardLimits = document.hardLimits;
    this.zeroLimits = document.zeroLimits;
    this.stefan = document.stefan;
    this.tinyAmount = document.tinyAmount;
    this.smallestDenomination = smallestValue(verified.denominations);
    this.fetchedUs = verified.fetchedUs;
    this.expiresUs = verified.expiresUs;
    this.signingKeyByHex = new Map(
      verified.signingKeys.map((key) => [key.verifier.publicKey.toString('hex'), key]),
    );
    this.wireFees = document.wireFees;
    this.revokedHex = new Set(document.revoked.map((hDenom) => hDenom.toString('hex')));
  }

  /**
   * The verifier of a signing key that is valid at `nowUs`, give or take an hour.
   *
   * @returns `undefined` when the key is not listed or not valid then; these keys may be outdated, so refresh before
   *   calling it fraud (exchange.md 12, trap 5)
   */
  signingKey(publicKey: Uint8Array, nowUs: bigint): EddsaVerifier | undefined {
    const key = this.signingKeyByHex.get(Buffer.from(publicKey).toString('hex'));
    if (key === undefined) return undefined;
    return isValidSigningKey(key, nowUs) ? key.verifier : undefined;
  }

  /** True if the denomination was revoked, also when it is not listed any more. */
  isRevoked(hDenom: Uint8Array): boolean {
    return this.revokedHex.has(Buffer.from(hDenom).toString('hex'));
  }

  /**
   * The wire fee of a method in the period that contains `at`. `undefined`: the exchange cannot be used for that method
   * at that time (2175 when paying).
   */
  wireFee(wireMethod: string, at: Timestamp): WireFee | undefined {
    return this.wireFees.find(
      (fee) => fee.wireMethod === wireMethod && fee.startDate <= at && at < fee.endDate,
    );
  }

  /**
   * True if one of the exchange's accounts with this wire method may pay out to the merchant's account.
   *
   * @param normalizedPayto the merchant's account, normalised (conventions.md 10)
   */
  supportsWireMethod(wireMethod: string, normalizedPayto: string): boolean {
    return this.accounts.some(
      (account) =>
        account.wireMethod === wireMethod && allowsAccount(account.debitRestrictions, normalizedPayto),
    );
  }

  /**
   * The tightest hard limit on any of the operations (`DEPOSIT` and `TRANSACTION` bound a payment, `REFUND` a refund);
   * no KYC lifts it. `undefined`: unlimited.
   */
  lowestHardLimit(operations: readonly string[]): Amount | undefined {
    const thresholds = this.hardLimits
      .filter((limit) => operations.includes(limit.operationType))
      .map((limit) => limit.threshold);
    return thresholds.length === 0 ? undefined : thresholds.reduce(minAmount);
  }
}

/** Whether a coin of the denomination can be deposited at `nowUs` (exchange.md 2). */
export function isDepositable(denomination: Denomination, nowUs: bigint): boolean {
  return !denomination.revoked && denomination.stampStart <= nowUs && nowUs < denomination.stampExpireDeposit;
}

/** crypto.md 5: stamp_start <= now + 1 h and stamp_expire > now - 1 h. */
export function isValidSigningKey(
  key: { readonly stampStart: Timestamp; readonly stampExpire: Timestamp },
  nowUs: bigint,
): boolean {
  return (
    key.stampStart <= nowUs + SIGNING_KEY_TOLERANCE_US && key.stampExpire > nowUs - SIGNING_KEY_TOLERANCE_US
  );
}

function tableOf(denominations: readonly Denomination[]): DenominationTable {
  const byHex = new Map(
    denominations.map((denomination) => [denomination.hDenom.toString('hex'), denomination]),
  );
  return {
    size: byHex.size,
    find: (hDenom) => byHex.get(Buffer.from(hDenom).toString('hex')),
    values: () => byHex.values(),
  };
}

function smallestValue(denominations: readonly Denomination[]): Amount | undefined {
  const values = denominations.map((denomination) => denomination.value);
  if (values.length === 0) return undefined;
  return values.reduce((smallest, value) => (compareAmounts(value, smallest) < 0 ? value : smallest));
}
