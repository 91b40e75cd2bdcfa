import { type Amount, amountOf, formatAmount } from '../../src/taler/amount';
import type { Timestamp } from '../../src/taler/timestamp';
import type { SandboxClock } from './clock';
import type { DenominationPlan } from './denomination-plan';
import type { JournalEvent } from './events';
import type { Journal } from './journal';
import { type KeyMaterial, renewKeys, saveKeys } from './key-material';
import { KeyRing } from './key-ring';
import type { Ledger } from './ledger';
import type { Waiters } from './waiters';

/** What all handlers share: books, keys, clock. It knows nothing of HTTP. */
export class Exchange {
  private currentRing: KeyRing;
  private material: KeyMaterial;
  private lastRenewal: Promise<void> = Promise.resolve();

  constructor(
    readonly parts: {
      readonly currency: string;
      readonly plans: readonly DenominationPlan[];
      readonly rsaBits: number;
      readonly dataDirectory: string | undefined;
      readonly clock: SandboxClock;
      readonly ledger: Ledger;
      readonly journal: Journal;
      readonly waiters: Waiters;
    },
    material: KeyMaterial,
    /** With final slash. */
    readonly baseUrl: string,
  ) {
    this.material = material;
    this.currentRing = new KeyRing(material, parts.plans);
  }

  get currency(): string {
    return this.parts.currency;
  }

  get clock(): SandboxClock {
    return this.parts.clock;
  }

  get ledger(): Ledger {
    return this.parts.ledger;
  }

  get waiters(): Waiters {
    return this.parts.waiters;
  }

  get ring(): KeyRing {
    return this.currentRing;
  }

  /** Changes the books; the event must have passed all checks. Answers wait until it is in the journal. */
  record(event: JournalEvent): void {
    this.parts.ledger.apply(event);
    this.parts.journal.append(event);
  }

  /** @param units 10^-8 of the currency */
  amount(units: bigint): Amount {
    return amountOf(this.currency, units);
  }

  /** An amount as JSON has it. */
  text(units: bigint): string {
    return formatAmount(this.amount(units));
  }

  /** Makes the keys that are needed at the new time, then moves the clock there. */
  async moveClock(offsetUs: bigint): Promise<void> {
    await this.renewKeys(this.clock.nowWith(offsetUs));
    this.record({ event: 'clock-moved', offsetUs: String(offsetUs) });
    this.clock.setOffset(offsetUs);
    this.waiters.wakeAll();
  }

  /** To be called now and then: keys have an end. */
  renewKeys(now: Timestamp = this.clock.now()): Promise<void> {
    // One after the other: two renewals from the same state would each publish keys that the other forgets.
    const renewed = this.lastRenewal.then(() => this.renewKeysOnce(now));
    this.lastRenewal = renewed.catch(() => undefined);
    return renewed;
  }

  private async renewKeysOnce(now: Timestamp): Promise<void> {
    const { plans, rsaBits, dataDirectory } = this.parts;
    const renewed = await renewKeys(this.material, { plans, rsaBits, now });
    if (renewed === this.material) return;
    if (dataDirectory !== undefined) saveKeys(dataDirectory, renewed);
    this.material = renewed;
    this.currentRing = new KeyRing(renewed, plans);
  }
}

/** Under what long polls wait, and what wakes them. */
export const topics = {
  reserve: (reservePub: string) => `reserve ${reservePub}`,
  contract: (merchantPub: string, hContract: string) => `contract ${merchantPub} ${hContract}`,
  kyc: (hPayto: string) => `kyc ${hPayto}`,
  bank: 'bank',
} as const;
