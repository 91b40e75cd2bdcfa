import { Injectable } from '@nestjs/common';
import type { Language } from '../../pages/language';
import { Clock } from '../../platform/clock';
import { Transactor } from '../../platform/database/transactor';
import { tooMany } from '../../platform/http/too-many';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { floorToSecond, MINUTE_US, SECOND_US } from '../../taler/timestamp';
import type { Challenge, SentCode } from '../challenge';
import { hashCode, makeCode } from '../challenge-id';
import { ChallengeLimits } from '../challenge-limits';
import { ChallengesRepository } from '../challenges.repository';
import { CodeSender } from '../delivery/code-sender';
import { fail, ListedChallenges } from '../listed-challenges';

/** Long enough for slow mail servers, short enough for nobody to find the code later (management.md 3.1). */
const CODE_LIFE_US = 10n * MINUTE_US;
const RETRANSMISSION_US = MINUTE_US;
/** MAX_SOLUTIONS of the reference (management.md 3.1). */
const ATTEMPTS_MAX = 3;

/** Who asks. */
export interface Asker {
  /** Of the client, as clientAddress tells it. */
  readonly address: string;
  readonly language: Language;
}

/** `POST challenge/$ID` (management.md 3.2): sends a code, or another one, which begins with three new attempts. */
@Injectable()
export class SendCode {
  constructor(
    private readonly challenges: ChallengesRepository,
    private readonly listed: ListedChallenges,
    private readonly limits: ChallengeLimits,
    private readonly sender: CodeSender,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
  ) {}

  /**
   * @param idText as in the URL
   * @throws TalerError 2126 for an unknown or expired challenge, 2129 for one that is solved, 2130 with Retry-After when
   *   it is too early, 2128 when the code could not be sent, which then counts as not done
   */
  async run(idText: string, isAddressed: (challenge: Challenge) => boolean, asker: Asker): Promise<SentCode> {
    const { id, challenge } = await this.listed.get(idText, isAddressed);
    this.requireSendable(challenge);
    const giveBack = await this.limits.beforeSending(challenge, asker.address);
    const code = makeCode();
    const codeHash = hashCode(id.secret, code);
    let before: SentCode | undefined;
    let unsent: SentCode | undefined;
    try {
      // Stored before it travels, so that it holds when it arrives; whoever asks at the same moment is too early.
      const sent = await this.transactor.run('reserve-code', async (tx) => {
        const locked = (await this.challenges.lock(tx, challenge)) ?? fail();
        this.requireSendable(locked.challenge);
        const made = this.newCode(codeHash);
        await this.challenges.setCode(tx, challenge.serial, made);
        before = locked.challenge.sent;
        return made;
      });
      unsent = sent;
      await this.sender.send(challenge, { code, operation: challenge.operation }, asker.language);
      return sent;
    } catch (error) {
      if (unsent) await this.challenges.putBack(challenge.serial, unsent, before);
      await giveBack();
      throw error;
    }
  }

  private requireSendable({ isSolved, sent }: Challenge): void {
    if (isSolved) throw new TalerError(TalerCode.MERCHANT_TAN_CHALLENGE_SOLVED);
    const waitUs = sent === undefined ? 0n : sent.retransmissionUs - this.clock.nowUs();
    if (waitUs <= 0n) return;
    const waitS = Number((waitUs + SECOND_US - 1n) / SECOND_US);
    throw tooMany(TalerCode.MERCHANT_TAN_TOO_EARLY, waitS, 'a code was sent a moment ago');
  }

  /** Whole seconds, so that what the client is told is what holds. */
  private newCode(codeHash: Buffer): SentCode {
    const nowUs = floorToSecond(this.clock.nowUs());
    return {
      codeHash,
      expiresUs: nowUs + CODE_LIFE_US,
      retransmissionUs: nowUs + RETRANSMISSION_US,
      attemptsLeft: ATTEMPTS_MAX,
    };
  }
}
