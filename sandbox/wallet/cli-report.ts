import type { JsonObject } from '../../src/taler/json';

/** What a command has to say, for humans and for scripts. */
export interface Report {
  readonly lines: readonly string[];
  readonly json: JsonObject;
}
