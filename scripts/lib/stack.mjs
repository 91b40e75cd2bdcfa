import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { startChild } from './children.mjs';
import { setUpShop, SERVER_SCRIPT, waitUntilReady } from './merchant.mjs';
import { findFreePort, isPortFree } from './ports.mjs';
import { startPostgres } from './postgres.mjs';
import { claim } from './run-file.mjs';
import { EXCHANGE_SCRIPT, startSandboxExchange } from './sandbox-exchange.mjs';
import { isSet, keptSecret, readSecret, setting, writeSecret } from './secrets.mjs';

const PORT_DEFAULT = 9966;
const HOST_DEFAULT = '127.0.0.1';
/** The server answers what it has accepted within 5 s; one more for the process itself. */
const SERVER_STOP_MS = 6_000;
const EXCHANGE_STOP_MS = 3_000;

/**
 * A merchant backend with everything around it that the environment does not name: database, exchange, token.
 * One stack is used once: start(), then stop().
 */
export class Stack {
  #claimed;
  #postgres;
  #exchange;
  #server;
  #starting;
  #isStopping = false;
  #abort = new AbortController();
  #ended = withResolvers();

  /**
   * @param dataDirectory where everything that is invented is kept
   * @param env environment of the server; what it names is not invented
   * @param durable false: an embedded database that forgets on a crash (tests)
   * @param exchangePort fixed port of the sandbox exchange; absent: the one of the first start
   * @param isQuiet true: the server's output goes to dataDirectory/server.log
   */
  constructor({ dataDirectory, env, durable = true, exchangePort, isQuiet = false }) {
    Object.assign(this, { dataDirectory, env: { ...env }, durable, exchangePort, isQuiet });
    this.inventsDatabase = !isSet(env, 'DATABASE_URL');
    this.inventsExchange = !isSet(env, 'TALER_EXCHANGES');
    this.isEvaluation = this.inventsDatabase && this.inventsExchange;
  }

  /** Resolves with a sentence when a part ends that nobody stopped. */
  get ended() {
    return this.#ended.promise;
  }

  /**
   * Starts what is missing, then the server, and in evaluation mode makes it sell.
   *
   * @returns { origin, adminToken, shopToken, shopProblem, exchange, databaseUrl }: origin without final slash;
   *   shopToken and exchange only where they were invented
   * @throws Error that says which part did not start and why; stop() must be called all the same
   */
  start() {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start() {
    mkdirSync(this.dataDirectory, { recursive: true });
    this.#claimed = await claim(this.dataDirectory);
    const address = await this.#chooseAddress();
    const [databaseUrl, exchange] = await this.#startSurroundings();
    this.#abort.signal.throwIfAborted();
    const adminToken = setting(this.env, 'TALER_MERCHANT_TOKEN') ?? this.#inventToken();
    if (databaseUrl !== undefined) this.env.DATABASE_URL = databaseUrl;
    if (exchange !== undefined) {
      this.env.TALER_EXCHANGES = JSON.stringify([exchange]);
      this.env.TALER_CURRENCY ??= exchange.currency;
    }
    await this.#startServer(address.origin);
    const facts = {
      origin: address.origin,
      adminToken,
      exchange,
      databaseUrl: setting(this.env, 'DATABASE_URL'),
    };
    return this.isEvaluation ? { ...facts, ...(await this.#setUpShop(facts)) } : facts;
  }

  async #chooseAddress() {
    const host = setting(this.env, 'HOST') ?? HOST_DEFAULT;
    const wanted = Number(setting(this.env, 'PORT') ?? PORT_DEFAULT);
    const port = wanted === 0 ? await findFreePort(host) : wanted;
    if (Number.isInteger(port) && !(await isPortFree(port, host))) {
      throw new Error(
        `Port ${port} on ${host} is taken: stop what listens there, or choose another one with PORT=…`,
      );
    }
    Object.assign(this.env, { HOST: host, PORT: String(port) });
    const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
    return { origin: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}` };
  }

  /** Database and exchange do not know each other, so they start side by side. */
  async #startSurroundings() {
    const results = await Promise.allSettled([this.#startDatabase(), this.#startExchange()]);
    // Both have settled: whatever came up is known to stop(), also when the other one failed.
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return results.map((result) => result.value);
  }

  async #startDatabase() {
    if (!this.inventsDatabase) return undefined;
    this.#postgres = await startPostgres({
      directory: join(this.dataDirectory, 'postgres'),
      durable: this.durable,
    });
    this.#postgres.exited.then((message) => this.#onEnd(message));
    return this.#postgres.url;
  }

  async #startExchange() {
    if (!this.inventsExchange) return undefined;
    return startSandboxExchange({
      dataDirectory: this.dataDirectory,
      currency: setting(this.env, 'TALER_CURRENCY') ?? 'KUDOS',
      port: this.exchangePort,
      env: this.env,
      onStart: (child) => {
        this.#exchange = child;
        this.#claimed.note('exchange', child.pid, EXCHANGE_SCRIPT);
        child.exited.then(({ message }) => this.#onEnd(message));
      },
    });
  }

  #inventToken() {
    const token = keptSecret(join(this.dataDirectory, 'admin-token'), 'secret-token:');
    this.env.TALER_MERCHANT_TOKEN = token;
    return token;
  }

  async #startServer(origin) {
    const log = this.isQuiet ? join(this.dataDirectory, 'server.log') : undefined;
    this.#server = startChild({ name: 'The server', script: SERVER_SCRIPT, env: this.env, log });
    this.#claimed.note('server', this.#server.pid, SERVER_SCRIPT);
    this.#server.exited.then(({ message }) => this.#onEnd(message));
    await waitUntilReady(origin, this.#abort.signal);
  }

  /** A shop that cannot be set up is told, not fatal: its owner may have deleted it or changed its password. */
  async #setUpShop({ origin, adminToken }) {
    const at = (name) => join(this.dataDirectory, name);
    const passwords = { admin: keptSecret(at('admin-password')), shop: keptSecret(at('shop-password')) };
    const known = readSecret(at('shop-token'));
    try {
      const shopToken = await setUpShop({ origin, adminToken, shopToken: known, passwords });
      if (shopToken !== known) writeSecret(at('shop-token'), shopToken);
      return { shopToken };
    } catch (error) {
      return { shopProblem: error.message };
    }
  }

  #onEnd(message) {
    if (this.#isStopping) return;
    this.#abort.abort(new Error(message));
    this.#ended.resolve(message);
  }

  /**
   * Stops the server, then the exchange, then the database: each still needs the next one to finish.
   *
   * @returns the server's exit code, 0 when it never ran
   */
  async stop() {
    this.#isStopping = true;
    this.#abort.abort(new Error('The start was interrupted.'));
    const code = await this.#stopChildren();
    // A start that was interrupted may bring up one more part before it notices.
    await this.#starting?.catch(() => undefined);
    await this.#stopChildren();
    await this.#postgres?.stop();
    this.#claimed?.release();
    return code;
  }

  async #stopChildren() {
    const code = (await this.#server?.stop(SERVER_STOP_MS)) ?? 0;
    await this.#exchange?.stop(EXCHANGE_STOP_MS);
    return code;
  }

  /** For a second Ctrl-C: no more waiting for the server and the exchange. The database still closes properly. */
  hurry() {
    this.#server?.killNow();
    this.#exchange?.killNow();
  }
}

/** Promise.withResolvers of later versions of Node. */
function withResolvers() {
  const pair = {};
  pair.promise = new Promise((resolve, reject) => Object.assign(pair, { resolve, reject }));
  return pair;
}
