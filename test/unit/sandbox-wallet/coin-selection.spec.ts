import fc from 'fast-check';
import { type CommittedCoin, selectCoins, type SelectableCoin } from '../../../sandbox/wallet/coin-selection';
import { money } from './coin-mint';

function coin(
  name: string,
  remaining: string,
  fee = 'KUDOS:0.01',
  exchangeBaseUrl = 'http://a/',
): SelectableCoin {
  return { coinPub: name, exchangeBaseUrl, remaining: money(remaining), feeDeposit: money(fee) };
}

function select(amount: string, maxFee: string, coins: SelectableCoin[], committed: CommittedCoin[] = []) {
  return selectCoins({ amount: money(amount), maxFee: money(maxFee), coins, committed });
}

describe('selectCoins', () => {
  it('takes the smallest single coin that pays price and fee, and cuts its contribution', () => {
    const coins = [coin('twenty', 'KUDOS:20'), coin('ten', 'KUDOS:10'), coin('five', 'KUDOS:5')];
    expect(select('KUDOS:5', 'KUDOS:0', coins)).toEqual({
      kind: 'selected',
      coins: [{ coinPub: 'ten', contribution: money('KUDOS:5.01') }],
      fees: money('KUDOS:0.01'),
      total: money('KUDOS:5.01'),
    });
  });

  it('leaves the fee to the merchant up to max_fee', () => {
    const coins = [coin('ten', 'KUDOS:10'), coin('five', 'KUDOS:5')];
    expect(select('KUDOS:5', 'KUDOS:0.01', coins)).toMatchObject({
      coins: [{ coinPub: 'five', contribution: money('KUDOS:5') }],
      total: money('KUDOS:5'),
    });
  });

  it('pays only the fees above max_fee', () => {
    const coins = [coin('a', 'KUDOS:2', 'KUDOS:0.3'), coin('b', 'KUDOS:2', 'KUDOS:0.3')];
    expect(select('KUDOS:3', 'KUDOS:0.5', coins)).toMatchObject({
      total: money('KUDOS:3.1'),
      fees: money('KUDOS:0.6'),
    });
  });

  it('says how much is missing', () => {
    expect(select('KUDOS:5', 'KUDOS:0', [coin('a', 'KUDOS:3')])).toEqual({
      kind: 'insufficient',
      missing: money('KUDOS:2.01'),
    });
  });

  it('needs no coins for a price of zero', () => {
    expect(select('KUDOS:0', 'KUDOS:0', [coin('a', 'KUDOS:3')])).toMatchObject({
      coins: [],
      total: money('KUDOS:0'),
    });
  });

  it('never lets a coin contribute less than its fee', () => {
    const coins = [coin('a', 'KUDOS:1', 'KUDOS:0.2')];
    expect(select('KUDOS:0.1', 'KUDOS:1', coins)).toMatchObject({
      coins: [{ coinPub: 'a', contribution: money('KUDOS:0.2') }],
    });
  });

  it('counts coins that are committed already, with their fees', () => {
    const committed = [
      { exchangeBaseUrl: 'http://a/', contribution: money('KUDOS:4'), feeDeposit: money('KUDOS:0.01') },
    ];
    expect(select('KUDOS:5', 'KUDOS:0', [coin('b', 'KUDOS:3')], committed)).toMatchObject({
      coins: [{ coinPub: 'b', contribution: money('KUDOS:1.02') }],
      total: money('KUDOS:5.02'),
    });
  });

  it('stays within the limit of an exchange and fills up with coins of another', () => {
    const coins = [coin('a', 'KUDOS:10'), coin('b', 'KUDOS:10', 'KUDOS:0.01', 'http://b/')];
    const contributionMax = new Map([['http://a/', money('KUDOS:3')]]);
    const selection = selectCoins({
      amount: money('KUDOS:12'),
      maxFee: money('KUDOS:1'),
      coins,
      contributionMax,
    });
    expect(selection).toMatchObject({
      kind: 'selected',
      coins: [
        { coinPub: 'b', contribution: money('KUDOS:10') },
        { coinPub: 'a', contribution: money('KUDOS:2') },
      ],
    });
    const alone = selectCoins({
      amount: money('KUDOS:4'),
      maxFee: money('KUDOS:1'),
      coins: coins.slice(0, 1),
      contributionMax,
    });
    expect(alone).toMatchObject({ kind: 'insufficient', missing: money('KUDOS:1') });
  });
});

describe('selectCoins, whatever the coins', () => {
  const units = (most: number) => fc.bigInt({ min: 0n, max: BigInt(most) });
  const kudos = (value: bigint) => ({ currency: 'KUDOS', units: value });
  const coins = fc
    .array(fc.record({ remaining: units(1000), fee: units(60) }), { maxLength: 12 })
    .map((list) =>
      list.map(({ remaining, fee }, i): SelectableCoin => ({
        coinPub: `coin-${i}`,
        exchangeBaseUrl: i % 2 === 0 ? 'http://a/' : 'http://b/',
        remaining: kudos(remaining),
        feeDeposit: kudos(fee),
      })),
    );

  /** The rule of orders.md 5.3, written independently. */
  function needed(price: bigint, maxFee: bigint, fees: bigint): bigint {
    return fees > maxFee ? price + fees - maxFee : price;
  }

  it('covers the price, and no coin gives more than it has or less than its fee', () => {
    fc.assert(
      fc.property(coins, units(4000), units(100), (list, price, maxFee) => {
        const selection = selectCoins({ amount: kudos(price), maxFee: kudos(maxFee), coins: list });
        if (selection.kind === 'insufficient') return;
        const chosen = selection.coins.map(({ coinPub, contribution }) => {
          const source = list.find((one) => one.coinPub === coinPub);
          if (source === undefined) throw new Error('a coin from nowhere');
          return {
            fee: source.feeDeposit.units,
            remaining: source.remaining.units,
            units: contribution.units,
          };
        });
        expect(new Set(selection.coins.map(({ coinPub }) => coinPub)).size).toBe(selection.coins.length);
        for (const one of chosen) {
          expect(one.units > 0n && one.units >= one.fee && one.units <= one.remaining).toBe(true);
        }
        const gross = chosen.reduce((sum, one) => sum + one.units, 0n);
        const fees = chosen.reduce((sum, one) => sum + one.fee, 0n);
        expect(selection.total.units).toBe(gross);
        expect(selection.fees.units).toBe(fees);
        expect(gross).toBeGreaterThanOrEqual(needed(price, maxFee, fees));
      }),
      { numRuns: 2000 },
    );
  });

  it('overpays only when every coin is down to the least it may give', () => {
    fc.assert(
      fc.property(coins, units(4000), units(100), (list, price, maxFee) => {
        const selection = selectCoins({ amount: kudos(price), maxFee: kudos(maxFee), coins: list });
        if (selection.kind === 'insufficient') return;
        if (selection.total.units === needed(price, maxFee, selection.fees.units)) return;
        for (const { coinPub, contribution } of selection.coins) {
          const fee = list.find((one) => one.coinPub === coinPub)?.feeDeposit.units ?? 0n;
          expect(contribution.units).toBe(fee > 1n ? fee : 1n);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('finds a payment whenever some set of coins makes one, with at most one coin more than necessary', () => {
    const few = coins.filter((list) => list.length <= 7);
    fc.assert(
      fc.property(few, units(3000), units(100), (list, price, maxFee) => {
        const selection = selectCoins({ amount: kudos(price), maxFee: kudos(maxFee), coins: list });
        const least = fewestCoins(list, price, maxFee);
        expect(selection.kind).toBe(least === undefined ? 'insufficient' : 'selected');
        if (selection.kind === 'selected' && least !== undefined) {
          expect(selection.coins.length).toBeLessThanOrEqual(least + 1);
        }
      }),
      { numRuns: 1000 },
    );
  });

  /** By trying all sets; undefined if none pays. */
  function fewestCoins(list: SelectableCoin[], price: bigint, maxFee: bigint): number | undefined {
    let least: number | undefined;
    for (let set = 0; set < 1 << list.length; set++) {
      const chosen = list.filter((_, i) => (set >> i) & 1);
      if (
        chosen.some(
          ({ remaining, feeDeposit }) => remaining.units === 0n || remaining.units < feeDeposit.units,
        )
      )
        continue;
      const gross = chosen.reduce((sum, { remaining }) => sum + remaining.units, 0n);
      const fees = chosen.reduce((sum, { feeDeposit }) => sum + feeDeposit.units, 0n);
      if (gross >= needed(price, maxFee, fees)) least = Math.min(least ?? Infinity, chosen.length);
    }
    return least;
  }
});
