import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { Agent, Dispatcher } from 'undici';
import { findForbiddenString, JsonObject, JsonValue } from '../taler/json';
import { ExchangeDirectory, TrustedExchange } from './exchange-directory';

/** An answer of whatever status. */
export interface ExchangeAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** `undefined`: empty, not JSON, too large or wrongly compressed. */
  readonly body: JsonValue | undefined;
  /** The text behind `body`; empty when `body` is `undefined`. */
  readonly text: string;
  /** The header of that name. */
  readonly expires: string | undefined;
}

/** What became of a request to an exchange. */
export type ExchangeReply =
  | ExchangeAnswer
  | { readonly kind: 'timeout' }
  /** No connection, or one that broke before the reply was complete. */
  | { readonly kind: 'unreachable'; readonly cause: unknown };

export interface ExchangeRequest {
  readonly exchange: TrustedExchange;
  readonly method: 'GET' | 'POST';
  /** Below the base URL, without leading slash: `batch-deposit`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  /** Besides those that every request has; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** On connections apart from those of payments, which must never wait behind what is waiting itself. */
  readonly aside?: boolean;
  /** Total time from the call to the last byte of the reply. */
  readonly timeoutMs: number;
  /** Limit on the body, both as sent and inflated; default `REPLY_BYTES_MAX`. */
  readonly replyBytesMax?: number;
  /** When it fires the request is given up at once and counts as timed out. */
  readonly signal?: AbortSignal;
}

/** Replies other than /keys are a few hundred bytes; error bodies may carry a coin history. */
export const REPLY_BYTES_MAX = 1024 * 1024;

/** /keys of an exchange with thousands of denominations is a few MiB; 16 MiB is also what exchanges accept. */
export const KEYS_BYTES_MAX = 16 * 1024 * 1024;

/** TCP and TLS set-up; a host that does not answer within this time is down. */
export const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Parallel requests per exchange; more wait in line, bounded by their own time-out. The reference allows 16 for
 * reconciliation alone (exchange.md 11, code 2262); payments come on top.
 */
export const CONNECTIONS_PER_EXCHANGE = 64;

/** The same for requests aside: questions about KYC, most of which wait for people. */
export const ASIDE_CONNECTIONS_PER_EXCHANGE = 64;

/** Idle connections are given back before a server's usual 5 s, so that a deposit never starts on a dying one. */
export const IDLE_CONNECTION_MS = 4_000;

const PATH_PATTERN = /^[A-Za-z0-9-]+(\/[A-Za-z0-9-]+)*$/;
const inflateAsync = promisify(inflate);

/** HTTP towards trusted exchanges: bounded in time and size, never redirected, never to anybody else. */
@Injectable()
export class ExchangeHttp implements OnApplicationShutdown {
  private readonly agent = newAgent(CONNECTIONS_PER_EXCHANGE);
  private readonly asideAgent = newAgent(ASIDE_CONNECTIONS_PER_EXCHANGE);

  constructor(private readonly directory: ExchangeDirectory) {}

  /**
   * Sends one request and reads the whole reply. Redirects are not followed: a 3xx is an answer like any other.
   *
   * @throws Error when the exchange is not configured or the path is not made of plain segments (bugs of the caller)
   */
  async request(request: ExchangeRequest): Promise<ExchangeReply> {
    const url = this.urlOf(request);
    const deadline = new AbortController();
    const giveUp = () => deadline.abort();
    const timer = setTimeout(giveUp, request.timeoutMs);
    request.signal?.addEventListener('abort', giveUp, { once: true });
    if (request.signal?.aborted) giveUp();
    try {
      const agent = request.aside ? this.asideAgent : this.agent;
      const response = await agent.request(requestOptions(url, request, deadline.signal));
      return await readReply(response, request.replyBytesMax ?? REPLY_BYTES_MAX);
    } catch (cause) {
      if (deadline.signal.aborted || isTimeout(cause)) return { kind: 'timeout' };
      return { kind: 'unreachable', cause };
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', giveUp);
    }
  }

  /** After the server has answered its last request: closing earlier would cut payments short. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.agent.destroy(), this.asideAgent.destroy()]);
  }

  private urlOf({ exchange, path, query }: ExchangeRequest): URL {
    const trusted = this.directory.find(exchange.baseUrl);
    if (trusted === undefined) throw new Error(`exchange is not configured: ${exchange.baseUrl}`);
    if (!PATH_PATTERN.test(path))
      throw new Error(`path for an exchange is not made of plain segments: ${path}`);
    const url = new URL(trusted.baseUrl + path);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    return url;
  }
}

function newAgent(connections: number): Agent {
  return new Agent({
    connections,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    keepAliveMaxTimeout: IDLE_CONNECTION_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
}

function requestOptions(url: URL, request: ExchangeRequest, signal: AbortSignal): Dispatcher.RequestOptions {
  // Only where it pays: compressing a confirmation of 300 bytes costs both sides more than sending it.
  const encoding = (request.replyBytesMax ?? 0) > REPLY_BYTES_MAX ? 'deflate' : 'identity';
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-encoding': encoding,
    ...request.headers,
  };
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    method: request.method,
    headers,
    body: request.body === undefined ? undefined : JSON.stringify(request.body),
    // The deadline bounds the whole; these two catch a stalled peer even if a timer of ours were late.
    headersTimeout: request.timeoutMs,
    bodyTimeout: request.timeoutMs,
    signal,
  };
}

async function readReply(response: Dispatcher.ResponseData, limit: number): Promise<ExchangeReply> {
  const expires = response.headers['expires'];
  const answer = {
    kind: 'answer',
    status: response.statusCode,
    expires: typeof expires === 'string' ? expires : undefined,
  } as const;
  const bytes = await readBytes(response, limit);
  const plain = bytes && (await decompress(bytes, response.headers['content-encoding'], limit));
  const text = plain && decodeUtf8(plain);
  const body = text === undefined ? undefined : parseJson(text);
  if (text === undefined || body === undefined) return { ...answer, body: undefined, text: '' };
  return { ...answer, body, text };
}

/** The body as sent, or `undefined` past the limit; then the connection is dropped instead of read to its end. */
async function readBytes(response: Dispatcher.ResponseData, limit: number): Promise<Buffer | undefined> {
  const announced = Number(response.headers['content-length'] ?? Infinity);
  // HTTP itself holds the peer to what it announced.
  if (announced <= limit) return Buffer.from(await response.body.arrayBuffer());
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return undefined; // leaving the loop destroys the stream
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** undici.request leaves bodies as they came. We announce deflate only, which means RFC 1950 (exchange.md 12, trap 9). */
async function decompress(
  bytes: Buffer,
  encoding: string | string[] | undefined,
  limit: number,
): Promise<Buffer | undefined> {
  if (encoding === undefined || encoding === 'identity') return bytes;
  if (encoding !== 'deflate') return undefined;
  try {
    return await inflateAsync(bytes, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}

function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** Text with an unpaired surrogate or NUL is refused by the C parser as well, and PostgreSQL cannot store it. */
function parseJson(text: string): JsonValue | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  return findForbiddenString(value) === undefined ? value : undefined;
}

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return (
    error.code === 'UND_ERR_HEADERS_TIMEOUT' ||
    error.code === 'UND_ERR_BODY_TIMEOUT' ||
    error.code === 'UND_ERR_CONNECT_TIMEOUT'
  );
}
