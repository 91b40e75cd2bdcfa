import { formatAmount, parseAmount } from '../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../src/taler/base32';
import { createSigner, generateSeed } from '../src/taler/eddsa';
import { reserveWithdraw } from '../src/taler/signatures-wallet';
import { timestampToJson } from '../src/taler/timestamp';
import { withdrawable } from '../sandbox/wallet/denomination-selection';
import { fetchExchangeKeys } from '../sandbox/wallet/exchange-keys';
import { HttpClient } from '../sandbox/wallet/http-client';
import { derivePlanchet, finishCoin } from '../sandbox/wallet/planchet';
import { ownAmount, type PlannedDenomination, type WalletCoin } from '../sandbox/wallet/state';
import { call } from './merchant';
import { CURRENCY } from './settings';

/** Value of every coin; its deposit fee is in the sandbox's plan. */
const COIN_VALUE = `${CURRENCY}:1`;
const RESERVE_AMOUNT = `${CURRENCY}:100000`;
const BATCH_MAX = 64;

/**
 * Withdraws coins of one denomination, over HTTP and with blind signatures as a wallet does; a wallet itself would
 * take the largest denominations that fit.
 */
export async function withdrawCoins(exchangeUrl: string, count: number): Promise<WalletCoin[]> {
  const http = new HttpClient();
  const denomination = await plannedDenomination(http, exchangeUrl);
  await http.close();
  const reserve = createSigner(generateSeed());
  const reservePub = encodeBase32(reserve.publicKey);
  await call(`${exchangeUrl}bank/accounts/Exchange/taler-wire-gateway/admin/add-incoming`, '', {
    amount: RESERVE_AMOUNT,
    reserve_pub: reservePub,
    debit_account: 'payto://x-taler-bank/localhost/Customer?receiver-name=Customer',
  });
  const seed = generateSeed();
  const value = ownAmount(denomination.value);
  const amountWithFee = { ...value, units: value.units + ownAmount(denomination.feeWithdraw).units };
  const coins: WalletCoin[] = [];
  for (let first = 0; first < count; first += BATCH_MAX) {
    const planchets = Array.from({ length: Math.min(BATCH_MAX, count - first) }, (_, index) =>
      derivePlanchet(seed, first + index, denomination),
    );
    const body = {
      planchets: planchets.map(({ hDenom, hCoinEnvelope, blinded }) => ({
        denom_pub_hash: encodeBase32(hDenom),
        coin_ev: { cipher: 'RSA', rsa_blinded_planchet: encodeBase32(blinded) },
        reserve_sig: encodeBase32(reserveWithdraw.sign(reserve, { amountWithFee, hDenom, hCoinEnvelope })),
      })),
    };
    const answer = (await call(`${exchangeUrl}reserves/${reservePub}/batch-withdraw`, '', body)) as {
      ev_sigs: { ev_sig: { blinded_rsa_signature: string } }[];
    };
    planchets.forEach((planchet, index) => {
      const text = answer.ev_sigs[index]?.ev_sig.blinded_rsa_signature ?? '';
      const signature = decodeBase32(text, Math.floor((text.length * 5) / 8));
      const coin =
        signature && finishCoin(planchet, signature, { exchangeBaseUrl: exchangeUrl, denomination });
      if (!coin) throw new Error('the exchange did not sign a coin well');
      coins.push(coin);
    });
  }
  return coins;
}

async function plannedDenomination(http: HttpClient, exchangeUrl: string): Promise<PlannedDenomination> {
  const nowUs = BigInt(Date.now()) * 1000n;
  const keys = await fetchExchangeKeys(http, exchangeUrl, nowUs);
  const wanted = parseAmount(COIN_VALUE)?.units;
  const found = withdrawable(keys.denominations, nowUs).find(({ value }) => value.units === wanted);
  if (!found?.rsaPub) throw new Error(`the exchange has no coins of ${COIN_VALUE}`);
  return {
    hDenom: encodeBase32(found.hDenom),
    rsaPub: encodeBase32(found.rsaPub),
    value: COIN_VALUE,
    feeWithdraw: formatAmount(found.feeWithdraw),
    feeDeposit: formatAmount(found.feeDeposit),
    depositUntil: timestampToJson(found.stampExpireDeposit),
  };
}
