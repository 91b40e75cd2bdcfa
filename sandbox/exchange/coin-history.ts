import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import type { JsonObject } from '../../src/taler/json';
import { coinHistory as coinHistoryMessage } from '../../src/taler/signatures-wallet';
import { timestampToJson } from '../../src/taler/timestamp';
import type { Exchange } from './exchange';
import type { ExchangeRequest, Reply } from './http-types';
import { pathBytes, queryInteger } from './parameters';
import type { CoinEvent } from './records';
import { Refusal } from './refusal';

const SIGNATURE_HEADER = 'Taler-Coin-History-Signature';
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** GET /coins/$COIN_PUB/history?start=, authorized by the coin key (recording 094). */
export function coinHistory(exchange: Exchange, request: ExchangeRequest): Reply {
  const coinPub = pathBytes(request, 0, {
    byteLength: KEY_BYTES,
    code: TalerCode.EXCHANGE_GENERIC_COINS_INVALID_COIN_PUB,
  });
  const start = queryInteger(request, 'start') ?? 0;
  if (start < 0) throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: 'start' });
  if (!coinHistoryMessage.verify(coinPub, { startOffset: BigInt(start) }, headerSignature(request))) {
    throw new Refusal(TalerCode.EXCHANGE_COIN_HISTORY_BAD_SIGNATURE);
  }
  const coin = exchange.ledger.coins.get(encodeBase32(coinPub));
  if (coin === undefined) throw new Refusal(TalerCode.EXCHANGE_GENERIC_COIN_UNKNOWN);
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-cache', ETag: `"${coin.history.length}"` },
    body: {
      h_denom_pub: coin.hDenom,
      balance: exchange.text(coin.value - coin.spent),
      history: coin.history.slice(start).map((event) => entryOf(exchange, event)),
    },
  };
}

function headerSignature(request: ExchangeRequest): Buffer {
  const text = request.headers[SIGNATURE_HEADER.toLowerCase()];
  if (typeof text !== 'string')
    throw new Refusal(TalerCode.GENERIC_PARAMETER_MISSING, { detail: SIGNATURE_HEADER });
  const signature = decodeBase32(text, SIGNATURE_BYTES);
  if (signature === undefined)
    throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: SIGNATURE_HEADER });
  return signature;
}

function entryOf(exchange: Exchange, event: CoinEvent): JsonObject {
  const { contract } = event.deposit;
  if (event.kind === 'refund') {
    return {
      type: 'REFUND',
      amount: exchange.text(event.refund.amount - event.refund.refundFee),
      refund_fee: exchange.text(event.refund.refundFee),
      h_contract_terms: contract.hContract,
      merchant_pub: contract.payee.merchantPub,
      rtransaction_id: Number(event.refund.rtransactionId),
      merchant_sig: event.refund.merchantSig,
    };
  }
  return {
    type: 'DEPOSIT',
    amount: exchange.text(event.deposit.contribution),
    deposit_fee: exchange.text(event.deposit.depositFee),
    timestamp: timestampToJson(contract.walletTimestamp),
    // A refund deadline of zero is an absent one (conventions.md 3).
    ...(contract.refundDeadline === 0n ? {} : { refund_deadline: timestampToJson(contract.refundDeadline) }),
    merchant_pub: contract.payee.merchantPub,
    h_contract_terms: contract.hContract,
    h_wire: contract.hWire,
    coin_sig: event.deposit.coinSig,
  };
}
