import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from './clock';
import type { MemoryNote } from './probe';
import { compiled, findFreePort, residentBytes, ServerProcess } from './processes';
import { CURRENCY, HOST, OPERATOR_TOKEN, REQUEST_TIMEOUT_MS, SHOP_ID, START_TIMEOUT_MS } from './settings';

/** An exchange as TALER_EXCHANGES names it. */
export interface ExchangeFacts {
  readonly base_url: string;
  readonly master_pub: string;
  readonly currency: string;
}

export interface MerchantOptions {
  readonly databaseUrl: string;
  readonly exchange: ExchangeFacts;
  readonly workers: number;
  /** For logs and notes. */
  readonly directory: string;
  readonly name: string;
}

const PASSWORD = 'password of the bench';
const PROBE_POLL_MS = 50;
const READY_POLL_MS = 20;

/** What the environment of the bench says to a server has no say here. */
const IGNORED = /^(TALER_|DATABASE_|BENCH_|HOST|PORT|WORKERS|NODE_ENV$|NODE_OPTIONS$|LOG_LEVEL|npm_)/;

/** The server under test, as it runs in production: one log line per request, written to a file. */
export class Merchant {
  private constructor(
    readonly server: ServerProcess,
    private readonly options: MerchantOptions,
  ) {}

  static async start(options: MerchantOptions): Promise<Merchant> {
    const port = await findFreePort();
    const kept = Object.entries(process.env).filter(([name]) => !IGNORED.test(name));
    const server = await ServerProcess.start({
      script: compiled('src', 'main.js'),
      nodeArguments: [
        '--expose-gc',
        '--require',
        compiled('bench', 'probe.js'),
        ...profileArguments(options),
      ],
      port,
      log: join(options.directory, `${options.name}.log`),
      env: {
        ...Object.fromEntries(kept),
        HOST,
        PORT: String(port),
        DATABASE_URL: options.databaseUrl,
        TALER_CURRENCY: CURRENCY,
        TALER_EXCHANGES: JSON.stringify([options.exchange]),
        TALER_MERCHANT_TOKEN: OPERATOR_TOKEN,
        WORKERS: String(options.workers),
        LOG_LEVEL: 'info',
        BENCH_PROBE_DIRECTORY: options.directory,
      },
    });
    const merchant = new Merchant(server, options);
    await waitUntil(`${merchant.origin}/readyz`, START_TIMEOUT_MS, READY_POLL_MS, async () => {
      return (await fetch(`${merchant.origin}/readyz`)).status === 200;
    });
    return merchant;
  }

  get port(): number {
    return this.server.port;
  }
  get origin(): string {
    return `http://${HOST}:${this.server.port}`;
  }

  /** Long polls that wait in this process; with several workers only one of them answers. */
  async waiterCount(): Promise<number> {
    const text = await (await fetch(`${this.origin}/metrics`)).text();
    return Number(/^taler_merchant_long_poll_waiters (\d+)/m.exec(text)?.[1] ?? Number.NaN);
  }

  /** Collects the garbage in all processes. @returns bytes, summed over the processes that serve */
  async memory(): Promise<MemoryNote> {
    const family = this.server.family();
    // The primary of a cluster serves nobody.
    const serving = family.length > 1 ? family.slice(1) : family;
    const notes: MemoryNote[] = [];
    for (const pid of serving) notes.push(await this.memoryOf(pid));
    const sum = (pick: (note: MemoryNote) => number): number =>
      notes.reduce((total, note) => total + pick(note), 0);
    return {
      heapUsed: sum(({ heapUsed }) => heapUsed),
      external: sum(({ external }) => external),
      rss: sum(({ rss }) => rss),
    };
  }

  private async memoryOf(pid: number): Promise<MemoryNote> {
    const path = join(this.options.directory, `memory-${pid}.json`);
    rmSync(path, { force: true });
    process.kill(pid, 'SIGUSR2');
    await waitUntil(`the memory note of ${pid}`, START_TIMEOUT_MS, PROBE_POLL_MS, async () =>
      existsSync(path),
    );
    const note = JSON.parse(readFileSync(path, 'utf8')) as MemoryNote;
    return { ...note, rss: residentBytes(pid) ?? note.rss };
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

/** BENCH_PROFILE=<folder>: every server under test leaves a processor profile there when it ends. */
function profileArguments({ name }: MerchantOptions): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}/${name}`];
}

/** Makes the instance that sells. @returns its access token */
export async function setUpShop(origin: string): Promise<string> {
  const instance = {
    id: SHOP_ID,
    name: 'Shop of the bench',
    auth: { method: 'token', password: PASSWORD },
    address: {},
    jurisdiction: {},
    use_stefan: true,
  };
  await call(`${origin}/management/instances`, `Bearer ${OPERATOR_TOKEN}`, instance);
  const basic = Buffer.from(`${SHOP_ID}:${PASSWORD}`).toString('base64');
  const login = { scope: 'write', duration: { d_us: 'forever' } };
  const shop = `${origin}/instances/${SHOP_ID}/private`;
  const { access_token: token } = (await call(`${shop}/token`, `Basic ${basic}`, login)) as {
    access_token: string;
  };
  const payto_uri = 'payto://x-taler-bank/localhost/shop?receiver-name=Shop';
  await call(`${shop}/accounts`, `Bearer ${token}`, { payto_uri });
  return token;
}

/** POST of JSON. @throws Error for an answer other than 200 and 204 */
export async function call(url: string, authorization: string, body: object): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== 200 && answer.status !== 204) throw new Error(`${url}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
