import { Injectable } from '@nestjs/common';
import { PasswordCheck } from '../../auth/password-check';
import type { IssuedToken } from '../../auth/token-mint';
import type { CreateInstanceDto } from '../../instances/dto/instance.dto';
import { requireAddresses, requireAllowedPhone } from '../../instances/instance-configuration';
import { canonicalInstanceId } from '../../instances/instance-directory';
import { ADMIN_INSTANCE } from '../../instances/instance-scope.guard';
import { passwordOf } from '../../instances/password';
import { CreateInstance } from '../../instances/use-cases/create-instance';
import { AppConfig } from '../../platform/config/config';
import { ProtectedCall, SecondFactor } from '../../platform/http/second-factor';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import type { RelativeTime } from '../../taler/timestamp';
import { FirstToken } from '../first-token';

const FORBIDDEN = 403;

/** `POST instances` (management.md 4.2): whoever wants to becomes a merchant here, if the operator allows it. */
@Injectable()
export class ProvisionInstance {
  constructor(
    private readonly createInstance: CreateInstance,
    private readonly firstToken: FirstToken,
    private readonly passwords: PasswordCheck,
    private readonly secondFactor: SecondFactor,
    private readonly config: AppConfig,
  ) {}

  /**
   * An identical repeat, by somebody who knows the password, is answered alike.
   * @param tokenValidity in microseconds; undefined: no token is wanted
   * @param address of the client, as clientAddress tells it
   * @returns the token that was asked for
   * @throws ChallengesRequired until the mandatory addresses are validated; TalerError 2031, 2126, 2130, 2131 as
   *   SecondFactor, 2015 with 403 where the operator does not allow it, 2600 when the id is taken (`admin` always
   *   is), 2603 when by a deleted instance, 2601 for bad auth, 26 when an address that must be given is missing,
   *   2015 with 429 after too many repeats with a wrong password
   */
  async run(
    request: CreateInstanceDto,
    tokenValidity: RelativeTime | undefined,
    address: string,
    call: ProtectedCall,
  ): Promise<IssuedToken | undefined> {
    if (!this.config.selfProvisioning) {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_UNAUTHORIZED, {
        status: FORBIDDEN,
        detail: 'self-provisioning is disabled',
      });
    }
    if (canonicalInstanceId(request.id) === ADMIN_INSTANCE) throw taken(request.id);
    requireAllowedPhone(this.config, request);
    passwordOf(request.auth, TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH);
    const addresses = requireAddresses(this.config.mandatoryTanChannels, request);
    // Codes are asked for before something is created, not for a repeat that creates nothing.
    const repeat = await this.createInstance.findRepeat(request);
    const { serial, id, isNew } =
      repeat ??
      (await this.createInstance.run(request, await this.secondFactor.requireOfNew(addresses, call)));
    // The configuration of a shop is no secret: without the password a repeat would hand its token to anybody. And an
    // id that differs by case only is somebody else's.
    const isOwner = isNew || (id === request.id && (await this.isRight(serial, request, address)));
    if (!isOwner) throw taken(id);
    await this.firstToken.issueFromPassword(serial, request.auth);
    return this.firstToken.issue(serial, tokenValidity);
  }

  /** Whoever guesses here is slowed down like at the login. */
  private isRight(serial: bigint, request: CreateInstanceDto, address: string): Promise<boolean> {
    const password = passwordOf(request.auth, TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH);
    return this.passwords.isRight(serial, password, address);
  }
}

function taken(id: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_ALREADY_EXISTS, { detail: id });
}
