import { encodeBase32 } from '../../src/taler/base32';
import { hashCoinEnvelope } from '../../src/taler/denominations';
import { TalerCode } from '../../src/taler/error-codes';
import type { JsonValue } from '../../src/taler/json';
import { rsaSignBlinded } from '../../src/taler/rsa';
import { reserveWithdraw } from '../../src/taler/signatures-wallet';
import { usableDenomination } from './denomination-checks';
import { type Exchange, topics } from './exchange';
import { FieldReader } from './fields';
import type { ExchangeRequest, Reply } from './http-types';
import type { Denomination } from './key-ring';
import { pathBytes, queryTimeout } from './parameters';
import { Refusal } from './refusal';

/** Planchets of a withdrawal; newer exchanges take 64 (crypto.md 6), 0.14.1 more. */
const MAX_PLANCHETS = 256;
const KEY_BYTES = 32;
const HASH_BYTES = 64;
const SIGNATURE_BYTES = 64;

interface Planchet {
  readonly denomination: Denomination;
  readonly blinded: Buffer;
  /** Hash of the coin envelope in base32. */
  readonly envelope: string;
  readonly amountWithFee: bigint;
}

/** GET /reserves/$RESERVE_PUB?timeout_ms: 404/1027 until money arrived (recordings 010, 012). */
export async function reserveStatus(exchange: Exchange, request: ExchangeRequest): Promise<Reply> {
  const pub = encodeBase32(reservePub(request));
  const reserve = await exchange.waiters.until({
    topic: topics.reserve(pub),
    timeoutMs: queryTimeout(request),
    gone: request.gone,
    look: () => exchange.ledger.reserves.get(pub),
    isFinal: (seen) => seen !== undefined,
  });
  if (reserve === undefined) throw new Refusal(TalerCode.EXCHANGE_GENERIC_RESERVE_UNKNOWN);
  return { status: 200, body: { last_origin: reserve.lastOrigin, balance: exchange.text(reserve.balance) } };
}

/**
 * POST /reserves/$RESERVE_PUB/batch-withdraw (crypto.md 6, recordings 013-015, 303). All or nothing; envelopes
 * that were paid before are signed again for free, so a wallet may repeat a request whose answer was lost.
 */
export function batchWithdraw(exchange: Exchange, request: ExchangeRequest): Reply {
  const pub = reservePub(request);
  const list = new FieldReader(request.body, exchange.currency).array('planchets');
  if (list.length === 0 || list.length > MAX_PLANCHETS) {
    throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: 'planchets' });
  }
  const planchets = list.map((planchet) => checkPlanchet(exchange, request, { planchet, pub }));
  const reserve = exchange.ledger.reserves.get(encodeBase32(pub));
  if (reserve === undefined) throw new Refusal(TalerCode.EXCHANGE_GENERIC_RESERVE_UNKNOWN);
  const fresh = new Map<string, Planchet>();
  for (const planchet of planchets) {
    if (!reserve.envelopes.has(planchet.envelope)) fresh.set(planchet.envelope, planchet);
  }
  const requested = [...fresh.values()].reduce((sum, planchet) => sum + planchet.amountWithFee, 0n);
  if (requested > reserve.balance) {
    throw new Refusal(TalerCode.EXCHANGE_WITHDRAW_INSUFFICIENT_FUNDS, {
      balance: exchange.text(reserve.balance),
      requested_amount: exchange.text(requested),
    });
  }
  if (fresh.size > 0) enter(exchange, reserve.pub, [...fresh.values()]);
  return {
    status: 200,
    body: {
      ev_sigs: planchets.map(({ denomination, blinded }) => ({
        ev_sig: {
          cipher: 'RSA',
          blinded_rsa_signature: encodeBase32(rsaSignBlinded(denomination.privateKey, blinded)),
        },
      })),
    },
  };
}

function reservePub(request: ExchangeRequest): Buffer {
  return pathBytes(request, 0, { byteLength: KEY_BYTES, code: TalerCode.GENERIC_RESERVE_PUB_MALFORMED });
}

function checkPlanchet(
  exchange: Exchange,
  request: ExchangeRequest,
  { planchet, pub }: { planchet: JsonValue; pub: Buffer },
): Planchet {
  const fields = new FieldReader(planchet, exchange.currency);
  const reserveSig = fields.bytes('reserve_sig', SIGNATURE_BYTES);
  const hDenom = fields.bytes('denom_pub_hash', HASH_BYTES);
  const blinded = fields.rsaValue('coin_ev', 'rsa_blinded_planchet');
  const denomination = usableDenomination(exchange, request, { hDenom, operation: 'batch-withdraw' });
  // Above the modulus there is nothing to sign; the reference implementation fails in its signing helper.
  if (!isBelowModulus(blinded, denomination)) {
    throw new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail: 'coin_ev' });
  }
  const { value, feeWithdraw } = denomination.plan;
  const amountWithFee = value.units + feeWithdraw.units;
  const hCoinEnvelope = hashCoinEnvelope(hDenom, blinded);
  const signed = { amountWithFee: exchange.amount(amountWithFee), hDenom, hCoinEnvelope };
  if (!reserveWithdraw.verify(pub, signed, reserveSig)) {
    throw new Refusal(TalerCode.EXCHANGE_WITHDRAW_RESERVE_SIGNATURE_INVALID);
  }
  return { denomination, blinded, envelope: encodeBase32(hCoinEnvelope), amountWithFee };
}

function isBelowModulus(blinded: Buffer, denomination: Denomination): boolean {
  return blinded.length > 0 && BigInt(`0x${blinded.toString('hex')}`) < denomination.key.rsaPublicKey.n;
}

function enter(exchange: Exchange, pub: string, planchets: readonly Planchet[]): void {
  exchange.record({
    event: 'coins-withdrawn',
    reservePub: pub,
    planchets: planchets.map(({ envelope, denomination }) => ({
      envelope,
      value: String(denomination.plan.value.units),
      fee: String(denomination.plan.feeWithdraw.units),
    })),
    time: String(exchange.clock.now()),
  });
}
