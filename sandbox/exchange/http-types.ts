import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject, JsonValue } from '../../src/taler/json';
import type { Exchange } from './exchange';
import type { AnswerSigner } from './key-ring';

export interface ExchangeRequest {
  readonly method: string;
  /** Below the base URL, with leading slash, without query. */
  readonly path: string;
  /** What the `:name` parts of the route matched, in order; still percent-encoded, as the protocol needs none. */
  readonly parameters: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Parsed body of a POST; undefined for other methods. */
  readonly body: JsonValue | undefined;
  /** The key to sign the answer with: the current one, unless a fault asks for a foreign one. */
  readonly signer: AnswerSigner;
  /** Aborted when the client hangs up. */
  readonly gone: AbortSignal;
}

export interface Reply {
  readonly status: number;
  /** Absent: no body. */
  readonly body?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of `body`: the exact text, for cached documents and for faults. */
  readonly text?: string;
}

export type Handler = (exchange: Exchange, request: ExchangeRequest) => Reply | Promise<Reply>;
