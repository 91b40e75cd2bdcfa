import { randomBytes } from 'node:crypto';
import {
  type SandboxExchange,
  type SandboxExchangeOptions,
  startSandboxExchange,
} from '../../../sandbox/exchange/exchange-server';
import { type Amount, parseAmount } from '../../../src/taler/amount';
import { decodeBase32, decodeBase32Variable, encodeBase32 } from '../../../src/taler/base32';
import {
  hashCoin,
  hashCoinEnvelope,
  hashDenomination,
  parseDenominationKey,
  type RsaDenominationKey,
} from '../../../src/taler/denominations';
import { createSigner, type EddsaSigner, generateSeed } from '../../../src/taler/eddsa';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/taler/json';
import { hashWire } from '../../../src/taler/payto';
import { rsaBlind, rsaUnblind, rsaVerify } from '../../../src/taler/rsa';
import { confirmDeposit, hashCoinSignatures } from '../../../src/taler/signatures-exchange';
import { merchantRefund, merchantTrackTransaction } from '../../../src/taler/signatures-merchant';
import { coinDeposit, reserveWithdraw } from '../../../src/taler/signatures-wallet';
import { parseTimestamp, SECOND_US, type Timestamp, timestampToJson } from '../../../src/taler/timestamp';
import { type Answer, sendJson } from './http-client';

/** Time of the recordings. */
export const START_US = 1_795_150_642n * SECOND_US;
export const DAY_S = 86_400;
/** Longer than any test may take: who is answered earlier was woken, or never waited. */
export const LONG_MS = 600_000;
/** For what must happen; used up only where it does not. */
const PATIENCE_MS = 60_000;

export interface Denomination {
  readonly key: RsaDenominationKey;
  readonly hDenom: Buffer;
  readonly value: Amount;
  readonly feeWithdraw: Amount;
  readonly feeDeposit: Amount;
  readonly feeRefund: Amount;
  readonly start: Timestamp;
}

export interface Coin {
  readonly signer: EddsaSigner;
  readonly pub: string;
  readonly denomination: Denomination;
  readonly signature: Buffer;
  readonly hAge: Buffer | undefined;
}

export interface Merchant {
  readonly signer: EddsaSigner;
  readonly pub: string;
  readonly payto: string;
  readonly salt: Buffer;
}

export function makeMerchant(name = 'Merchant1'): Merchant {
  const signer = createSigner(generateSeed());
  const payto = `payto://x-taler-bank/localhost/${name}?receiver-name=${name}`;
  return { signer, pub: encodeBase32(signer.publicKey), payto, salt: randomBytes(16) };
}

export function amount(text: string): Amount {
  return defined(parseAmount(text));
}

export function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('expected a value');
  return value;
}

export function bytes(value: JsonValue | undefined, length: number): Buffer {
  return defined(typeof value === 'string' ? decodeBase32(value, length) : undefined);
}

export function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** Waits until `probe` is true. @throws Error when it never is */
export async function eventually(probe: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!probe()) {
    if (performance.now() > endMs) throw new Error(`waited in vain: ${probe.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface DepositPlan {
  readonly merchant: Merchant;
  readonly parts: ReadonlyArray<{ readonly coin: Coin; readonly contribution: string }>;
  readonly hContract?: Buffer;
  readonly salt?: Buffer;
  readonly payto?: string;
  readonly timestamp?: Timestamp;
  /** null: left out. */
  readonly refundDeadline?: Timestamp | null;
  readonly wireDeadline?: Timestamp;
  readonly walletDataHash?: Buffer;
}

export interface BuiltDeposit {
  readonly plan: DepositPlan;
  readonly hContract: Buffer;
  readonly hWire: Buffer;
  readonly refundDeadline: Timestamp;
  readonly wireDeadline: Timestamp;
  readonly coinSigs: readonly Buffer[];
  readonly body: JsonObject & { coins: JsonObject[] };
}

/** A sandbox exchange in memory with a wallet's and a merchant's side of the protocol, on a clock that stands still. */
export class Harness {
  private constructor(
    readonly exchange: SandboxExchange,
    private readonly clock: { us: bigint },
    readonly denominations: readonly Denomination[],
    readonly keys: JsonObject,
  ) {}

  static async start(options: SandboxExchangeOptions = {}): Promise<Harness> {
    const clock = { us: START_US };
    const exchange = await startSandboxExchange({
      rsaBits: 1024,
      nowUs: () => clock.us,
      aggregationIntervalMs: 0,
      ...options,
    });
    const keys = (await sendJson(exchange.baseUrl, { method: 'GET', path: '/keys' })).body;
    return new Harness(exchange, clock, readDenominations(keys), keys);
  }

  get now(): Timestamp {
    return this.clock.us;
  }

  advance(seconds: number): void {
    this.clock.us += BigInt(seconds) * SECOND_US;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return sendJson(this.exchange.baseUrl, { method: 'GET', path, headers });
  }

  /**
   * A GET that is held until something happens.
   * @returns once the exchange has it: what was sent after it is answered
   */
  async longPoll(path: string, headers: Record<string, string> = {}): Promise<{ answer: Promise<Answer> }> {
    let answer: Promise<Answer> | undefined;
    await new Promise<void>((onSent, reject) => {
      answer = sendJson(this.exchange.baseUrl, { method: 'GET', path, headers, onSent });
      answer.catch(reject);
    });
    await this.get('/config');
    return { answer: defined(answer) };
  }

  post(path: string, body: unknown): Promise<Answer> {
    return sendJson(this.exchange.baseUrl, { method: 'POST', path, body });
  }

  /** @param value such as `KUDOS:1` */
  denomination(value: string, options: { future?: boolean; age?: boolean } = {}): Denomination {
    const { future = false, age = false } = options;
    const found = this.denominations.find(
      (candidate) =>
        candidate.value.units === amount(value).units &&
        (candidate.key.ageMask !== 0) === age &&
        candidate.start > this.now === future,
    );
    return defined(found);
  }

  async fund(value: string): Promise<EddsaSigner> {
    const reserve = createSigner(generateSeed());
    const answer = await this.post('/bank/accounts/Exchange/taler-wire-gateway/admin/add-incoming', {
      amount: value,
      reserve_pub: encodeBase32(reserve.publicKey),
      debit_account: 'payto://x-taler-bank/localhost/Customer1?receiver-name=Customer1',
    });
    expect(answer.status).toBe(200);
    return reserve;
  }

  /** One coin for each value, with fresh keys unless told otherwise. */
  async withdraw(
    reserve: EddsaSigner,
    wanted: ReadonlyArray<{ denomination: Denomination; signer?: EddsaSigner; hAge?: Buffer }>,
  ): Promise<Coin[]> {
    const planchets = wanted.map((want) => makePlanchet(reserve, want));
    const path = `/reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`;
    const answer = await this.post(path, { planchets: planchets.map((planchet) => planchet.json) });
    expect(answer.status).toBe(200);
    const signatures = objects(answer.body.ev_sigs);
    return planchets.map((planchet, index) => unblind(planchet, defined(signatures[index])));
  }

  /** Coins of these values out of a reserve that holds enough for them. */
  async coins(...values: string[]): Promise<Coin[]> {
    const reserve = await this.fund('KUDOS:200');
    return this.withdraw(
      reserve,
      values.map((value) => ({ denomination: this.denomination(value) })),
    );
  }

  async coin(value: string): Promise<Coin> {
    return defined((await this.coins(value))[0]);
  }

  build(plan: DepositPlan): BuiltDeposit {
    const { merchant, parts, hContract = randomBytes(64), walletDataHash } = plan;
    const payto = plan.payto ?? merchant.payto;
    const salt = plan.salt ?? merchant.salt;
    const timestamp = plan.timestamp ?? this.now;
    const refundDeadline =
      plan.refundDeadline === undefined ? this.now + day(1) : (plan.refundDeadline ?? 0n);
    const wireDeadline = plan.wireDeadline ?? this.now + day(2);
    const hWire = hashWire(payto, salt);
    const coinSigs = parts.map(({ coin, contribution }) =>
      coinDeposit.sign(coin.signer, {
        hContract,
        hAgeCommitment: coin.hAge,
        hWire,
        hDenom: coin.denomination.hDenom,
        walletTimestamp: timestamp,
        refundDeadline,
        contribution: amount(contribution),
        depositFee: coin.denomination.feeDeposit,
        merchantPub: merchant.signer.publicKey,
        walletDataHash,
      }),
    );
    const body = {
      merchant_payto_uri: payto,
      wire_salt: encodeBase32(salt),
      h_contract_terms: encodeBase32(hContract),
      coins: parts.map(({ coin, contribution }, index) =>
        coinJson(coin, contribution, defined(coinSigs[index])),
      ),
      timestamp: timestampToJson(timestamp),
      wire_transfer_deadline: timestampToJson(wireDeadline),
      merchant_pub: merchant.pub,
      ...(plan.refundDeadline === null ? {} : { refund_deadline: timestampToJson(refundDeadline) }),
      ...(walletDataHash === undefined ? {} : { wallet_data_hash: encodeBase32(walletDataHash) }),
    };
    return { plan, hContract, hWire, refundDeadline, wireDeadline, coinSigs, body };
  }

  deposit(built: BuiltDeposit): Promise<Answer> {
    return this.post('/batch-deposit', built.body);
  }

  /** A deposit that must succeed, with its confirmation verified. */
  async deposited(plan: DepositPlan): Promise<BuiltDeposit> {
    const built = this.build(plan);
    const answer = await this.deposit(built);
    expect([answer.status, answer.body]).toEqual([200, answer.body]);
    expect(this.confirms(built, answer)).toBe(true);
    return built;
  }

  /** True if the answer confirms the deposit: 1033 by a signing key of /keys. */
  confirms(built: BuiltDeposit, answer: Answer): boolean {
    const net = built.plan.parts.map(({ coin, contribution }) => {
      return amount(contribution).units - coin.denomination.feeDeposit.units;
    });
    const signed = {
      hContract: built.hContract,
      hWire: built.hWire,
      exchangeTimestamp: defined(parseTimestamp(answer.body.exchange_timestamp)),
      wireDeadline: built.wireDeadline,
      refundDeadline: built.refundDeadline,
      totalWithoutFee: { currency: 'KUDOS', units: net.reduce((sum, units) => sum + units, 0n) },
      hCoinSigs: hashCoinSignatures(built.coinSigs),
      merchantPub: built.plan.merchant.signer.publicKey,
    };
    return confirmDeposit.verify(this.exchangePub(answer), signed, bytes(answer.body.exchange_sig, 64));
  }

  /** The key an answer names, if /keys lists it. */
  exchangePub(answer: Answer): Buffer {
    const listed = objects(this.keys.signkeys).map((key) => key.key);
    expect(listed).toContain(answer.body.exchange_pub);
    return bytes(answer.body.exchange_pub, 32);
  }

  refundBody(refund: {
    merchant: Merchant;
    coin: Coin;
    hContract: Buffer;
    id: number;
    value: string;
  }): JsonObject & { merchant_sig: string } {
    const signature = merchantRefund.sign(refund.merchant.signer, {
      hContract: refund.hContract,
      coinPub: refund.coin.signer.publicKey,
      rtransactionId: BigInt(refund.id),
      refundAmount: amount(refund.value),
    });
    return {
      refund_amount: refund.value,
      h_contract_terms: encodeBase32(refund.hContract),
      merchant_pub: refund.merchant.pub,
      rtransaction_id: refund.id,
      merchant_sig: encodeBase32(signature),
    };
  }

  refund(refund: Parameters<Harness['refundBody']>[0]): Promise<Answer> {
    return this.post(`/coins/${refund.coin.pub}/refund`, this.refundBody(refund));
  }

  trackPath(built: BuiltDeposit, coin: Coin): string {
    const { hWire, hContract } = built;
    const { merchant } = built.plan;
    const signed = { hContract, hWire, coinPub: coin.signer.publicKey };
    const signature = encodeBase32(merchantTrackTransaction.sign(merchant.signer, signed));
    const path = [hWire, merchant.signer.publicKey, hContract, coin.signer.publicKey]
      .map(encodeBase32)
      .join('/');
    return `/deposits/${path}?merchant_sig=${signature}`;
  }

  close(): Promise<void> {
    return this.exchange.close();
  }
}

export function day(days: number): bigint {
  return BigInt(days * DAY_S) * SECOND_US;
}

export function flipBit(text: JsonValue | undefined): string {
  const spoiled = Buffer.from(defined(typeof text === 'string' ? decodeBase32Variable(text) : undefined));
  spoiled.writeUInt8(spoiled.readUInt8(5) ^ 1, 5);
  return encodeBase32(spoiled);
}

export function coinJson(coin: Coin, contribution: string, coinSig: Buffer): JsonObject {
  return {
    coin_pub: coin.pub,
    denom_pub_hash: encodeBase32(coin.denomination.hDenom),
    contribution,
    ub_sig: { cipher: 'RSA', rsa_signature: encodeBase32(coin.signature) },
    coin_sig: encodeBase32(coinSig),
    ...(coin.hAge === undefined ? {} : { h_age_commitment: encodeBase32(coin.hAge) }),
  };
}

interface Planchet {
  readonly signer: EddsaSigner;
  readonly denomination: Denomination;
  readonly hAge: Buffer | undefined;
  readonly secret: Buffer;
  readonly json: JsonObject;
}

export function makePlanchet(
  reserve: EddsaSigner,
  want: { denomination: Denomination; signer?: EddsaSigner; hAge?: Buffer },
): Planchet {
  const { denomination, hAge, signer = createSigner(generateSeed()) } = want;
  const secret = randomBytes(32);
  const blinded = defined(rsaBlind(denomination.key.rsaPublicKey, hashCoin(signer.publicKey, hAge), secret));
  const signed = {
    amountWithFee: {
      currency: denomination.value.currency,
      units: denomination.value.units + denomination.feeWithdraw.units,
    },
    hDenom: denomination.hDenom,
    hCoinEnvelope: hashCoinEnvelope(denomination.hDenom, blinded),
  };
  const json = {
    denom_pub_hash: encodeBase32(denomination.hDenom),
    coin_ev: { cipher: 'RSA', rsa_blinded_planchet: encodeBase32(blinded) },
    reserve_sig: encodeBase32(reserveWithdraw.sign(reserve, signed)),
  };
  return { signer, denomination, hAge, secret, json };
}

export function unblind(planchet: Planchet, answered: JsonObject): Coin {
  const { signer, denomination, hAge, secret } = planchet;
  const inner = isJsonObject(answered.ev_sig) ? answered.ev_sig.blinded_rsa_signature : undefined;
  const blindSignature = defined(typeof inner === 'string' ? decodeBase32Variable(inner) : undefined);
  const signature = rsaUnblind(denomination.key.rsaPublicKey, blindSignature, secret);
  expect(rsaVerify(denomination.key.rsaPublicKey, hashCoin(signer.publicKey, hAge), signature)).toBe(true);
  return { signer, pub: encodeBase32(signer.publicKey), denomination, signature, hAge };
}

function readDenominations(keys: JsonObject): Denomination[] {
  return objects(keys.denominations).flatMap((group) =>
    objects(group.denoms).map((denom) => {
      const key = parseDenominationKey({ ...group, ...denom });
      if (key?.cipher !== 'RSA') throw new Error('not an RSA denomination');
      return {
        key,
        hDenom: hashDenomination(key),
        value: amount(String(group.value)),
        feeWithdraw: amount(String(group.fee_withdraw)),
        feeDeposit: amount(String(group.fee_deposit)),
        feeRefund: amount(String(group.fee_refund)),
        start: defined(parseTimestamp(denom.stamp_start)),
      };
    }),
  );
}
