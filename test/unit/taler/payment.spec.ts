import {
  addAmounts,
  compareAmounts,
  formatAmount,
  subtractAmounts,
  sumAmounts,
} from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashContract } from '../../../src/taler/contract-terms';
import {
  hashDenomination,
  parseDenominationKey,
  type RsaDenominationKey,
  verifyCoin,
} from '../../../src/taler/denominations';
import { createSigner, isEddsaPublicKey } from '../../../src/taler/eddsa';
import { hashWire, parsePayto } from '../../../src/taler/payto';
import { merchantContract, merchantPaymentOk } from '../../../src/taler/signatures-merchant';
import { expectEveryChangeToBreak } from './support/mutate';
import * as rebuild from './support/rebuild';
import { Cursor, readVectors } from './support/vectors';

// One payment from claim to refund, in the encodings of the REST interface.

const payment = readVectors('payment.json');
const merchant = payment.at('merchant');
const signer = createSigner(merchant.at('merchant_priv').key);
const denominations = new Map(
  payment.at('exchange', 'denominations').items.map((row) => [row.at('denom_pub_hash').text, row]),
);

function denominationOf(hash: string): Cursor {
  const row = denominations.get(hash);
  if (row === undefined) throw new Error(`no denomination ${hash}`);
  return row;
}

function exchanged(path: string, request: Cursor, response: Cursor): rebuild.Exchanged {
  return {
    path,
    headers: new Cursor({}, 'headers'),
    request,
    response,
    depositFeeOf: (hash) => denominationOf(hash).at('fee_deposit'),
    amountWithFeeOf: () => new Cursor(undefined, 'not withdrawn here'),
  };
}

describe('the payment of payment.json', () => {
  const hContract = payment.at('h_contract').hash;

  it('begins with a claim that the merchant signed', () => {
    const terms = payment.at('claim_response', 'contract_terms');
    expect(hashContract(terms.json)).toEqual(hContract);
    expect(encodeBase32(signer.publicKey)).toBe(merchant.at('merchant_pub').text);
    expect(encodeBase32(merchantContract.sign(signer, { hContract }))).toBe(
      payment.at('claim_response', 'sig').text,
    );
    expect(isEddsaPublicKey(terms.at('nonce').key)).toBe(true);
  });

  it('goes to an account whose payto is good for hashing and refused by validation', () => {
    const uri = merchant.at('payto_uri').text;
    expect(encodeBase32(hashWire(uri, merchant.at('wire_salt').bytes(16)))).toBe(merchant.at('h_wire').text);
    expect(parsePayto(uri)).toBeUndefined();
  });

  it('is paid with real coins', () => {
    for (const coin of payment.at('pay_request', 'coins').items) {
      const row = denominationOf(coin.at('h_denom').text);
      const denomination = row.must(parseDenominationKey({ cipher: 'RSA', rsa_pub: row.at('rsa_pub').text }));
      expect(encodeBase32(hashDenomination(denomination))).toBe(row.at('denom_pub_hash').text);
      const parts = {
        denomination: denomination as RsaDenominationKey,
        coinPub: coin.at('coin_pub').key,
        signature: coin.at('ub_sig', 'rsa_signature').variable,
      };
      expect(verifyCoin(parts)).toBe(true);
    }
  });

  it('adds up', () => {
    const coins = payment.at('pay_request', 'coins').items;
    const checks = payment.at('pay_request_checks');
    const gross = sumAmounts(
      'KUDOS',
      coins.map((coin) => coin.at('contribution').amount),
    );
    const fees = sumAmounts(
      'KUDOS',
      coins.map((coin) => denominationOf(coin.at('h_denom').text).at('fee_deposit').amount),
    );
    const net = subtractAmounts(gross, fees);
    expect(formatAmount(gross)).toBe(checks.at('total_contribution').text);
    expect(formatAmount(fees)).toBe(checks.at('total_deposit_fee').text);
    expect(formatAmount(net)).toBe(checks.at('net').text);
    const paid = addAmounts(net, checks.at('max_fee').amount);
    expect(compareAmounts(paid, checks.at('price').amount)).toBeGreaterThanOrEqual(0);
  });

  it('is deposited and confirmed by the exchange over the total without fees', () => {
    const deposit = exchanged(
      '/batch-deposit',
      payment.at('batch_deposit_request'),
      payment.at('batch_deposit_response'),
    );
    const signatures = [
      ...rebuild.depositByCoins(deposit),
      rebuild.depositByMerchant(deposit),
      rebuild.depositConfirmation(deposit),
    ];
    expect(signatures).toHaveLength(4);
    for (const signed of signatures) {
      expect(signed.verifies()).toBe(true);
      expectEveryChangeToBreak(signed);
    }
  });

  it('is acknowledged to the wallet, which shows the acknowledgement again', () => {
    const signature = merchantPaymentOk.sign(signer, { hContract });
    expect(encodeBase32(signature)).toBe(payment.at('pay_response', 'sig').text);
    expect(payment.at('paid_request', 'sig').text).toBe(payment.at('pay_response', 'sig').text);
    const shown = payment.at('paid_request');
    expect(
      merchantPaymentOk.verify(
        signer.publicKey,
        { hContract: shown.at('h_contract').hash },
        shown.at('sig').hash,
      ),
    ).toBe(true);
  });

  it('is refunded in part', () => {
    const { text: path } = payment.at('exchange_refund_request', 'path');
    const refund = exchanged(
      path,
      payment.at('exchange_refund_request', 'body'),
      payment.at('exchange_refund_response'),
    );
    for (const signed of [rebuild.refundByMerchant(refund), rebuild.refundConfirmation(refund)]) {
      expect(signed.verifies()).toBe(true);
      expectEveryChangeToBreak(signed);
    }
  });
});
