import { createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import { TalerCode } from '../../taler/error-codes';
import type { TanChannel } from '../config/config';
import type { Tx } from '../database/tx';
import { ChallengeResponse } from './challenge-response.dto';
import { clientAddress } from './client-address';
import type { TalerRequest } from './request';

/** Operations for which codes are asked, as challenges name them (management.md 3.1). */
export type ProtectedOperation =
  | 'provision-instance'
  | 'change-auth'
  | 'delete-instance'
  | 'add-account'
  | 'issue-token'
  | 'forgot-password';

/** The request of a protected operation: solved challenges count for the same one only. */
export interface ProtectedCall {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  /** The body as it came; undefined: there was none. */
  readonly body: Buffer | undefined;
  /** `Taler-Challenge-Ids`. */
  readonly challengeIds: string | undefined;
  /** Comes with the operator's token: he is not asked. */
  readonly isOperator: boolean;
  /** For whom attempts are counted. */
  addressOf(trustProxy: boolean): string;
}

/** An address of somebody who has no instance yet. */
export interface NewAddress {
  readonly channel: TanChannel;
  readonly address: string;
}

/** Leave to run a protected operation once. */
export interface Permit {
  /** Channels whose code came back. */
  readonly channels: readonly TanChannel[];
  /**
   * Uses the solved challenges up, in the transaction of the operation: they serve once.
   * @throws TalerError 2126 when somebody else was faster with them
   */
  use(tx: Tx): Promise<void>;
}

/** Where no second factor is asked for. */
export const FREE: Permit = { channels: [], use: () => Promise.resolve() };

/** Asks for the second factor, if any: called when the rest of the request is known to be well-formed (1.3). */
export type AskPermit = () => Promise<Permit>;

/** Who acts for the operator is not asked. */
export const FREELY: AskPermit = () => Promise.resolve(FREE);

/**
 * Asks for a second factor before a protected operation (management.md 3.1). Features call this; which channels count
 * and how codes travel is the matter of src/mfa. Call it when the request is known to be well-formed.
 */
export abstract class SecondFactor {
  /**
   * @throws ChallengesRequired (202) as long as the solved challenges that the call lists do not suffice;
   *   TalerError 2031 when the instance has no usable channel, 2126 for a challenge that is not there, 2131 after too
   *   many wrong codes, 2130 with Retry-After for too many challenges
   */
  abstract require(
    operation: ProtectedOperation,
    instanceSerial: bigint,
    call: ProtectedCall,
  ): Promise<Permit>;

  /** The same for somebody who shows no credential: every usable channel counts, validated or not (4.7). */
  abstract requireToRecover(instanceSerial: bigint, call: ProtectedCall): Promise<Permit>;

  /** The same before an instance is created: every mandatory channel counts (4.2). */
  abstract requireOfNew(addresses: readonly NewAddress[], call: ProtectedCall): Promise<Permit>;
}

/** Thrown where a second factor is wanted; no failure: answered with 202. */
export class ChallengesRequired extends Error {
  constructor(readonly response: ChallengeResponse) {
    super('a second factor is wanted');
    this.name = 'ChallengesRequired';
  }
}

/** The request of a protected operation: `@CurrentCall() call: ProtectedCall`. */
export const CurrentCall = createParamDecorator((_: unknown, context: ExecutionContext): ProtectedCall => {
  const request = context.switchToHttp().getRequest<TalerRequest>();
  const ids = request.headers['taler-challenge-ids'];
  return {
    method: request.method,
    url: request.originalUrl,
    body: request.rawBody,
    challengeIds: Array.isArray(ids) ? ids.join(',') : ids,
    isOperator: request.isOperator === true,
    addressOf: (trustProxy) => clientAddress(request, trustProxy),
  };
});

export const OPEN_TO_UNVALIDATED = 'taler:open-to-unvalidated';
/** The private route serves also instances whose mandatory addresses are not validated yet (management.md 3.1). */
export const OpenToUnvalidated = () => SetMetadata(OPEN_TO_UNVALIDATED, true);

/** What a protected operation may answer besides, for its documentation. */
export const CHALLENGED = {
  202: { description: 'not done yet: a second factor is wanted first', body: ChallengeResponse },
} as const;
export const CHALLENGE_ERRORS: readonly TalerCode[] = [
  TalerCode.MERCHANT_GENERIC_MFA_MISSING,
  TalerCode.MERCHANT_TAN_CHALLENGE_UNKNOWN,
  TalerCode.MERCHANT_TAN_TOO_EARLY,
  TalerCode.MERCHANT_MFA_FORBIDDEN,
];
export const CHALLENGE_HEADER = {
  name: 'Taler-Challenge-Ids',
  description: 'solved challenges of this very request, with commas between',
};
