import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AddressInfo, createServer, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppConfig } from '../../platform/config/config';
import type { Log } from '../../platform/observability/log';
import { TalerCode } from '../../taler/error-codes';
import { CodeSender } from './code-sender';
import { sendMail } from './mail';
import { runCommand } from './sms-command';

jest.setTimeout(30_000);

const SHORT_MS = 300;
const NODE = process.execPath;

describe('the SMS command', () => {
  it('is stopped with all that it has started when it takes too long', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'command-'));
    const file = join(folder, 'alive');
    const child = `setInterval(() => require('node:fs').writeFileSync(${JSON.stringify(file)}, String(Date.now())), 10)`;
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => 0, 1000)`;
    await expect(runCommand([NODE, '-e', parent], '117', 'x', 3_000)).rejects.toThrow(
      'not done within 3000 ms',
    );
    // What lives writes every 10 ms; it may be in the middle of its last time.
    const seen = await unchanging(() => readFileSync(file, 'utf8'));
    expect(seen).toMatch(/^\d+$/);
    rmSync(folder, { recursive: true });
  });

  it('may leave its input unread', async () => {
    await expect(runCommand([NODE, '-e', '0'], '117', 'x'.repeat(1_000_000))).resolves.toBeUndefined();
  });

  it.each([
    ['is not there', ['/no/such/program'], 'cannot be run: ENOENT'],
    ['may not be run', [__filename], 'cannot be run: EACCES'],
    ['fails', [NODE, '-e', 'process.exit(3)'], 'ended with 3'],
    ['is killed', [NODE, '-e', 'process.kill(process.pid, "SIGTERM")'], 'ended with SIGTERM'],
  ])('is a failure when it %s', async (_name, command, message) => {
    await expect(runCommand(command, '117', 'x')).rejects.toThrow(message);
  });

  it('gets what a shell would take for more as one argument', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'command-'));
    const file = join(folder, 'arguments');
    const script = join(folder, 'note.cjs');
    writeFileSync(
      script,
      `require('node:fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.argv.slice(2)))`,
    );
    const odd = '$(id); `id` && "x" > /dev/null';
    await runCommand([NODE, script, '--from', 'Shop'], odd, 'x');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(['--from', 'Shop', odd]);
    rmSync(folder, { recursive: true });
  });
});

describe('a mail server', () => {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  it('that says nothing is given up', async () => {
    server = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const from = 'a@b.example';
    const settings = { host: '127.0.0.1', port, secure: false, user: undefined, password: undefined, from };
    const sent = sendMail(settings, 'c@d.example', { subject: 'x', text: 'x' }, SHORT_MS);
    await expect(sent).rejects.toThrow(`not sent within ${SHORT_MS} ms`);
  });
});

describe('what the log says of a code that could not be sent', () => {
  it('names neither the address nor the code', async () => {
    const lines: unknown[][] = [];
    const log = { warn: (...line: unknown[]) => lines.push(line) } as unknown as Log;
    const from = 'a@b.example';
    const mailServer = { host: '127.0.0.1', port: 1, secure: false, user: 'me', password: 'canary', from };
    const config = { smsCommand: [NODE, '-e', 'process.exit(3)'], mailServer } as unknown as AppConfig;
    const sender = new CodeSender(config, log);
    const message = { code: '12345678', operation: 'issue-token' };
    const sms = sender.send({ channel: 'sms', address: '+41791234567' }, message, 'en');
    await expect(sms).rejects.toMatchObject({ code: TalerCode.MERCHANT_TAN_MFA_HELPER_EXEC_FAILED });
    const mail = sender.send({ channel: 'email', address: 'owner@shop.example' }, message, 'en');
    await expect(mail).rejects.toMatchObject({ code: TalerCode.MERCHANT_TAN_MFA_HELPER_EXEC_FAILED });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toEqual([{ channel: 'sms', reason: 'ended with 3' }, 'a code could not be sent']);
    expect(JSON.stringify(lines)).not.toMatch(/1234|owner|79123|canary/);
  });
});

/** The text once it stays the same for a while. */
async function unchanging(read: () => string): Promise<string> {
  for (let before = read(); ;) {
    await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
    const now = read();
    if (now === before) return now;
    before = now;
  }
}
