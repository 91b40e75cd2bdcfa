import type { Amount } from '../../src/taler/amount';
import { PAYMENT_COINS_MAX } from './limits';

/** A coin as the selection sees it. All amounts are of one currency. */
export interface SelectableCoin {
  readonly coinPub: string;
  readonly exchangeBaseUrl: string;
  /** What can still be spent of it. */
  readonly remaining: Amount;
  readonly feeDeposit: Amount;
}

/** A coin that is part of the payment already, for instance from an attempt before a double spend. */
export interface CommittedCoin {
  readonly exchangeBaseUrl: string;
  readonly contribution: Amount;
  readonly feeDeposit: Amount;
}

export interface SelectionRequest {
  readonly amount: Amount;
  /** Deposit fees up to this sum are the merchant's. */
  readonly maxFee: Amount;
  readonly coins: readonly SelectableCoin[];
  readonly committed?: readonly CommittedCoin[];
  /** The most that may be contributed per exchange, by base URL. */
  readonly contributionMax?: ReadonlyMap<string, Amount>;
}

export interface SelectedCoin {
  readonly coinPub: string;
  /** Gross, includes the deposit fee. */
  readonly contribution: Amount;
}

export type Selection =
  | {
      readonly kind: 'selected';
      readonly coins: readonly SelectedCoin[];
      readonly fees: Amount;
      readonly total: Amount;
    }
  /** `missing`: how much more the usable coins would have to be worth. */
  | { readonly kind: 'insufficient'; readonly missing: Amount };

interface Candidate {
  readonly coinPub: string;
  readonly exchangeBaseUrl: string;
  readonly units: bigint;
  readonly fee: bigint;
}

/**
 * Chooses coins and what each contributes, so that the merchant accepts the payment (orders.md 5.3):
 * gross >= amount + max(0, fees - maxFee), and no coin contributes less than its fee.
 *
 * Few coins come first, as each is a signature to check and a fee: the most valuable ones are taken until one more
 * coin completes the price, and that one is the smallest that does. Contributions are cut so that nothing is
 * overpaid, except where the fee of the last coin is larger than the gap it fills.
 */
export function selectCoins(request: SelectionRequest): Selection {
  const { amount } = request;
  const sum = new PaymentSum(request);
  const chosen: { candidate: Candidate; contribution: bigint }[] = [];
  let candidates = [...request.coins].flatMap(toCandidate).sort(byUse);

  while (sum.gap() > 0n) {
    const last = smallestThatCompletes(candidates, sum);
    const next = last ?? mostWorth(candidates, sum);
    if (next === undefined || chosen.length === PAYMENT_COINS_MAX) {
      return { kind: 'insufficient', missing: money(amount, sum.gap()) };
    }
    candidates = candidates.filter((candidate) => candidate !== next);
    const contribution = last === undefined ? sum.room(next) : largest(next.fee, sum.gapWith(next), 1n);
    chosen.push({ candidate: next, contribution });
    sum.add(next, contribution);
  }
  sum.giveBack(chosen);
  return {
    kind: 'selected',
    coins: chosen.map(({ candidate, contribution }) => ({
      coinPub: candidate.coinPub,
      contribution: money(amount, contribution),
    })),
    fees: money(amount, sum.fees),
    total: money(amount, sum.gross),
  };
}

/** The sum of a payment while it is put together, in units of 10^-8. */
class PaymentSum {
  gross = 0n;
  fees = 0n;
  private readonly price: bigint;
  private readonly maxFee: bigint;
  private readonly roomLeft = new Map<string, bigint>();

  constructor(request: SelectionRequest) {
    this.price = request.amount.units;
    this.maxFee = request.maxFee.units;
    for (const [url, limit] of request.contributionMax ?? []) this.roomLeft.set(url, limit.units);
    for (const { exchangeBaseUrl, contribution, feeDeposit } of request.committed ?? []) {
      this.take(exchangeBaseUrl, contribution.units, feeDeposit.units);
    }
  }

  /** What is still to be paid; zero or less when the price is covered. */
  gap(): bigint {
    return this.gapFor(this.fees);
  }

  /** The gap if this coin came along with its fee and contributed nothing yet. */
  gapWith(candidate: Candidate): bigint {
    return this.gapFor(this.fees + candidate.fee);
  }

  /** What this coin can contribute: what it holds, within the limit of its exchange. */
  room(candidate: Candidate): bigint {
    const limit = this.roomLeft.get(candidate.exchangeBaseUrl);
    return limit === undefined || limit > candidate.units ? candidate.units : limit;
  }

  /** True if the gap is smaller with this coin than without: not all of what it brings goes into its own fee. */
  isWorthwhile(candidate: Candidate): boolean {
    const room = this.room(candidate);
    return room >= candidate.fee && room > this.gapWith(candidate) - this.gap();
  }

  completes(candidate: Candidate): boolean {
    const room = this.room(candidate);
    return room > 0n && room >= candidate.fee && room >= this.gapWith(candidate);
  }

  add(candidate: Candidate, contribution: bigint): void {
    this.take(candidate.exchangeBaseUrl, contribution, candidate.fee);
  }

  /** Takes what is too much off coins that can contribute less. */
  giveBack(chosen: { candidate: Candidate; contribution: bigint }[]): void {
    for (const coin of chosen) {
      const tooMuch = -this.gap();
      if (tooMuch <= 0n) return;
      const least = largest(coin.candidate.fee, 1n);
      const cut = smallest(tooMuch, coin.contribution - least);
      if (cut <= 0n) continue;
      coin.contribution -= cut;
      this.gross -= cut;
    }
  }

  private gapFor(fees: bigint): bigint {
    return this.price + largest(0n, fees - this.maxFee) - this.gross;
  }

  private take(exchangeBaseUrl: string, contribution: bigint, fee: bigint): void {
    this.gross += contribution;
    this.fees += fee;
    const room = this.roomLeft.get(exchangeBaseUrl);
    if (room !== undefined) this.roomLeft.set(exchangeBaseUrl, largest(0n, room - contribution));
  }
}

// Candidates are sorted by what they are worth after their fee, so the last that completes is the smallest.
function smallestThatCompletes(candidates: readonly Candidate[], sum: PaymentSum): Candidate | undefined {
  return candidates.findLast((candidate) => sum.completes(candidate));
}

/** The coin that brings most: with a limit on its exchange, a large coin may bring little. */
function mostWorth(candidates: readonly Candidate[], sum: PaymentSum): Candidate | undefined {
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (!sum.isWorthwhile(candidate)) continue;
    if (best === undefined || sum.room(candidate) - candidate.fee > sum.room(best) - best.fee)
      best = candidate;
  }
  return best;
}

function toCandidate(coin: SelectableCoin): Candidate[] {
  const { coinPub, exchangeBaseUrl, remaining, feeDeposit } = coin;
  if (remaining.units === 0n || remaining.units < feeDeposit.units) return [];
  return [{ coinPub, exchangeBaseUrl, units: remaining.units, fee: feeDeposit.units }];
}

/** Most valuable first; among equals the one with the lower fee, then by key so that the outcome is reproducible. */
function byUse(a: Candidate, b: Candidate): number {
  const worth = b.units - b.fee - (a.units - a.fee);
  if (worth !== 0n) return worth < 0n ? -1 : 1;
  if (a.fee !== b.fee) return a.fee < b.fee ? -1 : 1;
  return a.coinPub < b.coinPub ? -1 : 1;
}

function money(like: Amount, units: bigint): Amount {
  return { currency: like.currency, units };
}

function largest(first: bigint, ...others: bigint[]): bigint {
  return others.reduce((a, b) => (a > b ? a : b), first);
}

function smallest(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
