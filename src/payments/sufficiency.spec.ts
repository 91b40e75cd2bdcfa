import { type Amount, formatAmount, parseAmount } from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import { explainInsufficient, grossOf, isSufficient, neededFor, type PaymentSums } from './sufficiency';

function money(text: string): Amount {
  const amount = parseAmount(`KUDOS:${text}`);
  if (!amount) throw new Error(text);
  return amount;
}

/** @param coins contribution and deposit fee of each */
function sums(
  amount: string,
  maxFee: string,
  coins: readonly (readonly [string, string])[],
  refunded = '0',
): PaymentSums {
  return {
    amount: money(amount),
    maxFee: money(maxFee),
    deposits: coins.map(([contribution, fee]) => ({
      contribution: money(contribution),
      depositFee: money(fee),
    })),
    refunded: money(refunded),
  };
}

describe('the sum of a payment', () => {
  it('needs the price and the fees above what the merchant takes upon itself', () => {
    expect(formatAmount(neededFor(sums('5', '0', [['5', '0.02']])))).toBe('KUDOS:5.02');
    expect(formatAmount(neededFor(sums('5', '0.02', [['5', '0.02']])))).toBe('KUDOS:5');
    expect(formatAmount(neededFor(sums('5', '1', [['5', '0.02']])))).toBe('KUDOS:5');
    const many = sums('5', '0.03', [
      ['2', '0.02'],
      ['2', '0.02'],
      ['1', '0.01'],
    ]);
    expect(formatAmount(neededFor(many))).toBe('KUDOS:5.02');
    expect(formatAmount(grossOf(many))).toBe('KUDOS:5');
  });

  it('is enough exactly from there on, to the last 10^-8', () => {
    expect(isSufficient(sums('5', '0', [['5.02', '0.02']]))).toBe(true);
    expect(isSufficient(sums('5', '0', [['5.01999999', '0.02']]))).toBe(false);
    expect(isSufficient(sums('5', '0.01999999', [['5', '0.02']]))).toBe(false);
    expect(isSufficient(sums('5', '0.02', [['5', '0.02']]))).toBe(true);
  });

  it('is enough without coins when there is no price', () => {
    expect(isSufficient(sums('0', '0', []))).toBe(true);
    expect(isSufficient(sums('0.00000001', '0', []))).toBe(false);
  });

  it('counts what was refunded as not paid', () => {
    expect(isSufficient(sums('5', '1', [['6', '0.02']], '1'))).toBe(true);
    expect(isSufficient(sums('5', '1', [['6', '0.02']], '1.00000001'))).toBe(false);
    expect(isSufficient(sums('5', '1', [['6', '0.02']], '7'))).toBe(false);
  });

  it.each([
    ['PAYMENT_INSUFFICIENT', sums('5', '0', [['4.99', '0.02']]), 2156],
    ['PAYMENT_INSUFFICIENT without any coin', sums('5', '0', []), 2156],
    ['INSUFFICIENT_DUE_TO_FEES', sums('5', '0', [['5', '0.02']]), 2155],
    ['REFUNDED', sums('5', '1', [['5', '0.02']], '0.01'), 2167],
    ['REFUNDED also when everything is', sums('5', '1', [['5', '0.02']], '5'), 2167],
    ['REFUNDS_EXCEED_PAYMENTS', sums('5', '1', [['5', '0.02']], '5.01'), 2168],
  ])('says what is wrong: %s', (_name, given, code) => {
    expect(isSufficient(given)).toBe(false);
    expect(explainInsufficient(given).code).toBe(code as TalerCode);
  });
});
