import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const HEADER_END = Buffer.from('\r\n\r\n');
/** `HTTP/1.1 ` comes before the status. */
const STATUS_AT = 9;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const NO_BODY: ReadonlySet<number> = new Set([204, 304]);

/**
 * One keep-alive connection with one request under way. It knows as much of HTTP as the answers of a server of ours
 * need: a status and a body of announced length. A general client would take from the server the processor time
 * that is to be measured: both share two cores.
 */
export class Connection {
  private pending: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  private received: Buffer | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the server closed the connection')));
  }

  static open(port: number, host: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** @throws Error when the connection ends first, or the answer is of a form that this client does not know */
  send(request: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.pending = undefined;
    this.socket.destroy();
  }

  private fail(error: Error): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.reject(error);
  }

  private read(chunk: Buffer): void {
    const data = this.received === undefined ? chunk : Buffer.concat([this.received, chunk]);
    const answer = this.parse(data);
    this.received = answer === undefined ? data : undefined;
    if (answer === undefined) return;
    const { pending } = this;
    this.pending = undefined;
    pending?.resolve(answer);
  }

  private parse(data: Buffer): Answer | undefined {
    const headerEnd = data.indexOf(HEADER_END);
    if (headerEnd < 0) return undefined;
    const header = data.toString('latin1', 0, headerEnd);
    const status = Number(header.slice(STATUS_AT, STATUS_AT + 3));
    const bodyAt = headerEnd + HEADER_END.length;
    if (NO_BODY.has(status)) return { status, body: data.subarray(bodyAt) };
    const length = CONTENT_LENGTH.exec(header)?.[1];
    if (length === undefined) {
      this.fail(new Error(`an answer without Content-Length: ${header}`));
      return undefined;
    }
    const end = bodyAt + Number(length);
    return data.length < end ? undefined : { status, body: data.subarray(bodyAt, end) };
  }
}
