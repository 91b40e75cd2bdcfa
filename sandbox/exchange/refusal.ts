import { errorFacts, type TalerCode } from '../../src/taler/error-codes';
import type { JsonObject } from '../../src/taler/json';

/** A request that is answered with an error body (conventions.md 7). Thrown by handlers, caught by the HTTP front. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: JsonObject;

  /**
   * @param code number of error-codes.csv; hint and default status come from there
   * @param members further members of the body, at top level (`detail`, `field`, `coin_pub`, ...)
   * @param status only where the recordings differ from the registry
   */
  constructor(code: TalerCode, members: JsonObject = {}, status?: number) {
    const facts = errorFacts.get(code);
    if (facts === undefined) throw new Error(`no such error code: ${code}`);
    super(facts.hint);
    this.name = 'Refusal';
    this.status = status ?? facts.httpStatus;
    this.body = { code, hint: facts.hint, ...members };
  }
}
