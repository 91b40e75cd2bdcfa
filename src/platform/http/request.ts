import type { Request } from 'express';
import type { TalerError } from '../../taler/taler-error';

/** What the pipeline notes on a request on its way to the controller. */
export interface TalerRequest extends Request {
  /** Sent back as `X-Request-Id`, in error bodies as `request_id`, and part of the log line. */
  requestId: string;
  /** The body as it came, after inflating. */
  rawBody?: Buffer;
  /** Why the body is no acceptable JSON text, found before it was parsed. */
  bodyFault?: TalerError;
  /** Set by the instance guard: who is addressed (type Instance of the instances feature). */
  instance?: unknown;
}
