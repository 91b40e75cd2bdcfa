import { encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import { confirmDeposit, hashCoinSignatures } from '../../src/taler/signatures-exchange';
import { type Timestamp, timestampToJson } from '../../src/taler/timestamp';
import { type CheckedCoin, type CheckedDeposit, checkDepositRequest } from './deposit-request';
import type { DepositedCoin } from './events';
import { type Exchange, topics } from './exchange';
import { refuseAboveHardLimits } from './hard-limits';
import type { ExchangeRequest, Reply } from './http-types';
import { refuseForKyc } from './kyc-rules';
import type { Coin, Contract } from './records';
import { Refusal } from './refusal';

/**
 * POST /batch-deposit (exchange.md 3, recordings 020-059). All or nothing: from the first question to the books
 * to the entry of the event nothing is awaited, so no other request comes between.
 */
export function batchDeposit(exchange: Exchange, request: ExchangeRequest): Reply {
  const deposit = checkDepositRequest(exchange, request);
  const merchantPub = encodeBase32(deposit.merchantPub);
  const hContract = encodeBase32(deposit.hContract);
  const contract = exchange.ledger.contract(merchantPub, hContract);
  for (const coin of deposit.coins) refuseOtherCoinOfSameKey(exchange, coin);
  const fresh = freshCoins(deposit, contract);
  if (fresh.length > 0) {
    const added = fresh.reduce((sum, coin) => sum + coin.contribution.units, 0n);
    refuseAboveHardLimits(exchange, { payto: deposit.payto, contract, added });
    refuseForKyc(exchange, { payto: deposit.payto, merchantPub, added });
  }
  if (contract !== undefined) refuseOtherTerms(contract, deposit);
  for (const coin of fresh) refuseOverspending(exchange, coin);
  if (fresh.length > 0) enter(exchange, { deposit, merchantPub, hContract, fresh });
  const exchangeTimestamp =
    exchange.ledger.contract(merchantPub, hContract)?.exchangeTimestamp ?? exchange.clock.now();
  return confirmation(exchange, request, { deposit, exchangeTimestamp });
}

/** A coin key that came with another denomination or age commitment before (recordings 058, 059). */
function refuseOtherCoinOfSameKey(exchange: Exchange, coin: CheckedCoin): void {
  const known = exchange.ledger.coins.get(coin.id);
  if (known === undefined) return;
  if (known.hDenom !== coin.denomination.id) throw conflictingDenomination(exchange, known);
  const hAge = coin.hAgeCommitment === undefined ? undefined : encodeBase32(coin.hAgeCommitment);
  if (known.hAgeCommitment === hAge) return;
  throw new Refusal(TalerCode.EXCHANGE_GENERIC_COIN_CONFLICTING_AGE_HASH, {
    coin_pub: known.pub,
    h_denom_pub: known.hDenom,
    ...(known.hAgeCommitment === undefined ? {} : { expected_age_commitment_hash: known.hAgeCommitment }),
    conflict_detail: 'expected age commitment hash differs',
  });
}

function conflictingDenomination(exchange: Exchange, known: Coin): Refusal {
  const previous = exchange.ring.denomination(known.hDenom);
  const pub = previous === undefined ? '' : encodeBase32(previous.key.rsaPublicKey.encoded);
  return new Refusal(TalerCode.EXCHANGE_GENERIC_COIN_CONFLICTING_DENOMINATION_KEY, {
    coin_pub: known.pub,
    prev_denom_pub: { cipher: 'RSA', age_mask: previous?.key.ageMask ?? 0, rsa_pub: pub },
    prev_denom_sig: { cipher: 'RSA', rsa_signature: known.ubSig },
  });
}

/**
 * The coins that are new to the contract. A coin that comes twice in the batch counts once, with its first
 * contribution, although the confirmation will say twice: recordings 054, 054b, 054c, and a trap that merchants
 * must avoid themselves.
 */
function freshCoins(deposit: CheckedDeposit, contract: Contract | undefined): CheckedCoin[] {
  const fresh = new Map<string, CheckedCoin>();
  for (const coin of deposit.coins) {
    if (contract?.deposits.has(coin.id) === true || fresh.has(coin.id)) continue;
    fresh.set(coin.id, coin);
  }
  return [...fresh.values()];
}

/** All deposits for one contract must agree (recordings 055, 056): 409/1206 with the h_wire on record. */
function refuseOtherTerms(contract: Contract, deposit: CheckedDeposit): void {
  const { walletDataHash } = deposit;
  const agrees =
    contract.hWire === encodeBase32(deposit.hWire) &&
    contract.walletTimestamp === deposit.walletTimestamp &&
    contract.refundDeadline === deposit.refundDeadline &&
    contract.wireDeadline === deposit.wireDeadline &&
    contract.walletDataHash === (walletDataHash === undefined ? undefined : encodeBase32(walletDataHash)) &&
    repeatsContributions(contract, deposit);
  if (!agrees) throw new Refusal(TalerCode.EXCHANGE_DEPOSIT_CONFLICTING_CONTRACT, { h_wire: contract.hWire });
}

/**
 * 0.14.1 confirms a coin that comes back to its contract with another contribution, although it will wire the
 * first one. Here the merchant is told the truth. A batch that names the coin twice may say what it said before.
 */
function repeatsContributions(contract: Contract, deposit: CheckedDeposit): boolean {
  const seen = new Set<string>();
  return deposit.coins.every((coin) => {
    const known = contract.deposits.get(coin.id);
    if (known === undefined || seen.has(coin.id)) return true;
    seen.add(coin.id);
    return known.contribution === coin.contribution.units;
  });
}

/** Double spending: 409/1012 names the coin (recordings 030, 031). */
function refuseOverspending(exchange: Exchange, coin: CheckedCoin): void {
  const spent = exchange.ledger.coins.get(coin.id)?.spent ?? 0n;
  if (spent + coin.contribution.units <= coin.denomination.plan.value.units) return;
  throw new Refusal(TalerCode.EXCHANGE_GENERIC_INSUFFICIENT_FUNDS, {
    coin_pub: coin.id,
    h_denom_pub: coin.denomination.id,
  });
}

function enter(
  exchange: Exchange,
  entry: { deposit: CheckedDeposit; merchantPub: string; hContract: string; fresh: readonly CheckedCoin[] },
): void {
  const { deposit, merchantPub, hContract, fresh } = entry;
  exchange.record({
    event: 'batch-deposited',
    merchantPub,
    hContract,
    hWire: encodeBase32(deposit.hWire),
    payto: deposit.payto,
    walletTimestamp: String(deposit.walletTimestamp),
    refundDeadline: String(deposit.refundDeadline),
    wireDeadline: String(deposit.wireDeadline),
    walletDataHash: deposit.walletDataHash === undefined ? undefined : encodeBase32(deposit.walletDataHash),
    coins: fresh.map(depositedCoin),
    time: String(exchange.clock.now()),
  });
  exchange.waiters.wake(topics.contract(merchantPub, hContract));
}

function depositedCoin(coin: CheckedCoin): DepositedCoin {
  return {
    coinPub: coin.id,
    hDenom: coin.denomination.id,
    ubSig: encodeBase32(coin.ubSig),
    hAgeCommitment: coin.hAgeCommitment === undefined ? undefined : encodeBase32(coin.hAgeCommitment),
    value: String(coin.denomination.plan.value.units),
    contribution: String(coin.contribution.units),
    depositFee: String(coin.denomination.plan.feeDeposit.units),
    coinSig: encodeBase32(coin.coinSig),
  };
}

/** 1033 over what the request said; Ed25519 is deterministic, so a repetition gets the same bytes (recording 021). */
function confirmation(
  exchange: Exchange,
  request: ExchangeRequest,
  { deposit, exchangeTimestamp }: { deposit: CheckedDeposit; exchangeTimestamp: Timestamp },
): Reply {
  const total = deposit.coins.reduce(
    (sum, coin) => sum + coin.contribution.units - coin.denomination.plan.feeDeposit.units,
    0n,
  );
  const signature = confirmDeposit.sign(request.signer.signer, {
    hContract: deposit.hContract,
    hWire: deposit.hWire,
    exchangeTimestamp,
    wireDeadline: deposit.wireDeadline,
    refundDeadline: deposit.refundDeadline,
    totalWithoutFee: exchange.amount(total),
    hCoinSigs: hashCoinSignatures(deposit.coins.map((coin) => coin.coinSig)),
    merchantPub: deposit.merchantPub,
  });
  return {
    status: 200,
    body: {
      exchange_timestamp: timestampToJson(exchangeTimestamp),
      exchange_pub: request.signer.pub,
      exchange_sig: encodeBase32(signature),
    },
  };
}
