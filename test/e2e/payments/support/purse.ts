import { request } from 'undici';
import { verifyExchangeKeys, type Denomination } from '../../../../sandbox/wallet/exchange-keys';
import type { WalletCoin } from '../../../../sandbox/wallet/state';
import { ageGroup, hashAgeCommitment } from '../../../../src/taler/age-restriction';
import { addAmounts, formatAmount, parseAmount, sumAmounts } from '../../../../src/taler/amount';
import { decodeBase32Variable, encodeBase32 } from '../../../../src/taler/base32';
import { hashCoin, hashCoinEnvelope, verifyCoin } from '../../../../src/taler/denominations';
import { createSigner, type EddsaSigner, generateSeed } from '../../../../src/taler/eddsa';
import type { JsonValue } from '../../../../src/taler/json';
import { rsaBlind, rsaUnblind } from '../../../../src/taler/rsa';
import { reserveWithdraw } from '../../../../src/taler/signatures-wallet';
import { timestampToJson } from '../../../../src/taler/timestamp';

/** What an exchange is to these tests: in this process or in another. */
export interface ExchangePlace {
  readonly baseUrl: string;
  readonly currency: string;
}

/** A coin as the wallet keeps it, and the age its owner committed to, if any. */
export interface Coin extends WalletCoin {
  readonly age?: AgeCommitment;
}

/** One key pair for each age group but the youngest; the private halves end at the group of the owner's age. */
export interface AgeCommitment {
  readonly ageMask: number;
  readonly signers: readonly EddsaSigner[];
  readonly publicKeys: readonly Buffer[];
  readonly hash: Buffer;
}

export interface CoinWish {
  /** Value of the denomination without currency: `5`. */
  readonly value: string;
  /** Years; makes it a coin of an age restricted denomination. */
  readonly age?: number;
}

const WITHDRAW_BATCH_MAX = 64;

/** Reads an amount that a test has written down. */
export function money(text: string) {
  const amount = parseAmount(text);
  if (amount === undefined) throw new Error(`not an amount: ${text}`);
  return amount;
}

/** So many coins of one denomination. */
export function coinsOf(count: number, value: string): CoinWish[] {
  return Array.from({ length: count }, () => ({ value }));
}

/**
 * Withdraws coins of chosen denominations, which the wallet's own selection would not give.
 * @param nowUs time of the exchange
 */
export async function withdrawCoins(
  exchange: ExchangePlace,
  wishes: readonly CoinWish[],
  nowUs = BigInt(Date.now()) * 1000n,
): Promise<Coin[]> {
  const answer = await request(`${exchange.baseUrl}keys`);
  const keys = verifyExchangeKeys((await answer.body.json()) as JsonValue, exchange.baseUrl, nowUs);
  const planned = wishes.map((wish) => planCoin(exchange, wish, keys.denominations, nowUs));
  const reserve = createSigner(generateSeed());
  const costs = planned.map(({ denomination: { value, feeWithdraw } }) => addAmounts(value, feeWithdraw));
  await fillReserve(exchange, reserve, formatAmount(sumAmounts(exchange.currency, costs)));
  const coins: Coin[] = [];
  for (let start = 0; start < planned.length; start += WITHDRAW_BATCH_MAX) {
    coins.push(...(await drawBatch(exchange, reserve, planned.slice(start, start + WITHDRAW_BATCH_MAX))));
  }
  return coins;
}

function planCoin(
  exchange: ExchangePlace,
  wish: CoinWish,
  denominations: readonly Denomination[],
  nowUs: bigint,
) {
  const value = money(`${exchange.currency}:${wish.value}`);
  const denomination = denominations.find(
    (candidate) =>
      candidate.value.units === value.units &&
      candidate.key.ageMask > 0 === (wish.age !== undefined) &&
      candidate.stampStart <= nowUs &&
      nowUs < candidate.stampExpireWithdraw,
  );
  if (denomination?.key.cipher !== 'RSA') throw new Error(`no denomination of ${wish.value}`);
  const { key } = denomination;
  const age = wish.age === undefined ? undefined : commitToAge(key.ageMask, wish.age);
  const signer = { seed: generateSeed(), secret: generateSeed() };
  const coinPub = createSigner(signer.seed).publicKey;
  const blinded = rsaBlind(key.rsaPublicKey, hashCoin(coinPub, age?.hash), signer.secret);
  if (blinded === undefined) throw new Error('unlucky key');
  return { denomination, key, age, coinPub, blinded, ...signer };
}

type PlannedCoin = ReturnType<typeof planCoin>;

/** A commitment to an age: the owner can prove every minimum age up to it (crypto.md 4, 1207). */
export function commitToAge(ageMask: number, age: number): AgeCommitment {
  const groups = ageGroup(ageMask, 99);
  const all = Array.from({ length: groups }, () => createSigner(generateSeed()));
  const publicKeys = all.map((signer) => signer.publicKey);
  return {
    ageMask,
    signers: all.slice(0, ageGroup(ageMask, age)),
    publicKeys,
    hash: hashAgeCommitment(publicKeys),
  };
}

async function fillReserve(exchange: ExchangePlace, reserve: EddsaSigner, amount: string): Promise<void> {
  await post(`${exchange.baseUrl}bank/accounts/Exchange/taler-wire-gateway/admin/add-incoming`, {
    amount,
    reserve_pub: encodeBase32(reserve.publicKey),
    debit_account: 'payto://x-taler-bank/localhost/Customer?receiver-name=Customer',
  });
}

async function drawBatch(
  exchange: ExchangePlace,
  reserve: EddsaSigner,
  batch: readonly PlannedCoin[],
): Promise<Coin[]> {
  const body = {
    planchets: batch.map(({ denomination, blinded }) => {
      const { hDenom, value, feeWithdraw } = denomination;
      const amountWithFee = addAmounts(value, feeWithdraw);
      const hCoinEnvelope = hashCoinEnvelope(hDenom, blinded);
      return {
        denom_pub_hash: encodeBase32(hDenom),
        coin_ev: { cipher: 'RSA', rsa_blinded_planchet: encodeBase32(blinded) },
        reserve_sig: encodeBase32(reserveWithdraw.sign(reserve, { amountWithFee, hDenom, hCoinEnvelope })),
      };
    }),
  };
  const reply = await post(
    `${exchange.baseUrl}reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`,
    body,
  );
  const { ev_sigs } = reply as { ev_sigs: { ev_sig: { blinded_rsa_signature: string } }[] };
  return batch.map((planned, index) =>
    toCoin(exchange, planned, ev_sigs[index]?.ev_sig.blinded_rsa_signature ?? ''),
  );
}

function toCoin(exchange: ExchangePlace, planned: PlannedCoin, blindSignature: string): Coin {
  const { denomination, key, age, coinPub } = planned;
  const signature = rsaUnblind(
    key.rsaPublicKey,
    decodeBase32Variable(blindSignature) ?? Buffer.alloc(0),
    planned.secret,
  );
  if (!verifyCoin({ denomination: key, coinPub, hAgeCommitment: age?.hash, signature })) {
    throw new Error('the exchange signed something else');
  }
  return {
    coinPriv: encodeBase32(planned.seed),
    coinPub: encodeBase32(coinPub),
    exchangeBaseUrl: exchange.baseUrl,
    hDenom: encodeBase32(denomination.hDenom),
    ubSig: { cipher: 'RSA', rsa_signature: encodeBase32(signature) },
    value: formatAmount(denomination.value),
    feeDeposit: formatAmount(denomination.feeDeposit),
    depositUntil: timestampToJson(denomination.stampExpireDeposit),
    spends: {},
    age,
  };
}

/** POST of JSON that must be answered by 200; tells the body. */
export async function post(url: string, json: object): Promise<unknown> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${text}`);
  return JSON.parse(text);
}
