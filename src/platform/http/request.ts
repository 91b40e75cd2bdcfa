import type { Request } from 'express';

/** What the pipeline notes on a request on its way to the controller. */
export interface TalerRequest extends Request {
  /** Sent back as `X-Request-Id`, in error bodies as `request_id`, and part of the log line. */
  requestId: string;
  /** The body as it came, after inflating. */
  rawBody?: Buffer;
  /** Set by the instance guard: who is addressed (type Instance of the instances feature). */
  instance?: unknown;
  /** Set by the permission guard: what the request showed (type Credential of auth; absent: a password). */
  credential?: unknown;
  /** Set by the permission guard: the credential is the configured token of the operator. */
  isOperator?: boolean;
}
