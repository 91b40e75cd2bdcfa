import { Agent, request } from 'undici';
import type { JsonValue } from '../../src/taler/json';
import {
  ANSWER_BYTES_MAX,
  ATTEMPTS_MAX,
  REQUEST_TIMEOUT_MS,
  RETRY_DELAY_FIRST_MS,
  RETRY_DELAY_MAX_MS,
} from './limits';
import { WalletError } from './wallet-error';

/** One request as it went over the wire, for those who want to show or log it. */
export interface HttpRecord {
  readonly method: string;
  readonly url: string;
  /** The exact bytes sent, as text; undefined for requests without a body. */
  readonly requestText: string | undefined;
  /** Undefined if there was no whole answer. */
  readonly answer: HttpAnswer | undefined;
  readonly durationMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** The body as text, `''` if there is none. */
  readonly text: string;
  /** The parsed body; undefined if it is not JSON. */
  readonly body: JsonValue | undefined;
}

export interface HttpOptions {
  readonly timeoutMs?: number;
  readonly bytesMax?: number;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  /** Called before each attempt of `postRepeatable`. */
  readonly countAttempt?: () => void;
}

const CONNECT_TIMEOUT_MS = 10_000;
const CONNECTIONS_PER_ORIGIN_MAX = 32;

/**
 * JSON over HTTP with a total time-out and a size limit for every call. Redirects are answers like any other:
 * following one would send a payment to a host that the user never saw.
 */
export class HttpClient {
  private readonly agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    connections: CONNECTIONS_PER_ORIGIN_MAX,
  });

  constructor(
    private readonly observe: (record: HttpRecord) => void = () => undefined,
    private readonly sleep: (ms: number) => Promise<void> = pause,
  ) {}

  /** @throws WalletError `unreachable`, `timeout` or `bad-answer` (too long) */
  async get(url: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    return this.exchange('GET', url, undefined, options);
  }

  /** Sends a text that is JSON already, byte for byte. Errors as for `get`. */
  async post(url: string, jsonText: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    return this.exchange('POST', url, jsonText, options);
  }

  /**
   * Like `post`, for requests that may be repeated: the same bytes again after 5xx or no answer, with growing
   * pauses, at most ATTEMPTS_MAX times. An answer below 500 is returned as it is.
   *
   * @throws WalletError `server-failed`, or the reason for which the last attempt got no answer
   */
  async postRepeatable(url: string, jsonText: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    let delayMs = RETRY_DELAY_FIRST_MS;
    for (let attempt = 1; ; attempt++) {
      options.countAttempt?.();
      const outcome = await this.attempt(url, jsonText, options);
      if (!(outcome instanceof WalletError)) return outcome;
      if (attempt === ATTEMPTS_MAX || outcome.kind === 'bad-answer') throw outcome;
      await this.sleep(delayMs);
      delayMs = Math.min(delayMs * 2, RETRY_DELAY_MAX_MS);
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async attempt(
    url: string,
    jsonText: string,
    options: HttpOptions,
  ): Promise<HttpAnswer | WalletError> {
    try {
      const answer = await this.post(url, jsonText, options);
      // 501 is a statement about the request, not trouble that passes.
      if (answer.status < 500 || answer.status === 501) return answer;
      return new WalletError('server-failed', `${url} answered ${answer.status} ${describeBody(answer)}`, {
        status: answer.status,
        body: answer.body,
      });
    } catch (error) {
      if (error instanceof WalletError) return error;
      throw error;
    }
  }

  private async exchange(
    method: 'GET' | 'POST',
    url: string,
    requestText: string | undefined,
    options: HttpOptions,
  ): Promise<HttpAnswer> {
    const start = process.hrtime.bigint();
    let answer: HttpAnswer | undefined;
    try {
      answer = await this.send(method, url, requestText, options);
      return answer;
    } catch (error) {
      throw transportError(url, error);
    } finally {
      const durationMs = Number(process.hrtime.bigint() - start) / 1e6;
      this.observe({ method, url, requestText, answer, durationMs });
    }
  }

  private async send(
    method: 'GET' | 'POST',
    url: string,
    requestText: string | undefined,
    options: HttpOptions,
  ): Promise<HttpAnswer> {
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    const deadline = AbortSignal.timeout(timeoutMs);
    const contentType: Record<string, string> =
      requestText === undefined ? {} : { 'content-type': 'application/json' };
    const { statusCode, body } = await request(url, {
      method,
      body: requestText ?? null,
      headers: { accept: 'application/json', ...contentType, ...options.headers },
      dispatcher: this.agent,
      // The signal bounds the whole exchange; these two only keep undici's own (longer) defaults out of the way.
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]),
    });
    const text = await readText(url, body, options.bytesMax ?? ANSWER_BYTES_MAX);
    return { status: statusCode, text, body: parseJson(text) };
  }
}

/** The error for an answer that is not the success the caller wanted. */
export function refusal(what: string, answer: HttpAnswer): WalletError {
  const kind = answer.status >= 500 ? 'server-failed' : answer.status >= 400 ? 'refused' : 'bad-answer';
  return new WalletError(kind, `${what}: answered ${answer.status} ${describeBody(answer)}`, {
    status: answer.status,
    body: answer.body,
  });
}

/** Waits without keeping the process alive for longer than its other work does. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function readText(url: string, body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new WalletError('bad-answer', `${url}: answer longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): JsonValue | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function describeBody(answer: HttpAnswer): string {
  const body = answer.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return '(no error body)';
  const parts = [body['code'], body['hint'], body['detail']].filter(
    (part) => part !== undefined && part !== null,
  );
  return parts.map(String).join(' - ');
}

const TIMEOUT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT']);

// Whatever undici and the sockets below it throw. Told by its members, not its class: where modules are loaded into a
// context of their own (Jest), Node's errors are instances of another Error.
function transportError(url: string, error: unknown): WalletError {
  if (error instanceof WalletError) return error;
  const { name, code, message } = error as { name?: unknown; code?: unknown; message?: unknown };
  if (name === 'TimeoutError' || TIMEOUT_CODES.has(String(code))) {
    return new WalletError('timeout', `${url}: no whole answer in time`, { cause: error });
  }
  const why = typeof message === 'string' && message !== '' ? message : String(code ?? name);
  return new WalletError('unreachable', `${url}: ${why}`, { cause: error });
}
