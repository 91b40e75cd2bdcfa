import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { SECURITY_HEADERS } from './edge';

/** Faults of the parser that have a status of their own; all others are 400. */
const STATUS_BY_FAULT = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** What Node's parser reports; `rawPacket` is what it was reading. */
interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/**
 * Answers what is no HTTP request, in the shape of every other error (conventions.md 7), and closes the connection:
 * where the next request would begin is unknown. Node itself answers without a body.
 */
export function answerClientError(error: ClientError, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = STATUS_BY_FAULT.get(error.code ?? '') ?? 400;
  const fault = new TalerError(TalerCode.GENERIC_HTTP_HEADERS_MALFORMED, { status, detail: error.message });
  const body = JSON.stringify(fault.toBody());
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Access-Control-Allow-Origin: *',
    'Access-Control-Expose-Headers: *',
    'Content-Type: application/json',
    ...SECURITY_HEADERS.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  const isHead = error.rawPacket?.subarray(0, 5).toString('latin1') === 'HEAD ';
  socket.end(`${head.join('\r\n')}\r\n\r\n${isHead ? '' : body}`, () => socket.destroy());
}
