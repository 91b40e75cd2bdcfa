import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { CHALLENGE_HEADER } from '../platform/http/second-factor';
import { malformedParameter } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { Challenge } from './challenge';
import { ChallengeId, opens, parseChallengeId } from './challenge-id';
import { ChallengesRepository } from './challenges.repository';

/** There are two channels; a client may list what it has collected over some tries. */
const LISTED_MAX = 16;

/** A challenge of which the client holds the id. */
export interface KnownChallenge {
  readonly id: ChallengeId;
  readonly challenge: Challenge;
}

/** Finds challenges by what clients show of them. */
@Injectable()
export class ListedChallenges {
  constructor(
    private readonly challenges: ChallengesRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * @param header value of Taler-Challenge-Ids
   * @param instanceSerial undefined: of an instance that is still to be created
   * @throws TalerError 2126 when one of them is not there, expired, or another instance's; 26 for too many
   */
  async read(header: string | undefined, instanceSerial: bigint | undefined): Promise<KnownChallenge[]> {
    const texts = new Set((header ?? '').split(',').map((text) => text.trim()));
    texts.delete('');
    if (texts.size > LISTED_MAX) {
      throw malformedParameter(CHALLENGE_HEADER.name);
    }
    if (texts.size === 0) return [];
    const ids = [...texts].map((text) => parseChallengeId(text) ?? fail());
    const found = await this.challenges.find(ids.map(({ serial }) => serial));
    return ids.map((id) => {
      const challenge = found.find(({ serial }) => serial === id.serial);
      const isThere = challenge?.instanceSerial === instanceSerial && this.isOpenedBy(id, challenge);
      return challenge && isThere ? { id, challenge } : fail();
    });
  }

  /**
   * @param isAddressed whether the request is for the instance of the challenge
   * @throws TalerError 2126 as above
   */
  async get(text: string, isAddressed: (challenge: Challenge) => boolean): Promise<KnownChallenge> {
    const id = parseChallengeId(text) ?? fail();
    const [challenge] = await this.challenges.find([id.serial]);
    if (!challenge || !isAddressed(challenge) || !this.isOpenedBy(id, challenge)) return fail();
    return { id, challenge };
  }

  private isOpenedBy(id: ChallengeId, challenge: Challenge | undefined): boolean {
    return (
      challenge !== undefined && opens(id, challenge.secretHash) && this.clock.nowUs() < challenge.expiresUs
    );
  }
}

/** Expired, malformed and unknown alike: nobody learns which serials there are (management.md 3.2). */
export function fail(): never {
  throw new TalerError(TalerCode.MERCHANT_TAN_CHALLENGE_UNKNOWN);
}
