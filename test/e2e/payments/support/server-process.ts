import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import { request } from 'undici';
import { encodeBase32 } from '../../../../src/taler/base32';
import type { ExchangeSetting } from '../../../../src/platform/config/config';
import { Api } from '../../../support/api';
import { OPERATOR_TOKEN } from '../../../support/app';
import type { TestDatabase } from '../../../support/database';
import { takePort } from './ports';
import { until } from '../../../support/until';

const PROJECT = join(__dirname, '../../../..');
const MAIN = join(PROJECT, 'dist/src/main.js');
/** Any constant of ours: the first suite builds, the others wait for it. */
const BUILD_LOCK = 7_415_116_003;

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

  /**
   * Starts the built program and waits until it serves.
   * @param port that of a process before it; default a free one
   * @param mayDie it may be killed before it serves, which is as well
   */
  static async start(options: {
    database: TestDatabase;
    exchanges?: readonly ExchangeSetting[];
    port?: number;
    environment?: Record<string, string>;
    nodeArguments?: readonly string[];
    mayDie?: boolean;
  }): Promise<ServerProcess> {
    await buildOnce();
    const port = options.port ?? (await takePort());
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
    await server.untilReady(options.mayDie);
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

  private async untilReady(mayDie = false): Promise<void> {
    let ended: Exit | undefined;
    void this.exited.then((exit) => (ended = exit));
    await until(async () => {
      if (ended && mayDie && ended.signal === 'SIGKILL') return true;
      if (ended) throw new Error(`the server ended: ${ended.output}`);
      const answer = await request(`${this.url}readyz`).catch(() => undefined);
      await answer?.body.dump();
      return answer?.statusCode === 200 && knowsKeys(this.url);
    });
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

/**
 * What the clock does at each full minute: calls for the job that finishes payments. A call that comes before a process
 * listens is overlooked for up to a minute, so call again until it is done; calls that wait are one and the same.
 */
export async function callRecovery(database: TestDatabase): Promise<void> {
  await database.query(`select graphile_worker.add_job('recover-payments', job_key := 'recover-payments')`);
}

interface ExchangeState {
  readonly keys_expiration?: object;
  /** Why the last download failed; 0: it did not. */
  readonly keys_ec: number;
}

/**
 * Whether a server knows the keys of its exchanges, or that they are not to be had (management.md 5.2); of a server with
 * workers, one of them. It asks for them when it starts, and an order waits a second for them and no longer.
 * @param url with final slash
 */
async function knowsKeys(url: string): Promise<boolean> {
  const answer = await request(`${url}exchanges`).catch(() => undefined);
  const { exchanges = [] } = ((await answer?.body.json().catch(() => undefined)) ?? {}) as {
    exchanges?: ExchangeState[];
  };
  return (
    answer?.statusCode === 200 &&
    exchanges.every(({ keys_expiration, keys_ec }) => keys_expiration !== undefined || keys_ec !== 0)
  );
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
