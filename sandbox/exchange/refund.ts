import { encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import { confirmRefund } from '../../src/taler/signatures-exchange';
import { merchantRefund } from '../../src/taler/signatures-merchant';
import { denominationUnknown } from './denomination-checks';
import type { Exchange } from './exchange';
import { FieldReader } from './fields';
import type { ExchangeRequest, Reply } from './http-types';
import { pathBytes } from './parameters';
import type { Coin, Deposit } from './records';
import { Refusal } from './refusal';

const KEY_BYTES = 32;
const HASH_BYTES = 64;
const SIGNATURE_BYTES = 64;
const NO_DENOMINATION = Buffer.alloc(HASH_BYTES);

/**
 * POST /coins/$COIN_PUB/refund (exchange.md 4, recordings 080-098, 116-118). The refund deadline is not looked at:
 * only the wire transfer ends refunds, and a refund granted before is confirmed again at any time.
 */
export function refundCoin(exchange: Exchange, request: ExchangeRequest): Reply {
  const coinPub = pathBytes(request, 0, {
    byteLength: KEY_BYTES,
    code: TalerCode.EXCHANGE_GENERIC_COINS_INVALID_COIN_PUB,
  });
  const fields = new FieldReader(request.body, exchange.currency);
  const refundAmount = fields.amount('refund_amount');
  const hContract = fields.bytes('h_contract_terms', HASH_BYTES);
  const merchantPub = fields.bytes('merchant_pub', KEY_BYTES);
  const rtransactionId = fields.integer('rtransaction_id');
  const merchantSig = fields.bytes('merchant_sig', SIGNATURE_BYTES);
  const signed = { hContract, coinPub, rtransactionId, refundAmount };
  if (!merchantRefund.verify(merchantPub, signed, merchantSig)) {
    throw new Refusal(TalerCode.EXCHANGE_REFUND_MERCHANT_SIGNATURE_INVALID);
  }
  const coin = exchange.ledger.coins.get(encodeBase32(coinPub));
  // Recording 088: not code 1500, but the statement that there is no denomination with a hash of zeros.
  if (coin === undefined) throw denominationUnknown(exchange, request, NO_DENOMINATION);
  const refundFee = exchange.ring.denomination(coin.hDenom)?.plan.feeRefund.units ?? 0n;
  // Recordings 089 and 091: an internal error of the reference implementation, zero included.
  if (refundAmount.units < refundFee || refundAmount.units === 0n) {
    throw new Refusal(TalerCode.GENERIC_DB_FETCH_FAILED, { detail: 'do refund' });
  }
  const contract = exchange.ledger.contract(encodeBase32(merchantPub), encodeBase32(hContract));
  const deposit = contract?.deposits.get(coin.pub);
  if (deposit === undefined) throw new Refusal(TalerCode.EXCHANGE_REFUND_DEPOSIT_NOT_FOUND);
  if (!wasGrantedBefore(coin, deposit, { id: String(rtransactionId), amount: refundAmount.units })) {
    refuseImpossible(coin, deposit, refundAmount.units);
    exchange.record({
      event: 'coin-refunded',
      coinPub: coin.pub,
      merchantPub: encodeBase32(merchantPub),
      hContract: encodeBase32(hContract),
      rtransactionId: String(rtransactionId),
      amount: String(refundAmount.units),
      refundFee: String(refundFee),
      merchantSig: encodeBase32(merchantSig),
    });
  }
  const signature = confirmRefund.sign(request.signer.signer, { ...signed, merchantPub });
  return { status: 200, body: { exchange_sig: encodeBase32(signature), exchange_pub: request.signer.pub } };
}

/** @throws Refusal 424/1510 if the id was used with another amount (recording 082) */
function wasGrantedBefore(coin: Coin, deposit: Deposit, wanted: { id: string; amount: bigint }): boolean {
  const granted = deposit.refunds.get(wanted.id);
  if (granted === undefined) return false;
  if (granted.amount === wanted.amount) return true;
  throw new Refusal(TalerCode.EXCHANGE_REFUND_INCONSISTENT_AMOUNT, coinMembers(coin));
}

function refuseImpossible(coin: Coin, deposit: Deposit, amount: bigint): void {
  if (deposit.transfer !== undefined) throw new Refusal(TalerCode.EXCHANGE_REFUND_MERCHANT_ALREADY_PAID);
  if (deposit.refunded + amount <= deposit.contribution) return;
  throw new Refusal(TalerCode.EXCHANGE_REFUND_CONFLICT_DEPOSIT_INSUFFICIENT, coinMembers(coin));
}

function coinMembers(coin: Coin): { coin_pub: string; h_denom_pub: string } {
  return { coin_pub: coin.pub, h_denom_pub: coin.hDenom };
}
