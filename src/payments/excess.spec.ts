import fc from 'fast-check';
import { amountOf } from '../taler/amount';
import type { Price } from './contract-view';
import { findExcess } from './excess';
import type { StoredDeposit } from './payments.repository';
import { isSufficient } from './sufficiency';

const kudos = (units: number) => amountOf('KUDOS', BigInt(units));

function coin(name: number, contribution: number, changes: Partial<StoredDeposit> = {}): StoredDeposit {
  return {
    exchangeUrl: 'http://exchange.example/',
    coinPub: Buffer.alloc(32, name),
    contribution: kudos(contribution),
    depositFee: kudos(0),
    refundFee: kudos(0),
    isGivenBack: false,
    walletDataHash: undefined,
    ...changes,
  };
}

const price = (amount: number, maxFee = 0): Price => ({
  amount: kudos(amount),
  maxFee: kudos(maxFee),
  choiceIndex: undefined,
});
const keyOf = ({ coinPub }: StoredDeposit) => coinPub.toString('hex');
const namesOf = (coins: readonly StoredDeposit[]) => coins.map(({ coinPub }) => coinPub[0]);

describe('coins in excess', () => {
  it('are the latest ones without which the price is covered', () => {
    expect(namesOf(findExcess(price(5), [coin(1, 5), coin(2, 5)], new Set()))).toEqual([2]);
    expect(namesOf(findExcess(price(5), [coin(1, 2), coin(2, 3), coin(3, 1)], new Set()))).toEqual([3]);
    expect(namesOf(findExcess(price(5), [coin(1, 2), coin(2, 3)], new Set()))).toEqual([]);
    expect(namesOf(findExcess(price(5), [coin(1, 10)], new Set()))).toEqual([]);
  });

  it('are none that were given back or refunded in part', () => {
    const coins = [coin(1, 5), coin(2, 5, { isGivenBack: true }), coin(3, 5), coin(4, 5)];
    expect(namesOf(findExcess(price(5), coins, new Set([keyOf(coin(4, 5))])))).toEqual([3, 1]);
  });

  it('are all of another choice than the one that was paid', () => {
    const [one, two] = [Buffer.alloc(64, 1), Buffer.alloc(64, 2)];
    const coins = [
      coin(1, 9, { walletDataHash: one, contribution: amountOf('EUR', 9n) }),
      coin(2, 3, { walletDataHash: one }),
      coin(3, 5, { walletDataHash: two }),
      coin(4, 5, { walletDataHash: two }),
    ];
    expect(namesOf(findExcess({ ...price(5), choiceIndex: 1 }, coins, new Set()))).toEqual([1, 2, 4]);
  });

  it('always leave the price covered, whatever they are', () => {
    const coins = fc.array(
      fc.record({
        value: fc.integer({ min: 1, max: 9 }),
        fee: fc.integer({ max: 1, min: 0 }),
        back: fc.boolean(),
        touched: fc.boolean(),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(coins, fc.nat(12), fc.nat(2), (drawn, amount, maxFee) => {
        const all = drawn.map(({ value, fee, back }, index) =>
          coin(index, value, { depositFee: kudos(fee), isGivenBack: back }),
        );
        const held = all.filter(({ isGivenBack }) => !isGivenBack);
        const wanted = { ...price(amount, maxFee), refunded: kudos(0) };
        fc.pre(isSufficient({ ...wanted, deposits: held }));
        const touched = new Set(all.filter((_, index) => drawn[index]?.touched).map(keyOf));
        const excess = findExcess(price(amount, maxFee), all, touched);
        const kept = held.filter((deposit) => !excess.includes(deposit));
        expect(isSufficient({ ...wanted, deposits: kept })).toBe(true);
        expect(excess.every((deposit) => !deposit.isGivenBack && !touched.has(keyOf(deposit)))).toBe(true);
      }),
    );
  });
});
