import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { Jobs } from '../../../src/platform/jobs/jobs';
import { Api, type ApiAnswer } from '../../support/api';
import { createShop, settingOf, startTestServer, type TestServer, type TestShop } from '../../support/app';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { countAttempts, expectBooksToAgree, expectRefundTotalsToAgree } from '../payments/support/ledger';
import { type CoinWish, type Coin, withdrawCoins } from '../payments/support/purse';
import { callRecovery, ServerProcess } from '../payments/support/server-process';
import { Trap } from './trap';
import { until } from '../../support/until';

/** What all tests of crashes share: one database, two exchanges, and a server that has to be started ever anew. */
export class Stage {
  readonly trap = new Trap();
  private running: ServerProcess | undefined;
  private opened: TestShop | undefined;
  private minute: TestServer | undefined;

  private constructor(
    readonly database: TestDatabase,
    readonly exchange: SandboxExchange,
    readonly second: SandboxExchange,
  ) {}

  static async open(): Promise<Stage> {
    const small = () => startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
    const stage = new Stage(...(await Promise.all([createTestDatabase(), small(), small()])));
    try {
      await stage.restart();
      const { url, api } = stage.server;
      stage.opened = await createShop({ url, api } as TestServer, 'shop');
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.running?.stop();
    await this.minute?.close();
    await Promise.all([this.exchange.close(), this.second.close()]);
    await this.database.drop();
    this.trap.remove();
  }

  get server(): ServerProcess {
    if (!this.running) throw new Error('the server was started');
    return this.running;
  }

  get shop(): TestShop {
    if (!this.opened) throw new Error('the shop was opened');
    return this.opened;
  }

  /** Starts the next process, on the port of the one before: contracts name it. */
  async restart(): Promise<void> {
    this.running = await this.start();
  }

  /** The next process runs the jobs, as in production, and dies of them: at the latest when they are called for. */
  async dieOfJobs(): Promise<void> {
    this.running = await this.start({ TALER_RUN_JOBS: '1' }, true);
    await until(async () => {
      await callRecovery(this.database);
      return this.isDead();
    });
    await this.expectDeath();
  }

  private start(environment: Record<string, string> = {}, mayDie = false): Promise<ServerProcess> {
    const { setting } = this.trap;
    return ServerProcess.start({
      database: this.database,
      exchanges: this.settings,
      port: this.running?.port,
      nodeArguments: setting.nodeArguments,
      environment: { ...setting.environment, ...environment },
      mayDie,
    });
  }

  /** Another process on the same database, which nobody kills, and the same shop as seen there. */
  async startNeighbour(): Promise<{ readonly process: ServerProcess; readonly shop: TestShop }> {
    const process = await ServerProcess.start({ database: this.database, exchanges: this.settings });
    const url = `${process.url}instances/${this.shop.id}/`;
    return { process, shop: { ...this.shop, url, api: new Api(url) } };
  }

  /** Sends requests of which the server must die, and waits for its end. */
  async expectDeath(...requests: readonly Promise<ApiAnswer>[]): Promise<void> {
    const answers = await Promise.all(requests.map((request) => request.catch(() => undefined)));
    expect(answers.map((answer) => answer && `${answer.status} ${answer.text}`)).toEqual(
      requests.map(() => undefined),
    );
    await until(() => this.isDead());
    expect((await this.server.exited).signal).toBe('SIGKILL');
  }

  /** What happens at each full minute in one of the processes, until no pay request is left open. */
  async runJobs(): Promise<void> {
    this.minute ??= await startTestServer({ database: this.database, exchanges: this.settings });
    const jobs = this.minute.app.get(Jobs);
    await until(async () => {
      await jobs.runOnce();
      return (await countAttempts(this.database)) === 0;
    });
  }

  /** Pay requests that are open although their order is not paid yet. */
  async countUnpaidAttempts(): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(
      `select count(*) from payment_attempts join orders on orders.serial = order_serial where paid_us is null`,
    );
    return Number(row?.count);
  }

  /** The exchanges are as they should be. What they do not answer ends with the process that waits for it. */
  thaw(): void {
    this.exchange.clearFaults();
    this.second.clearFaults();
  }

  /** Ends a test: nothing is out of order, and what a failure has left behind is not the fault of the next test. */
  async settle(): Promise<void> {
    this.trap.disarm();
    this.thaw();
    if (await this.isDead()) await this.restart();
    try {
      await expectBooksToAgree(this.database, [this.exchange, this.second]);
      await expectRefundTotalsToAgree(this.database);
    } finally {
      if ((await countAttempts(this.database)) > 0) await this.runJobs();
    }
  }

  /** Coins of these values, at the first exchange or as told. */
  withdraw(values: readonly string[], from = this.exchange): Promise<Coin[]> {
    const wishes: CoinWish[] = values.map((value) => ({ value }));
    return withdrawCoins(from, wishes);
  }

  private get settings() {
    return [this.exchange, this.second].map(settingOf);
  }

  private async isDead(): Promise<boolean> {
    const living = new Promise<false>((resolve) => setImmediate(() => resolve(false)));
    return Promise.race([this.server.exited.then(() => true), living]);
  }
}
