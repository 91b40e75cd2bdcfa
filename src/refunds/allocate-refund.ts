/** What is left of a deposited coin, in 10^-8 of the currency. */
export interface RefundableCoin {
  /** Contribution less earlier refunds. */
  readonly left: bigint;
  /** What the exchange keeps of each refund of the coin; it refuses a slice below (exchange.md 12 no. 6). */
  readonly refundFee: bigint;
}

/** Part of a refund that one coin bears. */
export interface RefundSlice {
  /** Index of the coin. */
  readonly coin: number;
  /** Above zero. */
  readonly units: bigint;
}

/** Of coins alike one is as good as another, so this many looks are enough for purses of a few denominations. */
const LOOKS_MAX = 20_000;

/**
 * Spreads a refund over the coins in the order of their deposit (orders.md 4.6). No slice is below the refund fee of its
 * coin as long as some choice of coins avoids it: the exchange would refuse such a slice for ever. Where none does, the
 * slice is made all the same, since the merchant owes the sum.
 * @returns slices that add up to `units`, in the order of the coins; undefined when the coins have less left
 */
export function allocateRefund(coins: readonly RefundableCoin[], units: bigint): RefundSlice[] | undefined {
  const chosen = chooseCoins(coins, units);
  return chosen ? cutAboveFees(coins, chosen, units) : cutInOrder(coins, units);
}

/** The least slice of a coin that the exchange accepts. */
function leastOf({ refundFee }: RefundableCoin): bigint {
  return refundFee > 0n ? refundFee : 1n;
}

/** True when the coin can bear a slice that the exchange accepts. */
function isUsable(coin: RefundableCoin): boolean {
  return coin.left >= leastOf(coin);
}

/**
 * The first coins, in their order, whose least slices are not above `units` and whose rests are not below; the coins of
 * a plain walk unless the last slice would be too small.
 * @returns their indexes; undefined when there are none, or none were found within LOOKS_MAX
 */
function chooseCoins(coins: readonly RefundableCoin[], units: bigint): number[] | undefined {
  const usable = coins.map((_, index) => index).filter((index) => isUsable(at(coins, index)));
  /** What the coins from here on can bear together. */
  const rest: bigint[] = [0n];
  for (const index of [...usable].reverse()) rest.unshift((rest[0] ?? 0n) + at(coins, index).left);
  let looks = 0;
  const chosen: number[] = [];
  // Kinds of coins that were left out on the way here: to take a later one of the same kind instead changes nothing.
  const leftOut = new Map<string, number>();

  const look = (place: number, least: bigint, most: bigint): boolean => {
    if (least <= units && units <= most) return true;
    if (++looks > LOOKS_MAX || least > units || most + (rest[place] ?? 0n) < units) return false;
    const index = usable[place];
    if (index === undefined) return false;
    const coin = at(coins, index);
    const kind = `${leastOf(coin)} ${coin.left}`;
    const timesLeftOut = leftOut.get(kind) ?? 0;
    if (timesLeftOut === 0) {
      chosen.push(index);
      if (look(place + 1, least + leastOf(coin), most + coin.left)) return true;
      chosen.pop();
    }
    leftOut.set(kind, timesLeftOut + 1);
    if (look(place + 1, least, most)) return true;
    leftOut.set(kind, timesLeftOut);
    return false;
  };
  return look(0, 0n, 0n) ? chosen : undefined;
}

/** As much as possible of each coin, but so that enough for the least slice of every later one remains. */
function cutAboveFees(
  coins: readonly RefundableCoin[],
  chosen: readonly number[],
  units: bigint,
): RefundSlice[] {
  let kept = chosen.reduce((sum, index) => sum + leastOf(at(coins, index)), 0n);
  let remaining = units;
  return chosen.map((index) => {
    const coin = at(coins, index);
    kept -= leastOf(coin);
    const slice = smaller(coin.left, remaining - kept);
    remaining -= slice;
    return { coin: index, units: slice };
  });
}

/** The plain walk, over the coins that can bear something first: as few slices as possible are lost. */
function cutInOrder(coins: readonly RefundableCoin[], units: bigint): RefundSlice[] | undefined {
  const indexes = coins.map((_, index) => index);
  const usableFirst = [
    ...indexes.filter((index) => isUsable(at(coins, index))),
    ...indexes.filter((index) => !isUsable(at(coins, index))),
  ];
  const slices: RefundSlice[] = [];
  let remaining = units;
  for (const index of usableFirst) {
    const slice = smaller(at(coins, index).left, remaining);
    if (slice > 0n) slices.push({ coin: index, units: slice });
    remaining -= slice;
  }
  return remaining > 0n ? undefined : slices.sort((a, b) => a.coin - b.coin);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** An index that was made from the list itself. */
function at(coins: readonly RefundableCoin[], index: number): RefundableCoin {
  const coin = coins[index];
  if (!coin) throw new RangeError(`no coin ${index}`);
  return coin;
}
