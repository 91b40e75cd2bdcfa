import fc from 'fast-check';
import { allocateRefund, type RefundableCoin } from './allocate-refund';

const coin = (left: number, refundFee = 2): RefundableCoin => ({
  left: BigInt(left),
  refundFee: BigInt(refundFee),
});

function allocate(coins: readonly RefundableCoin[], units: number) {
  return allocateRefund(coins, BigInt(units))?.map((slice) => [slice.coin, Number(slice.units)]);
}

describe('allocateRefund', () => {
  it('takes what is left of each coin, in the order of the deposits', () => {
    expect(allocate([coin(500), coin(200), coin(100)], 650)).toEqual([
      [0, 500],
      [1, 150],
    ]);
  });

  it('takes nothing of coins that have nothing left', () => {
    expect(allocate([coin(0), coin(200)], 100)).toEqual([[1, 100]]);
  });

  it('takes value from an earlier coin so that the last slice is worth its fee', () => {
    expect(allocate([coin(500), coin(200)], 501)).toEqual([
      [0, 499],
      [1, 2],
    ]);
  });

  it('takes another coin where no value can be moved', () => {
    expect(allocate([coin(10, 10), coin(100, 50), coin(30, 1)], 11)).toEqual([
      [0, 10],
      [2, 1],
    ]);
    expect(allocate([coin(1, 1), coin(100, 50), coin(50, 50)], 50)).toEqual([[1, 50]]);
  });

  it('takes one unit of a coin without fee', () => {
    expect(allocate([coin(500, 0), coin(200, 0)], 501)).toEqual([
      [0, 500],
      [1, 1],
    ]);
  });

  it('makes a small slice where there is no other way, and no more of them than needed', () => {
    expect(allocate([coin(500)], 1)).toEqual([[0, 1]]);
    expect(allocate([coin(1), coin(1), coin(500)], 501)).toEqual([
      [0, 1],
      [2, 500],
    ]);
  });

  it('gives up when the coins have less left', () => {
    expect(allocate([coin(500), coin(200)], 701)).toBeUndefined();
    expect(allocate([], 1)).toBeUndefined();
  });

  it('deals with the most coins a payment can have', () => {
    const coins = Array.from({ length: 1024 }, (_, index) => coin(10 + (index % 7), 2));
    const total = coins.reduce((sum, { left }) => sum + Number(left), 0);
    for (const units of [1, 2, 3, 5000, total - 1, total]) {
      const slices = allocate(coins, units) ?? [];
      expect(slices.reduce((sum, [, slice]) => sum + (slice ?? 0), 0)).toBe(units);
    }
  });

  const coins = fc.array(fc.record({ left: fc.bigInt(0n, 12n), refundFee: fc.bigInt(0n, 9n) }), {
    maxLength: 6,
  });

  it('adds up, takes no more than is left, and avoids small slices whenever that is possible', () => {
    let avoided = 0;
    fc.assert(
      fc.property(coins, fc.bigInt(1n, 60n), (purse, units) => {
        const slices = allocateRefund(purse, units);
        const total = purse.reduce((sum, { left }) => sum + left, 0n);
        if (total < units) return expect(slices).toBeUndefined();
        expect(slices?.reduce((sum, slice) => sum + slice.units, 0n)).toBe(units);
        expect(new Set(slices?.map((slice) => slice.coin)).size).toBe(slices?.length);
        for (const slice of slices ?? []) {
          expect(slice.units).toBeGreaterThan(0n);
          expect(slice.units).toBeLessThanOrEqual(purse[slice.coin]?.left ?? 0n);
        }
        const isSmall = slices?.some((slice) => slice.units < (purse[slice.coin]?.refundFee ?? 0n));
        const canBeAvoided = hasGoodChoice(purse, units);
        if (canBeAvoided) avoided++;
        expect(isSmall).toBe(!canBeAvoided);
      }),
      { numRuns: 5000 },
    );
    expect(avoided).toBeGreaterThan(500);
  });
});

/** Whether any of all the slicings there are keeps every slice at or above its fee: tried one by one. */
function hasGoodChoice(purse: readonly RefundableCoin[], units: bigint): boolean {
  const sums = purse.reduce(
    (reached, { left, refundFee }) => {
      const next = new Set(reached);
      for (let slice = refundFee > 0n ? refundFee : 1n; slice <= left; slice++) {
        for (const sum of reached) next.add(sum + slice);
      }
      return next;
    },
    new Set([0n]),
  );
  return sums.has(units);
}
