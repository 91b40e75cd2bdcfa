import { request } from 'node:http';
import { isJsonObject, type JsonObject } from '../../../src/taler/json';

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  /** Empty if the text is no JSON object. */
  readonly body: JsonObject;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  /** Bytes as they go over the wire. */
  readonly bytes?: Buffer;
  readonly chunked?: boolean;
  /** Called once all of the request is in the hands of the operating system. */
  readonly onSent?: () => void;
}

/** One request with node:http, which shows headers and broken connections as they are. Rejects if cut off. */
export function send(baseUrl: string, call: Call): Promise<Answer> {
  const { method, path, bytes = Buffer.alloc(0) } = call;
  const url = new URL(path.replace(/^\//, ''), baseUrl);
  const length: Record<string, string> =
    call.chunked === true ? {} : { 'Content-Length': String(bytes.length) };
  const headers = { Accept: 'application/json', ...(method === 'GET' ? {} : length), ...call.headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parse(text) });
      });
    });
    outgoing.on('error', reject);
    if (call.onSent) outgoing.once('finish', call.onSent);
    if (bytes.length > 0) outgoing.write(bytes);
    outgoing.end();
  });
}

export function sendJson(
  baseUrl: string,
  call: Pick<Call, 'method' | 'path' | 'headers' | 'onSent'> & { body?: unknown },
): Promise<Answer> {
  const { body, headers = {} } = call;
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return send(baseUrl, { ...call, bytes, headers: { 'Content-Type': 'application/json', ...headers } });
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
