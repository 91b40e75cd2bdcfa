import { amountOf, zeroAmount } from '../../../src/taler/amount';
import { grossFromNet, netFromGross, type StefanCurve } from '../../../src/taler/stefan';
import { type Cursor, readVectors } from './support/vectors';

const rows = readVectors('stefan.json').at('vectors').items;

function curveOf(row: Cursor): StefanCurve {
  return {
    abs: row.at('stefan_abs').amount,
    log: row.at('stefan_log').amount,
    lin: row.at('stefan_lin').number,
    smallestDenomination: row.at('smallest_denomination').amount,
  };
}

/** The file asks for 1e-7; 10 units of 10^-8. */
const TOLERANCE_UNITS = 10;

function expectClose(actual: bigint | undefined, expected: bigint | undefined): void {
  if (actual === undefined || expected === undefined) return expect(actual).toBe(expected);
  expect(Math.abs(Number(actual - expected))).toBeLessThanOrEqual(TOLERANCE_UNITS);
}

describe('the STEFAN fee curve', () => {
  it.each(rows.map((row) => [row]))('gives the values of the reference (row %#)', (row) => {
    const curve = curveOf(row);
    const { amount } = row.at('amount');
    const expected = (name: string): bigint | undefined =>
      row.at(name).optional((cursor) => cursor.amount.units);
    expectClose(grossFromNet(curve, amount)?.units, expected('net_to_brut'));
    expectClose(netFromGross(curve, amount)?.units, expected('brut_to_net'));
  });

  it.each(rows.map((row) => [row]))('comes back to the net amount it started from (row %#)', (row) => {
    const curve = curveOf(row);
    const net = row.at('amount').amount;
    const gross = grossFromNet(curve, net);
    expect(gross).toBeDefined();
    expectClose(gross && netFromGross(curve, gross)?.units, net.units);
  });

  const curve: StefanCurve = {
    abs: amountOf('EUR', 1_000_000n),
    log: amountOf('EUR', 500_000n),
    lin: 0.01,
    smallestDenomination: amountOf('EUR', 1_000_000n),
  };

  it('leaves zero as it is', () => {
    expect(grossFromNet(curve, zeroAmount('EUR'))).toEqual(zeroAmount('EUR'));
    expect(netFromGross(curve, zeroAmount('EUR'))).toEqual(zeroAmount('EUR'));
  });

  it.each([1, 1.5, -0.1, NaN, Infinity])('has no result when the linear part is %d', (lin) => {
    expect(grossFromNet({ ...curve, lin }, amountOf('EUR', 10n ** 8n))).toBeUndefined();
    expect(netFromGross({ ...curve, lin }, amountOf('EUR', 10n ** 8n))).toBeUndefined();
  });

  it('has no result without a smallest denomination or when fees exceed the amount', () => {
    const none = { ...curve, smallestDenomination: zeroAmount('EUR') };
    expect(grossFromNet(none, amountOf('EUR', 10n ** 8n))).toBeUndefined();
    expect(netFromGross(curve, amountOf('EUR', 1_000_000n))).toBeUndefined();
  });

  it('copes with amounts at both ends of the range', () => {
    for (const units of [1n, 100n, 10n ** 23n]) {
      const gross = grossFromNet(curve, amountOf('EUR', units));
      if (gross !== undefined) expect(gross.units).toBeGreaterThanOrEqual(units);
    }
    expect(grossFromNet({ ...curve, lin: 0.999999 }, amountOf('EUR', 4n * 10n ** 23n))).toBeUndefined();
  });
});
