import { decodeBase32 } from '../../taler/base32';
import { isEddsaPublicKey } from '../../taler/eddsa';
import { DAY_US, SECOND_US } from '../../taler/timestamp';
import { posixToRegExp } from '../../taler/posix-regex';
import {
  AppConfig,
  ExchangeSetting,
  LegalFolder,
  Pattern,
  Persona,
  PERSONAS,
  ROUNDING_INTERVALS,
  RoundingInterval,
  TAN_CHANNELS,
  TanChannel,
} from './config';
import { readDelivery } from './delivery-settings';
import { ConfigError, Environment, EnvironmentReader } from './environment';

export { ConfigError } from './environment';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
const WORKERS_MAX = 64;
const POOL_SIZE_DEFAULT = 10;
/** Ten years, as tax laws ask for (orders.md 4.4). */
const LEGAL_PRESERVATION_DAYS = 3_653;
/** A century. */
const PRESERVATION_DAYS_MAX = 36_525;
/** Three decades: longer than any contract runs. */
const DELAY_SECONDS_MAX = 999_999_999;

/**
 * Builds the configuration from the environment; each `X` may be given as `X_FILE`.
 * @throws ConfigError naming every fault at once
 */
export function loadConfig(environment: Environment = process.env): AppConfig {
  const reader = new EnvironmentReader(environment);
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
    keyEncryptionKeyOld: reader.parsed('TALER_KEY_ENCRYPTION_KEY_OLD', parseKey, '32 bytes in base64'),
    ...readInstanceDefaults(reader),
    legalPreservation: readDays(reader, 'TALER_LEGAL_PRESERVATION_DAYS', LEGAL_PRESERVATION_DAYS),
    taxRecordPreservation: readDays(reader, 'TALER_TAX_RECORD_PRESERVATION_DAYS', 0),
    ...readInstanceRules(reader),
    terms: readLegalFolder(reader, 'TALER_TERMS'),
    privacy: readLegalFolder(reader, 'TALER_PRIVACY'),
  };
  if (exchanges && exchanges.length > 0 && !exchanges.some((exchange) => exchange.currency === currency)) {
    reader.faults.push(`TALER_CURRENCY: no exchange of TALER_EXCHANGES offers ${currency}`);
  }
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return new AppConfig(values);
}

/** What holds for instances that say nothing of their own (management.md 4.1). */
function readInstanceDefaults(reader: EnvironmentReader) {
  const seconds = (name: string, fallback: bigint) =>
    SECOND_US * BigInt(reader.integer(name, 0, DELAY_SECONDS_MAX, Number(fallback / SECOND_US)));
  return {
    defaultPayDelay: seconds('TALER_DEFAULT_PAY_DELAY_SECONDS', DAY_US),
    defaultRefundDelay: seconds('TALER_DEFAULT_REFUND_DELAY_SECONDS', 15n * DAY_US),
    defaultWireTransferDelay: seconds('TALER_DEFAULT_WIRE_TRANSFER_DELAY_SECONDS', DAY_US),
    defaultWireTransferRoundingInterval:
      reader.parsed(
        'TALER_DEFAULT_WIRE_TRANSFER_ROUNDING_INTERVAL',
        (text) => ROUNDING_INTERVALS.find((interval) => interval === text),
        ROUNDING_INTERVALS.join('|'),
      ) ?? ('NONE' satisfies RoundingInterval),
  };
}

/** Who may become a merchant here, and with which accounts (management.md 18). */
function readInstanceRules(reader: EnvironmentReader) {
  const pattern = 'a POSIX extended regular expression of at most 1024 characters';
  const mandatoryTanChannels =
    reader.parsed(
      'TALER_MANDATORY_TAN_CHANNELS',
      parseTanChannels,
      'some of sms, email, with blanks between',
    ) ?? [];
  return {
    selfProvisioning: reader.parsed('TALER_SELF_PROVISIONING', parseSwitch, '0 or 1') ?? false,
    mandatoryTanChannels,
    ...readDelivery(reader, mandatoryTanChannels),
    phoneRegex: reader.parsed('TALER_PHONE_REGEX', parsePattern, pattern),
    paymentTargetTypes: readTargetTypes(reader),
    paymentTargetRegex: reader.parsed('TALER_PAYMENT_TARGET_REGEX', parsePattern, pattern),
    defaultPersona:
      reader.parsed(
        'TALER_DEFAULT_PERSONA',
        (text) => PERSONAS.find((persona) => persona === text),
        PERSONAS.join('|'),
      ) ?? ('expert' satisfies Persona),
  };
}

function readDays(reader: EnvironmentReader, name: string, fallback: number): bigint {
  return DAY_US * BigInt(reader.integer(name, 0, PRESERVATION_DAYS_MAX, fallback));
}

function readLegalFolder(reader: EnvironmentReader, prefix: string): LegalFolder | undefined {
  const directory = reader.text(`${prefix}_DIR`);
  const parse = (text: string) => (/^[A-Za-z0-9._-]+$/.test(text) ? text : undefined);
  const version = reader.parsed(`${prefix}_VERSION`, parse, 'the name of the files without extension');
  if (directory !== undefined) return { directory, version };
  if (version !== undefined) reader.faults.push(`${prefix}_VERSION needs ${prefix}_DIR`);
  return undefined;
}

/** `*`, the default, allows every target type. */
function readTargetTypes(reader: EnvironmentReader): readonly string[] | undefined {
  const parse = (text: string) => {
    const types = text.toLowerCase().split(/\s+/);
    return text === '*' || types.every((type) => /^[a-z0-9-]+$/.test(type)) ? types : undefined;
  };
  const types = reader.parsed(
    'TALER_PAYMENT_TARGET_TYPES',
    parse,
    '"*" or payto target types with blanks between',
  );
  return types?.includes('*') ? undefined : types;
}

function parseTanChannels(text: string): TanChannel[] | undefined {
  const names = new Set(text.split(/\s+/));
  const channels = TAN_CHANNELS.filter((channel) => names.has(channel));
  return channels.length === names.size ? channels : undefined;
}

function parsePattern(text: string): Pattern | undefined {
  const regExp = posixToRegExp(text);
  return regExp && { text, regExp };
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
