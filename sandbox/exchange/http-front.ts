import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { TalerCode } from '../../src/taler/error-codes';
import type { Exchange } from './exchange';
import { foreignSigner, isProcessed, replacementFor, spoil } from './fault-effects';
import type { FaultAction, Faults } from './faults';
import type { Reply } from './http-types';
import type { Journal } from './journal';
import { Refusal } from './refusal';
import { parseBody, readBody, UnannouncedOversize } from './request-body';
import { MethodRefusal, type Router } from './router';

/** Shorter answers are sent plain: nothing is gained below a network packet. */
const COMPRESS_FROM_BYTES = 1400;
const PREFLIGHT_HEADERS = { 'Access-Control-Allow-Headers': '*', 'Access-Control-Allow-Methods': '*' };

/** Turns HTTP requests into calls of handlers, and their answers into HTTP (conventions.md 5). */
export class HttpFront {
  /** Path of the base URL, with slashes around it. */
  private readonly prefix: string;

  constructor(
    private readonly exchange: Exchange,
    private readonly parts: { readonly router: Router; readonly faults: Faults; readonly journal: Journal },
  ) {
    this.prefix = new URL(exchange.baseUrl).pathname;
  }

  /** Answers one request. Never rejects. */
  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    // A message that was given up half-read forgets its socket.
    const { socket } = message;
    response.once('close', () => gone.abort());
    try {
      const reply = await this.answer(message, gone.signal);
      if (reply === 'hang-up') socket.destroy();
      else this.send(message, response, reply);
    } catch (error) {
      if (!(error instanceof UnannouncedOversize) && !gone.signal.aborted) console.error(error);
      socket.destroy();
    }
  }

  private async answer(message: IncomingMessage, gone: AbortSignal): Promise<Reply | 'hang-up'> {
    const method = message.method ?? 'GET';
    const url = new URL(message.url ?? '/', 'http://sandbox');
    const path = this.pathBelowBase(url.pathname);
    if (method === 'OPTIONS') return { status: 204, headers: PREFLIGHT_HEADERS };
    const fault = path.startsWith('/sandbox/') ? undefined : this.parts.faults.take(method, path);
    if (fault?.action === 'slow' && fault.after !== true) await pause(fault.ms, gone);
    if (fault !== undefined && !isProcessed(fault)) return replacementFor(fault) ?? 'hang-up';
    const reply = await this.process(message, { method, path, query: url.searchParams, gone, fault });
    return fault === undefined ? reply : this.afterwards(fault, reply, gone);
  }

  private async afterwards(fault: FaultAction, reply: Reply, gone: AbortSignal): Promise<Reply | 'hang-up'> {
    if (fault.action === 'slow' && fault.after === true) await pause(fault.ms, gone);
    if (fault.action === 'hang-up') return 'hang-up';
    return replacementFor(fault) ?? spoil(fault, reply);
  }

  private async process(
    message: IncomingMessage,
    call: {
      method: string;
      path: string;
      query: URLSearchParams;
      gone: AbortSignal;
      fault: FaultAction | undefined;
    },
  ): Promise<Reply> {
    const { method, path, query, gone, fault } = call;
    let reply: Reply;
    try {
      const { route, parameters } = this.parts.router.find(method, path);
      const bytes = method === 'POST' ? await readBody(message) : undefined;
      const encoding = message.headers['content-encoding'];
      const body = bytes === undefined || route.ignoresBody ? undefined : await parseBody(bytes, encoding);
      const signer =
        fault?.action === 'foreign-signature'
          ? foreignSigner()
          : this.exchange.ring.signerAt(this.exchange.clock.now());
      const { headers } = message;
      reply = await route.handler(this.exchange, {
        method,
        path,
        parameters,
        query,
        headers,
        body,
        signer,
        gone,
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply = replyTo(error);
    }
    // Whatever the answer is based on must be in the journal first. Refusals change the books too (KYC).
    await this.parts.journal.flushed();
    return reply;
  }

  /** The base URL may have a path, which a proxy in between may or may not have taken off. */
  private pathBelowBase(path: string): string {
    const { prefix } = this;
    return prefix !== '/' && path.startsWith(prefix) ? path.slice(prefix.length - 1) : path;
  }

  private send(message: IncomingMessage, response: ServerResponse, reply: Reply): void {
    const text =
      reply.text ?? (reply.body === undefined ? undefined : JSON.stringify(reply.body, undefined, 2));
    response.statusCode = reply.status;
    response.setHeader('Date', new Date(Number(this.exchange.clock.now() / 1000n)).toUTCString());
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', '*');
    for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
    // As recorded: answers to GET end the connection, those to POST keep it.
    if (message.method !== 'POST') response.setHeader('Connection', 'close');
    if (text === undefined) {
      response.end();
      return;
    }
    const plain = Buffer.from(text, 'utf8');
    const body = acceptsDeflate(message) && plain.length >= COMPRESS_FROM_BYTES ? deflateSync(plain) : plain;
    if (body !== plain) response.setHeader('Content-Encoding', 'deflate');
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', body.length);
    response.end(message.method === 'HEAD' ? undefined : body);
  }
}

function replyTo(refusal: Refusal): Reply {
  const { status, body } = refusal;
  if (refusal instanceof MethodRefusal) return { status, body, headers: { Allow: refusal.allow } };
  // The body was not read, so the connection cannot go on (recordings 068, 068b).
  if (body.code === TalerCode.GENERIC_UPLOAD_EXCEEDS_LIMIT)
    return { status, body, headers: { Connection: 'close' } };
  return { status, body };
}

function acceptsDeflate(message: IncomingMessage): boolean {
  const accepted = message.headers['accept-encoding'];
  return (
    typeof accepted === 'string' && /(^|,)\s*(deflate|\*)\s*(;\s*q=(?!0(\.0*)?\s*(,|$))|,|$)/.test(accepted)
  );
}

async function pause(milliseconds: number, gone: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal: gone }).catch(() => undefined);
}
