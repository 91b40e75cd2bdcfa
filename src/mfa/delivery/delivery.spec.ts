import { once } from 'node:events';
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

const SHORT_MS = 300;
const COMMAND_MS = 3_000;
const NODE = process.execPath;
/** Only time-outs are moved by hand; everything else of these tests happens in real processes and sockets. */
const ALL_BUT_TIME_OUTS: FakeableAPI[] = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
];

describe('the SMS command', () => {
  it('is stopped with all that it has started when it takes too long', async () => {
    // What has been started holds a connection, which the kernel ends with the process and not before.
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const child = `require('node:net').connect(${port}, '127.0.0.1')`;
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => 0, 1000)`;
    jest.useFakeTimers({ doNotFake: ALL_BUT_TIME_OUTS });
    try {
      const ended = runCommand([NODE, '-e', parent], '117', 'x', COMMAND_MS).catch((error: unknown) => error);
      const [connection] = (await once(server, 'connection')) as [Socket];
      const gone = once(
        connection.resume().on('error', () => undefined),
        'close',
      );
      // However long it took until both lived: now the time is up.
      jest.advanceTimersByTime(COMMAND_MS);
      expect(await ended).toMatchObject({ message: `not done within ${COMMAND_MS} ms` });
      await gone;
    } finally {
      jest.useRealTimers();
      server.close();
    }
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
