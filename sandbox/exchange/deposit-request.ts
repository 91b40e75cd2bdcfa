import type { Amount } from '../../src/taler/amount';
import { encodeBase32 } from '../../src/taler/base32';
import { hashCoin } from '../../src/taler/denominations';
import { TalerCode } from '../../src/taler/error-codes';
import type { JsonValue } from '../../src/taler/json';
import { sha512 } from '../../src/taler/kdf';
import { hashWire } from '../../src/taler/payto';
import { rsaVerify } from '../../src/taler/rsa';
import { merchantContract } from '../../src/taler/signatures-merchant';
import { coinDeposit } from '../../src/taler/signatures-wallet';
import { NEVER, type Timestamp } from '../../src/taler/timestamp';
import { usableDenomination } from './denomination-checks';
import type { Exchange } from './exchange';
import { FieldReader } from './fields';
import type { ExchangeRequest } from './http-types';
import type { Denomination } from './key-ring';
import { Refusal } from './refusal';

/** 0.14.1 takes 256 coins, newer versions 64 (exchange.md 3); recording 070 shows the refusal of 257. */
const MAX_COINS = 256;
const KEY_BYTES = 32;
const HASH_BYTES = 64;
const SIGNATURE_BYTES = 64;
const WIRE_SALT_BYTES = 16;

/** A batch deposit whose form, signatures and denominations are fine; the books were not asked yet. */
export interface CheckedDeposit {
  readonly payto: string;
  readonly merchantPub: Buffer;
  readonly hContract: Buffer;
  readonly hWire: Buffer;
  readonly walletDataHash: Buffer | undefined;
  readonly walletTimestamp: Timestamp;
  /** 0 if there is none. */
  readonly refundDeadline: Timestamp;
  readonly wireDeadline: Timestamp;
  readonly coins: readonly CheckedCoin[];
}

export interface CheckedCoin {
  readonly coinPub: Buffer;
  /** coinPub in base32. */
  readonly id: string;
  readonly denomination: Denomination;
  readonly ubSig: Buffer;
  readonly coinSig: Buffer;
  readonly contribution: Amount;
  readonly hAgeCommitment: Buffer | undefined;
}

type DepositTerms = Omit<CheckedDeposit, 'coins'>;

/** Everything about a batch deposit that can be judged without the books. @throws Refusal as in recordings 033-052 */
export function checkDepositRequest(exchange: Exchange, request: ExchangeRequest): CheckedDeposit {
  const fields = new FieldReader(request.body, exchange.currency);
  const payto = fields.payto('merchant_payto_uri');
  const wireSalt = fields.bytes('wire_salt', WIRE_SALT_BYTES);
  const merchantPub = fields.bytes('merchant_pub', KEY_BYTES);
  const hContract = fields.bytes('h_contract_terms', HASH_BYTES);
  const merchantSig = fields.optionalBytes('merchant_sig', SIGNATURE_BYTES);
  const coins = fields.array('coins');
  const policy = fields.optionalObject('policy');
  const walletDataHash = fields.optionalBytes('wallet_data_hash', HASH_BYTES);
  const walletTimestamp = fields.timestamp('timestamp');
  const refundDeadline = fields.optionalTimestamp('refund_deadline') ?? 0n;
  const wireDeadline = fields.timestamp('wire_transfer_deadline');
  if (wireDeadline >= NEVER) throw new Refusal(TalerCode.EXCHANGE_DEPOSIT_WIRE_DEADLINE_IS_NEVER);
  if (refundDeadline > wireDeadline) {
    throw new Refusal(TalerCode.EXCHANGE_DEPOSIT_REFUND_DEADLINE_AFTER_WIRE_DEADLINE);
  }
  if (coins.length === 0 || coins.length > MAX_COINS) throw malformed('coins');
  if (merchantSig !== undefined && !merchantContract.verify(merchantPub, { hContract }, merchantSig)) {
    throw malformed('merchant_sig');
  }
  // No extension offers policies here, so there is none that could be accepted.
  if (policy !== undefined) throw new Refusal(TalerCode.EXCHANGE_DEPOSITS_POLICY_NOT_ACCEPTED);
  const hWire = hashWire(payto, wireSalt);
  const terms = {
    payto,
    merchantPub,
    hContract,
    hWire,
    walletDataHash,
    walletTimestamp,
    refundDeadline,
    wireDeadline,
  };
  return { ...terms, coins: coins.map((coin) => checkCoin(exchange, request, { coin, terms })) };
}

function checkCoin(
  exchange: Exchange,
  request: ExchangeRequest,
  { coin, terms }: { coin: JsonValue; terms: DepositTerms },
): CheckedCoin {
  const fields = new FieldReader(coin, exchange.currency);
  const contribution = fields.amount('contribution');
  const hDenom = fields.bytes('denom_pub_hash', HASH_BYTES);
  const coinPub = fields.bytes('coin_pub', KEY_BYTES);
  const ubSig = fields.rsaValue('ub_sig', 'rsa_signature');
  const coinSig = fields.bytes('coin_sig', SIGNATURE_BYTES);
  const hAgeCommitment = fields.optionalBytes('h_age_commitment', KEY_BYTES);
  const denomination = usableDenomination(exchange, request, { hDenom, operation: 'DEPOSIT' });
  if (contribution.units > denomination.plan.value.units) {
    throw new Refusal(TalerCode.EXCHANGE_GENERIC_AMOUNT_EXCEEDS_DENOMINATION_VALUE);
  }
  const depositFee = denomination.plan.feeDeposit;
  if (contribution.units < depositFee.units)
    throw new Refusal(TalerCode.EXCHANGE_DEPOSIT_NEGATIVE_VALUE_AFTER_FEE);
  if (!rsaVerify(denomination.key.rsaPublicKey, hashCoin(coinPub, hAgeCommitment), ubSig)) {
    throw new Refusal(TalerCode.EXCHANGE_DENOMINATION_SIGNATURE_INVALID);
  }
  const { payto: _payto, ...signedTerms } = terms;
  const signed = { ...signedTerms, hAgeCommitment, hDenom, contribution, depositFee };
  if (!coinDeposit.verify(coinPub, signed, coinSig)) throw badCoinSignature(coinPub);
  return { coinPub, id: encodeBase32(coinPub), denomination, ubSig, coinSig, contribution, hAgeCommitment };
}

function malformed(detail: string): Refusal {
  return new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail });
}

/** `detail` names the coin the way the reference implementation logs keys: start of the hash (recording 033). */
function badCoinSignature(coinPub: Buffer): Refusal {
  const detail = encodeBase32(sha512(coinPub)).slice(0, 8);
  return new Refusal(TalerCode.EXCHANGE_DEPOSIT_COIN_SIGNATURE_INVALID, { detail });
}
