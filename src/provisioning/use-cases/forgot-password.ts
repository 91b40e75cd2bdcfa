import { Injectable } from '@nestjs/common';
import type { ChangeAuthDto } from '../../instances/dto/instance.dto';
import { InstanceDirectory } from '../../instances/instance-directory';
import { ADMIN_INSTANCE } from '../../instances/instance-scope.guard';
import { ProtectedCall, SecondFactor } from '../../platform/http/second-factor';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { ChangeAuth } from './change-auth';

/** `POST instances/$ID/forgot-password` (management.md 4.7): whoever reads the mail of a merchant is the merchant. */
@Injectable()
export class ForgotPassword {
  constructor(
    private readonly directory: InstanceDirectory,
    private readonly changeAuth: ChangeAuth,
    private readonly secondFactor: SecondFactor,
  ) {}

  /**
   * No token survives: who has forgotten the password does not know who else has one.
   * @param instanceId as in the URL
   * @throws ChallengesRequired until the codes came back; TalerError 2000 and 2016, 2602 as ChangeAuth, 2031 for the
   *   admin instance and for one without address
   */
  async run(instanceId: string, auth: ChangeAuthDto, call: ProtectedCall): Promise<void> {
    const { id, serial, deleted } = await this.directory.get(instanceId);
    if (deleted) throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_DELETED, { detail: instanceId });
    if (id === ADMIN_INSTANCE) {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_MFA_MISSING, { detail: 'the operator sets it' });
    }
    const askPermit = () => this.secondFactor.requireToRecover(serial, call);
    await this.changeAuth.run(id, auth, undefined, askPermit);
  }
}
