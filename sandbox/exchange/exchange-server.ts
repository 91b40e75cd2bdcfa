import { createServer, type Server } from 'node:http';
import { encodeBase32 } from '../../src/taler/base32';
import { eddsaPublicKey } from '../../src/taler/eddsa';
import type { JsonObject } from '../../src/taler/json';
import { MINUTE_US, SECOND_US } from '../../src/taler/timestamp';
import { wireDueDeposits } from './aggregation';
import { bookOfCoin, type Books, booksOf, type CoinBook } from './books';
import { SandboxClock } from './clock';
import { denominationPlans } from './denomination-plan';
import { Exchange } from './exchange';
import { Faults, type FaultSpecification } from './faults';
import { type HardLimit, setHardLimits } from './hard-limits';
import { HttpFront } from './http-front';
import { Journal } from './journal';
import { type KeyMaterial, loadKeys, newKeyMaterial, renewKeys, saveKeys } from './key-material';
import { Ledger } from './ledger';
import { Router } from './router';
import { routes } from './routes';
import { Waiters } from './waiters';

export interface SandboxExchangeOptions {
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  readonly currency?: string;
  /** Where keys and books are kept; without it everything ends with the process. */
  readonly dataDirectory?: string;
  /** How the exchange is reached from outside, with final slash; by default host and port. */
  readonly baseUrl?: string;
  /** Size of the denomination keys; 2048 by default, tests take 1024 for speed. */
  readonly rsaBits?: number;
  /** Clock in microseconds since 1970. */
  readonly nowUs?: () => bigint;
  /** 32 bytes; random by default. */
  readonly masterSeed?: Buffer;
  /** `hard_limits` of /keys; without them /keys has none, and those who read it keep it for a month. */
  readonly hardLimits?: readonly HardLimit[];
  /** How often due deposits are wired without being asked; 0: never. A second by default. */
  readonly aggregationIntervalMs?: number;
}

/** A running exchange. */
export interface SandboxExchange {
  readonly baseUrl: string;
  readonly port: number;
  readonly currency: string;
  readonly masterPublicKey: Buffer;
  /** masterPublicKey in base32. */
  readonly masterPubText: string;
  addFault(fault: FaultSpecification): void;
  clearFaults(): void;
  books(): Books;
  /** Of `books().coins`, one alone; undefined before its first deposit. */
  bookOfCoin(coinPub: string): CoinBook | undefined;
  /** Replaces the hard limits: clients see them when their copy of /keys is two minutes old. */
  setHardLimits(limits: readonly HardLimit[]): void;
  /** Wires what is due now. @returns the transfer identifiers, base32 */
  wireNow(): Promise<string[]>;
  /** Moves the clock; the offset replaces the last one. */
  moveTime(offsetSeconds: number): Promise<void>;
  /** Answers all long polls, stops listening, writes what is left of the journal. */
  close(): Promise<void>;
}

const DEFAULT_RSA_BITS = 2048;
const DEFAULT_AGGREGATION_MS = 1000;
const KEY_RENEWAL_MS = Number(10n * MINUTE_US) / 1000;
/** Above that of proxies and clients, so that it is not we who close a connection in use. */
const KEEP_ALIVE_MS = 65_000;
/** Answers under way at the end get this long. */
const CLOSE_GRACE_MS = 300;

/**
 * Starts a simulated exchange with its bank.
 *
 * @throws Error if the data directory belongs to another currency or master key, or the port is taken
 */
export async function startSandboxExchange(options: SandboxExchangeOptions = {}): Promise<SandboxExchange> {
  const { dataDirectory, currency = 'KUDOS', rsaBits = DEFAULT_RSA_BITS, host = '127.0.0.1' } = options;
  const clock = new SandboxClock(options.nowUs ?? (() => BigInt(Date.now()) * 1000n));
  const plans = denominationPlans(currency);
  const { ledger, journal } = openBooks(dataDirectory);
  clock.setOffset(ledger.clockOffsetUs);
  const stored = storedKeys(dataDirectory, currency, options.masterSeed);
  const material = await renewKeys(stored, { plans, rsaBits, now: clock.now() });
  if (dataDirectory !== undefined && material !== stored) saveKeys(dataDirectory, material);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  const port = await listen(server, options.port ?? 0, host).catch(async (error: unknown) => {
    await journal.close();
    throw error;
  });
  const baseUrl = withSlash(options.baseUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}/`);
  const waiters = new Waiters();
  const faults = new Faults();
  const parts = { currency, plans, rsaBits, dataDirectory, clock, ledger, journal, waiters };
  const exchange = new Exchange(parts, material, baseUrl);
  if (options.hardLimits !== undefined) setHardLimits(exchange, options.hardLimits);
  const front = new HttpFront(exchange, { router: new Router(routes(faults)), faults, journal });
  server.on('request', (message, response) => void front.serve(message, response));
  const stopTimers = startTimers(exchange, journal, options.aggregationIntervalMs ?? DEFAULT_AGGREGATION_MS);
  const masterPublicKey = eddsaPublicKey(material.masterSeed);
  return {
    baseUrl,
    port,
    currency,
    masterPublicKey,
    masterPubText: encodeBase32(masterPublicKey),
    addFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    setHardLimits: (limits) => setHardLimits(exchange, limits),
    books: () => booksOf(exchange),
    bookOfCoin: (coinPub) => bookOfCoin(exchange, coinPub),
    wireNow: async () => {
      const wtids = wireDueDeposits(exchange);
      await journal.flushed();
      return wtids;
    },
    moveTime: async (offsetSeconds) => {
      await exchange.moveClock(BigInt(offsetSeconds) * SECOND_US);
      await journal.flushed();
    },
    close: async () => {
      stopTimers();
      waiters.close();
      await closeServer(server);
      await journal.close();
    },
  };
}

function openBooks(dataDirectory: string | undefined): { ledger: Ledger; journal: Journal } {
  const ledger = new Ledger();
  if (dataDirectory === undefined) return { ledger, journal: Journal.inMemory() };
  const { journal, events } = Journal.open(dataDirectory);
  for (const event of events) ledger.apply(event);
  return { ledger, journal };
}

function storedKeys(
  dataDirectory: string | undefined,
  currency: string,
  masterSeed: Buffer | undefined,
): KeyMaterial {
  const stored = dataDirectory === undefined ? undefined : loadKeys(dataDirectory);
  if (stored === undefined) return newKeyMaterial(currency, masterSeed);
  if (stored.currency !== currency) throw new Error(`the data directory is for ${stored.currency}`);
  if (masterSeed !== undefined && !stored.masterSeed.equals(masterSeed)) {
    throw new Error('the data directory has another master key');
  }
  return stored;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('not listening on a port'));
    });
  });
}

function startTimers(exchange: Exchange, journal: Journal, aggregationMs: number): () => void {
  const report = (error: unknown): void => console.error(error);
  const wire = async (): Promise<void> => {
    wireDueDeposits(exchange);
    await journal.flushed();
  };
  const aggregation = setInterval(
    () => void wire().catch(report),
    aggregationMs === 0 ? KEY_RENEWAL_MS : aggregationMs,
  );
  if (aggregationMs === 0) clearInterval(aggregation);
  const renewal = setInterval(() => void exchange.renewKeys().catch(report), KEY_RENEWAL_MS);
  aggregation.unref();
  renewal.unref();
  return () => {
    clearInterval(aggregation);
    clearInterval(renewal);
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(force);
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

/** What the command prints when it is ready. */
export function readyLine(exchange: SandboxExchange): JsonObject {
  return { base_url: exchange.baseUrl, master_pub: exchange.masterPubText, currency: exchange.currency };
}
