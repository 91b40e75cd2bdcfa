import { HOST } from './settings';

export interface Message {
  readonly method: 'GET' | 'POST';
  /** With leading slash. */
  readonly path: string;
  readonly token?: string;
  /** Media types; absent: no such header. */
  readonly accept?: string;
  /** JSON text. */
  readonly body?: string;
}

/** The header of Firefox. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/** The bytes of an HTTP/1.1 request, made once so that the load costs nothing but sending them. */
export function toBytes(message: Message): Buffer {
  const body = Buffer.from(message.body ?? '');
  const lines = [`${message.method} ${message.path} HTTP/1.1`, `Host: ${HOST}`];
  if (message.token !== undefined) lines.push(`Authorization: Bearer ${message.token}`);
  if (message.accept !== undefined) lines.push(`Accept: ${message.accept}`);
  if (message.body !== undefined) {
    lines.push('Content-Type: application/json', `Content-Length: ${body.length}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

export const get = (path: string, token?: string): Buffer => toBytes({ method: 'GET', path, token });

/** As a browser asks. */
export const getPage = (path: string): Buffer => toBytes({ method: 'GET', path, accept: BROWSER });

/** @param value becomes the JSON body */
export const post = (path: string, value: unknown, token?: string): Buffer =>
  toBytes({ method: 'POST', path, token, body: JSON.stringify(value) });
