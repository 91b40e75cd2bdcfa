/** Messages that the offline master key of an exchange signs; all of them stand in /keys (crypto.md 5). */
import { type Amount, packAmount } from './amount';
import { hashJson } from './canonical-json';
import { type JsonValue } from './json';
import { sha512 } from './kdf';
import { hashFullPayto } from './payto';
import { defineMessage, hash, key, optionalHash, uint32 } from './signed-message';
import { packRelativeTime, packTimestamp, type RelativeTime, type Timestamp } from './timestamp';

const ZERO_BYTE = Buffer.alloc(1);

export interface SigningKeyValidityInput {
  readonly start: Timestamp;
  readonly expire: Timestamp;
  readonly end: Timestamp;
  /** The signing key, 32 bytes. */
  readonly key: Uint8Array;
}

export const signingKeyValidity = defineMessage<SigningKeyValidityInput>(
  'MASTER_SIGNING_KEY_VALIDITY',
  1024,
  (input) => [
    packTimestamp(input.start),
    packTimestamp(input.expire),
    packTimestamp(input.end),
    key(input.key),
  ],
);

export interface DenominationKeyValidityInput {
  readonly masterPub: Uint8Array;
  readonly start: Timestamp;
  readonly expireWithdraw: Timestamp;
  readonly expireDeposit: Timestamp;
  readonly expireLegal: Timestamp;
  readonly value: Amount;
  readonly feeWithdraw: Amount;
  readonly feeDeposit: Amount;
  readonly feeRefresh: Amount;
  readonly feeRefund: Amount;
  readonly hDenom: Uint8Array;
}

export const denominationKeyValidity = defineMessage<DenominationKeyValidityInput>(
  'MASTER_DENOMINATION_KEY_VALIDITY',
  1025,
  (input) => [
    key(input.masterPub),
    packTimestamp(input.start),
    packTimestamp(input.expireWithdraw),
    packTimestamp(input.expireDeposit),
    packTimestamp(input.expireLegal),
    packAmount(input.value),
    packAmount(input.feeWithdraw),
    packAmount(input.feeDeposit),
    packAmount(input.feeRefresh),
    packAmount(input.feeRefund),
    hash(input.hDenom),
  ],
);

export interface WireFeesInput {
  /** Payto method, such as `iban`. */
  readonly wireMethod: string;
  readonly startDate: Timestamp;
  readonly endDate: Timestamp;
  readonly wireFee: Amount;
  readonly closingFee: Amount;
}

export const wireFees = defineMessage<WireFeesInput>('MASTER_WIRE_FEES', 1028, (input) => [
  hashText(input.wireMethod),
  packTimestamp(input.startDate),
  packTimestamp(input.endDate),
  packAmount(input.wireFee),
  packAmount(input.closingFee),
]);

export interface GlobalFeesInput {
  readonly startDate: Timestamp;
  readonly endDate: Timestamp;
  readonly purseTimeout: RelativeTime;
  readonly historyExpiration: RelativeTime;
  readonly historyFee: Amount;
  readonly accountFee: Amount;
  readonly purseFee: Amount;
  /** uint32: purses per account that are free of charge. */
  readonly purseAccountLimit: number;
}

export const globalFees = defineMessage<GlobalFeesInput>('MASTER_GLOBAL_FEES', 1022, (input) => [
  packTimestamp(input.startDate),
  packTimestamp(input.endDate),
  packRelativeTime(input.purseTimeout),
  packRelativeTime(input.historyExpiration),
  packAmount(input.historyFee),
  packAmount(input.accountFee),
  packAmount(input.purseFee),
  uint32(input.purseAccountLimit),
]);

export interface WireDetailsInput {
  /** Full payto of an account of the exchange. */
  readonly payto: string;
  readonly conversionUrl?: string;
  readonly debitRestrictions: JsonValue;
  readonly creditRestrictions: JsonValue;
}

/**
 * A bank account of the exchange. Newer exchanges may sign further members; an account that does not verify is
 * not used, the rest of /keys is (crypto.md 5).
 */
export const wireDetails = defineMessage<WireDetailsInput>('MASTER_WIRE_DETAILS', 1030, (input) => [
  key(hashFullPayto(input.payto)),
  optionalHash(input.conversionUrl === undefined ? undefined : hashText(input.conversionUrl)),
  hash(hashJson(input.debitRestrictions)),
  hash(hashJson(input.creditRestrictions)),
]);

export interface ExtensionsInput {
  /** hashExtensionManifests of the `extensions` member of /keys. */
  readonly hManifests: Uint8Array;
}

export const extensions = defineMessage<ExtensionsInput>('MASTER_EXTENSION', 1031, (input) => [
  hash(input.hManifests),
]);

/** SHA-512 over a C string, its zero byte included. */
function hashText(text: string): Buffer {
  return sha512(Buffer.from(text, 'utf8'), ZERO_BYTE);
}
