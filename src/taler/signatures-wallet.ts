/** Messages that wallets sign with keys of coins, tokens, reserves and claim nonces (crypto.md 4 and 6). */
import { type Amount, packAmount } from './amount';
import { sha512 } from './kdf';
import { defineMessage, hash, key, optionalHash, optionalShortHash, uint32, uint64 } from './signed-message';
import { packTimestamp, type Timestamp } from './timestamp';

export interface CoinDepositInput {
  readonly hContract: Uint8Array;
  /** 32 bytes; only for coins with an age commitment. */
  readonly hAgeCommitment?: Uint8Array;
  /** 64 bytes; only for deposits with a policy. */
  readonly hPolicy?: Uint8Array;
  readonly hWire: Uint8Array;
  readonly hDenom: Uint8Array;
  /** `timestamp` of the contract. */
  readonly walletTimestamp: Timestamp;
  readonly refundDeadline: Timestamp;
  /** Gross: includes the deposit fee. */
  readonly contribution: Amount;
  readonly depositFee: Amount;
  readonly merchantPub: Uint8Array;
  /** JSON hash of `wallet_data`, 64 bytes; only if the pay request has it. */
  readonly walletDataHash?: Uint8Array;
}

/** `coin_sig` of pay requests and batch deposits: the coin pays. Signed with the coin key. */
export const coinDeposit = defineMessage<CoinDepositInput>('WALLET_COIN_DEPOSIT', 1201, (input) => [
  hash(input.hContract),
  optionalShortHash(input.hAgeCommitment),
  optionalHash(input.hPolicy),
  hash(input.hWire),
  hash(input.hDenom),
  packTimestamp(input.walletTimestamp),
  packTimestamp(input.refundDeadline),
  packAmount(input.contribution),
  packAmount(input.depositFee),
  key(input.merchantPub),
  optionalHash(input.walletDataHash),
]);

export interface OrderUnclaimInput {
  readonly hContract: Uint8Array;
}

/**
 * `unclaim_sig`, signed with the private key of the claim nonce. Purpose and signer are certain; that the body is
 * the contract hash alone is inferred (crypto.md 4). If it turns out otherwise, this is the place to change.
 */
export const orderUnclaim = defineMessage<OrderUnclaimInput>('WALLET_ORDER_UNCLAIM', 1223, (input) => [
  hash(input.hContract),
]);

export interface TokenUseInput {
  readonly hContract: Uint8Array;
  readonly walletDataHash: Uint8Array;
}

/** `token_sig` of pay requests, signed with the key of the token. */
export const tokenUse = defineMessage<TokenUseInput>('WALLET_TOKEN_USE', 1222, (input) => [
  hash(input.hContract),
  hash(input.walletDataHash),
]);

export interface AgeAttestationInput {
  readonly ageMask: number;
  /** In years. */
  readonly age: number;
}

/** `minimum_age_sig`, signed with the key of an age group; verifies as ordinary Ed25519. */
export const ageAttestation = defineMessage<AgeAttestationInput>('WALLET_AGE_ATTESTATION', 1207, (input) => [
  uint32(input.ageMask),
  uint32(input.age),
]);

export interface ReserveWithdrawInput {
  /** Value plus withdraw fee. */
  readonly amountWithFee: Amount;
  readonly hDenom: Uint8Array;
  /** hashCoinEnvelope of the planchet. */
  readonly hCoinEnvelope: Uint8Array;
}

/** `reserve_sig` of one planchet in `POST /reserves/$PUB/batch-withdraw` (exchange 0.14). */
export const reserveWithdraw = defineMessage<ReserveWithdrawInput>(
  'WALLET_RESERVE_WITHDRAW',
  1200,
  (input) => [packAmount(input.amountWithFee), hash(input.hDenom), hash(input.hCoinEnvelope)],
);

export interface ReserveWithdrawBatchInput {
  readonly totalValue: Amount;
  readonly totalFee: Amount;
  /** hashCoinEnvelopes of all planchets. */
  readonly hCoinEnvelopes: Uint8Array;
  /** 32 bytes; absent for RSA. */
  readonly blindingSeed?: Uint8Array;
  /** Both only for age restricted withdrawals. */
  readonly ageMask?: number;
  readonly maxAgeGroup?: number;
}

/** `reserve_sig` of a whole `POST /withdraw` (2025 and later): the same purpose with another layout. */
export const reserveWithdrawBatch = defineMessage<ReserveWithdrawBatchInput>(
  'WALLET_RESERVE_WITHDRAW',
  1200,
  (input) => [
    packAmount(input.totalValue),
    packAmount(input.totalFee),
    hash(input.hCoinEnvelopes),
    optionalShortHash(input.blindingSeed),
    uint32(input.ageMask ?? 0),
    uint32(input.maxAgeGroup ?? 0),
  ],
);

/** Hash over the coin envelope hashes of a withdrawal, in order. */
export function hashCoinEnvelopes(envelopeHashes: readonly Uint8Array[]): Buffer {
  return sha512(...envelopeHashes.map(hash));
}

export interface HistoryInput {
  /** uint64; only entries after this one are asked for. */
  readonly startOffset: bigint;
}

/** Header of `GET /reserves/$PUB/history`, signed with the reserve key. */
export const reserveHistory = defineMessage<HistoryInput>('WALLET_RESERVE_HISTORY', 1208, (input) => [
  uint64(input.startOffset),
]);

/** Header of `GET /coins/$PUB/history`, signed with the coin key. */
export const coinHistory = defineMessage<HistoryInput>('WALLET_COIN_HISTORY', 1209, (input) => [
  uint64(input.startOffset),
]);

export interface CoinMeltInput {
  /** Refresh commitment, 64 bytes. */
  readonly commitment: Uint8Array;
  readonly hDenom: Uint8Array;
  readonly hAgeCommitment?: Uint8Array;
  readonly amountWithFee: Amount;
  readonly meltFee: Amount;
}

/** Melting a coin for change, signed with the coin key. */
export const coinMelt = defineMessage<CoinMeltInput>('WALLET_COIN_MELT', 1202, (input) => [
  hash(input.commitment),
  hash(input.hDenom),
  optionalShortHash(input.hAgeCommitment),
  packAmount(input.amountWithFee),
  packAmount(input.meltFee),
]);

export interface WalletAccountSetupInput {
  /** Balance the wallet wants to be allowed to hold. */
  readonly threshold: Amount;
}

/** KYC request of a wallet, signed with a reserve key. Layout from the vectors. */
export const walletAccountSetup = defineMessage<WalletAccountSetupInput>(
  'WALLET_ACCOUNT_SETUP',
  1205,
  (input) => [packAmount(input.threshold)],
);
