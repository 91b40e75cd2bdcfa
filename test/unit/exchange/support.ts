import { readFileSync } from 'node:fs';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { ExchangeDirectory, TrustedExchange } from '../../../src/exchange/exchange-directory';
import { ExchangeHttp } from '../../../src/exchange/exchange-http';
import { ExchangeKeys } from '../../../src/exchange/exchange-keys';
import { ExchangeKeysCache } from '../../../src/exchange/exchange-keys.cache';
import { ExchangeKeysSource } from '../../../src/exchange/exchange-keys.source';
import { ExchangeKeysStore, StoredKeys } from '../../../src/exchange/exchange-keys.store';
import { ExchangeClient } from '../../../src/exchange/exchange.client';
import { verifyKeys } from '../../../src/exchange/keys-verification';
import { Clock } from '../../../src/platform/clock';
import { AppConfig } from '../../../src/platform/config/config';
import { Database } from '../../../src/platform/database/database';
import { formatAmount, parseAmount } from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashDenomination } from '../../../src/taler/denominations';
import { createSigner, EddsaSigner } from '../../../src/taler/eddsa';
import { isJsonObject, JsonObject, JsonValue } from '../../../src/taler/json';
import { sha512Short } from '../../../src/taler/kdf';
import { hashDenominationSignatures, keySet } from '../../../src/taler/signatures-exchange';
import {
  denominationKeyValidity,
  signingKeyValidity,
  wireDetails,
  wireFees,
} from '../../../src/taler/signatures-master';
import { DAY_US, timestampToJson } from '../../../src/taler/timestamp';
import { decodeBase32 } from '../../../src/taler/base32';

export interface Recording {
  readonly note: string;
  readonly request: { base_url: string; method: string; path: string; body?: JsonValue };
  readonly response: {
    status: number;
    headers: Record<string, string>;
    body?: JsonValue;
    body_text?: string;
  };
  readonly inputs?: JsonObject;
}

const FIXTURES = join(__dirname, '../../fixtures/exchange');

export function recording(name: string): Recording {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8')) as Recording;
}

/** When the recording was made, microseconds. */
export function recordedAtUs({ response }: Recording): bigint {
  return BigInt(Date.parse(response.headers.date ?? '')) * 1000n;
}

export const RECORDED_MASTER_PUB = bytes('1SKQT6AWGVJ09AJWWSMB192YP23PSAV1XW5CBE6TXVNRN147CM80', 32);
export const KYC_MASTER_PUB = bytes('WWYNT7279MR15A0NEEYF51D3VT95Q0B9NN1CTYZACCEG2BQ4VJEG', 32);
/** Shortly after 002-keys was recorded. */
export const RECORDED_NOW_US = recordedAtUs(recording('002-keys'));

export function bytes(text: JsonValue | undefined, length: number): Buffer {
  const decoded = typeof text === 'string' ? decodeBase32(text, length) : undefined;
  if (decoded === undefined) throw new Error(`not ${length} bytes of base32: ${String(text)}`);
  return decoded;
}

export function amount(text: JsonValue | undefined) {
  const parsed = parseAmount(text);
  if (parsed === undefined) throw new Error(`no amount: ${String(text)}`);
  return parsed;
}

export function object(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw new Error('no JSON object');
  return value;
}

/** base_url is not signed, so a recorded document may be served from anywhere. */
export function recordedKeys(baseUrl: string, name = '002-keys'): JsonObject {
  return { ...object(recording(name).response.body), base_url: baseUrl };
}

export class TestClock extends Clock {
  constructor(public us: bigint) {
    super();
  }
  override nowUs(): bigint {
    return this.us;
  }
}

export function configWith(exchanges: readonly TrustedExchange[]): AppConfig {
  return new AppConfig({
    production: false,
    host: '127.0.0.1',
    port: 0,
    workers: 1,
    runJobs: false,
    logLevel: 'silent',
    databaseUrl: 'postgres://unused',
    databasePoolSize: 1,
    baseUrl: undefined,
    trustProxy: false,
    currency: 'KUDOS',
    exchanges,
    merchantToken: undefined,
    keyEncryptionKey: undefined,
    defaultPayDelay: DAY_US,
    defaultRefundDelay: DAY_US,
    defaultWireTransferDelay: DAY_US,
    defaultWireTransferRoundingInterval: 'NONE',
    legalPreservation: 3_653n * DAY_US,
    taxRecordPreservation: 0n,
    selfProvisioning: false,
    mandatoryTanChannels: [],
    phoneRegex: undefined,
    paymentTargetTypes: undefined,
    paymentTargetRegex: undefined,
    defaultPersona: 'expert',
    terms: undefined,
    privacy: undefined,
  });
}

/** The table exchange_keys in memory; `broken` makes it a database that is down. */
export class MemoryKeysStore extends ExchangeKeysStore {
  readonly rows = new Map<string, StoredKeys>();
  broken = false;
  constructor() {
    super(undefined as unknown as Database);
  }
  override load(exchange: TrustedExchange): Promise<StoredKeys | undefined> {
    if (this.broken) return Promise.reject(new Error('database is down'));
    return Promise.resolve(this.rows.get(exchange.baseUrl));
  }
  override save(exchange: TrustedExchange, keys: StoredKeys): Promise<void> {
    if (this.broken) return Promise.reject(new Error('database is down'));
    this.rows.set(exchange.baseUrl, keys);
    return Promise.resolve();
  }
}

/** Everything of src/exchange put together as the module does it. */
export class Stack {
  readonly directory: ExchangeDirectory;
  readonly http: ExchangeHttp;
  readonly cache: ExchangeKeysCache;
  readonly client: ExchangeClient;

  constructor(
    exchanges: readonly TrustedExchange[],
    readonly clock: TestClock,
    readonly store = new MemoryKeysStore(),
  ) {
    this.directory = new ExchangeDirectory(configWith(exchanges));
    this.http = new ExchangeHttp(this.directory);
    const source = new ExchangeKeysSource(this.http, this.store, clock);
    this.cache = new ExchangeKeysCache(this.directory, source, clock);
    this.client = new ExchangeClient(this.http, this.cache, clock);
  }

  async close(): Promise<void> {
    this.cache.onModuleDestroy();
    await this.http.onApplicationShutdown();
  }
}

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A node:http server on a free port that does what the test tells it to. */
export class ScriptedServer {
  readonly seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  handler: Handler = (_request, response) => response.writeHead(500).end();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedServer> {
    const server = createServer();
    const scripted = new ScriptedServer(server);
    server.on('connection', (socket) => {
      scripted.sockets.add(socket);
      socket.on('close', () => scripted.sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const { method = '', url = '', headers } = request;
        scripted.seen.push({ method, url, headers, body });
        scripted.handler(request, response, body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return scripted;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  count(path: string): number {
    return this.seen.filter(({ url }) => url.startsWith(path)).length;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function answerJson(response: ServerResponse, status: number, body: JsonValue, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** An exchange of our own making, for answers that no recording has. Its denominations are CS keys: any 32 bytes. */
export class MintedExchange {
  readonly master: EddsaSigner;
  readonly signer: EddsaSigner;
  readonly nextSigner: EddsaSigner;

  constructor(
    readonly nowUs: bigint,
    private readonly seed = 'minted',
  ) {
    this.master = createSigner(this.secret('master'));
    this.signer = createSigner(this.secret('signer'));
    this.nextSigner = createSigner(this.secret('next signer'));
  }

  secret(label: string): Buffer {
    return sha512Short(Buffer.from(`${this.seed} ${label}`));
  }

  trusted(baseUrl: string): TrustedExchange {
    return { baseUrl, masterPub: this.master.publicKey, currency: 'KUDOS' };
  }

  hDenom(index: number): Buffer {
    return hashDenomination(this.denominationKey(index));
  }

  async keys(baseUrl: string, options: MintOptions = {}): Promise<ExchangeKeys> {
    const verdict = await verifyKeys({
      exchange: this.trusted(baseUrl),
      body: this.document(baseUrl, options),
      nowUs: this.nowUs,
      fetchedUs: this.nowUs,
      expiresUs: this.nowUs + DAY_US,
    });
    if (verdict.kind === 'refused') throw new Error(verdict.reason);
    return verdict.keys;
  }

  document(baseUrl: string, options: MintOptions = {}): JsonObject {
    const { signers = [this.signer], denominations = 1, accounts = [{}] } = options;
    const start = this.nowUs - DAY_US;
    const end = this.nowUs + 365n * DAY_US;
    const json = (us: bigint): JsonObject => ({ ...timestampToJson(us) });
    const fee = { wireMethod: 'iban', startDate: start, endDate: end, wireFee: amount('KUDOS:0.01') };
    const feeSignature = wireFees.sign(this.master, { ...fee, closingFee: amount('KUDOS:0') });
    const denoms = Array.from({ length: denominations }, (_, index) => this.denomination(index, start, end));
    const [signer = this.signer] = signers;
    const hDenominationSignatures = hashDenominationSignatures(
      denoms.map((entry) => bytes(entry.master_sig, 64)),
    );
    return {
      version: '23:0:6',
      base_url: baseUrl,
      currency: 'KUDOS',
      master_public_key: encodeBase32(this.master.publicKey),
      list_issue_date: json(start),
      exchange_pub: encodeBase32(signer.publicKey),
      exchange_sig: encodeBase32(keySet.sign(signer, { listIssueDate: start, hDenominationSignatures })),
      signkeys: signers.map(({ publicKey }) => ({
        key: encodeBase32(publicKey),
        stamp_start: json(start),
        stamp_expire: json(end),
        stamp_end: json(end),
        master_sig: encodeBase32(
          signingKeyValidity.sign(this.master, { start, expire: end, end, key: publicKey }),
        ),
      })),
      denominations: [{ cipher: 'CS', ...GROUP, denoms }],
      recoup: [],
      accounts: accounts.map((account) => this.account(account)),
      wire_fees: {
        iban: [
          {
            wire_fee: 'KUDOS:0.01',
            closing_fee: 'KUDOS:0',
            start_date: json(start),
            end_date: json(end),
            sig: encodeBase32(feeSignature),
          },
        ],
      },
      global_fees: [],
      hard_limits: options.hardLimits ?? [],
      stefan_abs: 'KUDOS:0',
      stefan_log: 'KUDOS:0.005',
      stefan_lin: 0.01,
    };
  }

  private denominationKey(index: number) {
    return { cipher: 'CS', csPublicKey: this.secret(`denomination ${index}`), ageMask: 0 } as const;
  }

  private denomination(index: number, start: bigint, end: bigint): JsonObject {
    const key = this.denominationKey(index);
    const json = (us: bigint): JsonObject => ({ ...timestampToJson(us) });
    const masterSig = denominationKeyValidity.sign(this.master, {
      masterPub: this.master.publicKey,
      start,
      expireWithdraw: end,
      expireDeposit: end,
      expireLegal: end,
      value: amount(GROUP.value),
      feeWithdraw: amount(GROUP.fee_withdraw),
      feeDeposit: amount(GROUP.fee_deposit),
      feeRefresh: amount(GROUP.fee_refresh),
      feeRefund: amount(GROUP.fee_refund),
      hDenom: hashDenomination(key),
    });
    return {
      cs_pub: encodeBase32(key.csPublicKey),
      stamp_start: json(start),
      stamp_expire_withdraw: json(end),
      stamp_expire_deposit: json(end),
      stamp_expire_legal: json(end),
      master_sig: encodeBase32(masterSig),
    };
  }

  private account({
    payto = DEFAULT_PAYTO,
    debit = [],
    credit = [],
    conversionUrl,
  }: MintAccount): JsonObject {
    const signature = wireDetails.sign(this.master, {
      payto,
      conversionUrl,
      debitRestrictions: debit,
      creditRestrictions: credit,
    });
    const account: JsonObject = {
      payto_uri: payto,
      priority: 0,
      debit_restrictions: debit,
      credit_restrictions: credit,
      master_sig: encodeBase32(signature),
    };
    if (conversionUrl !== undefined) account.conversion_url = conversionUrl;
    return account;
  }
}

const GROUP = {
  value: formatAmount({ currency: 'KUDOS', units: 500_000_000n }),
  fee_withdraw: 'KUDOS:0.01',
  fee_deposit: 'KUDOS:0.02',
  fee_refresh: 'KUDOS:0.03',
  fee_refund: 'KUDOS:0.04',
};

const DEFAULT_PAYTO = 'payto://iban/DE89370400440532013000?receiver-name=Exchange';

export interface MintAccount {
  readonly payto?: string;
  readonly debit?: JsonValue;
  readonly credit?: JsonValue;
  readonly conversionUrl?: string;
}

export interface MintOptions {
  /** The first one signs the key set. */
  readonly signers?: readonly EddsaSigner[];
  readonly denominations?: number;
  readonly accounts?: readonly MintAccount[];
  readonly hardLimits?: JsonValue;
}
