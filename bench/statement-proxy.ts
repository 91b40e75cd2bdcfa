import { connect, createServer, type Server, type Socket } from 'node:net';
import { HOST } from './settings';

/** Startup packet of protocol 3.0; what comes before it (a question for TLS) has a length and no type either. */
const PROTOCOL_3 = 196_608;
const LENGTH_BYTES = 4;
const UNNAMED = '';

/**
 * A way to PostgreSQL that notes every statement that a client runs: prepared ones by their names, others by their text.
 * For counting, not for measuring: it takes time.
 */
export class StatementProxy {
  private readonly statements: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** The database, through the proxy. */
    readonly url: string,
  ) {}

  static start(databaseUrl: string): Promise<StatementProxy> {
    const target = new URL(databaseUrl);
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: 0, host: HOST }, () => {
        const address = server.address();
        if (address === null || typeof address === 'string') return reject(new Error('no port'));
        const url = new URL(databaseUrl);
        url.hostname = HOST;
        url.port = String(address.port);
        const proxy = new StatementProxy(server, url.href);
        server.on('connection', (socket) => proxy.serve(socket, Number(target.port), target.hostname));
        resolve(proxy);
      });
    });
  }

  /** The statements since the last call, in the order in which they were sent. */
  take(): string[] {
    return this.statements.splice(0);
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private serve(client: Socket, port: number, host: string): void {
    const database = connect({ port, host });
    const reader = new StatementReader((statement) => this.statements.push(statement));
    for (const socket of [client, database]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        database.destroy();
      });
    }
    client.on('data', (chunk) => {
      reader.read(chunk);
      database.write(chunk);
    });
    database.on('data', (chunk) => client.write(chunk));
  }
}

/** Follows what one client says (PostgreSQL, frontend/backend protocol, message formats). */
class StatementReader {
  private pending: Buffer = Buffer.alloc(0);
  private hasStarted = false;
  /** Of the statement without a name. */
  private unnamedText = '';

  constructor(private readonly note: (statement: string) => void) {}

  read(chunk: Buffer): void {
    let data = Buffer.concat([this.pending, chunk]);
    for (;;) {
      const lengthAt = this.hasStarted ? 1 : 0;
      if (data.length < lengthAt + LENGTH_BYTES) break;
      const end = lengthAt + data.readInt32BE(lengthAt);
      if (data.length < end) break;
      const body = data.subarray(lengthAt + LENGTH_BYTES, end);
      if (this.hasStarted) this.message(String.fromCharCode(data[0] ?? 0), body);
      else this.hasStarted = body.readInt32BE(0) === PROTOCOL_3;
      data = data.subarray(end);
    }
    this.pending = data;
  }

  private message(type: string, body: Buffer): void {
    switch (type) {
      case 'Q':
        return this.note(textAt(body, 0));
      case 'P': {
        const name = textAt(body, 0);
        if (name === UNNAMED) this.unnamedText = textAt(body, name.length + 1);
        return;
      }
      case 'B': {
        const portal = textAt(body, 0);
        const name = textAt(body, Buffer.byteLength(portal) + 1);
        return this.note(name === UNNAMED ? this.unnamedText : name);
      }
      default:
        return;
    }
  }
}

/** Text up to a zero byte. */
function textAt(body: Buffer, start: number): string {
  const end = body.indexOf(0, start);
  return body.toString('utf8', start, end < 0 ? body.length : end);
}
