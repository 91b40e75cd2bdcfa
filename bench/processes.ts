import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { monotonicMs, waitUntil } from './clock';
import { HOST, POLL_MS, START_TIMEOUT_MS, STOP_TIMEOUT_MS } from './settings';

const LOG_TAIL_LINES = 15;

export interface ProcessOptions {
  readonly script: string;
  readonly nodeArguments?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly port: number;
  /** Gets standard output and standard error. */
  readonly log: string;
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A server in a process of its own. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** From spawning to the first connection that was accepted. */
    readonly startMs: number,
  ) {}

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error('the server was not spawned');
    return pid;
  }

  /** Spawns and waits until the port accepts connections. @throws Error with the end of its log */
  static async start(options: ProcessOptions): Promise<ServerProcess> {
    const log = openSync(options.log, 'a', 0o600);
    const startedMs = monotonicMs();
    const child = spawn(process.execPath, [...(options.nodeArguments ?? []), options.script], {
      env: options.env,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    alive.add(child);
    let hasExited = false;
    child.once('exit', () => {
      hasExited = true;
      alive.delete(child);
    });
    await waitUntil(`port ${options.port}`, START_TIMEOUT_MS, POLL_MS, async () => {
      if (hasExited) throw new Error(`${options.script} ended:\n${tailOf(options.log)}`);
      return accepts(options.port);
    });
    return new ServerProcess(child, options.port, monotonicMs() - startedMs);
  }

  /** Where load goes to, and whose processor time it takes. */
  get target(): { port: number; processes: () => readonly number[] } {
    return { port: this.port, processes: () => this.family() };
  }

  async stop(): Promise<void> {
    if (!alive.has(this.child)) return;
    const exited = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  /** The process and the processes it forked. */
  family(): number[] {
    const path = `/proc/${this.pid}/task/${this.pid}/children`;
    const children = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').filter(Boolean) : [];
    return [this.pid, ...children.map(Number)];
  }
}

/** Resident memory in bytes; undefined where the system does not tell (not Linux). */
export function residentBytes(pid: number): number | undefined {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return undefined;
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(path, 'utf8'))?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Ticks of /proc/PID/stat per second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Place of utime behind the name of the command, which may hold spaces. */
const UTIME_AT = 11;

/** Processor time of some processes so far, user and system, in microseconds; undefined where nobody tells. */
export function processorTimeUs(pids: readonly number[]): number | undefined {
  let ticks = 0;
  for (const pid of pids) {
    const path = `/proc/${pid}/stat`;
    if (!existsSync(path)) return undefined;
    const text = readFileSync(path, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[UTIME_AT]) + Number(fields[UTIME_AT + 1]);
  }
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A TCP port that nobody listens on now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host: HOST }, () => {
      const address = probe.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      probe.close(() => (port === undefined ? reject(new Error('no port')) : resolve(port)));
    });
  });
}

function tailOf(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}

/** A compiled script of this project. */
export const compiled = (...parts: string[]): string => join(__dirname, '..', ...parts);
