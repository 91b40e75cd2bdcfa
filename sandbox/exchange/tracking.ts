import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import type { JsonObject } from '../../src/taler/json';
import { hashFullPayto } from '../../src/taler/payto';
import { confirmWire, confirmWireDeposit, hashWireDepositDetails } from '../../src/taler/signatures-exchange';
import { merchantTrackTransaction } from '../../src/taler/signatures-merchant';
import { timestampToJson } from '../../src/taler/timestamp';
import { type Exchange, topics } from './exchange';
import type { ExchangeRequest, Reply } from './http-types';
import { pathBytes, queryInteger, queryTimeout } from './parameters';
import type { Deposit, Transfer } from './records';
import { Refusal } from './refusal';

const KEY_BYTES = 32;
const HASH_BYTES = 64;
const SIGNATURE_BYTES = 64;

/** Values of `lpt`: what GET /deposits waits for; without it nothing is waited for (recordings 102-104). */
const AWAIT_KYC_REQUIRED_OR_WIRED = 1;
const AWAIT_WIRED = 2;

interface TrackedDeposit {
  readonly hWire: Buffer;
  readonly merchantPub: Buffer;
  readonly hContract: Buffer;
  readonly coinPub: Buffer;
}

/** GET /deposits/$H_WIRE/$MERCHANT_PUB/$H_CONTRACT_TERMS/$COIN_PUB (exchange.md 5, recordings 100-112). */
export async function trackDeposit(exchange: Exchange, request: ExchangeRequest): Promise<Reply> {
  const tracked = {
    hWire: part(request, 0, HASH_BYTES, TalerCode.EXCHANGE_DEPOSITS_GET_INVALID_H_WIRE),
    merchantPub: part(request, 1, KEY_BYTES, TalerCode.EXCHANGE_DEPOSITS_GET_INVALID_MERCHANT_PUB),
    hContract: part(request, 2, HASH_BYTES, TalerCode.EXCHANGE_DEPOSITS_GET_INVALID_H_CONTRACT_TERMS),
    coinPub: part(request, 3, KEY_BYTES, TalerCode.EXCHANGE_DEPOSITS_GET_INVALID_COIN_PUB),
  };
  const signature = querySignature(request);
  const timeoutMs = queryTimeout(request);
  const awaited = queryInteger(request, 'lpt') ?? 0;
  if (!merchantTrackTransaction.verify(tracked.merchantPub, tracked, signature)) {
    throw new Refusal(TalerCode.EXCHANGE_DEPOSITS_GET_MERCHANT_SIGNATURE_INVALID);
  }
  const merchantPub = encodeBase32(tracked.merchantPub);
  const hContract = encodeBase32(tracked.hContract);
  const contract = exchange.ledger.contract(merchantPub, hContract);
  const deposit = contract?.deposits.get(encodeBase32(tracked.coinPub));
  if (deposit === undefined || deposit.contract.hWire !== encodeBase32(tracked.hWire)) {
    throw new Refusal(TalerCode.EXCHANGE_DEPOSITS_GET_NOT_FOUND);
  }
  const transfer = await exchange.waiters.until({
    topic: topics.contract(merchantPub, hContract),
    timeoutMs,
    gone: request.gone,
    look: () => deposit.transfer,
    isFinal: (seen) => seen !== undefined || !isWorthWaiting(deposit, awaited),
  });
  if (transfer === undefined) return { status: 202, body: pending(exchange, deposit) };
  return { status: 200, body: wired(exchange, request, { tracked, deposit, transfer }) };
}

function part(request: ExchangeRequest, position: number, byteLength: number, code: TalerCode): Buffer {
  return pathBytes(request, position, { byteLength, code });
}

function querySignature(request: ExchangeRequest): Buffer {
  const text = request.query.get('merchant_sig');
  if (text === null) throw new Refusal(TalerCode.GENERIC_PARAMETER_MISSING, { detail: 'merchant_sig' });
  const signature = decodeBase32(text, SIGNATURE_BYTES);
  if (signature === undefined)
    throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: 'merchant_sig' });
  return signature;
}

function isWorthWaiting(deposit: Deposit, awaited: number): boolean {
  if (awaited === AWAIT_WIRED) return true;
  return awaited === AWAIT_KYC_REQUIRED_OR_WIRED && deposit.contract.payee.account.requirementRow === 0;
}

/** Recordings 100 and 222-224: account_pub and requirement_row only where KYC is on and they are known. */
function pending(exchange: Exchange, deposit: Deposit): JsonObject {
  const { requirementRow, ownerPub } = deposit.contract.payee.account;
  const executionTime = { execution_time: timestampToJson(deposit.contract.wireDeadline) };
  if (!exchange.ledger.kycRules.enabled) return { kyc_ok: true, ...executionTime };
  return {
    ...(requirementRow === 0 ? {} : { requirement_row: requirementRow }),
    ...(ownerPub === undefined ? {} : { account_pub: ownerPub }),
    kyc_ok: requirementRow === 0,
    ...executionTime,
  };
}

/** coin_contribution ignores refunds (recordings 107, 108). */
function wired(
  exchange: Exchange,
  request: ExchangeRequest,
  { tracked, deposit, transfer }: { tracked: TrackedDeposit; deposit: Deposit; transfer: Transfer },
): JsonObject {
  const coinContribution = exchange.amount(deposit.contribution - deposit.depositFee);
  const { hWire, hContract, coinPub } = tracked;
  const wtid = bytesOf(transfer.wtid, KEY_BYTES);
  const signed = { hWire, hContract, wtid, coinPub, executionTime: transfer.time, coinContribution };
  return {
    wtid: transfer.wtid,
    execution_time: timestampToJson(transfer.time),
    coin_contribution: exchange.text(coinContribution.units),
    exchange_sig: encodeBase32(confirmWire.sign(request.signer.signer, signed)),
    exchange_pub: request.signer.pub,
  };
}

/** GET /transfers/$WTID (exchange.md 6, recordings 113-115). */
export function transferDetails(exchange: Exchange, request: ExchangeRequest): Reply {
  const wtid = part(request, 0, KEY_BYTES, TalerCode.EXCHANGE_TRANSFERS_GET_WTID_MALFORMED);
  const transfer = exchange.ledger.transfers.get(encodeBase32(wtid));
  if (transfer === undefined) throw new Refusal(TalerCode.EXCHANGE_TRANSFERS_GET_WTID_NOT_FOUND);
  const { payee, lines } = transfer;
  const hPayto = hashFullPayto(payee.payto);
  const hDetails = hashWireDepositDetails(
    lines.map(({ deposit, value, fee }) => ({
      hContract: bytesOf(deposit.contract.hContract, HASH_BYTES),
      executionTime: transfer.time,
      coinPub: bytesOf(deposit.coin.pub, KEY_BYTES),
      depositValue: exchange.amount(value),
      depositFee: exchange.amount(fee),
    })),
  );
  const signature = confirmWireDeposit.sign(request.signer.signer, {
    total: exchange.amount(transfer.total),
    wireFee: exchange.amount(transfer.wireFee),
    merchantPub: bytesOf(payee.merchantPub, KEY_BYTES),
    hPayto,
    hDetails,
  });
  return {
    status: 200,
    body: {
      total: exchange.text(transfer.total),
      wire_fee: exchange.text(transfer.wireFee),
      merchant_pub: payee.merchantPub,
      h_payto: encodeBase32(hPayto),
      execution_time: timestampToJson(transfer.time),
      deposits: lines.map(({ deposit, value, fee, refunded }) => ({
        h_contract_terms: deposit.contract.hContract,
        coin_pub: deposit.coin.pub,
        ...(refunded === 0n ? {} : { refund_total: exchange.text(refunded) }),
        deposit_value: exchange.text(value),
        deposit_fee: exchange.text(fee),
      })),
      exchange_sig: encodeBase32(signature),
      exchange_pub: request.signer.pub,
    },
  };
}

/** The books hold nothing but well-formed base32. */
function bytesOf(text: string, byteLength: number): Buffer {
  const bytes = decodeBase32(text, byteLength);
  if (bytes === undefined) throw new Error(`not ${byteLength} bytes of base32: ${text}`);
  return bytes;
}
