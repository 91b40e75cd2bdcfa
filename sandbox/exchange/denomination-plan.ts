import { ageMaskFromGroups } from '../../src/taler/age-restriction';
import { type Amount, parseAmount } from '../../src/taler/amount';

/** Ages at which the groups of the age restriction begin; the same as in recording 002. */
export const AGE_GROUPS = '8:10:12:14:16:18:21';

/** Value and fees of a denomination, without keys. */
export interface DenominationPlan {
  readonly name: string;
  readonly value: Amount;
  readonly feeWithdraw: Amount;
  readonly feeDeposit: Amount;
  readonly feeRefresh: Amount;
  readonly feeRefund: Amount;
  /** 0 unless age restricted. */
  readonly ageMask: number;
}

interface PlanRow {
  readonly value: string;
  /** Withdraw, deposit, refresh, refund. */
  readonly fees: readonly [string, string, string, string];
  readonly ageRestricted?: true;
}

// Values and fees of recording 002, and 20 besides. One denomination is free of all fees: a fee of zero must not
// be taken for an absent one (exchange.md 12, number 8).
const ROWS: readonly PlanRow[] = [
  { value: '0.01', fees: ['0', '0', '0', '0'] },
  { value: '0.1', fees: ['0.01', '0.01', '0.01', '0.01'] },
  { value: '1', fees: ['0.01', '0.01', '0.01', '0.01'] },
  { value: '2', fees: ['0.01', '0.02', '0.02', '0.01'] },
  { value: '5', fees: ['0.01', '0.02', '0.02', '0.02'] },
  { value: '10', fees: ['0.02', '0.03', '0.03', '0.02'] },
  { value: '20', fees: ['0.02', '0.03', '0.03', '0.02'] },
  { value: '5', fees: ['0.01', '0.02', '0.02', '0.02'], ageRestricted: true },
];

/** What the sandbox issues. @throws Error if the currency is no currency name */
export function denominationPlans(currency: string): DenominationPlan[] {
  const mask = ageMaskFromGroups(AGE_GROUPS);
  if (mask === undefined) throw new Error('age groups are malformed');
  return ROWS.map(({ value, fees, ageRestricted }) => ({
    name: ageRestricted === undefined ? value : `${value}-age`,
    value: planned(currency, value),
    feeWithdraw: planned(currency, fees[0]),
    feeDeposit: planned(currency, fees[1]),
    feeRefresh: planned(currency, fees[2]),
    feeRefund: planned(currency, fees[3]),
    ageMask: ageRestricted === undefined ? 0 : mask,
  }));
}

function planned(currency: string, value: string): Amount {
  const amount = parseAmount(`${currency}:${value}`);
  if (amount === undefined) throw new Error(`not a currency: ${currency}`);
  return amount;
}
