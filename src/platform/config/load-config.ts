import { readFileSync } from 'node:fs';
import { decodeBase32 } from '../../taler/base32';
import { isEddsaPublicKey } from '../../taler/eddsa';
import { DAY_US } from '../../taler/timestamp';
import { AppConfig, ExchangeSetting } from './config';

type Environment = Readonly<Record<string, string | undefined>>;

/** Faulty configuration: one message that lists every fault. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is faulty:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
const WORKERS_MAX = 64;
const POOL_SIZE_DEFAULT = 10;
/** Ten years, as tax laws ask for (orders.md 4.4). */
const LEGAL_PRESERVATION_DAYS = 3_653;

/** Reads variables one by one and collects every fault instead of stopping at the first. */
class Reader {
  readonly faults: string[] = [];
  private readonly texts = new Map<string, string | undefined>();
  constructor(private readonly environment: Environment) {}

  /** The value of `name`, or the content of the file that `name_FILE` points to; blank is absent. */
  text(name: string): string | undefined {
    // Read once, so that a fault of the file is listed once.
    if (!this.texts.has(name)) this.texts.set(name, this.read(name));
    return this.texts.get(name);
  }

  private read(name: string): string | undefined {
    const direct = this.environment[name];
    const file = this.environment[`${name}_FILE`];
    if (direct && file) {
      this.faults.push(`${name} and ${name}_FILE are both set; keep one`);
      return undefined;
    }
    if (!file) return direct?.trim() || undefined;
    try {
      return readFileSync(file, 'utf8').trim() || undefined;
    } catch (error) {
      this.faults.push(`${name}_FILE cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** The parsed value, or the fault that `parse` describes; the value itself is never quoted (it may be secret). */
  parsed<T>(name: string, parse: (text: string) => T | undefined, wanted: string): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) this.faults.push(`${name} must be ${wanted}`);
    return value;
  }

  integer(name: string, minimum: number, maximum: number, fallback: number): number {
    const parse = (text: string) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
      return value !== undefined && value >= minimum && value <= maximum ? value : undefined;
    };
    return this.parsed(name, parse, `a whole number from ${minimum} to ${maximum}`) ?? fallback;
  }
}

/**
 * Builds the configuration from the environment; each `X` may be given as `X_FILE`.
 * @throws ConfigError naming every fault at once
 */
export function loadConfig(environment: Environment = process.env): AppConfig {
  const reader = new Reader(environment);
  const production = environment['NODE_ENV'] === 'production';
  const databaseUrl = reader.parsed('DATABASE_URL', parseDatabaseUrl, 'a postgresql:// URL');
  const currency = reader.parsed('TALER_CURRENCY', parseCurrency, '1 to 11 letters A-Z') ?? 'KUDOS';
  const exchanges = reader.parsed(
    'TALER_EXCHANGES',
    (text) => parseExchanges(text, reader.faults),
    'a JSON array of {"base_url","master_pub","currency"}',
  );
  const merchantToken = reader.parsed(
    'TALER_MERCHANT_TOKEN',
    (text) => (/^secret-token:[\x21-\x7e]{8,}$/.test(text) ? text : undefined),
    'secret-token: followed by at least 8 characters',
  );
  if (!reader.text('DATABASE_URL')) reader.faults.push('DATABASE_URL is missing');
  if (production && !reader.text('TALER_EXCHANGES')) reader.faults.push('TALER_EXCHANGES is missing');
  if (production && !reader.text('TALER_MERCHANT_TOKEN')) {
    reader.faults.push('TALER_MERCHANT_TOKEN is missing: nobody could create an instance');
  }
  const values = {
    production,
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.integer('PORT', 0, 65535, 9966),
    workers: reader.integer('WORKERS', 1, WORKERS_MAX, 1),
    runJobs: reader.parsed('TALER_RUN_JOBS', parseSwitch, '0 or 1') ?? true,
    logLevel:
      reader.parsed(
        'LOG_LEVEL',
        (text) => (LOG_LEVELS.includes(text) ? text : undefined),
        LOG_LEVELS.join('|'),
      ) ?? 'info',
    databaseUrl: databaseUrl ?? '',
    databasePoolSize: reader.integer('DATABASE_POOL_SIZE', 2, 1000, POOL_SIZE_DEFAULT),
    baseUrl: reader.parsed('TALER_BASE_URL', parseBaseUrl, 'an http(s) URL that ends in "/"'),
    trustProxy: reader.parsed('TALER_TRUST_PROXY', parseSwitch, '0 or 1') ?? false,
    currency,
    exchanges: exchanges ?? [],
    merchantToken,
    keyEncryptionKey: reader.parsed('TALER_KEY_ENCRYPTION_KEY', parseKey, '32 bytes in base64'),
    defaultPayDelay: DAY_US,
    defaultRefundDelay: 15n * DAY_US,
    defaultWireTransferDelay: DAY_US,
    defaultWireTransferRoundingInterval: 'NONE' as const,
    legalPreservation:
      DAY_US * BigInt(reader.integer('TALER_LEGAL_PRESERVATION_DAYS', 0, 36_525, LEGAL_PRESERVATION_DAYS)),
  };
  if (exchanges && exchanges.length > 0 && !exchanges.some((exchange) => exchange.currency === currency)) {
    reader.faults.push(`TALER_CURRENCY: no exchange of TALER_EXCHANGES offers ${currency}`);
  }
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return new AppConfig(values);
}

function parseDatabaseUrl(text: string): string | undefined {
  return /^postgres(ql)?:\/\/.+/.test(text) ? text : undefined;
}

function parseCurrency(text: string): string | undefined {
  return /^[A-Z]{1,11}$/.test(text) ? text : undefined;
}

function parseSwitch(text: string): boolean | undefined {
  if (text === '1') return true;
  return text === '0' ? false : undefined;
}

function parseKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64');
  // Buffer.from skips what it does not know, so compare the canonical form too.
  return key.length === 32 && key.toString('base64') === text ? key : undefined;
}

/** A base URL ends in "/" and carries neither query nor fragment (conventions.md 5.9). */
export function parseBaseUrl(text: string): string | undefined {
  if (!/^https?:\/\//.test(text) || !text.endsWith('/') || /[?#]/.test(text)) return undefined;
  try {
    return new URL(text).href;
  } catch {
    return undefined;
  }
}

function parseExchanges(text: string, faults: string[]): ExchangeSetting[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const settings: ExchangeSetting[] = [];
  parsed.forEach((entry: unknown, index) => {
    const fields = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const baseUrl = typeof fields['base_url'] === 'string' ? parseBaseUrl(fields['base_url']) : undefined;
    const masterPub =
      typeof fields['master_pub'] === 'string' ? decodeBase32(fields['master_pub'], 32) : undefined;
    const currency = typeof fields['currency'] === 'string' ? parseCurrency(fields['currency']) : undefined;
    const name = `TALER_EXCHANGES[${index}]`;
    if (!baseUrl) faults.push(`${name}.base_url must be an http(s) URL that ends in "/"`);
    if (!masterPub || !isEddsaPublicKey(masterPub))
      faults.push(`${name}.master_pub must be an Ed25519 key in base32`);
    if (!currency) faults.push(`${name}.currency must be 1 to 11 letters A-Z`);
    if (baseUrl && settings.some((setting) => setting.baseUrl === baseUrl)) {
      faults.push(`${name}.base_url is listed twice`);
    }
    if (baseUrl && masterPub && currency) settings.push({ baseUrl, masterPub, currency });
  });
  return settings;
}
