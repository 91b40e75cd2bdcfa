import { Agent, IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

/** An answer that takes longer counts as a hang: far more than a busy machine needs for the costliest of them. */
const ANSWER_MS_MAX = 60_000;

export interface RawRequest {
  readonly method: string;
  /** Goes out as it is, without the normalisation of a URL parser; with leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Several pieces are sent chunked, one with its Content-Length. */
  readonly body?: string | Buffer | readonly Buffer[];
}

export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Speaks HTTP over one connection that is kept open, and sends what no well-meaning client would: so each request
 * also shows that the connection survived the one before.
 */
export class RawClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly baseUrl: string) {}

  /** @throws Error when no answer comes within ANSWER_MS_MAX or the connection breaks */
  send(raw: RawRequest): Promise<RawReply> {
    const { hostname, port } = new URL(this.baseUrl);
    const pieces =
      raw.body === undefined ? [] : Array.isArray(raw.body) ? raw.body : [Buffer.from(raw.body as string)];
    const isChunked = Array.isArray(raw.body);
    const length = pieces[0] && !isChunked ? { 'content-length': String(pieces[0].length) } : {};
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        hostname,
        port,
        agent: this.agent,
        method: raw.method,
        path: raw.path,
        headers: { ...length, ...raw.headers },
        timeout: ANSWER_MS_MAX,
      });
      request.once('timeout', () => {
        request.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms to ${raw.method} ${raw.path}`));
      });
      request.once('error', reject);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
        response.once('error', reject);
      });
      for (const piece of pieces) request.write(piece);
      request.end();
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/**
 * Sends bytes over a connection of their own and reads until the other side closes it or `stop` accepts what came.
 * @throws Error when neither happens within ANSWER_MS_MAX
 */
export function sendBytes(
  baseUrl: string,
  bytes: string | Buffer,
  stop: (received: string) => boolean = () => false,
): Promise<string> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (stop(received)) socket.destroy();
    });
    // A peer that closes while we still write resets the connection; what it answered before counts.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.once('close', () => resolve(received));
  });
}
