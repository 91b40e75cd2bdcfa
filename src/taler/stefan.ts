import { type Amount, MAX_AMOUNT_UNITS, UNITS_PER_WHOLE } from './amount';

/**
 * Parameters of the STEFAN fee curve in /keys (exchange.md 9). All amounts have the currency of the exchange.
 *
 * The curve is an estimate that the protocol defines over doubles: the one place besides reading `stefan_lin`
 * where money meets floating point. Nothing computed here is ever signed or paid.
 */
export interface StefanCurve {
  readonly abs: Amount;
  readonly log: Amount;
  /** Share of the amount, at least 0; from 1 on there is no result. */
  readonly lin: number;
  /** Value of the smallest denomination in /keys. */
  readonly smallestDenomination: Amount;
}

const PRECISION = 1e-9;
/** Newton's method doubles the exact digits with every step; C gives up much later. */
const MAX_STEPS = 50;

function toDouble(amount: Amount): number {
  return Number(amount.units) / Number(UNITS_PER_WHOLE);
}

/** Truncates to 10^-8, as C does. */
function fromDouble(currency: string, value: number): Amount | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined;
  const units =
    BigInt(Math.trunc(value)) * UNITS_PER_WHOLE + BigInt(Math.trunc((value % 1) * Number(UNITS_PER_WHOLE)));
  return units > MAX_AMOUNT_UNITS ? undefined : { currency, units };
}

interface Doubles {
  readonly abs: number;
  readonly log: number;
  readonly lin: number;
  readonly unit: number;
}

function doublesOf(curve: StefanCurve): Doubles | undefined {
  const unit = toDouble(curve.smallestDenomination);
  if (unit === 0 || !(curve.lin >= 0) || curve.lin >= 1) return undefined;
  return { abs: toDouble(curve.abs), log: toDouble(curve.log), lin: curve.lin, unit };
}

function feeOf({ abs, log, lin, unit }: Doubles, gross: number): number {
  return abs + log * Math.log2(gross / unit) + lin * gross;
}

/**
 * What is left of a gross amount after the estimated fees.
 *
 * @returns undefined if the fees exceed the amount or the curve has no result; zero stays zero
 */
export function netFromGross(curve: StefanCurve, gross: Amount): Amount | undefined {
  if (gross.units === 0n) return gross;
  const doubles = doublesOf(curve);
  if (doubles === undefined) return undefined;
  const value = toDouble(gross);
  return fromDouble(gross.currency, value - feeOf(doubles, value));
}

/**
 * The gross amount that leaves the net amount after the estimated fees: solves net = gross - fee(gross).
 *
 * @returns undefined if the curve has no result; zero stays zero
 */
export function grossFromNet(curve: StefanCurve, net: Amount): Amount | undefined {
  if (net.units === 0n) return net;
  const doubles = doublesOf(curve);
  if (doubles === undefined) return undefined;
  const target = toDouble(net);
  let gross = startValue(doubles, target);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const excess = gross - feeOf(doubles, gross) - target;
    if (Math.abs(excess) < PRECISION) break;
    const slope = 1 - doubles.log / (gross * Math.LN2) - doubles.lin;
    const next = gross - excess / slope;
    // Left of its minimum the function has no root that makes sense as a price.
    gross = next > 0 && Number.isFinite(next) ? next : gross * 2;
  }
  return fromDouble(net.currency, gross);
}

function startValue({ abs, log, lin, unit }: Doubles, net: number): number {
  const withAbs = net + abs;
  const withLin = withAbs / (1 - lin);
  return withLin + log * Math.max(0, Math.log2(withLin / unit));
}
