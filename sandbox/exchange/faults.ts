import { TalerCode } from '../../src/taler/error-codes';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/taler/json';
import { Refusal } from './refusal';

/** What goes wrong. With `after`, the call is processed first and only its answer suffers. */
export type FaultAction =
  | { readonly action: 'slow'; readonly ms: number; readonly after?: boolean }
  | { readonly action: 'fail'; readonly status: number; readonly body?: JsonObject; readonly after?: boolean }
  | { readonly action: 'hang-up'; readonly after?: boolean }
  | { readonly action: 'garbage'; readonly garbage?: 'text' | 'json'; readonly after?: boolean }
  | { readonly action: 'wrong-signature' }
  | { readonly action: 'foreign-signature' }
  | { readonly action: 'wrong-keys' };

export type FaultSpecification = FaultAction & {
  /** Calls it is about: method and start of the path below the base URL; all if left out. */
  readonly match?: { readonly method?: string; readonly path?: string };
  /** The first call that suffers, counted from now; 1 if left out. */
  readonly nth?: number;
  /** How many calls suffer; 0 for all until cleared; 1 if left out. */
  readonly times?: number;
};

const MAX_FAULTS = 1000;
const MAX_DELAY_MS = 600_000;

interface Armed {
  readonly fault: FaultSpecification;
  seen: number;
}

/** The faults that were ordered, in that order. All that match count a call, the first that is due applies. */
export class Faults {
  private armed: Armed[] = [];

  /** @throws Refusal 400/26 if there are MAX_FAULTS already */
  add(fault: FaultSpecification): void {
    if (this.armed.length >= MAX_FAULTS) throw malformed('faults');
    this.armed.push({ fault, seen: 0 });
  }

  clear(): void {
    this.armed = [];
  }

  get count(): number {
    return this.armed.length;
  }

  /** What happens to this call; each asking counts. */
  take(method: string, path: string): FaultAction | undefined {
    if (this.armed.length === 0) return undefined;
    let due: FaultAction | undefined;
    for (const entry of this.armed) {
      if (!matches(entry.fault, method, path)) continue;
      entry.seen += 1;
      if (due === undefined && entry.seen >= (entry.fault.nth ?? 1)) due = entry.fault;
    }
    this.armed = this.armed.filter(({ fault, seen }) => {
      const times = fault.times ?? 1;
      return times === 0 || seen < (fault.nth ?? 1) + times - 1;
    });
    return due;
  }
}

function matches({ match }: FaultSpecification, method: string, path: string): boolean {
  if (match?.method !== undefined && match.method !== method) return false;
  return match?.path === undefined || path.startsWith(match.path);
}

/** Reads the body of POST /sandbox/faults. @throws Refusal 400/26 naming the member that is wrong */
export function parseFault(body: JsonValue | undefined): FaultSpecification {
  if (!isJsonObject(body)) throw malformed('body');
  const counts = { nth: optionalInteger(body, 'nth', 1), times: optionalInteger(body, 'times', 0) };
  return { ...parseAction(body), ...counts, match: parseMatch(body.match) };
}

function parseMatch(match: JsonValue | undefined): FaultSpecification['match'] {
  if (match === undefined) return undefined;
  if (!isJsonObject(match)) throw malformed('match');
  return { method: optionalText(match, 'method'), path: optionalText(match, 'path') };
}

function parseAction(body: JsonObject): FaultAction {
  const after = body.after === true;
  switch (body.action) {
    case 'slow': {
      const ms = optionalInteger(body, 'ms', 0);
      if (ms === undefined || ms > MAX_DELAY_MS) throw malformed('ms');
      return { action: 'slow', ms, after };
    }
    case 'fail': {
      const status = optionalInteger(body, 'status', 200);
      if (status === undefined || status > 599) throw malformed('status');
      return { action: 'fail', status, body: isJsonObject(body.body) ? body.body : undefined, after };
    }
    case 'hang-up':
      return { action: 'hang-up', after };
    case 'garbage':
      return { action: 'garbage', garbage: body.garbage === 'json' ? 'json' : 'text', after };
    case 'wrong-signature':
    case 'foreign-signature':
    case 'wrong-keys':
      return { action: body.action };
    default:
      throw malformed('action');
  }
}

function optionalInteger(body: JsonObject, name: string, least: number): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) throw malformed(name);
  return value;
}

function optionalText(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw malformed(name);
  return value;
}

function malformed(detail: string): Refusal {
  return new Refusal(TalerCode.GENERIC_PARAMETER_MALFORMED, { detail });
}
