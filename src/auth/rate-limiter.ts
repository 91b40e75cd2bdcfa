import { Injectable } from '@nestjs/common';
import { hash } from 'node:crypto';
import { Clock } from '../platform/clock';
import { Database, Statement } from '../platform/database/database';
import { SECOND_US } from '../taler/timestamp';

/** How often something may be tried within a window of time that begins with the first try. */
export interface Limit {
  /** Tells counters apart that are about the same subject. */
  readonly name: string;
  readonly attemptsMax: number;
  readonly windowUs: bigint;
}

/** Whose attempts are counted. */
export interface Subject {
  /** The row is removed with the instance; undefined: it is not about one. */
  readonly instanceSerial?: bigint;
  /** What else tells subjects apart: addresses, names. Stored only hashed. */
  readonly names?: readonly string[];
}

/** Counters stay within int4, however many attempts are refused. */
const ATTEMPTS_CAP = 1_000_000;

const TAKE: Statement = {
  name: 'rate-limit-take',
  text: `insert into rate_limits as known (key, instance_serial, attempts, ends_us) values ($1, $2, 1, $4)
    on conflict (key) do update set
      attempts = case when known.ends_us <= $3 then 1 else least(known.attempts + 1, ${ATTEMPTS_CAP}) end,
      ends_us = case when known.ends_us <= $3 then excluded.ends_us else known.ends_us end
    returning attempts, ends_us`,
};
const FIND_BLOCKED: Statement = {
  name: 'rate-limit-find-blocked',
  text: `select max(ends_us) as ends_us from rate_limits
    join unnest($1::bytea[], $2::int4[]) as wanted (key, attempts_max) using (key)
    where attempts >= attempts_max and ends_us > $3`,
};
const GIVE_BACK: Statement = {
  name: 'rate-limit-give-back',
  text: 'update rate_limits set attempts = attempts - 1 where key = any($1) and attempts > 0',
};
const CLEAR: Statement = { name: 'rate-limit-clear', text: 'delete from rate_limits where key = $1' };
const NOTE: Statement = {
  name: 'rate-limit-note',
  text: `insert into rate_limits (key, instance_serial, attempts, ends_us) values ($1, $2, 0, $3)
    on conflict (key) do update set ends_us = excluded.ends_us`,
};
const FIND: Statement = {
  name: 'rate-limit-find',
  text: 'select ends_us from rate_limits where key = $1 and ends_us > $2',
};
const REMOVE_ENDED: Statement = {
  name: 'rate-limit-remove-ended',
  text: 'delete from rate_limits where ends_us <= $1',
};

/**
 * Counters that all processes share, in a table of ours: rate-limiter-flexible reads the system's clock, which tests
 * cannot move, and its errors would show SQL and values. An attempt is counted before it is made, so that a hundred at
 * once are not more than the limit.
 */
@Injectable()
export class RateLimiter {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts an attempt.
   * @returns undefined when it may be made, else the seconds until the next one may
   */
  async take(limit: Limit, subject: Subject): Promise<number | undefined> {
    const nowUs = this.clock.nowUs();
    const values = [
      keyOf(limit.name, subject),
      subject.instanceSerial ?? null,
      nowUs,
      nowUs + limit.windowUs,
    ];
    const [row] = await this.database.query<{ attempts: number; ends_us: string }>(TAKE, values);
    if (!row || row.attempts <= limit.attemptsMax) return undefined;
    return secondsUntil(row.ends_us, nowUs);
  }

  /**
   * Counts an attempt of each.
   * @returns undefined when all may be made, else the seconds until they may; then none is counted, the refused one not
   *   either: only what is tried counts
   */
  async takeAll(wanted: readonly (readonly [Limit, Subject])[]): Promise<number | undefined> {
    for (const [index, [limit, subject]] of wanted.entries()) {
      const waitS = await this.take(limit, subject);
      if (waitS === undefined) continue;
      await this.giveBack(wanted.slice(0, index + 1));
      return waitS;
    }
    return undefined;
  }

  /** As `take`, but counts nothing: @returns the seconds until an attempt may be made; undefined: at once */
  waitOf(limit: Limit, subject: Subject): Promise<number | undefined> {
    return this.blocked([[limit, subject]]);
  }

  /** The seconds until an attempt of each may be made; undefined: now. Counts nothing. */
  async blocked(wanted: readonly (readonly [Limit, Subject])[]): Promise<number | undefined> {
    const keys = wanted.map(([limit, subject]) => keyOf(limit.name, subject));
    const most = wanted.map(([limit]) => limit.attemptsMax);
    const nowUs = this.clock.nowUs();
    const [row] = await this.database.query<{ ends_us: string | null }>(FIND_BLOCKED, [keys, most, nowUs]);
    return row?.ends_us ? secondsUntil(row.ends_us, nowUs) : undefined;
  }

  /** Takes back what was counted: the attempts were good, or were not made. */
  async giveBack(taken: readonly (readonly [Limit, Subject])[]): Promise<void> {
    if (taken.length === 0) return;
    // In one order everywhere, so that no two of these wait for each other.
    const keys = taken.map(([limit, subject]) => keyOf(limit.name, subject)).sort(Buffer.compare);
    await this.database.query(GIVE_BACK, [keys]);
  }

  /** Forgets all attempts. */
  async clear(limit: Limit, subject: Subject): Promise<void> {
    await this.database.query(CLEAR, [keyOf(limit.name, subject)]);
  }

  /** Notes a fact about the subject for `spanUs`. */
  async note(name: string, subject: Subject, spanUs: bigint): Promise<void> {
    const endsUs = this.clock.nowUs() + spanUs;
    await this.database.query(NOTE, [keyOf(name, subject), subject.instanceSerial ?? null, endsUs]);
  }

  /** Until when the fact holds that was noted; undefined: it does not. Microseconds. */
  async noted(name: string, subject: Subject): Promise<bigint | undefined> {
    const values = [keyOf(name, subject), this.clock.nowUs()];
    const [row] = await this.database.query<{ ends_us: string }>(FIND, values);
    return row && BigInt(row.ends_us);
  }

  async removeEnded(): Promise<void> {
    await this.database.query(REMOVE_ENDED, [this.clock.nowUs()]);
  }
}

function secondsUntil(endsUs: string, nowUs: bigint): number {
  return Number((BigInt(endsUs) - nowUs + SECOND_US - 1n) / SECOND_US);
}

function keyOf(name: string, { instanceSerial, names = [] }: Subject): Buffer {
  return hash('sha256', JSON.stringify([name, String(instanceSerial ?? ''), ...names]), 'buffer');
}
