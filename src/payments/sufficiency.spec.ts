import { type Amount, amountOf, formatAmount, MAX_AMOUNT_UNITS, parseAmount } from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import type { Price } from './contract-view';
import {
  countedFor,
  explainInsufficient,
  grossOf,
  isSufficient,
  neededFor,
  type PaymentSums,
  paymentOf,
  requireRepresentable,
} from './sufficiency';

function money(text: string): Amount {
  const amount = parseAmount(`KUDOS:${text}`);
  if (!amount) throw new Error(text);
  return amount;
}

const text = (units: bigint) => formatAmount(amountOf('KUDOS', units));

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
    expect(text(neededFor(sums('5', '0', [['5', '0.02']])))).toBe('KUDOS:5.02');
    expect(text(neededFor(sums('5', '0.02', [['5', '0.02']])))).toBe('KUDOS:5');
    expect(text(neededFor(sums('5', '1', [['5', '0.02']])))).toBe('KUDOS:5');
    const many = sums('5', '0.03', [
      ['2', '0.02'],
      ['2', '0.02'],
      ['1', '0.01'],
    ]);
    expect(text(neededFor(many))).toBe('KUDOS:5.02');
    expect(text(grossOf(many))).toBe('KUDOS:5');
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

describe('sums beyond an amount', () => {
  const largest = { currency: 'KUDOS', units: MAX_AMOUNT_UNITS };
  const free = money('0');
  const check = (changes: Partial<PaymentSums>) => () =>
    requireRepresentable({ ...sums('5', '0', []), ...changes });

  it('are refused from one unit above the largest on', () => {
    const deposits = [{ contribution: largest, depositFee: free }];
    expect(check({ deposits })).not.toThrow();
    const one = { contribution: amountOf('KUDOS', 1n), depositFee: free };
    expect(check({ deposits: [...deposits, one] })).toThrow(expect.objectContaining({ code: 2153 }));
  });

  it('are refused also when only price and fees are too much', () => {
    const deposits = [{ contribution: money('1'), depositFee: amountOf('KUDOS', 1n) }];
    expect(check({ amount: largest, maxFee: amountOf('KUDOS', 1n), deposits })).not.toThrow();
    expect(check({ amount: largest, deposits })).toThrow(expect.objectContaining({ code: 2153 }));
  });

  it('do not break the judgement of what was accepted', () => {
    const deposits = [1, 2].map(() => ({ contribution: largest, depositFee: free }));
    expect(isSufficient({ ...sums('5', '0', []), deposits })).toBe(true);
  });
});

describe('the coins that count', () => {
  const paper = Buffer.alloc(64, 1);
  const file = Buffer.alloc(64, 2);
  /** `5 paper` is a coin of 5 that has signed the choice `paper`. */
  const held = (text: string) => {
    const [value = '', choice, back] = text.split(' ');
    const contribution = parseAmount(value.includes(':') ? value : `KUDOS:${value}`);
    if (!contribution) throw new Error(text);
    return {
      text,
      contribution,
      depositFee: { ...contribution, units: 0n },
      isGivenBack: back === 'back',
      walletDataHash: { paper, file }[choice ?? ''],
    };
  };
  const price = (amount: string, choiceIndex: number | undefined): Price => ({
    amount: money(amount),
    maxFee: money('0'),
    choiceIndex,
  });
  const texts = (deposits: readonly { text: string }[]) => deposits.map(({ text: words }) => words);

  it('are those of the price, of its choice and in its currency, that were not given back', () => {
    const all = ['1 paper', '2 file', 'EUR:3 paper', '4 paper back', '5 none', '6 paper'].map(held);
    expect(texts(countedFor(price('5', 0), paper, all))).toEqual(['1 paper', '6 paper']);
    expect(texts(countedFor(price('5', 0), undefined, all))).toEqual(['5 none']);
    expect(texts(countedFor(price('5', undefined), paper, all))).toEqual([
      '1 paper',
      '2 file',
      '5 none',
      '6 paper',
    ]);
  });

  it.each<[string, number | undefined, string[], string[]]>([
    ['5', 0, ['2 paper', '5 file', '3 paper'], ['5 file']],
    ['5', 0, ['2 paper', '3 paper', '5 file', '1 paper'], ['2 paper', '3 paper', '1 paper']],
    ['5', 0, ['5 paper back', 'EUR:5 paper', '5 file'], ['5 file']],
    ['5', undefined, ['2 paper', '3 file', '1 none'], ['2 paper', '3 file', '1 none']],
    // Nothing covers the price: nothing is said to be in excess.
    ['5', 0, ['2 paper', '2 file'], ['2 paper', '2 file']],
    ['0', 0, [], []],
  ])('of a price of %s (choice %p) among %j are %j', (amount, choiceIndex, all, expected) => {
    expect(texts(paymentOf(price(amount, choiceIndex), all.map(held)))).toEqual(expected);
  });
});
