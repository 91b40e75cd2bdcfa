import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBase32 } from '../../taler/base32';
import { eddsaPublicKey } from '../../taler/eddsa';
import { DAY_US } from '../../taler/timestamp';
import { ConfigError, loadConfig } from './load-config';

const DATABASE_URL = 'postgresql://merchant@localhost/merchant';
const MASTER_PUB = eddsaPublicKey(Buffer.alloc(32, 1));
const EXCHANGE = {
  base_url: 'https://exchange.example/',
  master_pub: encodeBase32(MASTER_PUB),
  currency: 'KUDOS',
};
const KEY = Buffer.alloc(32, 5);

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) expect(error.message).toContain(fault);
    return error.faults;
  }
}

describe('the configuration from the environment', () => {
  it('has defaults for everything but the database', () => {
    expect({ ...loadConfig({ DATABASE_URL }) }).toEqual({
      production: false,
      host: '127.0.0.1',
      port: 9966,
      workers: 1,
      runJobs: true,
      logLevel: 'info',
      databaseUrl: DATABASE_URL,
      databasePoolSize: 10,
      baseUrl: undefined,
      trustProxy: false,
      currency: 'KUDOS',
      exchanges: [],
      merchantToken: undefined,
      keyEncryptionKey: undefined,
      defaultPayDelay: DAY_US,
      defaultRefundDelay: 15n * DAY_US,
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
  });

  it('reads every variable', () => {
    const config = loadConfig({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: '80',
      WORKERS: '4',
      TALER_RUN_JOBS: '0',
      LOG_LEVEL: 'debug',
      DATABASE_URL,
      DATABASE_POOL_SIZE: '20',
      TALER_LEGAL_PRESERVATION_DAYS: '30',
      TALER_BASE_URL: 'https://Backend.example/taler/',
      TALER_TRUST_PROXY: '1',
      TALER_CURRENCY: 'EUR',
      TALER_EXCHANGES: JSON.stringify([{ ...EXCHANGE, currency: 'EUR' }]),
      TALER_MERCHANT_TOKEN: 'secret-token:12345678',
      TALER_KEY_ENCRYPTION_KEY: KEY.toString('base64'),
      TALER_DEFAULT_PAY_DELAY_SECONDS: '60',
      TALER_DEFAULT_REFUND_DELAY_SECONDS: '0',
      TALER_DEFAULT_WIRE_TRANSFER_DELAY_SECONDS: '3600',
      TALER_DEFAULT_WIRE_TRANSFER_ROUNDING_INTERVAL: 'WEEK',
      TALER_TAX_RECORD_PRESERVATION_DAYS: '400',
      TALER_SELF_PROVISIONING: '1',
      TALER_MANDATORY_TAN_CHANNELS: 'email  sms',
      TALER_SMTP_URL: 'smtp://me%40here:s%3Acret@mail.example',
      TALER_MAIL_FROM: 'no-reply@shop.example',
      TALER_SMS_COMMAND: '/usr/bin/send-sms  --from  Shop',
      TALER_PHONE_REGEX: '^[+][[:digit:]]+$',
      TALER_PAYMENT_TARGET_TYPES: 'iban X-Taler-Bank',
      TALER_PAYMENT_TARGET_REGEX: '/CH[0-9]+',
      TALER_DEFAULT_PERSONA: 'point-of-sale',
      TALER_TERMS_DIR: '/etc/terms',
      TALER_TERMS_VERSION: 'v1',
      TALER_PRIVACY_DIR: '/etc/privacy',
    });
    expect(config).toMatchObject({
      production: true,
      host: '0.0.0.0',
      port: 80,
      workers: 4,
      runJobs: false,
      logLevel: 'debug',
      databasePoolSize: 20,
      legalPreservation: 30n * DAY_US,
      baseUrl: 'https://backend.example/taler/',
      trustProxy: true,
      currency: 'EUR',
      exchanges: [{ baseUrl: EXCHANGE.base_url, masterPub: MASTER_PUB, currency: 'EUR' }],
      merchantToken: 'secret-token:12345678',
      keyEncryptionKey: KEY,
      defaultPayDelay: 60_000_000n,
      defaultRefundDelay: 0n,
      defaultWireTransferDelay: 3_600_000_000n,
      defaultWireTransferRoundingInterval: 'WEEK',
      taxRecordPreservation: 400n * DAY_US,
      selfProvisioning: true,
      mandatoryTanChannels: ['sms', 'email'],
      mailServer: {
        host: 'mail.example',
        port: 587,
        secure: false,
        user: 'me@here',
        password: 's:cret',
        from: 'no-reply@shop.example',
      },
      smsCommand: ['/usr/bin/send-sms', '--from', 'Shop'],
      phoneRegex: { text: '^[+][[:digit:]]+$', regExp: /^[+][0-9]+$/ },
      paymentTargetTypes: ['iban', 'x-taler-bank'],
      paymentTargetRegex: { text: '/CH[0-9]+', regExp: /\/CH[0-9]+/ },
      defaultPersona: 'point-of-sale',
      terms: { directory: '/etc/terms', version: 'v1' },
      privacy: { directory: '/etc/privacy', version: undefined },
    });
  });

  it('wants a way to send codes to every mandatory address, and a sender for mails', () => {
    expect(faultsOf({ DATABASE_URL, TALER_MANDATORY_TAN_CHANNELS: 'email sms' })).toEqual([
      'TALER_MANDATORY_TAN_CHANNELS: sms needs TALER_SMS_COMMAND',
      'TALER_MANDATORY_TAN_CHANNELS: email needs TALER_SMTP_URL',
    ]);
    expect(faultsOf({ DATABASE_URL, TALER_SMTP_URL: 'smtps://mail.example' })).toEqual([
      'TALER_MAIL_FROM is missing: TALER_SMTP_URL needs a sender',
    ]);
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig({ DATABASE_URL });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('treats blank as absent, and trims', () => {
    expect(loadConfig({ DATABASE_URL: ` ${DATABASE_URL}\n`, PORT: ' ', HOST: '' })).toMatchObject({
      databaseUrl: DATABASE_URL,
      port: 9966,
      host: '127.0.0.1',
    });
  });

  it('lists every fault at once', () => {
    const faults = faultsOf({
      PORT: '65536',
      WORKERS: '0',
      TALER_RUN_JOBS: 'yes',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://localhost/',
      DATABASE_POOL_SIZE: '1',
      TALER_BASE_URL: 'https://backend.example',
      TALER_TRUST_PROXY: 'true',
      TALER_CURRENCY: 'kudos',
      TALER_EXCHANGES: '[{"base_url":"x","master_pub":"y","currency":"z"}]',
      TALER_MERCHANT_TOKEN: 'secret',
      TALER_KEY_ENCRYPTION_KEY: 'c2hvcnQ=',
    });
    expect([...faults].sort()).toEqual(
      [
        'DATABASE_POOL_SIZE must be a whole number from 2 to 1000',
        'DATABASE_URL must be a postgresql:// URL',
        'LOG_LEVEL must be fatal|error|warn|info|debug|trace|silent',
        'PORT must be a whole number from 0 to 65535',
        'TALER_BASE_URL must be an http(s) URL that ends in "/"',
        'TALER_CURRENCY must be 1 to 11 letters A-Z',
        'TALER_EXCHANGES[0].base_url must be an http(s) URL that ends in "/"',
        'TALER_EXCHANGES[0].currency must be 1 to 11 letters A-Z',
        'TALER_EXCHANGES[0].master_pub must be an Ed25519 key in base32',
        'TALER_KEY_ENCRYPTION_KEY must be 32 bytes in base64',
        'TALER_MERCHANT_TOKEN must be secret-token: followed by at least 8 characters',
        'TALER_RUN_JOBS must be 0 or 1',
        'TALER_TRUST_PROXY must be 0 or 1',
        'WORKERS must be a whole number from 1 to 64',
      ].sort(),
    );
  });

  it.each([
    ['TALER_DEFAULT_PAY_DELAY_SECONDS', '-1', 'a whole number from 0 to 999999999'],
    ['TALER_DEFAULT_PAY_DELAY_SECONDS', '1d', 'a whole number from 0 to 999999999'],
    [
      'TALER_DEFAULT_WIRE_TRANSFER_ROUNDING_INTERVAL',
      'week',
      'NONE|SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR',
    ],
    ['TALER_TAX_RECORD_PRESERVATION_DAYS', '36526', 'a whole number from 0 to 36525'],
    ['TALER_SELF_PROVISIONING', 'yes', '0 or 1'],
    ['TALER_MANDATORY_TAN_CHANNELS', 'sms fax', 'some of sms, email, with blanks between'],
    ...[
      'http://mail.example',
      'smtp://',
      'mail.example:25',
      'smtp://m/x',
      'smtp://m/?a=b',
      'smtp://%ff@m',
    ].map((url): [string, string, string] => [
      'TALER_SMTP_URL',
      url,
      'smtp(s)://[USER:PASSWORD@]HOST[:PORT]',
    ]),
    ['TALER_MAIL_FROM', 'Shop <a@b>', 'a mail address such as no-reply@shop.example'],
    [
      'TALER_SMS_COMMAND',
      'send-sms --now',
      'the absolute path of a program, perhaps with arguments, with blanks between',
    ],
    ['TALER_PHONE_REGEX', '(', 'a POSIX extended regular expression of at most 1024 characters'],
    ['TALER_PAYMENT_TARGET_REGEX', '(?=x)', 'a POSIX extended regular expression of at most 1024 characters'],
    ['TALER_PAYMENT_TARGET_TYPES', 'iban, bitcoin', '"*" or payto target types with blanks between'],
    [
      'TALER_DEFAULT_PERSONA',
      'nobody',
      'expert|offline-vending-machine|point-of-sale|digital-publishing|e-commerce|developer',
    ],
    ['TALER_TERMS_VERSION', '../v1', 'the name of the files without extension'],
  ])('refuses %s of %s', (name, text, wanted) => {
    expect(faultsOf({ DATABASE_URL, TALER_TERMS_DIR: '/x', [name]: text })).toEqual([
      `${name} must be ${wanted}`,
    ]);
  });

  it('refuses a version of texts that are nowhere', () => {
    const faults = faultsOf({ DATABASE_URL, TALER_PRIVACY_VERSION: 'v1' });
    expect(faults).toEqual(['TALER_PRIVACY_VERSION needs TALER_PRIVACY_DIR']);
  });

  it('never quotes a value, which may be a secret', () => {
    const secret = 'my-secret-value';
    const faults = faultsOf({
      DATABASE_URL: secret,
      TALER_MERCHANT_TOKEN: secret,
      TALER_KEY_ENCRYPTION_KEY: secret,
      TALER_EXCHANGES: secret,
    });
    expect(faults).toHaveLength(4);
    expect(faults.join()).not.toContain(secret);
  });

  it('invents nothing in production', () => {
    expect(faultsOf({ NODE_ENV: 'production' })).toEqual([
      'DATABASE_URL is missing',
      'TALER_EXCHANGES is missing',
      'TALER_MERCHANT_TOKEN is missing: nobody could create an instance',
    ]);
  });

  it.each<[string, string, string[]]>([
    ['no JSON', '[', ['TALER_EXCHANGES must be a JSON array of {"base_url","master_pub","currency"}']],
    ['no array', '{}', ['TALER_EXCHANGES must be a JSON array of {"base_url","master_pub","currency"}']],
    [
      'an exchange twice',
      JSON.stringify([EXCHANGE, EXCHANGE]),
      ['TALER_EXCHANGES[1].base_url is listed twice'],
    ],
    [
      'an entry that is no object',
      JSON.stringify([EXCHANGE, null]),
      [
        'TALER_EXCHANGES[1].base_url must be an http(s) URL that ends in "/"',
        'TALER_EXCHANGES[1].master_pub must be an Ed25519 key in base32',
        'TALER_EXCHANGES[1].currency must be 1 to 11 letters A-Z',
      ],
    ],
    [
      'a master key that is no point of the curve',
      JSON.stringify([{ ...EXCHANGE, master_pub: encodeBase32(Buffer.alloc(32, 2)) }]),
      ['TALER_EXCHANGES[0].master_pub must be an Ed25519 key in base32'],
    ],
    [
      'no exchange of the currency',
      JSON.stringify([{ ...EXCHANGE, currency: 'EUR' }]),
      ['TALER_CURRENCY: no exchange of TALER_EXCHANGES offers KUDOS'],
    ],
  ])('refuses TALER_EXCHANGES with %s', (_name, text, faults) => {
    expect(faultsOf({ DATABASE_URL, TALER_EXCHANGES: text })).toEqual(faults);
  });

  it.each([
    'https://backend.example',
    'ftp://backend.example/',
    'https://backend.example/?a=b/',
    'https://backend.example/#/',
    'https:///',
    'backend.example/',
  ])('refuses the base URL %s', (text) => {
    expect(faultsOf({ DATABASE_URL, TALER_BASE_URL: text })).toEqual([
      'TALER_BASE_URL must be an http(s) URL that ends in "/"',
    ]);
  });

  describe('X_FILE', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'load-config-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    function file(content: string): string {
      const path = join(folder, randomBytes(4).toString('hex'));
      writeFileSync(path, content);
      return path;
    }

    it.each<[string, string, object]>([
      ['DATABASE_URL', 'postgresql://from.a/file', { databaseUrl: 'postgresql://from.a/file' }],
      ['TALER_MERCHANT_TOKEN', 'secret-token:of-the-file', { merchantToken: 'secret-token:of-the-file' }],
      ['TALER_KEY_ENCRYPTION_KEY', KEY.toString('base64'), { keyEncryptionKey: KEY }],
      ['TALER_KEY_ENCRYPTION_KEY_OLD', KEY.toString('base64'), { keyEncryptionKeyOld: KEY }],
      ['TALER_BASE_URL', 'https://b.example/', { baseUrl: 'https://b.example/' }],
      ['PORT', '1234', { port: 1234 }],
      ['TALER_TRUST_PROXY', '1', { trustProxy: true }],
      ['TALER_EXCHANGES', JSON.stringify([EXCHANGE]), { exchanges: [{ baseUrl: EXCHANGE.base_url }] }],
    ])('gives %s', (name, content, expected) => {
      const base: Record<string, string> = name === 'DATABASE_URL' ? {} : { DATABASE_URL };
      expect(loadConfig({ ...base, [`${name}_FILE`]: file(`${content}\n`) })).toMatchObject(expected);
    });

    it('is a fault when it cannot be read, beside all other faults', () => {
      const faults = faultsOf({
        DATABASE_URL,
        PORT: 'x',
        TALER_MERCHANT_TOKEN_FILE: join(folder, 'nowhere'),
      });
      expect(faults).toHaveLength(2);
      expect(faults[0]).toMatch(/^TALER_MERCHANT_TOKEN_FILE cannot be read: ENOENT/);
      expect(faults[1]).toBe('PORT must be a whole number from 0 to 65535');
    });

    it('is listed once when the variable is looked at more than once', () => {
      const faults = faultsOf({ DATABASE_URL_FILE: join(folder, 'nowhere') });
      expect(faults.filter((fault) => fault.startsWith('DATABASE_URL_FILE'))).toHaveLength(1);
    });

    it('is a fault beside X itself', () => {
      expect(faultsOf({ DATABASE_URL, PORT: '1', PORT_FILE: file('2') })).toEqual([
        'PORT and PORT_FILE are both set; keep one',
      ]);
    });
  });
});
