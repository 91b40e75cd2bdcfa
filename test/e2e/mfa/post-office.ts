import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import type { AppConfig, MailServer } from '../../../src/platform/config/config';

export interface Mail {
  /** Of the envelope. */
  readonly from: string;
  readonly to: readonly string[];
  /** Header fields by lower-case name, unfolded; one name twice shows as a list. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly subject: string;
  readonly text: string;
}

export interface Sms {
  readonly arguments: readonly string[];
  readonly message: string;
  readonly environment: readonly string[];
}

/** A mail server and an SMS program, which keep what they are given. */
export class PostOffice {
  readonly mails: Mail[] = [];
  /** What the mail server says to whom it does not want. */
  refusal: string | undefined;

  private constructor(
    private readonly server: SMTPServer,
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async open(): Promise<PostOffice> {
    const folder = mkdtempSync(join(tmpdir(), 'sms-'));
    const found: { office?: PostOffice } = {};
    const server = new SMTPServer({
      authOptional: true,
      // The answer of a name server is nothing to wait for.
      disableReverseLookup: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      logger: false,
      onRcptTo: (_address, _session, done) => {
        const { refusal } = found.office ?? {};
        done(refusal === undefined ? null : Object.assign(new Error(refusal), { responseCode: 550 }));
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          found.office?.mails.push(
            toMail(
              from,
              rcptTo.map(({ address }) => address),
              Buffer.concat(chunks).toString('utf8'),
            ),
          );
          done(null);
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    found.office = new PostOffice(server, folder, port);
    return found.office;
  }

  get mailServer(): MailServer {
    const { port } = this;
    const from = 'no-reply@backend.example';
    return { host: '127.0.0.1', port, secure: false, user: undefined, password: undefined, from };
  }

  /** What a backend is told that uses this office. */
  get config(): Pick<AppConfig, 'mailServer' | 'smsCommand'> {
    const program = join(__dirname, 'receive-sms.mjs');
    return { mailServer: this.mailServer, smsCommand: [process.execPath, program, this.folder] };
  }

  /** How the SMS program was called, oldest first. */
  get smses(): Sms[] {
    const names = readdirSync(this.folder).filter((name) => name.endsWith('.json'));
    return names.sort().map((name) => JSON.parse(readFileSync(join(this.folder, name), 'utf8')) as Sms);
  }

  /** From now on the SMS program does so, or no more. */
  setSmsTrouble(trouble: 'fail' | 'hang', isOn: boolean): void {
    const file = join(this.folder, trouble);
    if (isOn) writeFileSync(file, '');
    else rmSync(file, { force: true });
  }

  lastMailTo(address: string): Mail | undefined {
    return this.mails.findLast(({ to }) => to.includes(address));
  }

  lastSmsTo(number: string): Sms | undefined {
    return this.smses.findLast(({ arguments: [to] }) => to === number);
  }

  /** The code that was sent last to this mail address or phone number, as people see it. */
  codeFor(address: string): string {
    const text = this.lastMailTo(address)?.text ?? this.lastSmsTo(address)?.message ?? '';
    const code = /\b\d{4}-\d{4}\b/.exec(text)?.[0];
    if (code === undefined) throw new Error(`no code was sent to ${address}: ${text}`);
    return code;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function toMail(from: string, to: readonly string[], source: string): Mail {
  const end = source.indexOf('\r\n\r\n');
  const headers = new Map<string, string[]>();
  for (const line of source
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const isQuoted = headers.get('content-transfer-encoding')?.[0] === 'quoted-printable';
  const body = source.slice(end + 4).replaceAll('\r\n', '\n');
  const subject = headers.get('subject')?.[0] ?? '';
  return { from, to, headers, subject: decodeWords(subject), text: isQuoted ? unquote(body) : body };
}

/** RFC 2045 6.7 */
function unquote(text: string): string {
  const bytes = text
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** RFC 2047 */
function decodeWords(text: string): string {
  return text
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?UTF-8\?([QB])\?(.*?)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString('utf8')
        : unquote(word.replaceAll('_', ' ')),
    );
}
