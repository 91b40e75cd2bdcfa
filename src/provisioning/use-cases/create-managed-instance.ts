import { Injectable } from '@nestjs/common';
import type { IssuedToken } from '../../auth/token-mint';
import type { CreateInstanceDto } from '../../instances/dto/instance.dto';
import { CreateInstance } from '../../instances/use-cases/create-instance';
import type { RelativeTime } from '../../taler/timestamp';
import { FirstToken } from '../first-token';

/** `POST management/instances` (management.md 4.3): the operator makes a merchant. */
@Injectable()
export class CreateManagedInstance {
  constructor(
    private readonly createInstance: CreateInstance,
    private readonly firstToken: FirstToken,
  ) {}

  /**
   * A repeat may come with another password: the operator could change it anyway, and it stays what it was.
   * @param tokenValidity in microseconds; undefined: no token is wanted
   * @returns the token that was asked for
   * @throws TalerError 2600, 2601, 2603, 26 as CreateInstance
   */
  async run(
    request: CreateInstanceDto,
    tokenValidity: RelativeTime | undefined,
  ): Promise<IssuedToken | undefined> {
    const { serial, isNew } = await this.createInstance.run(request);
    const isOldStyle = request.auth.token !== undefined;
    if (isOldStyle && (isNew || (await this.createInstance.hasPassword(serial, request)))) {
      await this.firstToken.issueFromPassword(serial, request.auth);
    }
    return this.firstToken.issue(serial, tokenValidity);
  }
}
