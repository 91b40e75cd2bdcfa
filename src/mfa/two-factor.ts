import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { AppConfig, TanChannel } from '../platform/config/config';
import { Transactor } from '../platform/database/transactor';
import type { Tx } from '../platform/database/tx';
import type { ChallengeResponse } from '../platform/http/challenge-response.dto';
import {
  ChallengesRequired,
  FREE,
  NewAddress,
  Permit,
  ProtectedCall,
  ProtectedOperation,
  SecondFactor,
} from '../platform/http/second-factor';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { DAY_US } from '../taler/timestamp';
import { mask } from './addresses';
import type { Challenge } from './challenge';
import { ChallengeId, hashRequest, hashSecret, makeSecret, showChallengeId } from './challenge-id';
import { Account, ChallengeLimits } from './challenge-limits';
import { ChallengesRepository } from './challenges.repository';
import { CodeSender } from './delivery/code-sender';
import { Contact, Demand, demandOf, demandToRecover, Factor, Rules } from './factors';
import { ListedChallenges } from './listed-challenges';

/** How long a challenge may be solved and used (management.md 3.1). */
const CHALLENGE_LIFE_US = DAY_US;

/** What is asked for, and by whom. */
interface Case {
  readonly operation: ProtectedOperation;
  /** undefined: the instance is still to be created. */
  readonly instanceSerial: bigint | undefined;
  readonly call: ProtectedCall;
}

/** A challenge of this very request that its client holds the id of. */
interface Held {
  readonly id: ChallengeId;
  readonly challenge: Challenge;
}

/** Two-factor authentication (management.md 3.1): who has to solve what, and whether it is solved. */
@Injectable()
export class TwoFactor extends SecondFactor {
  private readonly rules: Rules;

  constructor(
    private readonly challenges: ChallengesRepository,
    private readonly listed: ListedChallenges,
    private readonly limits: ChallengeLimits,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    sender: CodeSender,
  ) {
    super();
    const { mandatoryTanChannels: mandatory } = config;
    this.rules = { mandatory, canReach: (factor) => sender.canReach(factor) };
  }

  override async require(
    operation: ProtectedOperation,
    instanceSerial: bigint,
    call: ProtectedCall,
  ): Promise<Permit> {
    if (call.isOperator) return FREE;
    const contacts = await this.challenges.contactsOf(instanceSerial);
    return this.ask({ operation, instanceSerial, call }, demandOf(contacts, this.rules));
  }

  override async requireToRecover(instanceSerial: bigint, call: ProtectedCall): Promise<Permit> {
    const contacts = await this.challenges.contactsOf(instanceSerial);
    const asked: Case = { operation: 'forgot-password', instanceSerial, call };
    return this.ask(asked, demandToRecover(contacts, this.rules));
  }

  override requireOfNew(addresses: readonly NewAddress[], call: ProtectedCall): Promise<Permit> {
    const contacts: Contact[] = addresses.map((address) => ({ ...address, isValidated: false }));
    const asked: Case = { operation: 'provision-instance', instanceSerial: undefined, call };
    return this.ask(asked, demandOf(contacts, this.rules));
  }

  private async ask(asked: Case, demand: Demand): Promise<Permit> {
    if (demand.kind === 'nothing') return FREE;
    if (demand.kind === 'impossible') throw new TalerError(TalerCode.MERCHANT_GENERIC_MFA_MISSING);
    const held = await this.heldOf(asked, demand.factors);
    const solved = [...held.values()].filter(({ challenge }) => challenge.isSolved);
    const isEnough = demand.all ? solved.length === demand.factors.length : solved.length > 0;
    if (isEnough) return this.permit(solved.map(({ challenge }) => challenge));
    throw new ChallengesRequired(await this.challenge(asked, demand.factors, demand.all, held));
  }

  /** The listed challenges that were made for this very request and these addresses, and not used yet. */
  private async heldOf(
    { operation, instanceSerial, call }: Case,
    factors: readonly Factor[],
  ): Promise<Map<TanChannel, Held>> {
    const held = new Map<TanChannel, Held>();
    for (const each of await this.listed.read(call.challengeIds, instanceSerial)) {
      const { id, challenge } = each;
      const isOfThis =
        challenge.operation === operation &&
        challenge.requestHash.equals(hashRequest(id.secret, operation, call)) &&
        factors.some(
          ({ channel, address }) => challenge.channel === channel && challenge.address === address,
        );
      if (isOfThis && !challenge.isUsed && !held.get(challenge.channel)?.challenge.isSolved) {
        held.set(challenge.channel, each);
      }
    }
    return held;
  }

  /** What is still to be solved: challenges that the client has already stay what they are. */
  private async challenge(
    asked: Case,
    factors: readonly Factor[],
    all: boolean,
    held: ReadonlyMap<TanChannel, Held>,
  ): Promise<ChallengeResponse> {
    const missing = factors.filter(({ channel }) => !held.has(channel));
    const made = missing.length === 0 ? new Map<TanChannel, ChallengeId>() : await this.make(asked, missing);
    const challenges = factors.flatMap((factor) => {
      const id = held.get(factor.channel)?.id ?? made.get(factor.channel);
      const { channel } = factor;
      return id ? [{ challenge_id: showChallengeId(id), tan_channel: channel, tan_info: mask(factor) }] : [];
    });
    return { challenges, combi_and: all };
  }

  private async make(asked: Case, factors: readonly Factor[]): Promise<Map<TanChannel, ChallengeId>> {
    const { operation, instanceSerial, call } = asked;
    const addresses = factors.map(({ address }) => address);
    const account: Account = { operation, instanceSerial, addresses };
    await this.limits.beforeCreating(account, call.addressOf(this.config.trustProxy));
    const expiresUs = this.clock.nowUs() + CHALLENGE_LIFE_US;
    return this.transactor.run('make-challenges', async (tx) => {
      const made = new Map<TanChannel, ChallengeId>();
      for (const { channel, address } of factors) {
        const secret = makeSecret();
        const requestHash = hashRequest(secret, operation, call);
        const row = { instanceSerial, operation, secretHash: hashSecret(secret), requestHash };
        const serial = await this.challenges.insert(tx, { ...row, channel, address, expiresUs });
        made.set(channel, { serial, secret });
      }
      return made;
    });
  }

  private permit(solved: readonly Challenge[]): Permit {
    return {
      channels: solved.map(({ channel }) => channel),
      use: async (tx: Tx) => {
        const serials = solved.map(({ serial }) => serial);
        const used = await this.challenges.use(tx, serials, this.clock.nowUs());
        // Two repeats at once: the other one has run the operation.
        if (used < serials.length) throw new TalerError(TalerCode.MERCHANT_TAN_CHALLENGE_UNKNOWN);
      },
    };
  }
}
