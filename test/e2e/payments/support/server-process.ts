import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { request } from 'undici';
import { encodeBase32 } from '../../../../src/taler/base32';
import type { ExchangeSetting } from '../../../../src/platform/config/config';
import { Api } from '../../../support/api';
import { OPERATOR_TOKEN } from '../../../support/app';
import type { TestDatabase } from '../../../support/database';

const PROJECT = join(__dirname, '../../../..');
const MAIN = join(PROJECT, 'dist/src/main.js');
/** Any constant of ours: the first suite builds, the others wait for it. */
const BUILD_LOCK = 7_415_116_003;
const READY_MS_MAX = 30_000;
const LOOK_AGAIN_MS = 25;

/** How a program ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** The server as operators start it: a process of its own that can be killed. */
export class ServerProcess {
  readonly exited: Promise<Exit>;
  readonly api: Api;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    this.exited = watch(child);
    this.api = new Api(this.url);
  }

  /** With final slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Starts the built program and waits until it serves. @param port that of a process before it; default a free one */
  static async start(options: {
    database: TestDatabase;
    exchanges?: readonly ExchangeSetting[];
    port?: number;
    environment?: Record<string, string>;
    nodeArguments?: readonly string[];
  }): Promise<ServerProcess> {
    await buildOnce();
    const port = options.port ?? (await freePort());
    const { database, exchanges = [], nodeArguments = [] } = options;
    const child = spawn(process.execPath, [...nodeArguments, MAIN], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: database.url,
        PORT: String(port),
        TALER_MERCHANT_TOKEN: OPERATOR_TOKEN,
        TALER_RUN_JOBS: '0',
        LOG_LEVEL: 'error',
        TALER_EXCHANGES: JSON.stringify(
          exchanges.map(({ baseUrl, masterPub, currency }) => ({
            base_url: baseUrl,
            master_pub: encodeBase32(masterPub),
            currency,
          })),
        ),
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new ServerProcess(child, port);
    await server.untilReady();
    return server;
  }

  /** No time for anything: as a power cut, or the kernel out of memory. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async stop(): Promise<Exit> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  private async untilReady(): Promise<void> {
    let ended: Exit | undefined;
    void this.exited.then((exit) => (ended = exit));
    await eventually(async () => {
      if (ended) throw new Error(`the server ended: ${ended.output}`);
      const answer = await request(`${this.url}readyz`).catch(() => undefined);
      await answer?.body.dump();
      return answer?.statusCode === 200;
    }, READY_MS_MAX);
  }
}

/** Runs a built program to its end. @param script below dist */
export async function runProgram(
  script: string,
  environment: Record<string, string>,
  { args = [], input = '' }: { args?: readonly string[]; input?: string } = {},
): Promise<Exit> {
  await buildOnce();
  const env = { PATH: process.env['PATH'], ...environment };
  const child = spawn(process.execPath, [join(PROJECT, 'dist', script), ...args], { env, stdio: 'pipe' });
  // A program that does not read is none the worse for it.
  child.stdin.once('error', () => undefined).end(input);
  return watch(child);
}

/** A test that failed half-way must not leave a server behind, which would hold up the end of the run. */
const living = new Set<ChildProcess>();
afterAll(() => {
  for (const child of living) child.kill('SIGKILL');
});

/** Waits until `probe` is true; what it throws ends the waiting. */
export async function eventually(probe: () => Promise<boolean> | boolean, withinMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await probe())) {
    if (performance.now() > deadlineMs)
      throw new Error(`waited in vain for ${withinMs} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

function watch(child: ChildProcess): Promise<Exit> {
  let output = '';
  living.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  // 'close' comes after the last output, 'exit' may come before it.
  return new Promise((resolve) =>
    child.once('close', (code, signal) => {
      living.delete(child);
      resolve({ code, signal, output });
    }),
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

let built: Promise<void> | undefined;

/** Makes dist what the sources say; nothing to do when `npm test` has done it. */
function buildOnce(): Promise<void> {
  return (built ??= build());
}

async function build(): Promise<void> {
  const client = new Client({ connectionString: process.env['TEST_DATABASE_URL'] });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [BUILD_LOCK]);
    const script = `import(${JSON.stringify(join(PROJECT, 'scripts/lib/install.mjs'))}).then((m) => m.ensureBuilt())`;
    const { code, output } = await watch(
      spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    if (code !== 0) throw new Error(`the build failed: ${output}`);
  } finally {
    await client.end();
  }
}
