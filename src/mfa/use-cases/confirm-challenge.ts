import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import type { Tx } from '../../platform/database/tx';
import { EventBus } from '../../platform/events/event-bus';
import { instanceTopic } from '../../platform/events/topics';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import type { Challenge } from '../challenge';
import { hashCode } from '../challenge-id';
import { ChallengeLimits } from '../challenge-limits';
import { ChallengesRepository } from '../challenges.repository';
import { ListedChallenges } from '../listed-challenges';

type Outcome =
  | { readonly kind: 'solved' }
  | { readonly kind: 'solved before' }
  /** No code was compared: none is in force, or it had its three attempts. */
  | { readonly kind: 'no code' }
  | { readonly kind: 'wrong'; readonly attemptsLeft: number };

/** `POST challenge/$ID/confirm` (management.md 3.3): the code that came back. */
@Injectable()
export class ConfirmChallenge {
  constructor(
    private readonly challenges: ChallengesRepository,
    private readonly listed: ListedChallenges,
    private readonly limits: ChallengeLimits,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly bus: EventBus,
  ) {}

  /**
   * Solves the challenge; one that is solved stays so. The address counts as validated from then on.
   * @param idText as in the URL
   * @param address of the client, as clientAddress tells it
   * @throws TalerError 2126 for an unknown or expired challenge, 2125 with `retry_counter` for a wrong code, 2127 when
   *   another code has to be asked for, or with Retry-After after too many wrong ones
   */
  async run(
    idText: string,
    isAddressed: (challenge: Challenge) => boolean,
    code: string,
    address: string,
  ): Promise<void> {
    const { id, challenge } = await this.listed.get(idText, isAddressed);
    if (challenge.isSolved) return;
    const guess = await this.limits.beforeGuessing(challenge, address);
    let outcome: Outcome;
    try {
      const codeHash = hashCode(id.secret, code);
      outcome = await this.transactor.run('confirm-challenge', (tx) => this.judge(tx, challenge, codeHash));
    } catch (error) {
      await guess.notMade();
      throw error;
    }
    switch (outcome.kind) {
      case 'solved':
        return guess.succeeded();
      case 'solved before':
        return guess.notMade();
      case 'no code':
        await guess.notMade();
        throw new TalerError(TalerCode.MERCHANT_TAN_TOO_MANY_ATTEMPTS, { detail: 'ask for a new code' });
      case 'wrong':
        throw new TalerError(TalerCode.MERCHANT_TAN_CHALLENGE_FAILED, {
          extra: { retry_counter: outcome.attemptsLeft },
        });
    }
  }

  /** Under the lock of the challenge: of many guesses at once no more are compared than there are attempts. */
  private async judge(tx: Tx, challenge: Challenge, codeHash: Buffer): Promise<Outcome> {
    const locked = await this.challenges.lock(tx, challenge);
    if (locked?.challenge.isSolved) return { kind: 'solved before' };
    const nowUs = this.clock.nowUs();
    const { serial, channel, address, instanceSerial } = challenge;
    const sent = locked?.challenge.sent;
    if (!sent || sent.attemptsLeft === 0 || nowUs >= sent.expiresUs) return { kind: 'no code' };
    if (!timingSafeEqual(codeHash, sent.codeHash)) {
      return { kind: 'wrong', attemptsLeft: await this.challenges.countAttempt(tx, serial) };
    }
    await this.challenges.solve(tx, serial, nowUs);
    const instanceId = locked?.instanceId;
    if (instanceSerial !== undefined && instanceId !== undefined) {
      await this.challenges.validate(tx, instanceSerial, channel, address);
      tx.afterCommit(() => this.bus.publish(instanceTopic(instanceId)));
    }
    return { kind: 'solved' };
  }
}
