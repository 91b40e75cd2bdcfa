import { subtractAmounts, sumAmounts } from '../../../../src/taler/amount';
import { hashExtensionManifests } from '../../../../src/taler/canonical-json';
import {
  hashCoinEnvelope,
  hashDenomination,
  parseDenominationKey,
} from '../../../../src/taler/denominations';
import { hashFullPayto, hashWire } from '../../../../src/taler/payto';
import * as exchange from '../../../../src/taler/signatures-exchange';
import * as master from '../../../../src/taler/signatures-master';
import * as merchant from '../../../../src/taler/signatures-merchant';
import * as wallet from '../../../../src/taler/signatures-wallet';
import { parseRelativeTime, type RelativeTime } from '../../../../src/taler/timestamp';
import { type SignedCase, signedCase } from './mutate';
import { Cursor } from './vectors';

// Rebuilds signed messages from the members of real requests and answers, as the product does it.

/** A request with its answer; the places that recordings and transcripts have in common. */
export interface Exchanged {
  readonly path: string;
  readonly headers: Cursor;
  readonly request: Cursor;
  readonly response: Cursor;
  /** Deposit fee of a denomination, which requests do not carry but coins sign. */
  depositFeeOf(denomPubHash: string): Cursor;
  /** Value plus withdraw fee of a denomination. */
  amountWithFeeOf(denomPubHash: string): Cursor;
}

type Signed = { publicKey: Buffer; signature: Buffer };

function signedByExchange(response: Cursor): Signed {
  return { publicKey: response.at('exchange_pub').key, signature: response.at('exchange_sig').hash };
}

function segmentOf(path: string, index: number): Cursor {
  return new Cursor(path.split('?')[0]?.split('/')[index], `${path} segment ${index}`);
}

function hWireOf(request: Cursor): Buffer {
  return hashWire(request.at('merchant_payto_uri').text, request.at('wire_salt').bytes(16));
}

function refundDeadlineOf(request: Cursor): bigint {
  return request.at('refund_deadline').optional((cursor) => cursor.time) ?? 0n;
}

/** `merchant_sig` of a batch deposit. */
export function depositByMerchant({ request }: Exchanged): SignedCase {
  const signed = { publicKey: request.at('merchant_pub').key, signature: request.at('merchant_sig').hash };
  return signedCase(merchant.merchantContract, { hContract: request.at('h_contract_terms').hash }, signed);
}

/** `coin_sig` of every coin of a batch deposit. */
export function depositByCoins({ request, depositFeeOf }: Exchanged): SignedCase[] {
  return request.at('coins').items.map((coin) =>
    signedCase(
      wallet.coinDeposit,
      {
        hContract: request.at('h_contract_terms').hash,
        hAgeCommitment: coin.at('h_age_commitment').optional((cursor) => cursor.key),
        hPolicy: undefined,
        hWire: hWireOf(request),
        hDenom: coin.at('denom_pub_hash').hash,
        walletTimestamp: request.at('timestamp').time,
        refundDeadline: refundDeadlineOf(request),
        contribution: coin.at('contribution').amount,
        depositFee: depositFeeOf(coin.at('denom_pub_hash').text).amount,
        merchantPub: request.at('merchant_pub').key,
        walletDataHash: request.at('wallet_data_hash').optional((cursor) => cursor.hash),
      },
      { publicKey: coin.at('coin_pub').key, signature: coin.at('coin_sig').hash },
    ),
  );
}

/** The exchange's answer to a batch deposit; the total is ours to compute. */
export function depositConfirmation({ request, response, depositFeeOf }: Exchanged): SignedCase {
  const coins = request.at('coins').items;
  const contributions = coins.map((coin) => coin.at('contribution').amount);
  const fees = coins.map((coin) => depositFeeOf(coin.at('denom_pub_hash').text).amount);
  const currency = contributions[0]?.currency ?? '';
  return signedCase(
    exchange.confirmDeposit,
    {
      hContract: request.at('h_contract_terms').hash,
      hWire: hWireOf(request),
      hPolicy: undefined,
      exchangeTimestamp: response.at('exchange_timestamp').time,
      wireDeadline: request.at('wire_transfer_deadline').time,
      refundDeadline: refundDeadlineOf(request),
      totalWithoutFee: subtractAmounts(sumAmounts(currency, contributions), sumAmounts(currency, fees)),
      hCoinSigs: exchange.hashCoinSignatures(coins.map((coin) => coin.at('coin_sig').hash)),
      merchantPub: request.at('merchant_pub').key,
    },
    signedByExchange(response),
  );
}

/** `merchant_sig` of a refund at `/coins/$COIN_PUB/refund`. */
export function refundByMerchant({ path, request }: Exchanged): SignedCase {
  return signedCase(
    merchant.merchantRefund,
    {
      hContract: request.at('h_contract_terms').hash,
      coinPub: segmentOf(path, 2).key,
      rtransactionId: BigInt(request.at('rtransaction_id').number),
      refundAmount: request.at('refund_amount').amount,
    },
    { publicKey: request.at('merchant_pub').key, signature: request.at('merchant_sig').hash },
  );
}

export function refundConfirmation({ path, request, response }: Exchanged): SignedCase {
  return signedCase(
    exchange.confirmRefund,
    {
      hContract: request.at('h_contract_terms').hash,
      coinPub: segmentOf(path, 2).key,
      merchantPub: request.at('merchant_pub').key,
      rtransactionId: BigInt(request.at('rtransaction_id').number),
      refundAmount: request.at('refund_amount').amount,
    },
    signedByExchange(response),
  );
}

/** The query of `/deposits/$H_WIRE/$MERCHANT_PUB/$H_CONTRACT/$COIN_PUB?merchant_sig=`. */
export function trackingByMerchant({ path }: Exchanged): SignedCase {
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  const signature = new Cursor(query.get('merchant_sig') ?? undefined, `${path} merchant_sig`).hash;
  return signedCase(
    merchant.merchantTrackTransaction,
    { hContract: segmentOf(path, 4).hash, hWire: segmentOf(path, 2).hash, coinPub: segmentOf(path, 5).key },
    { publicKey: segmentOf(path, 3).key, signature },
  );
}

export function wireConfirmation({ path, response }: Exchanged): SignedCase {
  return signedCase(
    exchange.confirmWire,
    {
      hWire: segmentOf(path, 2).hash,
      hContract: segmentOf(path, 4).hash,
      wtid: response.at('wtid').key,
      coinPub: segmentOf(path, 5).key,
      executionTime: response.at('execution_time').time,
      coinContribution: response.at('coin_contribution').amount,
    },
    signedByExchange(response),
  );
}

/** Answer of `/transfers/$WTID`; the payto is the merchant's own. */
export function transferConfirmation({ response }: Exchanged, merchantPayto: string): SignedCase {
  const details = response.at('deposits').items.map((deposit) => ({
    hContract: deposit.at('h_contract_terms').hash,
    executionTime: response.at('execution_time').time,
    coinPub: deposit.at('coin_pub').key,
    depositValue: deposit.at('deposit_value').amount,
    depositFee: deposit.at('deposit_fee').amount,
  }));
  return signedCase(
    exchange.confirmWireDeposit,
    {
      total: response.at('total').amount,
      wireFee: response.at('wire_fee').amount,
      merchantPub: response.at('merchant_pub').key,
      hPayto: hashFullPayto(merchantPayto),
      hDetails: exchange.hashWireDepositDetails(details),
    },
    signedByExchange(response),
  );
}

/** The refusal of a denomination: 404 unknown, 410 too early or too late. */
export function denominationAffirmation({ response }: Exchanged): SignedCase {
  const input = { timestamp: response.at('timestamp').time, hDenom: response.at('h_denom_pub').hash };
  if (!response.has('oper'))
    return signedCase(exchange.affirmDenomUnknown, input, signedByExchange(response));
  const { timestamp, hDenom } = input;
  const expired = { timestamp, operation: response.at('oper').text, hDenom };
  return signedCase(exchange.affirmDenomExpired, expired, signedByExchange(response));
}

/** `reserve_sig` of every planchet at `/reserves/$RESERVE_PUB/batch-withdraw`. */
export function withdrawalsByReserve({ path, request, amountWithFeeOf }: Exchanged): SignedCase[] {
  return request.at('planchets').items.map((planchet) => {
    const hDenom = planchet.at('denom_pub_hash').hash;
    return signedCase(
      wallet.reserveWithdraw,
      {
        amountWithFee: amountWithFeeOf(planchet.at('denom_pub_hash').text).amount,
        hDenom,
        hCoinEnvelope: hashCoinEnvelope(hDenom, planchet.at('coin_ev', 'rsa_blinded_planchet').variable),
      },
      { publicKey: segmentOf(path, 2).key, signature: planchet.at('reserve_sig').hash },
    );
  });
}

/** Header of `/kyc-check`. The key is not in the request: the exchange knows the account. */
export function kycByOwner({ headers }: Exchanged, publicKey: Buffer): SignedCase {
  return signedCase(
    merchant.kycAuth,
    {},
    { publicKey, signature: headers.at('Account-Owner-Signature').hash },
  );
}

export function historyByCoin({ path, headers }: Exchanged): SignedCase {
  const signature = headers.at('Taler-Coin-History-Signature').hash;
  return signedCase(
    wallet.coinHistory,
    { startOffset: 0n },
    { publicKey: segmentOf(path, 2).key, signature },
  );
}

/** Every signature in /keys, in the order of the recording's checks. */
export function signaturesOfKeys(keys: Cursor): SignedCase[] {
  const masterPub = keys.at('master_public_key').key;
  const signedBy = (signature: Buffer): Signed => ({ publicKey: masterPub, signature });
  return [
    ...keys.at('signkeys').items.map((entry) =>
      signedCase(
        master.signingKeyValidity,
        {
          start: entry.at('stamp_start').time,
          expire: entry.at('stamp_expire').time,
          end: entry.at('stamp_end').time,
          key: entry.at('key').key,
        },
        signedBy(entry.at('master_sig').hash),
      ),
    ),
    ...denominationsOfKeys(keys).map(({ group, entry, hDenom }) =>
      signedCase(
        master.denominationKeyValidity,
        {
          masterPub,
          start: entry.at('stamp_start').time,
          expireWithdraw: entry.at('stamp_expire_withdraw').time,
          expireDeposit: entry.at('stamp_expire_deposit').time,
          expireLegal: entry.at('stamp_expire_legal').time,
          value: group.at('value').amount,
          feeWithdraw: group.at('fee_withdraw').amount,
          feeDeposit: group.at('fee_deposit').amount,
          feeRefresh: group.at('fee_refresh').amount,
          feeRefund: group.at('fee_refund').amount,
          hDenom,
        },
        signedBy(entry.at('master_sig').hash),
      ),
    ),
    ...keys.at('accounts').items.map((account) =>
      signedCase(
        master.wireDetails,
        {
          payto: account.at('payto_uri').text,
          conversionUrl: account.at('conversion_url').optional((cursor) => cursor.text),
          debitRestrictions: account.at('debit_restrictions').json,
          creditRestrictions: account.at('credit_restrictions').json,
        },
        signedBy(account.at('master_sig').hash),
      ),
    ),
    ...feesOfKeys(keys, signedBy),
    keySetOfKeys(keys),
    ...extensionsOfKeys(keys, signedBy),
  ];
}

export function denominationsOfKeys(keys: Cursor): Array<{ group: Cursor; entry: Cursor; hDenom: Buffer }> {
  return keys.at('denominations').items.flatMap((group) =>
    group.at('denoms').items.map((entry) => {
      const { cipher, age_mask } = group.object;
      const json = { ...entry.object, cipher: cipher ?? null, age_mask: age_mask ?? 0 };
      return { group, entry, hDenom: hashDenomination(entry.must(parseDenominationKey(json))) };
    }),
  );
}

function spanOf(cursor: Cursor): RelativeTime {
  return cursor.must(parseRelativeTime(cursor.json));
}

function feesOfKeys(keys: Cursor, signedBy: (signature: Buffer) => Signed): SignedCase[] {
  const wire = Object.keys(keys.at('wire_fees').object).flatMap((wireMethod) =>
    keys.at('wire_fees', wireMethod).items.map((fee) =>
      signedCase(
        master.wireFees,
        {
          wireMethod,
          startDate: fee.at('start_date').time,
          endDate: fee.at('end_date').time,
          wireFee: fee.at('wire_fee').amount,
          closingFee: fee.at('closing_fee').amount,
        },
        signedBy(fee.at('sig').hash),
      ),
    ),
  );
  const global = keys.at('global_fees').items.map((fee) =>
    signedCase(
      master.globalFees,
      {
        startDate: fee.at('start_date').time,
        endDate: fee.at('end_date').time,
        purseTimeout: spanOf(fee.at('purse_timeout')),
        historyExpiration: spanOf(fee.at('history_expiration')),
        historyFee: fee.at('history_fee').amount,
        accountFee: fee.at('account_fee').amount,
        purseFee: fee.at('purse_fee').amount,
        purseAccountLimit: fee.at('purse_account_limit').number,
      },
      signedBy(fee.at('master_sig').hash),
    ),
  );
  return [...wire, ...global];
}

function keySetOfKeys(keys: Cursor): SignedCase {
  const signatures = denominationsOfKeys(keys).map(({ entry }) => entry.at('master_sig').hash);
  return signedCase(
    exchange.keySet,
    {
      listIssueDate: keys.at('list_issue_date').time,
      hDenominationSignatures: exchange.hashDenominationSignatures(signatures),
    },
    signedByExchange(keys),
  );
}

function extensionsOfKeys(keys: Cursor, signedBy: (signature: Buffer) => Signed): SignedCase[] {
  if (!keys.has('extensions_sig')) return [];
  const input = { hManifests: hashExtensionManifests(keys.at('extensions').json) };
  return [signedCase(master.extensions, input, signedBy(keys.at('extensions_sig').hash))];
}
