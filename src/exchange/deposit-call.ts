import { Amount, formatAmount, subtractAmounts, sumAmounts } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { JsonObject } from '../taler/json';
import { hashWire } from '../taler/payto';
import { confirmDeposit, hashCoinSignatures } from '../taler/signatures-exchange';
import { Timestamp, timestampToJson } from '../taler/timestamp';
import { DepositConfirmation } from './codecs';

/** A coin to be deposited, as the wallet gave it. */
export interface DepositCoin {
  /** 32 bytes. */
  readonly coinPub: Buffer;
  /** 64 bytes. */
  readonly hDenom: Buffer;
  /** Passed on unread. */
  readonly ubSig: JsonObject;
  /** Gross: with the deposit fee. */
  readonly contribution: Amount;
  /** Of the coin's denomination. */
  readonly depositFee: Amount;
  /** Purpose 1201, 64 bytes. */
  readonly coinSig: Buffer;
  /** 32 bytes; only for age restricted coins. */
  readonly hAgeCommitment?: Buffer;
}

/** POST /batch-deposit. Everything but the coins must be the same in all batches of a contract (code 1206). */
export interface BatchDepositRequest {
  /** Full payto of the account behind h_wire. */
  readonly merchantPaytoUri: string;
  /** 16 bytes. */
  readonly wireSalt: Buffer;
  readonly hContract: Buffer;
  readonly merchantPub: Buffer;
  /** Purpose 1101. */
  readonly merchantSig: Buffer;
  /** Of the contract. */
  readonly timestamp: Timestamp;
  /** 0n: none. */
  readonly refundDeadline: Timestamp;
  readonly wireDeadline: Timestamp;
  readonly walletDataHash?: Buffer;
  readonly coins: readonly DepositCoin[];
}

/** Newer exchanges accept 64 coins; 0.14.1 crashes beyond 256 (exchange.md 12, trap 6). */
export const COINS_PER_BATCH_MAX = 64;

/** What the deposit fees leave: the amount that the exchange confirms and will wire. */
export function totalWithoutFee(request: BatchDepositRequest): Amount {
  const [first] = request.coins;
  if (first === undefined) throw new RangeError('a batch deposit needs a coin');
  return sumAmounts(
    first.contribution.currency,
    request.coins.map(({ contribution, depositFee }) => subtractAmounts(contribution, depositFee)),
  );
}

/**
 * Refuses batches that must never be sent; the caller splits and removes duplicates.
 *
 * @throws RangeError
 */
export function requireSendable({ coins }: BatchDepositRequest): void {
  if (coins.length < 1 || coins.length > COINS_PER_BATCH_MAX) {
    throw new RangeError(`a batch deposit takes 1 to ${COINS_PER_BATCH_MAX} coins, not ${coins.length}`);
  }
  // The exchange counts a repeated coin once and yet confirms it twice (recording 054b).
  const distinct = new Set(coins.map(({ coinPub }) => coinPub.toString('hex')));
  if (distinct.size !== coins.length) throw new RangeError('a batch deposit must not repeat a coin');
}

/** The body of POST /batch-deposit (exchange.md 3); a refund deadline of zero is left out (conventions.md 3). */
export function depositBody(request: BatchDepositRequest): JsonObject {
  const body: JsonObject = {
    merchant_payto_uri: request.merchantPaytoUri,
    wire_salt: encodeBase32(request.wireSalt),
    h_contract_terms: encodeBase32(request.hContract),
    merchant_pub: encodeBase32(request.merchantPub),
    merchant_sig: encodeBase32(request.merchantSig),
    timestamp: { ...timestampToJson(request.timestamp) },
    wire_transfer_deadline: { ...timestampToJson(request.wireDeadline) },
    coins: request.coins.map(coinBody),
  };
  if (request.refundDeadline !== 0n) body.refund_deadline = { ...timestampToJson(request.refundDeadline) };
  if (request.walletDataHash !== undefined) body.wallet_data_hash = encodeBase32(request.walletDataHash);
  return body;
}

function coinBody(coin: DepositCoin): JsonObject {
  const body: JsonObject = {
    coin_pub: encodeBase32(coin.coinPub),
    denom_pub_hash: encodeBase32(coin.hDenom),
    ub_sig: coin.ubSig,
    contribution: formatAmount(coin.contribution),
    coin_sig: encodeBase32(coin.coinSig),
  };
  if (coin.hAgeCommitment !== undefined) body.h_age_commitment = encodeBase32(coin.hAgeCommitment);
  return body;
}

/**
 * The message behind `exchange_sig` of a confirmation (1033, crypto.md 5). If the exchange names an accumulated total,
 * that one is signed; the caller has checked that it is not below ours.
 */
export function confirmationMessage(request: BatchDepositRequest, confirmation: DepositConfirmation): Buffer {
  return confirmDeposit.pack({
    hContract: request.hContract,
    hWire: hashWire(request.merchantPaytoUri, request.wireSalt),
    exchangeTimestamp: confirmation.exchangeTimestamp,
    wireDeadline: request.wireDeadline,
    refundDeadline: request.refundDeadline,
    totalWithoutFee: confirmation.accumulatedTotalWithoutFee ?? totalWithoutFee(request),
    hCoinSigs: hashCoinSignatures(request.coins.map(({ coinSig }) => coinSig)),
    merchantPub: request.merchantPub,
  });
}
