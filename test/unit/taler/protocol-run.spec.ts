import nacl from 'tweetnacl';
import {
  addAmounts,
  type Amount,
  formatAmount,
  parseAmount,
  subtractAmounts,
  sumAmounts,
} from '../../../src/taler/amount';
import { hashContract } from '../../../src/taler/contract-terms';
import {
  hashCoin,
  hashCoinEnvelope,
  hashDenomination,
  type RsaDenominationKey,
  verifyCoin,
} from '../../../src/taler/denominations';
import { createSigner, eddsaPublicKey } from '../../../src/taler/eddsa';
import { hkdf, sha512 } from '../../../src/taler/kdf';
import { hashWire } from '../../../src/taler/payto';
import {
  encodeRsaPublicKey,
  type RsaPrivateKey,
  rsaBlind,
  rsaSignBlinded,
  rsaUnblind,
} from '../../../src/taler/rsa';
import { confirmDeposit, confirmRefund, hashCoinSignatures } from '../../../src/taler/signatures-exchange';
import { merchantContract, merchantPaymentOk, merchantRefund } from '../../../src/taler/signatures-merchant';
import {
  coinDeposit,
  coinHistory,
  coinMelt,
  hashCoinEnvelopes,
  reserveWithdrawBatch,
} from '../../../src/taler/signatures-wallet';
import { timestampFromSeconds } from '../../../src/taler/timestamp';
import { expectEveryChangeToBreak, signedCase } from './support/mutate';
import { edwardsToMontgomery } from './support/curve';
import { rsaPrivateKeyOf } from './support/rsa-keys';
import { type Cursor, readVectors } from './support/vectors';

// A whole run of the reference implementation of 2026: every value is recomputed from those before it.

/** The values by section and name; k tells the three candidates of a refresh apart. */
class Run {
  private readonly values = new Map<string, Cursor[]>();
  private readonly checked = new Set<Cursor>();

  constructor(rows: readonly Cursor[]) {
    for (const row of rows) {
      const k = row.has('k') ? `#${row.at('k').number}` : '';
      const key = `${row.at('section').text}/${row.at('name').text}${k}`;
      this.values.set(key, [...(this.values.get(key) ?? []), row.at('value')]);
    }
  }

  /** The value at the n-th place where the section uses this name. */
  at(key: string, occurrence = 0): Cursor {
    const value = this.values.get(key)?.[occurrence];
    if (value === undefined) throw new Error(`no value ${key}`);
    this.checked.add(value);
    return value;
  }

  hex(key: string, occurrence = 0): Buffer {
    return this.at(key, occurrence).hex;
  }

  amount(key: string): Amount {
    return this.at(key).amount;
  }

  unread(): string[] {
    return [...this.values].flatMap(([key, values]) =>
      values.every((value) => this.checked.has(value)) ? [] : [key],
    );
  }
}

const run = new Run(readVectors('protocol-run-2026.json').at('values').items);

function bigintOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

interface Denomination {
  readonly key: RsaDenominationKey;
  readonly privateKey: RsaPrivateKey;
  readonly value: Amount;
  readonly feeWithdraw: Amount;
  readonly feeDeposit: Amount;
  readonly feeRefresh: Amount;
  readonly feeRefund: Amount;
}

const denominations = [0, 1, 2, 3].map((index): Denomination => {
  const numbers = {
    n: bigintOf(run.hex(`setup/denom${index}.pub.n`)),
    e: bigintOf(run.hex(`setup/denom${index}.pub.e`)),
    d: bigintOf(run.hex(`setup/denom${index}.priv.d`)),
  };
  return {
    key: { cipher: 'RSA', rsaPublicKey: encodeRsaPublicKey(numbers), ageMask: 0 },
    privateKey: rsaPrivateKeyOf(numbers),
    value: run.amount(`setup/denom${index}.value`),
    feeWithdraw: run.amount(`setup/denom${index}.fee_withdraw`),
    feeDeposit: run.amount(`setup/denom${index}.fee_deposit`),
    feeRefresh: run.amount(`setup/denom${index}.fee_refresh`),
    feeRefund: run.amount(`setup/denom${index}.fee_refund`),
  };
});

function denomination(index: number): Denomination {
  const found = denominations[index];
  if (found === undefined) throw new Error(`no denomination ${index}`);
  return found;
}

function uint32(value: number): Buffer {
  const packed = Buffer.alloc(4);
  packed.writeUInt32BE(value);
  return packed;
}

/** What the wallet of the reference derives from a planchet seed (crypto.md 6). */
function deriveCoin(seed: Buffer): { priv: Buffer; pub: Buffer; blindingSecret: Buffer } {
  const priv = hkdf({ salt: Buffer.from('coin'), ikm: seed, length: 32 });
  return {
    priv,
    pub: eddsaPublicKey(priv),
    blindingSecret: hkdf({ salt: Buffer.from('bks'), ikm: seed, length: 32 }),
  };
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('absent');
  return value;
}

const reserve = createSigner(run.hex('Withdrawal/reserve.priv'));
const merchant = createSigner(run.hex('setup/merchant.priv'));
const exchange = createSigner(run.hex('setup/exchange.priv'));
const contract = run.at('Payment and Deposit/contract').object;
const hContract = run.hex('Payment and Deposit/h_contract');
const hWire = run.hex('Payment and Deposit/h_wire');
const coins = [0, 1].map((index) => deriveCoin(run.hex(`Withdrawal/coin_seed${index}`)));
const contributions = ['KUDOS:5.12', 'KUDOS:2.31'].map((text) => must(parseAmount(text)));

function secondsOf(name: string): bigint {
  const date = run.at(`Payment and Deposit/${name}`).text;
  return timestampFromSeconds(Date.parse(`${date} UTC`) / 1000);
}

function coinAt(index: number): { priv: Buffer; pub: Buffer; blindingSecret: Buffer } {
  return must(coins[index]);
}

describe('the run of 2026', () => {
  it('has the public keys of its private keys', () => {
    expect(exchange.publicKey).toEqual(run.hex('setup/exchange.pub'));
    expect(merchant.publicKey).toEqual(run.hex('setup/merchant.pub'));
    expect(reserve.publicKey).toEqual(run.hex('Withdrawal/reserve.pub'));
  });

  it('withdraws: seeds, coins, planchets, one signature for all', () => {
    const seeds = hkdf({
      salt: uint32(2),
      ikm: run.hex('Withdrawal/batch_seed'),
      info: Buffer.from('taler-withdraw-secrets'),
      length: 64,
    });
    const envelopes = coins.map((coin, index) => {
      expect(seeds.subarray(index * 32, index * 32 + 32)).toEqual(run.hex(`Withdrawal/coin_seed${index}`));
      expect(coin.priv).toEqual(run.hex(`Withdrawal/coin${index}.priv`));
      expect(coin.pub).toEqual(run.hex(`Withdrawal/coin${index}.pub`));
      expect(coin.blindingSecret).toEqual(run.hex(`Withdrawal/blind_secret${index}`));
      const { key } = denomination(index);
      expect(hashDenomination(key)).toEqual(run.hex(`Withdrawal/h_denom${index}`));
      const planchet = must(rsaBlind(key.rsaPublicKey, hashCoin(coin.pub), coin.blindingSecret));
      expect(planchet).toEqual(run.hex(`Withdrawal/planchet${index}`));
      const envelope = hashCoinEnvelope(hashDenomination(key), planchet);
      expect(envelope).toEqual(run.hex(`Withdrawal/h_planchet${index}`));
      return envelope;
    });
    const used = [denomination(0), denomination(1)];
    const input = {
      totalValue: sumAmounts(
        'KUDOS',
        used.map(({ value }) => value),
      ),
      totalFee: sumAmounts(
        'KUDOS',
        used.map(({ feeWithdraw }) => feeWithdraw),
      ),
      hCoinEnvelopes: hashCoinEnvelopes(envelopes),
      blindingSeed: undefined,
      ageMask: undefined,
      maxAgeGroup: undefined,
    };
    expect(formatAmount(addAmounts(input.totalValue, input.totalFee))).toBe(run.at('Withdrawal/total').text);
    const signature = run.hex('Withdrawal/sig');
    const signed = signedCase(reserveWithdrawBatch, input, { publicKey: reserve.publicKey, signature });
    expect(signed.packed).toHaveLength(160);
    expect(signed.sign(run.hex('Withdrawal/reserve.priv'))).toEqual(signature);
    expectEveryChangeToBreak(signed);
  });

  it.each([0, 1])('signs planchet %d blindly and unblinds it to a coin', (index) => {
    const { key, privateKey } = denomination(index);
    const coin = coinAt(index);
    const blindSignature = rsaSignBlinded(privateKey, run.hex(`Withdrawal/planchet${index}`));
    expect(blindSignature).toEqual(run.hex(`Withdrawal/blind_sig${index}`));
    const signature = rsaUnblind(key.rsaPublicKey, blindSignature, coin.blindingSecret);
    expect(signature).toEqual(run.hex(`Withdrawal/coin${index}.sig`));
    expect(verifyCoin({ denomination: key, coinPub: coin.pub, signature })).toBe(true);
  });

  it('makes the contract: h_wire, times, hash, signature', () => {
    expect(hashWire(run.at('setup/merchant.payto').text, run.hex('Payment and Deposit/wire_salt'))).toEqual(
      hWire,
    );
    expect(hashContract(contract)).toEqual(hContract);
    expect(merchantContract.sign(merchant, { hContract })).toEqual(run.hex('Payment and Deposit/sig'));
    const times = ['timestamp', 'pay_deadline', 'refund_deadline'].map(
      (name) => [name, secondsOf(name)] as const,
    );
    for (const [name, time] of [...times, ['wire_transfer_deadline', secondsOf('wire_deadline')] as const]) {
      expect(contract[name]).toEqual({ t_s: Number(time / 1_000_000n) });
    }
    expect(contract).toMatchObject({
      order_id: run.at('Payment and Deposit/order.id').text,
      amount: run.at('Payment and Deposit/order.price').text,
      max_fee: run.at('Payment and Deposit/order.max_fees').text,
      merchant_base_url: run.at('setup/merchant.url').text,
      exchanges: [{ url: run.at('setup/exchange.url').text }],
    });
    expect(run.hex('Payment and Deposit/nonce.pub')).toHaveLength(32);
    expect(run.hex('setup/exchange.master_pub')).toHaveLength(32);
  });

  function depositOf(index: number): Parameters<typeof coinDeposit.pack>[0] {
    return {
      hContract,
      hAgeCommitment: undefined,
      hPolicy: undefined,
      hWire,
      hDenom: hashDenomination(denomination(index).key),
      walletTimestamp: secondsOf('timestamp'),
      refundDeadline: secondsOf('refund_deadline'),
      contribution: must(contributions[index]),
      depositFee: denomination(index).feeDeposit,
      merchantPub: merchant.publicKey,
      walletDataHash: undefined,
    };
  }

  it.each([0, 1])('pays with coin %d', (index) => {
    const input = depositOf(index);
    const net = subtractAmounts(input.contribution, input.depositFee);
    expect(formatAmount(net)).toBe(run.at(`Payment and Deposit/contribution_net${index}`).text);
    const signature = run.hex(`Payment and Deposit/sig${index}`);
    const signed = signedCase(coinDeposit, input, { publicKey: coinAt(index).pub, signature });
    expect(signed.sign(coinAt(index).priv)).toEqual(signature);
    expectEveryChangeToBreak(signed);
  });

  it('confirms the deposit, here over the sum with fees, which a real exchange does not do', () => {
    const input = {
      hContract,
      hWire,
      hPolicy: undefined,
      exchangeTimestamp: secondsOf('time_deposit'),
      wireDeadline: secondsOf('wire_deadline'),
      refundDeadline: secondsOf('refund_deadline'),
      totalWithoutFee: sumAmounts('KUDOS', contributions),
      hCoinSigs: hashCoinSignatures([0, 1].map((index) => run.hex(`Payment and Deposit/sig${index}`))),
      merchantPub: merchant.publicKey,
    };
    const signature = run.hex('Payment and Deposit/sig', 1);
    expect(confirmDeposit.sign(exchange, input)).toEqual(signature);
    expectEveryChangeToBreak(signedCase(confirmDeposit, input, { publicKey: exchange.publicKey, signature }));
    expect(merchantPaymentOk.sign(merchant, { hContract })).toEqual(run.hex('Payment and Deposit/sig', 2));
  });

  it('refunds, with an identifier beyond 2^63', () => {
    const input = {
      hContract,
      coinPub: coinAt(0).pub,
      rtransactionId: BigInt(run.at('Refund/id').text),
      refundAmount: run.amount('Refund/value0'),
    };
    expect(input.rtransactionId).toBeGreaterThan(2n ** 63n);
    expect(merchantRefund.sign(merchant, input)).toEqual(run.hex('Refund/sig0'));
    const confirmed = { ...input, merchantPub: merchant.publicKey };
    expect(confirmRefund.sign(exchange, confirmed)).toEqual(run.hex('Refund/sig0', 1));
    expect(run.at('Refund/value').text).toBe(formatAmount(input.refundAmount));
  });
});

// A merchant refreshes nothing and crypto.md describes little of it. Not described, and so not recomputed here: how
// the batch seeds come from the refresh seed, the refresh commitment, and the exchange's EXCHANGE_CONFIRM_MELT.
describe('the refresh of the run of 2026', () => {
  const gamma = Number(run.at('Refresh/g').text);
  const candidates = [0, 1, 2];

  it('melts what is left of the second coin', () => {
    const input = {
      commitment: run.hex('Refresh/commitment'),
      hDenom: hashDenomination(denomination(1).key),
      hAgeCommitment: undefined,
      amountWithFee: run.amount('Refresh/value'),
      meltFee: denomination(1).feeRefresh,
    };
    const signature = run.hex('Refresh/sig');
    const signed = signedCase(coinMelt, input, { publicKey: coinAt(1).pub, signature });
    expect(signed.sign(coinAt(1).priv)).toEqual(signature);
    expectEveryChangeToBreak(signed);
  });

  it.each(candidates)('derives transfer keys, shared secrets, coins and planchets of candidate %d', (k) => {
    const salt = Buffer.from('refresh-transfer-private-keys');
    const batchSeed = run.hex(`Refresh/batch_seedk#${k}`);
    const transferKeys = hkdf({ salt, ikm: batchSeed, length: 64 });
    const envelopes = [0, 1].map((index) => {
      const transferPriv = run.hex(`Refresh/transferk${index}.priv#${k}`);
      expect(transferKeys.subarray(index * 32, index * 32 + 32)).toEqual(transferPriv);
      expect(Buffer.from(nacl.scalarMult.base(transferPriv))).toEqual(
        run.hex(`Refresh/transferk${index}.pub#${k}`),
      );
      const shared = sha512(nacl.scalarMult(transferPriv, edwardsToMontgomery(coinAt(1).pub)));
      expect(shared).toEqual(run.hex(`Refresh/sharedk${index}#${k}`));
      const info = Buffer.from('taler-coin-derivation');
      const coin = deriveCoin(hkdf({ salt: uint32(index), ikm: shared, info, length: 32 }));
      expect(coin.priv).toEqual(run.hex(`Refresh/coink${index}.priv#${k}`));
      expect(coin.pub).toEqual(run.hex(`Refresh/coink${index}.pub#${k}`));
      expect(coin.blindingSecret).toEqual(run.hex(`Refresh/blind_secretk${index}#${k}`));
      const { key } = denomination(2 + index);
      const planchet = must(rsaBlind(key.rsaPublicKey, hashCoin(coin.pub), coin.blindingSecret));
      expect(planchet).toEqual(run.hex(`Refresh/planchetk${index}#${k}`));
      const envelope = hashCoinEnvelope(hashDenomination(key), planchet);
      expect(envelope).toEqual(run.hex(`Refresh/h_planchetk${index}#${k}`));
      return envelope;
    });
    expect(hashCoinEnvelopes(envelopes)).toEqual(run.hex(`Refresh/h_planchetsk#${k}`));
  });

  it('reveals the seeds of the candidates that were not chosen', () => {
    for (const k of candidates.filter((candidate) => candidate !== gamma)) {
      expect(run.hex(`Refresh/revealed_seed${k}`)).toEqual(run.hex(`Refresh/batch_seedk#${k}`));
    }
  });

  it.each([0, 1])('signs and unblinds coin %d of the chosen candidate', (index) => {
    const { key, privateKey } = denomination(2 + index);
    const blindSignature = rsaSignBlinded(privateKey, run.hex(`Refresh/planchetk${index}#${gamma}`));
    expect(blindSignature).toEqual(run.hex(`Refresh/blind_sig${index}`));
    const blindingSecret = run.hex(`Refresh/blind_secretk${index}#${gamma}`);
    const signature = rsaUnblind(key.rsaPublicKey, blindSignature, blindingSecret);
    expect(signature).toEqual(run.hex(`Refresh/coing${index}.sig`));
    const coinPub = run.hex(`Refresh/coink${index}.pub#${gamma}`);
    expect(verifyCoin({ denomination: key, coinPub, signature })).toBe(true);
  });

  it('asks for the history of the melted coin', () => {
    const signature = run.hex('Link/sig');
    const expected = [0, 1].map((index) =>
      coinHistory.sign(createSigner(coinAt(index).priv), { startOffset: 0n }),
    );
    expect(expected).toContainEqual(signature);
  });

  it('leaves only values unread for which no construction is described', () => {
    const unread = run.unread().filter((name) => !/^Refresh\/(refresh_seed|coin[23]|sig)$/.test(name));
    expect(unread).toEqual([]);
  });
});
