import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { tooMany } from '../platform/http/too-many';
import { TalerCode } from '../taler/error-codes';
import type { TalerError } from '../taler/taler-error';
import { DAY_US, MINUTE_US } from '../taler/timestamp';
import { Limit, RateLimiter, Subject } from './rate-limiter';

/** A person who mistypes needs fewer; a guesser gets 2,880 tries a day. */
export const LIMIT_PER_ACCOUNT_AND_ADDRESS: Limit = {
  name: 'login of an account from an address',
  attemptsMax: 10,
  windowUs: 5n * MINUTE_US,
};
/** An office behind one address may have many tills with a wrong password. */
export const LIMIT_PER_ADDRESS: Limit = {
  name: 'login from an address',
  attemptsMax: 60,
  windowUs: 5n * MINUTE_US,
};
/** Guessers that come from many addresses; those from which the owner has logged in are not concerned. */
export const LIMIT_PER_ACCOUNT: Limit = {
  name: 'login of an account',
  attemptsMax: 100,
  windowUs: 15n * MINUTE_US,
};
/** So long an address counts as the owner's after a login. */
export const OWN_ADDRESS_US = 30n * DAY_US;
/** Noted anew only after a day, so that not every login writes it. */
const NOTE_AGAIN_US = OWN_ADDRESS_US - DAY_US;
const OWN_ADDRESS = 'address of the owner of an account';

/** An attempt to log in that was let through. */
export interface LoginAttempt {
  /** It was no failure: forgets the failures of this account at this address. */
  succeeded(): Promise<void>;
  /** The password was not looked at: the attempt counts as none. */
  notMade(): Promise<void>;
}

/**
 * Slows down whoever guesses passwords, without letting him lock out the owner: only failures count, the owner's
 * addresses have a count of their own, and every lock ends with its window.
 */
@Injectable()
export class LoginLimits {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly clock: Clock,
  ) {}

  /**
   * Refuses where there were too many failures; counts nothing.
   * @param address as clientAddress tells it
   * @throws TalerError 2015 with 429 and Retry-After
   */
  async check(instanceSerial: bigint, address: string): Promise<void> {
    const { wanted } = await this.counters(instanceSerial, address);
    const waitS = await this.limiter.blocked(wanted);
    if (waitS !== undefined) throw tooManyFailures(waitS);
  }

  /**
   * Counts an attempt as failure, until it is known to be none: a hundred at once are not more than the limit.
   * @param address as clientAddress tells it
   * @throws TalerError 2015 with 429 and Retry-After
   */
  async begin(instanceSerial: bigint, address: string): Promise<LoginAttempt> {
    const { pair, wanted, ownUntilUs } = await this.counters(instanceSerial, address);
    const waitS = await this.limiter.takeAll(wanted);
    if (waitS !== undefined) throw tooManyFailures(waitS);
    return {
      notMade: () => this.limiter.giveBack(wanted),
      succeeded: async () => {
        await this.limiter.giveBack(wanted.slice(1));
        await this.limiter.clear(LIMIT_PER_ACCOUNT_AND_ADDRESS, pair);
        await this.noteAddress(pair, ownUntilUs);
      },
    };
  }

  /** What counts for an attempt, the narrowest first: what that refuses is not counted by the others. */
  private async counters(instanceSerial: bigint, address: string) {
    const pair: Subject = { instanceSerial, names: [address] };
    const ownUntilUs = await this.limiter.noted(OWN_ADDRESS, pair);
    const wanted: (readonly [Limit, Subject])[] = [
      [LIMIT_PER_ACCOUNT_AND_ADDRESS, pair],
      [LIMIT_PER_ADDRESS, { names: [address] }],
    ];
    if (ownUntilUs === undefined) wanted.push([LIMIT_PER_ACCOUNT, { instanceSerial }]);
    return { pair, wanted, ownUntilUs };
  }

  private async noteAddress(pair: Subject, ownUntilUs: bigint | undefined): Promise<void> {
    if (ownUntilUs !== undefined && ownUntilUs > this.clock.nowUs() + NOTE_AGAIN_US) return;
    await this.limiter.note(OWN_ADDRESS, pair, OWN_ADDRESS_US);
  }
}

function tooManyFailures(waitS: number): TalerError {
  return tooMany(TalerCode.MERCHANT_GENERIC_UNAUTHORIZED, waitS, 'too many failed logins');
}
