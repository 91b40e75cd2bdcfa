import {
  addAmounts,
  type Amount,
  formatAmount,
  isZeroAmount,
  minAmount,
  parseAmount,
  zeroAmount,
} from '../../src/taler/amount';
import { decodeBase32, decodeBase32Variable, encodeBase32 } from '../../src/taler/base32';
import { createSigner, eddsaPublicKey, generateSeed } from '../../src/taler/eddsa';
import { isJsonObject, type JsonValue } from '../../src/taler/json';
import { reserveWithdraw } from '../../src/taler/signatures-wallet';
import { timestampToJson } from '../../src/taler/timestamp';
import { parseBaseUrl } from './base-url';
import { pickDenominations, withdrawable } from './denomination-selection';
import { type Denomination, type ExchangeKeys, fetchExchangeKeys } from './exchange-keys';
import { refusal } from './http-client';
import {
  KEYS_CACHE_MS,
  LONG_POLL_GRACE_MS,
  RESERVE_PAUSE_MS,
  RESERVE_POLL_MS,
  RESERVE_WAIT_MS,
  WITHDRAW_BATCH_MAX,
} from './limits';
import { derivePlanchet, finishCoin, type Planchet } from './planchet';
import { ownAmount, type PlannedDenomination, type WithdrawalRecord } from './state';
import { nowUs, type WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';

/** The bank account that the sandbox bank debits; any account will do there. */
const DEBIT_ACCOUNT = 'payto://x-taler-bank/localhost/Customer?receiver-name=Customer';

export interface WithdrawOptions {
  readonly exchangeBaseUrl: string;
  /** `CUR:V.F`; what goes into the reserve, so withdraw fees are part of it. */
  readonly amount: string;
  /** Base URL of the bank whose wire gateway fills the reserve; default: `bank/` below the exchange. */
  readonly bankUrl?: string;
  /** The exchange's account at that bank. */
  readonly bankAccount?: string;
}

/** Writes down a new withdrawal: the reserve key must outlive a crash before any money goes there. */
export async function startWithdrawal(
  context: WalletContext,
  options: WithdrawOptions,
): Promise<WithdrawalRecord> {
  const exchangeBaseUrl = parseBaseUrl(options.exchangeBaseUrl);
  const amount = parseAmount(options.amount);
  if (amount === undefined || isZeroAmount(amount)) {
    throw new WalletError('invalid-argument', `not an amount to withdraw: ${options.amount}`);
  }
  const keys = await trustedKeys(context, exchangeBaseUrl);
  if (keys.currency !== amount.currency) {
    throw new WalletError('invalid-argument', `the exchange ${exchangeBaseUrl} deals in ${keys.currency}`);
  }
  if (pickDenominations(withdrawable(keys.denominations, nowUs(context)), amount).picked.length === 0) {
    throw new WalletError(
      'exchange-unusable',
      `${exchangeBaseUrl} has no coins for ${formatAmount(amount)} now`,
    );
  }
  const reservePriv = generateSeed();
  const record: WithdrawalRecord = {
    reservePriv: encodeBase32(reservePriv),
    reservePub: encodeBase32(eddsaPublicKey(reservePriv)),
    exchangeBaseUrl,
    bankUrl: parseBaseUrl(options.bankUrl ?? `${exchangeBaseUrl}bank/`),
    bankAccount: options.bankAccount ?? 'Exchange',
    amount: formatAmount(amount),
    createdMs: context.nowMs(),
    state: 'created',
    coinCount: 0,
  };
  context.store.state.withdrawals[record.reservePub] = record;
  await context.store.save();
  return record;
}

/**
 * Takes a withdrawal from wherever it stands to its end. After a crash or an error it can be called again: money
 * is never asked for twice when the exchange already has it, and the planchets are the same ones.
 *
 * @throws WalletError
 */
export async function finishWithdrawal(context: WalletContext, record: WithdrawalRecord): Promise<void> {
  // Two that draw from one plan at once would count its coins twice.
  const running = inProgress.get(record) ?? proceed(context, record).finally(() => inProgress.delete(record));
  inProgress.set(record, running);
  await running;
}

const inProgress = new WeakMap<WithdrawalRecord, Promise<void>>();

async function proceed(context: WalletContext, record: WithdrawalRecord): Promise<void> {
  try {
    if (record.state === 'created') await fund(context, record);
    if (record.state === 'funded') await draw(context, record);
  } catch (error) {
    if (error instanceof WalletError) {
      record.failure = error.message;
      if (error.status === 410) {
        // A denomination has expired since the plan was made: the rest of the money needs a new one.
        dropPlan(record);
        context.keysCache.delete(record.exchangeBaseUrl);
      }
      await context.store.save();
    }
    throw error;
  }
}

/**
 * Keys of an exchange whose master key is the one we know, or of a new one.
 *
 * @throws WalletError `exchange-unusable`
 */
export async function trustedKeys(context: WalletContext, baseUrl: string): Promise<ExchangeKeys> {
  const cached = context.keysCache.get(baseUrl);
  const isFresh = cached !== undefined && context.nowMs() < cached.untilMs;
  const keys = isFresh ? cached.keys : await fetchExchangeKeys(context.http, baseUrl, nowUs(context));
  const masterPub = encodeBase32(keys.masterPub);
  const known = context.store.state.exchanges[baseUrl];
  if (known !== undefined && known.masterPub !== masterPub) {
    throw new WalletError('exchange-unusable', `the exchange ${baseUrl} has another master key than before`);
  }
  context.store.state.exchanges[baseUrl] = { masterPub, currency: keys.currency };
  if (!isFresh) context.keysCache.set(baseUrl, { keys, untilMs: context.nowMs() + KEYS_CACHE_MS });
  return keys;
}

async function fund(context: WalletContext, record: WithdrawalRecord): Promise<void> {
  // The bank may have been told before a crash. A second transfer would only fill the reserve further, but the
  // exchange can say whether it is needed.
  if ((await reserveBalance(context, record, 0)) === undefined) {
    const path = `accounts/${encodeURIComponent(record.bankAccount)}/taler-wire-gateway/admin/add-incoming`;
    const url = `${record.bankUrl}${path}`;
    const body = { amount: record.amount, reserve_pub: record.reservePub, debit_account: DEBIT_ACCOUNT };
    const answer = await context.http.post(url, JSON.stringify(body));
    if (answer.status !== 200) throw refusal(url, answer);
    await waitForReserve(context, record);
  }
  record.state = 'funded';
  await context.store.save();
}

async function waitForReserve(context: WalletContext, record: WithdrawalRecord): Promise<void> {
  const deadlineMs = context.nowMs() + RESERVE_WAIT_MS;
  while ((await reserveBalance(context, record, RESERVE_POLL_MS)) === undefined) {
    if (context.nowMs() >= deadlineMs) {
      throw new WalletError('timeout', `the money for reserve ${record.reservePub} has not arrived yet`);
    }
    await context.sleep(RESERVE_PAUSE_MS);
  }
}

/** Balance of the reserve; undefined while the exchange does not know it (404, exchange.md 8). */
async function reserveBalance(
  context: WalletContext,
  record: WithdrawalRecord,
  timeoutMs: number,
): Promise<Amount | undefined> {
  const query = timeoutMs > 0 ? `?timeout_ms=${timeoutMs}` : '';
  const url = `${record.exchangeBaseUrl}reserves/${record.reservePub}${query}`;
  const answer = await context.http.get(url, { timeoutMs: RESERVE_POLL_MS + LONG_POLL_GRACE_MS });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refusal(url, answer);
  const balance = isJsonObject(answer.body) ? parseAmount(answer.body['balance']) : undefined;
  if (balance === undefined || balance.currency !== ownAmount(record.amount).currency) {
    throw new WalletError('bad-answer', `${url}: no balance`);
  }
  return balance;
}

async function draw(context: WalletContext, record: WithdrawalRecord): Promise<void> {
  if (record.plan === undefined) await makePlan(context, record);
  const plan = record.plan ?? [];
  for (let drawn = record.drawn ?? 0; drawn < plan.length; drawn = record.drawn ?? 0) {
    await drawBatch(context, record, plan.slice(drawn, drawn + WITHDRAW_BATCH_MAX), drawn);
  }
  record.state = 'done';
  dropPlan(record);
  delete record.failure;
  await context.store.save();
}

// The plan and its seed are stored before the first planchet leaves: whatever the exchange signs can be unblinded
// after a crash, and the same planchets again draw no further money.
async function makePlan(context: WalletContext, record: WithdrawalRecord): Promise<void> {
  const keys = await trustedKeys(context, record.exchangeBaseUrl);
  const balance = await reserveBalance(context, record, 0);
  const amount = minAmount(balance ?? zeroAmount(keys.currency), ownAmount(record.amount));
  const { picked } = pickDenominations(withdrawable(keys.denominations, nowUs(context)), amount);
  record.plan = picked.map(planned);
  record.seed = encodeBase32(generateSeed());
  record.drawn = 0;
  await context.store.save();
}

function planned(denomination: Denomination): PlannedDenomination {
  if (denomination.rsaPub === undefined) throw new Error('withdrawable() lets only RSA pass');
  return {
    hDenom: encodeBase32(denomination.hDenom),
    rsaPub: encodeBase32(denomination.rsaPub),
    value: formatAmount(denomination.value),
    feeWithdraw: formatAmount(denomination.feeWithdraw),
    feeDeposit: formatAmount(denomination.feeDeposit),
    depositUntil: timestampToJson(denomination.stampExpireDeposit),
  };
}

function dropPlan(record: WithdrawalRecord): void {
  delete record.plan;
  delete record.seed;
  delete record.drawn;
}

async function drawBatch(
  context: WalletContext,
  record: WithdrawalRecord,
  batch: PlannedDenomination[],
  firstIndex: number,
): Promise<void> {
  const seed = decodeBase32(record.seed ?? '', 32);
  const reservePriv = decodeBase32(record.reservePriv, 32);
  if (seed === undefined || reservePriv === undefined)
    throw new WalletError('state-damaged', 'withdrawal keys');
  const reserve = createSigner(reservePriv);
  const planchets = batch.map((denomination, i) => derivePlanchet(seed, firstIndex + i, denomination));
  const body = {
    planchets: planchets.map((planchet, i) => {
      const amountWithFee = withFee(batch[i]);
      const { hDenom, hCoinEnvelope } = planchet;
      return {
        denom_pub_hash: encodeBase32(hDenom),
        coin_ev: { cipher: 'RSA', rsa_blinded_planchet: encodeBase32(planchet.blinded) },
        reserve_sig: encodeBase32(reserveWithdraw.sign(reserve, { amountWithFee, hDenom, hCoinEnvelope })),
      };
    }),
  };
  const url = `${record.exchangeBaseUrl}reserves/${record.reservePub}/batch-withdraw`;
  const answer = await context.http.postRepeatable(url, JSON.stringify(body));
  if (answer.status !== 200) throw refusal(url, answer);
  keepCoins(context, record, { batch, planchets, evSigs: blindSignatures(answer.body) });
  record.drawn = firstIndex + batch.length;
  await context.store.save();
}

function keepCoins(
  context: WalletContext,
  record: WithdrawalRecord,
  drawn: { batch: PlannedDenomination[]; planchets: Planchet[]; evSigs: (Buffer | undefined)[] },
): void {
  const { exchangeBaseUrl } = record;
  const coins = drawn.batch.map((denomination, i) => {
    const planchet = drawn.planchets[i];
    const evSig = drawn.evSigs[i];
    const coin = planchet && evSig && finishCoin(planchet, evSig, { exchangeBaseUrl, denomination });
    if (coin === undefined) {
      throw new WalletError(
        'bad-signature',
        `${exchangeBaseUrl}: coin ${i} of the withdrawal is not signed well`,
      );
    }
    return coin;
  });
  // All or none: a batch with one bad signature is repeated as a whole.
  for (const coin of coins) context.store.state.coins[coin.coinPub] = coin;
  record.coinCount += coins.length;
  const before = record.coinTotal ?? formatAmount(zeroAmount(ownAmount(record.amount).currency));
  record.coinTotal = formatAmount(
    coins.reduce((sum, coin) => addAmounts(sum, ownAmount(coin.value)), ownAmount(before)),
  );
}

function withFee(denomination: PlannedDenomination | undefined): Amount {
  if (denomination === undefined) throw new Error('a planchet without denomination');
  return addAmounts(ownAmount(denomination.value), ownAmount(denomination.feeWithdraw));
}

function blindSignatures(body: JsonValue | undefined): (Buffer | undefined)[] {
  const evSigs = isJsonObject(body) ? body['ev_sigs'] : undefined;
  if (!Array.isArray(evSigs)) return [];
  return evSigs.map((entry) => {
    const evSig = isJsonObject(entry) ? entry['ev_sig'] : undefined;
    const text =
      isJsonObject(evSig) && evSig['cipher'] === 'RSA' ? evSig['blinded_rsa_signature'] : undefined;
    return typeof text === 'string' ? decodeBase32Variable(text) : undefined;
  });
}
