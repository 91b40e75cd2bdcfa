import { Injectable } from '@nestjs/common';
import { Limit, RateLimiter, Subject } from '../auth/rate-limiter';
import { tooMany } from '../platform/http/too-many';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { HOUR_US, MINUTE_US } from '../taler/timestamp';
import type { Challenge } from './challenge';

/** A person who loses the thread begins anew some times. */
export const LIMIT_NEW_PER_ACCOUNT_AND_ADDRESS: Limit = {
  name: 'new challenges of an account from an address',
  attemptsMax: 30,
  windowUs: HOUR_US,
};
/** An office behind one address may have many tills that log in. */
export const LIMIT_NEW_PER_ADDRESS: Limit = {
  name: 'new challenges from an address',
  attemptsMax: 120,
  windowUs: HOUR_US,
};
/** Bounds the rows of an instance, wherever the requests come from. */
export const LIMIT_NEW_PER_ACCOUNT: Limit = {
  name: 'new challenges of an account',
  attemptsMax: 300,
  windowUs: HOUR_US,
};
/** Nobody's mailbox is flooded, and no SMS bill. */
export const LIMIT_SENT_PER_ACCOUNT: Limit = {
  name: 'codes sent for an account',
  attemptsMax: 10,
  windowUs: HOUR_US,
};
export const LIMIT_SENT_PER_ADDRESS: Limit = {
  name: 'codes asked for from an address',
  attemptsMax: 60,
  windowUs: HOUR_US,
};
/** Five codes with three tries each; a guesser hits one of 10^8 with a chance of one in 270,000 a day. */
export const LIMIT_WRONG_PER_ACCOUNT: Limit = {
  name: 'wrong codes of an account',
  attemptsMax: 15,
  windowUs: HOUR_US,
};
export const LIMIT_WRONG_PER_ADDRESS: Limit = {
  name: 'wrong codes from an address',
  attemptsMax: 60,
  windowUs: 5n * MINUTE_US,
};

type Taken = (readonly [Limit, Subject])[];

/** For whom challenges are made: who floods one operation of an account shuts no other one of it. */
export interface Account {
  readonly operation: string;
  /** undefined: an instance that is still to be created; then the addresses tell accounts apart. */
  readonly instanceSerial: bigint | undefined;
  readonly addresses: readonly string[];
}

/** An attempt to solve a challenge that was let through. */
export interface Guess {
  /** The code was right: forgets the failures. */
  succeeded(): Promise<void>;
  /** No code was compared: it counts as no attempt. */
  notMade(): Promise<void>;
}

/** Slows down whoever guesses codes, fills mailboxes or the table; every lock ends with its window. */
@Injectable()
export class ChallengeLimits {
  constructor(private readonly limiter: RateLimiter) {}

  /**
   * @param address of the client
   * @throws TalerError 2131 while the account is blocked, 2130 for too many challenges; both with Retry-After
   */
  async beforeCreating(account: Account, address: string): Promise<void> {
    for (const each of eachOf(account)) {
      const blockedS = await this.limiter.waitOf(LIMIT_WRONG_PER_ACCOUNT, subjectOf(each));
      if (blockedS !== undefined) throw blocked(blockedS);
    }
    const refusal = await this.limiter.takeAll([
      [LIMIT_NEW_PER_ACCOUNT_AND_ADDRESS, subjectOf(account, address)],
      [LIMIT_NEW_PER_ADDRESS, { names: [address] }],
      [LIMIT_NEW_PER_ACCOUNT, subjectOf(account)],
    ]);
    if (refusal !== undefined) {
      throw tooMany(TalerCode.MERCHANT_TAN_TOO_EARLY, refusal, 'too many challenges');
    }
  }

  /**
   * @returns takes back what was counted, where nothing was sent
   * @throws TalerError 2130 with Retry-After
   */
  async beforeSending(challenge: Challenge, address: string): Promise<() => Promise<void>> {
    const account = accountOf(challenge);
    const blockedS = await this.limiter.waitOf(LIMIT_WRONG_PER_ACCOUNT, subjectOf(account));
    const taken: Taken = [
      [LIMIT_SENT_PER_ACCOUNT, subjectOf(account, challenge.channel, challenge.address)],
      [LIMIT_SENT_PER_ADDRESS, { names: [address] }],
    ];
    const refusal = blockedS ?? (await this.limiter.takeAll(taken));
    if (refusal !== undefined) throw tooMany(TalerCode.MERCHANT_TAN_TOO_EARLY, refusal, 'too many codes');
    return () => this.limiter.giveBack(taken);
  }

  /** @throws TalerError 2127 with Retry-After */
  async beforeGuessing(challenge: Challenge, address: string): Promise<Guess> {
    const account = subjectOf(accountOf(challenge));
    const taken: Taken = [
      [LIMIT_WRONG_PER_ACCOUNT, account],
      [LIMIT_WRONG_PER_ADDRESS, { names: [address] }],
    ];
    const refusal = await this.limiter.takeAll(taken);
    if (refusal !== undefined) {
      throw tooMany(TalerCode.MERCHANT_TAN_TOO_MANY_ATTEMPTS, refusal, 'too many wrong codes');
    }
    return {
      notMade: () => this.limiter.giveBack(taken),
      succeeded: async () => {
        await this.limiter.giveBack(taken.slice(1));
        await this.limiter.clear(LIMIT_WRONG_PER_ACCOUNT, account);
      },
    };
  }
}

/** What is forbidden for a while, in words of the protected operation (management.md 3.3). */
function blocked(waitS: number): TalerError {
  return new TalerError(TalerCode.MERCHANT_MFA_FORBIDDEN, {
    detail: `too many wrong codes; try again in ${waitS} s`,
    headers: { 'Retry-After': String(waitS) },
  });
}

/** Wrong codes are counted for each address of somebody who has no instance yet. */
function eachOf(account: Account): Account[] {
  if (account.instanceSerial !== undefined) return [account];
  return account.addresses.map((address) => ({ ...account, addresses: [address] }));
}

function accountOf({ operation, instanceSerial, address }: Challenge): Account {
  return { operation, instanceSerial, addresses: [address] };
}

function subjectOf({ operation, instanceSerial, addresses }: Account, ...more: readonly string[]): Subject {
  return { instanceSerial, names: [operation, ...(instanceSerial === undefined ? addresses : []), ...more] };
}
