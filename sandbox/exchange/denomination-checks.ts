import { encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import { affirmDenomExpired, affirmDenomUnknown } from '../../src/taler/signatures-exchange';
import { timestampToJson } from '../../src/taler/timestamp';
import type { Exchange } from './exchange';
import type { ExchangeRequest } from './http-types';
import type { Denomination } from './key-ring';
import { Refusal } from './refusal';

const OPERATION_BYTES = 8;

/**
 * The denomination, if it may be used for the operation now.
 *
 * @param operation as it stands in the refusal; signed are its first eight characters (recording 303)
 * @throws Refusal 404/1005, 410/1008 or 410/1009, signed by the exchange (recordings 035, 036, 300)
 */
export function usableDenomination(
  exchange: Exchange,
  request: ExchangeRequest,
  use: { hDenom: Buffer; operation: 'DEPOSIT' | 'batch-withdraw' },
): Denomination {
  const { hDenom, operation } = use;
  const denomination = exchange.ring.denomination(encodeBase32(hDenom));
  if (denomination === undefined) throw denominationUnknown(exchange, request, hDenom);
  const now = exchange.clock.now();
  const expiry = operation === 'DEPOSIT' ? denomination.expireDeposit : denomination.expireWithdraw;
  if (now >= expiry) throw outsideValidity(TalerCode.EXCHANGE_GENERIC_DENOMINATION_EXPIRED);
  if (now < denomination.start)
    throw outsideValidity(TalerCode.EXCHANGE_GENERIC_DENOMINATION_VALIDITY_IN_FUTURE);
  return denomination;

  function outsideValidity(code: TalerCode): Refusal {
    const signed = { timestamp: now, operation: operation.slice(0, OPERATION_BYTES), hDenom };
    const members = {
      oper: operation,
      timestamp: timestampToJson(now),
      exchange_pub: request.signer.pub,
      exchange_sig: encodeBase32(affirmDenomExpired.sign(request.signer.signer, signed)),
      h_denom_pub: encodeBase32(hDenom),
    };
    // The registry has 412 for 1008, the recording 410 (exchange.md 12, number 4).
    return new Refusal(code, members, 410);
  }
}

/** 404/1005 with the signed statement that the exchange has no such key. */
export function denominationUnknown(exchange: Exchange, request: ExchangeRequest, hDenom: Buffer): Refusal {
  const timestamp = exchange.clock.now();
  const signature = affirmDenomUnknown.sign(request.signer.signer, { timestamp, hDenom });
  return new Refusal(TalerCode.EXCHANGE_GENERIC_DENOMINATION_KEY_UNKNOWN, {
    timestamp: timestampToJson(timestamp),
    exchange_pub: request.signer.pub,
    exchange_sig: encodeBase32(signature),
    h_denom_pub: encodeBase32(hDenom),
  });
}
