/** Messages that an exchange signs with its online signing keys (crypto.md 5). */
import { type Amount, packAmount } from './amount';
import { sha512 } from './kdf';
import { defineMessage, hash, key, optionalHash, uint64 } from './signed-message';
import { packTimestamp, type Timestamp } from './timestamp';

export interface ConfirmDepositInput {
  readonly hContract: Uint8Array;
  readonly hWire: Uint8Array;
  /** 64 bytes; only for deposits with a policy. */
  readonly hPolicy?: Uint8Array;
  readonly exchangeTimestamp: Timestamp;
  readonly wireDeadline: Timestamp;
  /** 0 if the request had no refund deadline. */
  readonly refundDeadline: Timestamp;
  /** Sum over the coins of contribution minus deposit fee. */
  readonly totalWithoutFee: Amount;
  /** hashCoinSignatures of the request. */
  readonly hCoinSigs: Uint8Array;
  readonly merchantPub: Uint8Array;
}

/** Answer to a batch deposit. */
export const confirmDeposit = defineMessage<ConfirmDepositInput>(
  'EXCHANGE_CONFIRM_DEPOSIT',
  1033,
  (input) => [
    hash(input.hContract),
    hash(input.hWire),
    optionalHash(input.hPolicy),
    packTimestamp(input.exchangeTimestamp),
    packTimestamp(input.wireDeadline),
    packTimestamp(input.refundDeadline),
    packAmount(input.totalWithoutFee),
    hash(input.hCoinSigs),
    key(input.merchantPub),
  ],
);

/** Hash over the coin signatures (64 bytes each) in the order of the request. */
export function hashCoinSignatures(signatures: readonly Uint8Array[]): Buffer {
  return sha512(...signatures.map(hash));
}

export interface ConfirmRefundInput {
  readonly hContract: Uint8Array;
  readonly coinPub: Uint8Array;
  readonly merchantPub: Uint8Array;
  readonly rtransactionId: bigint;
  /** Includes the refund fee. */
  readonly refundAmount: Amount;
}

/** Answer to a refund; handed on to the wallet. */
export const confirmRefund = defineMessage<ConfirmRefundInput>('EXCHANGE_CONFIRM_REFUND', 1038, (input) => [
  hash(input.hContract),
  key(input.coinPub),
  key(input.merchantPub),
  uint64(input.rtransactionId),
  packAmount(input.refundAmount),
]);

export interface ConfirmWireInput {
  readonly hWire: Uint8Array;
  readonly hContract: Uint8Array;
  /** Wire transfer identifier, 32 bytes. */
  readonly wtid: Uint8Array;
  readonly coinPub: Uint8Array;
  readonly executionTime: Timestamp;
  /** Net of the deposit fee; refunds are not subtracted. */
  readonly coinContribution: Amount;
}

/** Answer 200 of `GET /deposits/...`. */
export const confirmWire = defineMessage<ConfirmWireInput>('EXCHANGE_CONFIRM_WIRE', 1036, (input) => [
  hash(input.hWire),
  hash(input.hContract),
  key(input.wtid),
  key(input.coinPub),
  packTimestamp(input.executionTime),
  packAmount(input.coinContribution),
]);

export interface ConfirmWireDepositInput {
  /** What was wired: wire fee already taken off. */
  readonly total: Amount;
  readonly wireFee: Amount;
  readonly merchantPub: Uint8Array;
  /** Hash of the **full** payto, 32 bytes. */
  readonly hPayto: Uint8Array;
  /** hashWireDepositDetails of the answer. */
  readonly hDetails: Uint8Array;
}

/** Answer of `GET /transfers/$WTID`. */
export const confirmWireDeposit = defineMessage<ConfirmWireDepositInput>(
  'EXCHANGE_CONFIRM_WIRE_DEPOSIT',
  1037,
  (input) => [
    packAmount(input.total),
    packAmount(input.wireFee),
    key(input.merchantPub),
    key(input.hPayto),
    hash(input.hDetails),
  ],
);

export interface WireDepositDetail {
  readonly hContract: Uint8Array;
  /** Execution time of the whole transfer. */
  readonly executionTime: Timestamp;
  readonly coinPub: Uint8Array;
  /** After refunds. */
  readonly depositValue: Amount;
  readonly depositFee: Amount;
}

/** Hash over the entries of a wire transfer (152 bytes each) in the order of the answer. */
export function hashWireDepositDetails(details: readonly WireDepositDetail[]): Buffer {
  return sha512(
    ...details.flatMap((detail) => [
      hash(detail.hContract),
      packTimestamp(detail.executionTime),
      key(detail.coinPub),
      packAmount(detail.depositValue),
      packAmount(detail.depositFee),
    ]),
  );
}

export interface KeySetInput {
  readonly listIssueDate: Timestamp;
  /** hashDenominationSignatures of the answer. */
  readonly hDenominationSignatures: Uint8Array;
}

/** `exchange_sig` of /keys. */
export const keySet = defineMessage<KeySetInput>('EXCHANGE_KEY_SET', 1035, (input) => [
  packTimestamp(input.listIssueDate),
  hash(input.hDenominationSignatures),
]);

/** Hash over the `master_sig` of all denominations (64 bytes each) in the order of /keys, group by group. */
export function hashDenominationSignatures(masterSignatures: readonly Uint8Array[]): Buffer {
  return sha512(...masterSignatures.map(hash));
}

export interface AffirmDenomUnknownInput {
  readonly timestamp: Timestamp;
  readonly hDenom: Uint8Array;
}

/** In the 404 body with code 1005. */
export const affirmDenomUnknown = defineMessage<AffirmDenomUnknownInput>(
  'EXCHANGE_AFFIRM_DENOM_UNKNOWN',
  1042,
  (input) => [packTimestamp(input.timestamp), hash(input.hDenom)],
);

export interface AffirmDenomExpiredInput {
  readonly timestamp: Timestamp;
  /** ASCII, such as `DEPOSIT`; of longer names (`batch-withdraw`) the first 8 characters are signed. */
  readonly operation: string;
  readonly hDenom: Uint8Array;
}

/** In the 410 bodies with codes 1008, 1009 and 1010. */
export const affirmDenomExpired = defineMessage<AffirmDenomExpiredInput>(
  'EXCHANGE_AFFIRM_DENOM_EXPIRED',
  1043,
  (input) => [packTimestamp(input.timestamp), packOperation(input.operation), hash(input.hDenom)],
);

const OPERATION_BYTES = 8;

function packOperation(operation: string): Buffer {
  const packed = Buffer.alloc(OPERATION_BYTES); // write() stops at the end, like the strncpy of C
  packed.write(operation, 'latin1');
  return packed;
}
