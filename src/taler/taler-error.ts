import { errorFacts, type TalerCode } from './error-codes';

export interface TalerErrorOptions {
  /** Names the field, id or path that is to blame. */
  readonly detail?: string;
  /** Further members of the body, such as `field` or `exchange_reply`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** HTTP status, if the endpoint uses another one than the registry. */
  readonly status?: number;
  /** Headers of the answer, such as Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The original failure, for the log. */
  readonly cause?: unknown;
}

/** Body of an error answer (conventions.md 7). */
export interface TalerErrorBody {
  readonly code: number;
  readonly hint: string;
  readonly detail?: string;
  readonly [member: string]: unknown;
}

/** The registry gives codes that only clients report the status 0; answered by a server they are our own fault. */
const STATUS_OF_CLIENT_CODES = 500;
/** From here on an answer says that something is broken, and a stack trace is wanted. */
const STATUS_OF_FAULTS = 500;
const UNKNOWN_HINT = 'unknown error';

/** A failure that the protocol has a code for. Thrown where the reason is known, answered by one filter. */
export class TalerError extends Error {
  readonly code: TalerCode;
  readonly status: number;
  /** Fixed English text of the registry, for the developer of the client. */
  readonly hint: string;
  readonly detail?: string;
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;

  constructor(code: TalerCode, options: TalerErrorOptions = {}) {
    const facts = errorFacts.get(code);
    const name = facts?.name ?? String(code);
    const status = options.status ?? (facts?.httpStatus || STATUS_OF_CLIENT_CODES);
    // Where an expected refusal was thrown interests nobody, and finding it out costs more than most requests' parsing.
    const { stackTraceLimit } = Error;
    if (status < STATUS_OF_FAULTS) Error.stackTraceLimit = 0;
    super(options.detail === undefined ? name : `${name}: ${options.detail}`, { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'TalerError';
    this.code = code;
    this.status = status;
    this.hint = facts?.hint ?? UNKNOWN_HINT;
    this.detail = options.detail;
    this.extra = options.extra;
    this.headers = options.headers;
  }

  /** `{code, hint, detail?, ...extra}`; absent members are left out. */
  toBody(): TalerErrorBody {
    return {
      ...this.extra,
      code: this.code,
      hint: this.hint,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    };
  }
}
