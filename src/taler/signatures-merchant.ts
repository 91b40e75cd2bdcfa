/** Messages that the merchant backend signs (crypto.md 3). */
import { type Amount, packAmount } from './amount';
import { defineMessage, hash, key, uint64 } from './signed-message';

export interface ContractInput {
  /** Hash of the contract terms, 64 bytes. */
  readonly hContract: Uint8Array;
}

/** `sig` of the claim response; `merchant_sig` of a batch deposit. */
export const merchantContract = defineMessage<ContractInput>('MERCHANT_CONTRACT', 1101, (input) => [
  hash(input.hContract),
]);

/** `sig` of the pay response; shown again to `POST /orders/$ID/paid`. */
export const merchantPaymentOk = defineMessage<ContractInput>('MERCHANT_PAYMENT_OK', 1104, (input) => [
  hash(input.hContract),
]);

export interface MerchantRefundInput {
  readonly hContract: Uint8Array;
  /** 32 bytes. */
  readonly coinPub: Uint8Array;
  /** uint64; every refund of a coin has its own. */
  readonly rtransactionId: bigint;
  /** Includes the refund fee; the fee itself is not signed. */
  readonly refundAmount: Amount;
}

/** `merchant_sig` of `POST exchange /coins/$PUB/refund`. */
export const merchantRefund = defineMessage<MerchantRefundInput>('MERCHANT_REFUND', 1102, (input) => [
  hash(input.hContract),
  key(input.coinPub),
  uint64(input.rtransactionId),
  packAmount(input.refundAmount),
]);

export interface MerchantTrackTransactionInput {
  readonly hContract: Uint8Array;
  /** 64 bytes. */
  readonly hWire: Uint8Array;
  /** 32 bytes. */
  readonly coinPub: Uint8Array;
}

/** `merchant_sig` query parameter of `GET exchange /deposits/...`. */
export const merchantTrackTransaction = defineMessage<MerchantTrackTransactionInput>(
  'MERCHANT_TRACK_TRANSACTION',
  1103,
  (input) => [hash(input.hContract), hash(input.hWire), key(input.coinPub)],
);

/**
 * `Account-Owner-Signature` header of `GET exchange /kyc-check/...`. Without a body it is the same signature
 * every time: a credential, to be kept off logs.
 */
export const kycAuth = defineMessage<object>('KYC_AUTH', 1360, () => []);

export interface MerchantWireDetailsInput {
  /** 64 bytes. */
  readonly hWire: Uint8Array;
}

/** Used in wallet deposits; the backend itself has no use for it. */
export const merchantWireDetails = defineMessage<MerchantWireDetailsInput>(
  'MERCHANT_WIRE_DETAILS',
  1107,
  (input) => [hash(input.hWire)],
);
